package correlate

import (
	"slices"

	"faultline/correlate/evidence"
)

// Whether the vantages that see an incident are well themselves. Two that agree prove nothing
// while as much fails at each of them of what has nothing to do with the cause.

// beside is what vantages saw, since an incident's first failure, of what depends on its
// cause and of all else that no confirmed incident explains.
type beside struct {
	inside, outside []sight // by vantage
}

// fails reports whether what the cause does not explain fails at a vantage nearly as often as
// what it does. With hardly anything else to check nothing can be said.
func (b beside) fails(vantage uint32) bool {
	if b.outside == nil {
		return false
	}
	in, out := b.inside[vantage], b.outside[vantage]
	if out.Probes < evidence.ComparableSites || out.Failed < feltProbes {
		return false
	}
	unusual := (float64(out.Failed) - out.chance) / float64(out.Probes)
	return unusual > evidence.OutsideShare*in.share() && out.feels()
}

// besides works it out for all vantages. A site's own fault is compared with others elsewhere
// (othersFailing).
func (e *Engine) besides(in *incident) beside {
	if in.traits().Own {
		return beside{}
	}
	n := len(e.vantages.rows)
	b := beside{make([]sight, n), make([]sight, n)}
	on := make(map[uint32]bool, len(in.Members))
	for _, m := range in.Members {
		on[m.Site] = true
	}
	c, known := e.components.find(string(in.Cause))
	from := e.firstFailure(in)
	every := max(1, (len(e.active)+maxObserved-1)/maxObserved)
	for i, id := range e.active {
		part := b.outside
		if on[id] || known && e.weight(id, c) > 0 {
			part = b.inside
		} else if i%every != 0 || e.standingOf(id) == evidence.Explained {
			continue
		}
		for _, t := range e.sites.rows[id].Tracks {
			if t.Flaky() {
				continue
			}
			probes, failed := t.SeenSince(from, e.vantages.rows[t.Vantage])
			s := &part[t.Vantage]
			s.Probes, s.Failed = s.Probes+probes, s.Failed+failed
			s.chance += float64(probes) * t.Usual()
		}
	}
	return b
}

// othersFellSick reports whether half of the witnesses that check an incident's sites are at
// fault themselves, and one of them has been for less than a usual pause between checks.
// What fails vantages one after another shows at the next one as a few sites that fail.
func (e *Engine) othersFellSick(in *incident) bool {
	var all, sick []uint32
	newest := int64(0)
	for _, id := range e.observedOf(in) {
		for _, t := range e.sites.rows[id].Tracks {
			w, v := e.witnessOf(t.Vantage), e.vantages.rows[t.Vantage]
			if !slices.Contains(all, w) {
				all = append(all, w)
			}
			if v.SickSince(e.clock-evalEvery) && !slices.Contains(sick, w) {
				sick = append(sick, w)
				newest = max(newest, v.Sick[len(v.Sick)-1].From)
			}
		}
	}
	return 2*len(sick) >= len(all) && len(sick) > 0 && e.clock-newest < sickSettle
}
