package correlate

import (
	"slices"

	"faultline/correlate/evidence"
)

// Whether the vantages that see an incident are well themselves. That two of them agree proves
// nothing while sites that do not depend on the cause fail at each of them as often as those
// that do.

// beside is what vantages saw, since an incident's first failure, of what depends on its
// cause and of all else that no confirmed incident explains.
type beside struct {
	inside, outside []sight // by vantage
}

// fails reports whether sites that the cause does not explain fail at a vantage nearly as
// often as those that it explains. Where the vantage checks hardly any other site, it does
// not: there is nothing to compare with.
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

// besides counts for each vantage what fails beside an incident. For a site's own fault it
// counts nothing: othersFailing compares that site with others.
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
// A fault that reaches one vantage after another shows itself at the next one as a few
// failing sites, which look like an outage.
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
