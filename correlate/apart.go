package correlate

import (
	"slices"

	"faultline/correlate/evidence"
)

// Of the sites of an incident one may have failed before the others, for a reason of its own: it
// has been dead all along, or broke a few minutes earlier. Such a site does not say when the
// incident began. Without this step the fit explains it by a ramp that begins with it.

// fitTogether fits the onset of some sites, without the few that began clearly before the rest.
// All is what their probes saw.
func (e *Engine) fitTogether(ids []uint32, all results, from, to int64) fitted {
	if len(ids) == 1 {
		return all.fit(rampSpans[:1])
	}
	best := all.fit(rampSpans[:])
	for range mostApart {
		id, ok := e.ahead(ids, from, best.on[1]+apartBefore)
		if !ok {
			break
		}
		rest := slices.DeleteFunc(slices.Clone(ids), func(o uint32) bool { return o == id })
		others, there := e.resultsOf(rest, from, to)
		own, _ := e.resultsOf([]uint32{id}, from, to)
		if !there {
			break
		}
		// The likelihoods are of the same results, so that they are against the same normal.
		others.against(all.normal)
		own.against(all.normal)
		later, alone := others.fit(rampSpans[:]), own.fit(rampSpans[:1])
		if later.l+alone.l+ownPrior <= best.l || alone.on[2] >= later.on[0]-apartBefore {
			break
		}
		ids, best = rest, later
	}
	return best
}

// ahead returns the site that failed most often up to a time, if it and others like it are few
// of those that fail: when many have failed by then, that is the onset itself.
func (e *Engine) ahead(ids []uint32, from, until int64) (site uint32, ok bool) {
	most, early, failing := 0, 0, 0
	for _, id := range ids {
		fails, failed := e.failedBy(e.sites.rows[id].Tracks, from, until)
		if failed {
			failing++
		}
		if fails < apartFails {
			continue
		}
		early++
		if fails > most {
			site, most = id, fails
		}
	}
	return site, most > 0 && float64(early) <= apartPart*float64(failing)
}

// failedBy counts the probes of a site that failed from a time until another, on the tracks that
// the fit of an onset reads, and reports whether any has failed up to now.
func (e *Engine) failedBy(tracks []*evidence.Track, from, until int64) (fails int, failed bool) {
	for _, t := range tracks {
		v := e.vantages.rows[t.Vantage]
		if t.Chronic() || t.FirstFailure(v, from, e.clock) == 0 {
			continue
		}
		failed = true
		for _, r := range t.Recent {
			if r.Failed() && r.At() >= from && r.At() <= until && !v.SickAt(r.At()) {
				fails++
			}
		}
	}
	return fails, failed
}
