package correlate

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"slices"

	"faultline"
)

// saved is what stands at the head of a checkpoint: all that is not large. With
// the incidents and the rows that follow it is everything that a later event may
// depend on, and nothing that an evaluation computes again. The same state gives the
// same bytes.
type saved struct {
	Version   int
	Epoch     string
	Clock     int64
	Start     int64
	Eval      int64
	Sure      int64
	Vantages  []vantage
	Since     int64 // of the present generation of repeats
	ReportLag lag
	ClocksSet int64
	CrowdBase globalBase
	Sizes     float64
	Reports   float64
	Leak      float64
	Ordinal   int64
	Pending   []pendingCause
	Said      []faultline.Statement
	Counters  faultline.Counters
	Active    []uint32
	Shares    []siteShares
	Owned     []siteOwner
	Uses      []siteUses
	Readers   readership
	// How many of each follow, in this order.
	Incidents, Networks, Components, Sites, Now, Before int
}

// siteShares is what the record of one site says of its components' shares.
type siteShares struct {
	Site uint32
	Says []recordShare
}

// siteOwner is who runs one site.
type siteOwner struct {
	Site uint32
	By   ownership
}

// siteUses is what the page of one site uses.
type siteUses struct {
	Site uint32
	Uses []faultline.Component
}

// saved collects the head of a checkpoint. Maps are written in order of their keys, so that
// the same state gives the same bytes.
func (e *Engine) saved() saved {
	var owned []siteOwner
	for _, id := range sortedKeys(e.owned) {
		owned = append(owned, siteOwner{id, e.owned[id]})
	}
	var uses []siteUses
	for _, id := range sortedKeys(e.uses) {
		uses = append(uses, siteUses{id, e.uses[id]})
	}
	var shares []siteShares
	for _, id := range sortedKeys(e.shares) {
		shares = append(shares, siteShares{id, e.shares[id]})
	}
	return saved{
		Shares: shares, Owned: owned, Uses: uses, Readers: e.readers,
		Version: CheckpointVersion, Epoch: e.epoch, Clock: e.clock, Start: e.start, Eval: e.eval, Sure: e.stableUntil,
		Vantages: values(e.vantages.rows), Since: e.repeats.since,
		ReportLag: e.reportLag, ClocksSet: e.clocksSet,
		CrowdBase: e.crowdBase, Sizes: e.crowdBase.sizes, Reports: e.reportRate, Leak: e.leak,
		Ordinal: e.ordinal, Pending: e.pending, Said: e.unattached, Counters: e.counters,
		Active:    slices.Sorted(slices.Values(e.active)),
		Incidents: len(e.incidents), Networks: len(e.networks.rows), Components: len(e.components.rows),
		Sites: len(e.sites.rows), Now: len(e.repeats.now.list), Before: len(e.repeats.before.list),
	}
}

// Checkpoint returns the engine's whole state at once; see [Engine.Snapshot].
func (e *Engine) Checkpoint() []byte {
	return bytes.Join(slices.Collect(pieces(e.Snapshot())), nil)
}

// Restore makes an engine of a checkpoint's bytes.
func Restore(cfg Config, checkpoint []byte) (*Engine, error) {
	// gob asks for a ByteReader and then reads exactly its messages. A buffered reader would
	// swallow bytes of the rows that follow.
	in := bytes.NewReader(checkpoint) // gob reads no further than it must
	dec := gob.NewDecoder(in)
	var s saved
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("decode checkpoint: %w", err)
	}
	// A newer one may mean something else by the same bytes. Those between lack fields, which
	// are then empty.
	if s.Version < oldestCheckpoint || s.Version > CheckpointVersion {
		return nil, fmt.Errorf("checkpoint version %d, this engine reads %d to %d",
			s.Version, oldestCheckpoint, CheckpointVersion)
	}
	// Derived state is not read: New makes it empty, and the first evaluation fills it.
	e := New(cfg)
	e.epoch, e.clock, e.start, e.eval, e.stableUntil = s.Epoch, s.Clock, s.Start, s.Eval, s.Sure
	e.reportLag, e.clocksSet = s.ReportLag, s.ClocksSet
	e.crowdBase, e.crowdBase.sizes, e.reportRate, e.leak = s.CrowdBase, s.Sizes, s.Reports, s.Leak
	e.readers = s.Readers
	e.ordinal, e.pending, e.unattached, e.counters = s.Ordinal, s.Pending, s.Said, s.Counters
	for _, of := range s.Shares {
		e.shares[of.Site] = of.Says
	}
	for _, of := range s.Owned {
		e.owned[of.Site] = of.By
	}
	for _, of := range s.Uses {
		e.uses[of.Site] = of.Uses
	}
	for i := range s.Vantages {
		e.vantages.append(s.Vantages[i])
	}
	for range s.Incidents {
		in := &incident{}
		if err := dec.Decode(in); err != nil {
			return nil, fmt.Errorf("decode an incident of the checkpoint: %w", err)
		}
		in.Last = whole(in.Last)
		e.incidents = append(e.incidents, in)
	}
	if err := e.readRows(&s, &reading{rest: checkpoint[len(checkpoint)-in.Len():]}); err != nil {
		return nil, fmt.Errorf("decode the rows of the checkpoint: %w", err)
	}
	if err := e.checkReferences(); err != nil {
		return nil, fmt.Errorf("check the checkpoint: %w", err)
	}
	return e, nil
}

// readRows reads what follows the incidents.
func (e *Engine) readRows(s *saved, r *reading) error {
	for i := 0; i < s.Networks && r.err == nil; i++ {
		n := r.network()
		if n.Incident != 0 {
			e.s.failingISPs++
		}
		e.networks.append(n)
	}
	for i := 0; i < s.Components && r.err == nil; i++ {
		e.components.append(e.newComponent(r.component().Name))
	}
	for i := 0; i < s.Sites && r.err == nil; i++ {
		if err := e.readSite(r); err != nil {
			return err
		}
	}
	// A number that is too large would reserve memory before the bytes run out.
	if max(s.Now, s.Before) > maxRepeatKeys/2 {
		return errMalformed
	}
	e.repeats.since = s.Since
	e.repeats.now.read(r, s.Now)
	e.repeats.before.read(r, s.Before)
	// Bytes that are left over mean that the counts at the head are wrong.
	if r.err == nil && len(r.rest) > 0 {
		r.fail()
	}
	for _, of := range s.Shares {
		for _, share := range of.Says {
			if int(share.C) >= len(e.components.rows) {
				return errMalformed
			}
		}
	}
	for _, id := range s.Active {
		if int(id) >= len(e.sites.rows) {
			return errMalformed
		}
		e.activate(id)
	}
	return r.err
}

// readSite reads one site and checks what it points to. A checkpoint may come from a
// damaged disk; a number beyond a table would end the process at some later event.
func (e *Engine) readSite(r *reading) error {
	id, s := uint32(len(e.sites.rows)), r.site()
	e.sites.append(s)
	e.noteOwner(id)
	if s.Mapped {
		e.s.mapped++
	}
	for _, d := range s.Deps {
		if int(d.C()) >= len(e.components.rows) {
			return errMalformed
		}
		c := e.components.rows[d.C()]
		c.Members = append(c.Members, id) // ascending, as sites are
	}
	for _, t := range s.Tracks {
		if int(t.Vantage) >= len(e.vantages.rows) {
			return errMalformed
		}
	}
	if s.Crowd != nil {
		for _, h := range slices.Concat(s.Crowd.Recent, s.Crowd.Well) {
			if int(h.Network) >= len(e.networks.rows) {
				return errMalformed
			}
		}
		for _, h := range s.Crowd.Recent {
			e.noteComplaint(h)
		}
	}
	return nil
}

// read fills an empty generation.
func (g *generation) read(r *reading, n int) {
	last := remembered{}
	for i := 0; i < n && r.err == nil; i++ {
		last = r.remembered(last)
		g.add(last)
	}
}

// whole gives a decoded revision the empty lists that gob leaves out, so that it
// compares equal to what was written.
func whole(in faultline.Incident) faultline.Incident {
	in.Scope.Countries, in.Scope.ISPs, in.Scope.POPs = nonNil(in.Scope.Countries), nonNil(in.Scope.ISPs),
		nonNil(in.Scope.POPs)
	in.Symptoms, in.Sites, in.Evidence.Countries = nonNil(in.Symptoms), nonNil(in.Sites), nonNil(in.Evidence.Countries)
	in.Exonerated, in.Statements = nonNil(in.Exonerated), nonNil(in.Statements)
	if in.Cause != nil {
		in.Cause.Alternatives = nonNil(in.Cause.Alternatives)
	}
	return in
}

// values copies rows, for the encoder.
func values[T any](rows []*T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = *r
	}
	return out
}
