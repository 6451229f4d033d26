package correlate

import (
	"cmp"
	"slices"

	"faultline"
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// From causes to incidents: what is found becomes a candidate when it persists,
// is confirmed by evidence that a crowd cannot fake, recovers, resolves, and is
// the same incident again when it recurs within half an hour.

// pendingCause is a cause that one evaluation has found. It is opened if the next one finds
// it too. It is part of the checkpoint: a node that starts between the two evaluations must
// open the same incident as one that saw both.
type pendingCause struct {
	Cause faultline.Component
	At    int64
}

// persists reports whether a cause may be opened now, remembering it if not yet. What one
// burst of failures suggests is gone at the next evaluation: opened at once, each burst
// would become an incident that is retracted.
func (e *Engine) persists(cause faultline.Component, odds float64) bool {
	if odds >= openAtOnce {
		return true
	}
	if odds < openOdds {
		return false
	}
	// Two evaluations, and not one: a log without events in a step skips an evaluation, and
	// the cause that waits must outlive that.
	e.pending = slices.DeleteFunc(e.pending, func(p pendingCause) bool { return e.clock-p.At > 2*evalEvery })
	for i := range e.pending {
		if p := &e.pending[i]; p.Cause == cause {
			// Found twice within one evaluation is found once.
			again := p.At < e.clock
			p.At = e.clock
			return again
		}
	}
	e.pending = append(e.pending, pendingCause{cause, e.clock})
	return false
}

// track matches what was found with the incidents that are open and opens new ones. The
// order is load-bearing: a cause belongs to the incident of its name, or of one that it
// can't be told from; else to one that its failing sites are in already; else to one that
// most of what fails of it belongs to. Only what none of them takes is new. In another
// order one outage has two names.
func (e *Engine) track(causes []cause.Cause) {
	for _, f := range causes {
		name := e.components.rows[f.Component].Name
		// By name first. A cause that is open already needs no evidence of being new.
		in := cmp.Or(e.held(name), e.alias(name))
		if in == nil {
			in = e.overlapping(f.Own, causes)
			if in != nil {
				e.considerRename(in, f)
				continue
			}
		}
		if in == nil {
			// The windows reach back up to half an hour, so that a cause may explain a
			// failure that is over.
			if !e.failingNow(name, f.Own) {
				continue
			}
			if in = e.leftBy(f); in != nil {
				e.enlistOwn(in, f)
				continue
			}
			if e.spokenFor(f.Own, causes) || !e.accused(f) || !e.persists(name, f.Gain) {
				continue
			}
			in = e.open(name, f.Gain)
			e.absorb(in, f.Own)
		}
		// Under its own name the incident takes the cause's evidence and what else explains
		// it. Under another one it only takes the sites: its odds are those of the cause
		// that it is published with.
		if in.Cause == name {
			e.refresh(in, f)
			e.takeOver(in, f.Sites, causes)
		} else {
			e.enlistOwn(in, f)
		}
	}
}

// spokenFor reports whether all sites of a cause belong to incidents whose own causes were found
// again. A second incident would then have no site. That happens when the map moves a part of the
// members of a young incident to another component while they fail.
func (e *Engine) spokenFor(sites []uint32, causes []cause.Cause) bool {
	return !slices.ContainsFunc(sites, func(id uint32) bool {
		o := e.sites.rows[id].Incident
		return o == 0 || e.incident(o).traits().Own || !e.amongCauses(e.incident(o), causes)
	})
}

// accused reports whether a cause may be suspected: a probe saw one of its sites fail, or
// people accuse it, each of them counted once over all of its sites. One person may name
// every site of a component, so that their reports must not add up site by site.
func (e *Engine) accused(f cause.Cause) bool {
	for _, id := range f.Own {
		if e.recentChecks(e.sites.rows[id]).fails > 0 {
			return true
		}
	}
	members := e.components.rows[f.Component].Members
	return e.peopleSay(members, func(id uint32) float64 { return e.weight(id, f.Component) }, f.Window) >= openOdds
}

// alias returns the open incident of a cause that this component can't be told apart from.
// Our list of sites may name the one where the other is meant, and the two would alternate
// as the name of one outage.
func (e *Engine) alias(name faultline.Component) *incident {
	for _, in := range e.incidents {
		if in.State.Open() &&
			slices.ContainsFunc(in.Others, func(o other) bool { return o.Component == name && o.Near }) {
			return in
		}
	}
	return nil
}

// leftBy returns the open incident that most of what fails of a cause belongs to, if the
// rest began to fail at the same time. Sites that our list misplaces share something by
// chance; what they share is then no cause of its own, but the rest of the incident that
// they belong to.
func (e *Engine) leftBy(f cause.Cause) *incident {
	counts, all := map[int64]int{}, len(f.Own)
	for _, id := range e.components.rows[f.Component].Members {
		if o := e.sites.rows[id].Incident; o != 0 {
			if m := e.incident(o).member(id); m != nil && m.State != faultline.SiteRecovered {
				counts[o]++
				all++
			}
		}
	}
	for _, o := range sortedKeys(counts) {
		in := e.incident(o)
		if in.traits().Own || in.traits().viewers || float64(counts[o]) < leftPart*float64(all) {
			continue
		}
		if on, ok := e.onsetOf(f.Own, e.clock); ok && on[2] >= in.Onset[0]-adoptWithin &&
			on[0] <= in.Onset[2]+adoptWithin {
			return in
		}
	}
	return nil
}

// failingNow reports whether enough of these sites fail at this moment for an
// incident to begin, rather than in the past alone.
func (e *Engine) failingNow(cause faultline.Component, sites []uint32) bool {
	var now []uint32
	for _, id := range sites {
		j := e.evidenceOf(id)
		if e.recentChecks(e.sites.rows[id]).fails > 0 ||
			!j.now.is.fresh && j.crowd[evidence.WindowOf(crowdSpan)] > crowdDown {
			now = append(now, id)
		}
	}
	// Sites of one owner often share a server, so that they count as one piece of evidence
	// for something shared, unless the cause is the owner's alone.
	return e.sitesFor(cause, now) >= minAttributedSites && float64(len(now)) >= recoveringPart*float64(len(sites))
}

// refresh brings an incident up to date with what was found of its cause: its odds, and
// what explains the failures nearly as well.
func (e *Engine) refresh(in *incident, f cause.Cause) {
	if in.State == faultline.StateResolved {
		e.reopen(in)
	}
	// Evident leaves out the bonus that keeps a published cause stable: what is published
	// must come from the evidence alone.
	in.LogOdds = f.Evident
	in.PeakOdds = max(in.PeakOdds, in.LogOdds)
	// Its own cause explains it again, so that another one starts its two evaluations
	// afresh.
	in.RenameTo = ""
	in.Others = in.Others[:0]
	for _, a := range f.Alternatives {
		alike := e.components.rows[a.Component].Name
		in.Others = append(in.Others, other{Component: alike, LogOdds: a.Evident, Near: a.Near, Same: a.Same,
			Aka: e.sameProvider(alike, in.Cause)})
	}
	e.enlistOwn(in, f)
}

// enlistOwn makes members of the sites that a cause explains.
func (e *Engine) enlistOwn(in *incident, f cause.Cause) {
	e.enlistAll(in, f.Own, f.Window, in.Cause != e.components.rows[f.Component].Name)
}

// enlistAll makes members of those sites that fail since a window and belong to no incident
// yet. Adopted marks sites whose record does not name the cause; those say less about its
// size.
func (e *Engine) enlistAll(in *incident, sites []uint32, w int, adopted bool) {
	for _, id := range sites {
		if e.sites.rows[id].Incident == 0 && e.mayJoin(id) {
			m := e.enlist(in, id, e.beganAbout(e.sites.rows[id], e.clock-evidence.WindowMS[w]))
			m.Adopted = adopted
		}
	}
}

// reopen takes up a resolved incident again, with the sites that are free. It starts as
// confirmed: it was, and the fault is the same.
func (e *Engine) reopen(in *incident) {
	in.State, in.Resolved, in.Recovering, in.QuietSince, in.LowSince = faultline.StateConfirmed, 0, 0, 0, 0
	for _, m := range in.Members {
		if s := e.sites.rows[m.Site]; s.Incident == 0 {
			// A site in an incident is never quiescent, also while its probes succeed.
			e.s.unsettle(m.Site)
			s.Incident = in.Ordinal
		}
	}
}

// relapsed reports whether a good part of a resolved incident's probed sites fail again,
// since its end. Sites without probes have no say: a crowd's late reports look the same as
// a relapse.
func (e *Engine) relapsed(in *incident) bool {
	again, probed := 0, 0
	for _, m := range in.Members {
		s := e.sites.rows[m.Site]
		if len(s.Tracks) == 0 {
			continue
		}
		probed++
		now := e.recentChecks(s)
		fails := now.fails >= relapseFails && now.lastFail > in.Resolved && 2*now.fails >= now.all
		if s.Incident == 0 && fails {
			again++
		}
	}
	return again > 0 && float64(again) >= recoveringPart*float64(probed)
}

// overlapping returns the young incident that most of these sites belong to and whose own
// cause has not been found again. Then what was found may be its better name: within the
// first minutes an outage is often seen at a part before it is seen as a whole.
func (e *Engine) overlapping(sites []uint32, causes []cause.Cause) *incident {
	counts := map[int64]int{}
	for _, id := range sites {
		if o := e.sites.rows[id].Incident; o != 0 {
			counts[o]++
		}
	}
	for _, o := range sortedKeys(counts) {
		in := e.incident(o)
		if !e.amongCauses(in, causes) && in.young(e.clock) && float64(counts[o]) > sameFailures*float64(len(sites)) {
			return in
		}
	}
	return nil
}

// considerRename gives an incident another cause once that has explained it clearly better
// at two evaluations in a row while it is young. Later it keeps its name: whoever has
// quoted it must be able to rely on it, and a correction can say more.
func (e *Engine) considerRename(in *incident, f cause.Cause) {
	name := e.components.rows[f.Component].Name
	if !in.young(e.clock) {
		return
	}
	if c, ok := e.components.find(string(in.Cause)); ok {
		// Both are compared in the window in which the new cause is seen best; over windows
		// of different length the longer one has more evidence.
		if f.Gain < e.s.why.Evident(c, f.Window)+renameOdds {
			return
		}
	} else if f.Gain < in.LogOdds+renameOdds {
		return
	}
	if in.RenameTo != name {
		in.RenameTo = name
		return
	}
	// The id stays. It was made from the first cause, and says nothing to readers.
	in.Cause, in.PeakOdds = name, f.Evident // how sure the other cause was says nothing of this one
	e.refresh(in, f)
}

// absorb merges the incidents of single sites into that of the component they depend on.
// Their sites are free from then on, and are enlisted like any other.
func (e *Engine) absorb(in *incident, sites []uint32) {
	for _, id := range sites {
		o := e.sites.rows[id].Incident
		if o == 0 || o == in.Ordinal {
			continue
		}
		if single := e.incident(o); single.State.Open() && single.traits().Own {
			e.merge(single, in)
		}
	}
}

// merge ends an incident that is part of another one. Its last revision names the other, so
// that links to it still lead to what is going on.
func (e *Engine) merge(in, into *incident) {
	e.release(in)
	in.State, in.MergedInto, in.Resolved = faultline.StateMerged, into.ID, e.clock
}
