package correlate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

// A fold that begins again knows nothing of the incidents that are published. It takes
// them over as they were last published, and goes on from there: with what it has seen
// of their sites, which is not all that was seen, and with the counts that were published.

// adoptedCounts are counts of an incident that this fold can't make itself: of whom it
// does not know the names.
type adoptedCounts struct {
	At                            int64 // when it was taken over, Unix milliseconds
	Reporters, Networks, Vantages int
}

// adopt replaces the incidents of a fold by those that were published.
func (e *Engine) adopt(a faultline.Adopt) {
	for id, s := range e.sites.rows {
		if s.Incident != 0 {
			e.keep(uint32(id))
			s.Incident = 0
		}
	}
	for _, n := range e.networks.rows {
		n.Incident = 0
	}
	// Incidents of this fold were never published, so nothing is lost with them.
	e.incidents, e.pending, e.stableUntil = nil, nil, 0
	// Ordinals make the ids of incidents. One that was used before must never be used again.
	e.ordinal = max(e.ordinal, int64(a.Known))
	e.counters = a.Counters
	for _, published := range inOrder(a.Incidents) {
		e.ordinal++
		e.incidents = append(e.incidents, e.takeIn(published, e.ordinal))
	}
	e.mergeTwins()
	e.deriveAgain()
}

// goOnFrom takes over the incidents of which more was published than this fold knows,
// because the end of the log was lost that it came from. It returns them as they were
// published, so that whoever stores revisions has all that readers were told; the next
// revision of each says what the evidence has to say since. An incident of the fold that
// turns out to be one of those is merged with it, and the revision that says so is among
// them: readers must not be shown both as open until the next evaluation.
func (e *Engine) goOnFrom(p faultline.Published) []faultline.Incident {
	var out []faultline.Incident
	list := inOrder(p.Incidents)
	// All that are replaced let go first: a site may have moved from one of them to another.
	for _, published := range list {
		if in := e.byID(published.ID); in != nil && in.Last.Revision < published.Revision {
			e.letGo(in.Ordinal)
		}
	}
	for _, published := range list {
		switch in := e.byID(published.ID); {
		case in == nil:
			e.ordinal++
			e.incidents = append(e.incidents, e.takeIn(published, e.ordinal))
		case in.Last.Revision < published.Revision:
			// It keeps its ordinal, and with it its place among the incidents.
			*in = *e.takeIn(published, in.Ordinal)
		default:
			continue
		}
		out = append(out, published)
	}
	if len(out) > 0 {
		e.mergeTwins()
		e.deriveAgain()
		out = append(out, e.publishMerged()...)
	}
	return out
}

// byID returns the incident of an id, nil if there is none.
func (e *Engine) byID(id string) *incident {
	for _, in := range e.incidents {
		if in.ID == id {
			return in
		}
	}
	return nil
}

// publishMerged are the revisions of incidents that are merged and were published as open.
func (e *Engine) publishMerged() []faultline.Incident {
	var out []faultline.Incident
	for _, in := range e.incidents {
		if in.State == faultline.StateMerged && in.Last.Revision > 0 && in.Last.State.Open() {
			if rev, ok := e.revise(in); ok {
				out = append(out, rev)
			}
		}
	}
	return out
}

// letGo takes the sites and networks from an incident.
func (e *Engine) letGo(ordinal int64) {
	for id, s := range e.sites.rows {
		if s.Incident == ordinal {
			e.keep(uint32(id))
			s.Incident = 0
		}
	}
	for _, n := range e.networks.rows {
		if n.Incident == ordinal {
			n.Incident = 0
		}
	}
}

// inOrder are published incidents, as many as one event may carry, the oldest first.
func inOrder(published []faultline.Incident) []faultline.Incident {
	list := slices.Clone(published[:min(len(published), faultline.MaxAdopted)])
	slices.SortStableFunc(list, func(x, y faultline.Incident) int {
		return cmp.Or(x.DetectedAt.Compare(y.DetectedAt), cmp.Compare(x.ID, y.ID))
	})
	return list
}

// deriveAgain computes everything again that is derived from the state, in the way of a restart:
// whatever changed many rows at once would otherwise have to know every cache.
func (e *Engine) deriveAgain() {
	again, err := Restore(e.cfg, e.Checkpoint())
	if err != nil {
		panic(fmt.Sprintf("correlate: restore what was just written: %v", err)) // a defect
	}
	e.state, e.s = again.state, again.s
}

// takeIn makes an incident of its last published revision.
func (e *Engine) takeIn(p faultline.Incident, ordinal int64) *incident {
	p = whole(p)
	// The timeline is kept apart, in a form that can grow. In Last it would be stored twice.
	course := p.Timeline
	p.Timeline = nil
	in := &incident{
		ID: p.ID, Ordinal: ordinal, State: p.State, Basis: p.Basis,
		Onset:    interval{p.Onset.Earliest.UnixMilli(), p.Onset.At.UnixMilli(), p.Onset.Latest.UnixMilli()},
		Detected: p.DetectedAt.UnixMilli(), Confirmed: timeOf(p.ConfirmedAt), Recovering: timeOf(p.RecoveringAt),
		Resolved: timeOf(p.ResolvedAt), LastFail: p.UpdatedAt.UnixMilli(), BasedAt: p.DetectedAt.UnixMilli(),
		CountedFrom: p.Onset.At.UnixMilli(), Fraction: p.Scope.Fraction, PeakFraction: p.Scope.Fraction,
		Failing: p.Impact.Failing + p.Impact.Joined, Joined: p.Impact.Joined, Observed: p.Impact.Observed,
		PeakPlaced: p.Impact.PeakFailing, PeakFailing: max(p.Impact.PeakFailing, p.Impact.Failing+p.Impact.Joined),
		ElsewhereFailing: p.Impact.ElsewhereFailing, ElsewhereObserved: p.Impact.ElsewhereObserved,
		Reports: p.Evidence.Reports, Probes: p.Evidence.Probes, ProbesFailed: p.Evidence.ProbesFailed,
		Countries:  slices.Sorted(slices.Values(p.Evidence.Countries)),
		Exonerated: p.Exonerated, Statements: p.Statements, Corrections: p.Corrections, Last: p,
		Course: course, CourseReports: p.Evidence.Reports, LastAt: p.UpdatedAt.UnixMilli(),
		Adopted: adoptedCounts{At: e.clock, Reporters: p.Evidence.Reporters, Networks: p.Evidence.Networks,
			Vantages: p.Evidence.Vantages},
	}
	if p.Cause != nil {
		in.Cause, in.LogOdds, in.PeakOdds = p.Cause.Component, p.Cause.LogOdds, p.Cause.LogOdds
		for _, a := range p.Cause.Alternatives {
			same := a.Reason == twinReason
			in.Others = append(in.Others, other{Component: a.Component, LogOdds: in.LogOdds, Near: same, Same: same})
		}
	}
	if p.MergedInto != nil {
		in.MergedInto = *p.MergedInto
	}
	for _, s := range p.Sites {
		e.takeMember(in, s)
	}
	if in.traits().viewers && in.State.Open() {
		e.takeNetwork(in)
	}
	return in
}

// takeMember makes a member of a site as it was published.
func (e *Engine) takeMember(in *incident, s faultline.IncidentSite) {
	id, ok := e.site(s.Site)
	if !ok {
		return
	}
	e.keep(id)
	m := in.join(id)
	*m = member{Site: id, State: s.State, Code: evidence.SymptomCode(s.Symptom),
		Joined: s.Member == faultline.MemberJoined,
		Onset:  s.Onset.UnixMilli(), Recovered: timeOf(s.RecoveredAt), Reports: s.Reports, Probes: s.Probes,
		Failed: s.ProbesFailed}
	// This fold has not seen why the site joined, so it cannot judge it again until it has evidence
	// of its own.
	m.Adopted = m.Joined
	if row := e.sites.rows[id]; in.State.Open() && row.Incident == 0 && !in.traits().viewers {
		row.Incident = in.Ordinal
	}
}

// takeNetwork finds the network of an incident on the viewers' side.
func (e *Engine) takeNetwork(in *incident) {
	var asn uint32
	if _, err := fmt.Sscanf(in.Cause.Name(), "AS%d", &asn); err != nil {
		return
	}
	if id, ok := e.network(faultline.Report{ASN: asn}); ok {
		e.networks.rows[id].Incident = in.Ordinal
	}
}

// mergeTwins leaves at most one open incident to each cause: that which is confirmed,
// else the oldest.
func (e *Engine) mergeTwins() {
	first := map[faultline.Component]*incident{}
	for _, in := range e.incidents {
		if !in.State.Open() || in.Cause == unattributed {
			continue
		}
		before := first[in.Cause]
		switch {
		case before == nil:
			first[in.Cause] = in
		// Readers have seen it confirmed; the other one was only suspected.
		case before.Confirmed == 0 && in.Confirmed != 0:
			e.twin(before, in)
			first[in.Cause] = in
		default:
			e.twin(in, before)
		}
	}
}

// twin ends an incident in favour of another of the same cause.
func (e *Engine) twin(in, into *incident) {
	in.State, in.MergedInto, in.Resolved = faultline.StateMerged, into.ID, e.clock
	for _, m := range in.Members {
		// A site belongs to one open incident. Only sites that the ended one still holds move over.
		if s := e.sites.rows[m.Site]; s.Incident == in.Ordinal {
			s.Incident = 0
			if into.member(m.Site) == nil {
				*into.join(m.Site) = m
			}
			s.Incident = into.Ordinal
		}
	}
	for _, n := range e.networks.rows {
		if n.Incident == in.Ordinal {
			n.Incident = into.Ordinal
		}
	}
}

// unseen reports whether nothing was seen yet of an incident's sites since it was taken
// over: until then they stay as they were published.
func (in *incident) unseen(now int64) bool {
	return in.Adopted.At != 0 && now-in.Adopted.At < adoptedGrace
}

// timeOf is a time that may be missing, in Unix milliseconds.
func timeOf(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixMilli()
}
