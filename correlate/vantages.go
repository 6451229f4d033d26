package correlate

import (
	"cmp"
	"slices"

	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// A vantage is a component too. When sites that have nothing in common fail at one vantage and
// nowhere else, it is the vantage that fails, and its results are ignored for the windows in which
// it does. When the failures at one vantage have a component in common, as in a regional outage,
// they count.

// span is a stretch of time.
type span struct{ From, To int64 }

// updateTrust sets how far each vantage's failures may be believed, for each window.
func (e *Engine) updateTrust() {
	n := len(e.vantages.rows)
	if n == 0 {
		return
	}
	// Only sites that are not quiescent accuse anybody. The healthy ones are needed to defend a
	// vantage, and are filed only when one is in doubt.
	all := make(evidence.Views, n)
	for _, id := range e.active {
		if e.s.changes[id]&quiescent == 0 {
			all.File(id, e.sites.rows[id].Tracks, e.standingOf(id), e.clock)
		}
	}
	if all.Doubtful() { // only then does it matter who is seen well
		for _, id := range e.active {
			if e.s.changes[id]&quiescent != 0 {
				all.File(id, e.sites.rows[id].Tracks, e.standingOf(id), e.clock)
			}
		}
	}
	for v, row := range e.vantages.rows {
		for w := range evidence.Windows {
			if now := all.Trust(v, w, activeSites{e}); now != row.trust[w] {
				// A new generation makes all cached sums of probes invalid.
				row.trust[w] = now
				e.s.trustGen++
			}
		}
		// From the longest window down: the first that is sick says how far back the fault reaches.
		for w := evidence.WindowOf(evidence.SickEdge); w >= 0; w-- {
			if row.trust[w] < evidence.SickTrust {
				row.sicken(e.clock-evidence.WindowMS[w], e.clock)
				e.s.trustGen++ // what failed there since is believed no more, in no window
				break
			}
		}
	}
}

// sicken notes that a vantage fails itself, since a time and now.
func (v *vantage) sicken(from, now int64) {
	if n := len(v.Sick); n > 0 && v.Sick[n-1].To >= from-evidence.SickGap {
		v.Sick[n-1].From, v.Sick[n-1].To = min(v.Sick[n-1].From, from), now
		return
	}
	// The oldest span is dropped. It lies beyond what any window or fit reaches.
	if len(v.Sick) == sickSpans {
		v.Sick = slices.Delete(v.Sick, 0, 1)
	}
	v.Sick = append(v.Sick, span{from, now})
}

// SickAt reports whether a vantage failed itself at a time: what it saw then is no
// evidence, and nothing is learned from it.
func (v *vantage) SickAt(at int64) bool {
	for _, s := range slices.Backward(v.Sick) {
		if at > s.To {
			return false
		}
		if at >= s.From {
			return true
		}
	}
	return false
}

// SickSince reports whether a vantage has failed itself since a time.
func (v *vantage) SickSince(from int64) bool {
	return len(v.Sick) > 0 && v.Sick[len(v.Sick)-1].To >= from
}

// standingOf is what is known already of a site's failures.
func (e *Engine) standingOf(id uint32) evidence.Standing {
	switch o := e.sites.rows[id].Incident; {
	case o == 0:
		return evidence.Unexplained
	case e.incident(o).Confirmed == 0:
		return evidence.Suspected
	}
	return evidence.Explained
}

// activeSites are the sites that the trust in vantages is worked out from.
type activeSites struct{ e *Engine }

// Depends is what a site depends on.
func (a activeSites) Depends(site uint32) []cause.Dep { return a.e.sites.rows[site].Deps }

// Sick reports whether a vantage was found at fault by the last evaluation.
func (a activeSites) Sick(v int) bool {
	return a.e.vantages.rows[v].SickSince(a.e.clock - evalEvery)
}

// SeenBy lists the sites that one vantage checked in one window, of which no more is known
// than most.
func (a activeSites) SeenBy(v, w int, most evidence.Standing) []uint32 {
	e := a.e
	var ids []uint32
	for _, id := range e.active {
		s := e.sites.rows[id]
		if e.standingOf(id) > most {
			continue
		}
		for _, t := range s.Tracks {
			if _, m := t.Tally(e.clock); int(t.Vantage) == v && m[w] > 0 && !t.Flaky() {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// sortedKeys returns the keys of a map in order. Every loop over a map whose order could change the
// output must use it: Go's order differs from run to run, and the same log must give the same
// bytes.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
