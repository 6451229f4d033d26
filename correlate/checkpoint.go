package correlate

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"slices"

	"faultline"
)

// checkpointVersion changes with the shape of saved; another one is refused, and
// the fold starts from the log.
const checkpointVersion = 1

// saved is the engine's state as it is written down: everything that a later
// event may depend on, and nothing that an evaluation makes anew. Maps are
// written as sorted lists, so that the same state gives the same bytes.
type saved struct {
	Version    int
	Epoch      string
	Clock      int64
	Start      int64
	Eval       int64
	Sites      []site
	Components []component
	Vantages   []vantage
	Networks   []network
	Now        []remembered
	Before     []remembered
	Since      int64
	CrowdBase  globalBase
	Sizes      float64
	Reports    float64
	Leak       float64
	Incidents  []savedIncident
	Ordinal    int64
	Pending    []pendingCause
	Said       []faultline.Statement
	Counters   faultline.Counters
	Active     []uint32
}

type remembered struct {
	Key uint64
	At  int64
}

type savedIncident struct {
	Incident  incident
	Reporters []uint64
}

// Checkpoint returns the engine's whole state. Restoring it and reading on from
// the same position of the log gives what never stopping would have given.
func (e *Engine) Checkpoint() []byte {
	s := saved{
		Version: checkpointVersion, Epoch: e.epoch, Clock: e.clock, Start: e.start, Eval: e.eval,
		Sites: values(e.sites.rows), Components: values(e.components.rows),
		Vantages: values(e.vantages.rows), Networks: values(e.networks.rows),
		Now: listed(e.repeats.Now), Before: listed(e.repeats.Before), Since: e.repeats.Since,
		CrowdBase: e.crowdBase, Sizes: e.crowdBase.sizes, Reports: e.s.reports, Leak: e.leak,
		Ordinal: e.ordinal, Pending: e.pending, Said: e.said, Counters: e.counters,
		Active: slices.Sorted(slices.Values(e.s.active)),
	}
	for _, in := range e.incidents {
		si := savedIncident{Incident: *in, Reporters: sortedKeys(in.Reporters)}
		si.Incident.Reporters = nil
		s.Incidents = append(s.Incidents, si)
	}
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(s); err != nil {
		panic(fmt.Sprintf("correlate: encode checkpoint: %v", err)) // a type that gob can't write: a defect
	}
	return buf.Bytes()
}

// Restore makes an engine of a checkpoint's bytes.
func Restore(cfg Config, checkpoint []byte) (*Engine, error) {
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(checkpoint)).Decode(&s); err != nil {
		return nil, fmt.Errorf("decode checkpoint: %w", err)
	}
	if s.Version != checkpointVersion {
		return nil, fmt.Errorf("checkpoint version %d, this engine reads %d", s.Version, checkpointVersion)
	}
	e := New(cfg)
	e.epoch, e.clock, e.start, e.eval = s.Epoch, s.Clock, s.Start, s.Eval
	e.sites.fill(s.Sites, func(r *site) string { return r.Name })
	e.components.fill(s.Components, func(r *component) string { return string(r.Name) })
	e.vantages.fill(s.Vantages, func(r *vantage) string { return r.ID })
	e.networks.fill(s.Networks, func(r *network) string { return r.Name })
	for _, m := range s.Now {
		e.repeats.Now[m.Key] = m.At
	}
	for _, m := range s.Before {
		e.repeats.Before[m.Key] = m.At
	}
	e.repeats.Since = s.Since
	e.crowdBase, e.crowdBase.sizes, e.s.reports, e.leak = s.CrowdBase, s.Sizes, s.Reports, s.Leak
	e.ordinal, e.pending, e.said, e.counters = s.Ordinal, s.Pending, s.Said, s.Counters
	for i := range s.Incidents {
		in := &s.Incidents[i].Incident
		in.Reporters = make(map[uint64]struct{}, len(s.Incidents[i].Reporters))
		for _, who := range s.Incidents[i].Reporters {
			in.Reporters[who] = struct{}{}
		}
		in.Last = whole(in.Last)
		e.incidents = append(e.incidents, in)
	}
	for _, id := range s.Active {
		e.s.activate(id, newProbe|newReport)
	}
	return e, nil
}

// whole gives a decoded revision the empty lists that gob leaves out, so that it
// compares equal to what was written.
func whole(in faultline.Incident) faultline.Incident {
	in.Scope.Countries, in.Scope.ISPs, in.Scope.POPs = nonNil(in.Scope.Countries), nonNil(in.Scope.ISPs), nonNil(in.Scope.POPs)
	in.Symptoms, in.Sites, in.Evidence.Countries = nonNil(in.Symptoms), nonNil(in.Sites), nonNil(in.Evidence.Countries)
	in.Exonerated, in.Statements = nonNil(in.Exonerated), nonNil(in.Statements)
	if in.Cause != nil {
		in.Cause.Alternatives = nonNil(in.Cause.Alternatives)
	}
	return in
}

func values[T any](rows []*T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = *r
	}
	return out
}

func listed(m map[uint64]int64) []remembered {
	out := make([]remembered, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, remembered{k, m[k]})
	}
	return out
}

// fill replaces a table's rows.
func (t *table[T]) fill(rows []T, name func(*T) string) {
	for i := range rows {
		t.index[name(&rows[i])] = uint32(i)
		t.rows = append(t.rows, &rows[i])
	}
}
