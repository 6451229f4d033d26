package infra

import (
	"math"
	"slices"
	"time"
	"unique"

	"faultline"
)

// place is what is known of one site. There are many: it is kept small.
type place struct {
	looks    int // observations at all
	last     time.Time
	stands   []stand
	lookouts []lookout
	told     *faultline.SiteRecord // the last record; nil: none yet
	// stale: what was told may no longer be so. Shares alone are looked at again
	// only at due.
	stale bool
	due   time.Time
}

// stand is one component of a site.
type stand struct {
	component   faultline.Component
	evidence    []Evidence // of the newest observation that showed it; nil: a vantage said so
	by          string     // the vantage of that
	first, last int64      // when it was seen, Unix milliseconds
	seen        int32      // observations that showed it
	missed      int32      // looks at its kind since the last that showed it
	kind        uint8
	own         bool
}

// lookout is what one vantage saw of a site, each look worth half after
// shareHalfLife.
type lookout struct {
	vantage string
	last    time.Time
	looks   [len(kindSet{})]float32 // by kind
	weight  []float32               // beside the site's stands: how much of those looks rested on each
}

// seed goes on from a record that was observed in an earlier life, as if a
// vantage of its own had seen it just before.
func (p *place) seed(r faultline.SiteRecord, at time.Time) {
	v := lookout{last: at}
	for _, c := range r.Components[:min(len(r.Components), maxSiteStandings)] {
		s := newStand(c, r.At)
		s.seen, s.evidence = settleLooks, []Evidence{{By: ByLog, Saw: string(c), Rule: r.Source}}
		p.stands = append(p.stands, s)
		v.looks[s.kind] = seedLooks
		v.weight = append(v.weight, float32(seedLooks*shareIn(r, c)))
	}
	p.lookouts = append(p.lookouts, v)
	p.told = &r
}

func newStand(c faultline.Component, at time.Time) stand {
	c = faultline.Component(unique.Make(string(c)).Value()) // one copy for all sites
	return stand{component: c, kind: uint8(kindOf(c)), first: at.UnixMilli(), last: at.UnixMilli()}
}

// count adds an observation; false when it is an old one.
func (p *place) count(o Observation, found []Finding, looked kindSet) bool {
	at := slices.IndexFunc(p.lookouts, func(v lookout) bool { return v.vantage == o.Vantage })
	if at >= 0 && !o.At.After(p.lookouts[at].last) {
		return false
	}
	if at < 0 {
		p.makeRoom()
		at = len(p.lookouts)
		p.lookouts = append(p.lookouts, lookout{vantage: unique.Make(o.Vantage).Value(), last: o.At, weight: make([]float32, len(p.stands))})
	}
	p.lookouts[at].age(o.At)
	p.looks++
	if o.At.After(p.last) {
		p.last = o.At
	}
	for kind, yes := range looked {
		if yes {
			p.stale = p.stale || p.lookouts[at].looks[kind] == 0 // what was only believed can be seen now
			p.lookouts[at].looks[kind]++
		}
	}
	for i := range p.stands {
		if looked[p.stands[i].kind] {
			p.stands[i].missed++
		}
	}
	for _, f := range found {
		p.note(at, o, f)
	}
	return true
}

// note adds what one observation of a lookout found.
func (p *place) note(at int, o Observation, f Finding) {
	i := slices.IndexFunc(p.stands, func(s stand) bool { return s.component == f.Component })
	if i < 0 {
		if len(p.stands) >= maxSiteStandings && !p.forgetOne() {
			return
		}
		i = len(p.stands)
		p.stands = append(p.stands, newStand(f.Component, o.At))
		for j := range p.lookouts {
			p.lookouts[j].weight = append(p.lookouts[j].weight, 0)
		}
	}
	s := &p.stands[i]
	s.seen, s.missed, s.last, s.own, s.by = s.seen+1, 0, o.At.UnixMilli(), f.Own, p.lookouts[at].vantage
	if s.evidence = f.Evidence; len(f.Evidence) == 1 && f.Evidence[0].By == ByVia {
		s.evidence = nil
	}
	p.stale = p.stale || s.seen == settleLooks
	p.lookouts[at].weight[i] += float32(f.Share)
}

// age brings a vantage's counts to a later time.
func (v *lookout) age(at time.Time) {
	fade := float32(math.Exp2(-at.Sub(v.last).Hours() / shareHalfLife.Hours()))
	for k := range v.looks {
		v.looks[k] *= fade
	}
	for i := range v.weight {
		v.weight[i] *= fade
	}
	v.last = at
}

// makeRoom forgets the vantage that was not heard longest when there are too many.
func (p *place) makeRoom() {
	if len(p.lookouts) < maxSiteVantages {
		return
	}
	oldest := 0
	for i, v := range p.lookouts {
		if v.last.Before(p.lookouts[oldest].last) {
			oldest = i
		}
	}
	p.lookouts = slices.Delete(p.lookouts, oldest, oldest+1)
}

// forgetOne drops the component that was not seen longest and is not on the map.
func (p *place) forgetOne() bool {
	oldest := -1
	for i, s := range p.stands {
		if s.seen < settleLooks && (oldest < 0 || s.last < p.stands[oldest].last) {
			oldest = i
		}
	}
	if oldest < 0 {
		return false
	}
	p.drop(oldest)
	return true
}

// share is the part of a site's looks that rested on a component: the mean over
// the vantages that looked at its kind lately.
func (p *place) share(i int) float64 {
	sum, n := 0.0, 0
	for j := range p.lookouts {
		v := &p.lookouts[j]
		if s, ok := v.share(i, p.stands[i].kind); ok && p.last.Sub(v.last) <= vantageSilence {
			sum, n = sum+s, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func (v *lookout) share(i int, kind uint8) (float64, bool) {
	if int(kind) == kindTLD {
		return 1, true
	}
	looks := v.looks[kind]
	if looks <= 0 {
		return 0, false
	}
	return float64(min(1, v.weight[i]/looks)), true
}

// dropGone drops the components that are no longer there.
func (p *place) dropGone() {
	gone := make([]int, 0, 4)
	for i, s := range p.stands {
		if s.missed < settleLooks {
			continue
		}
		// What its share was before the looks that missed it.
		looks := 0.0
		for j := range p.lookouts {
			looks += float64(p.lookouts[j].looks[s.kind])
		}
		was := p.share(i) * looks / max(1, looks-float64(s.missed))
		if math.Pow(1-min(0.98, max(0.02, was)), float64(s.missed)) < leaveOdds {
			gone = append(gone, i)
		}
	}
	for _, i := range slices.Backward(gone) {
		p.drop(i)
	}
}

// drop forgets a component, and the looks that it had to itself: what is there
// now has them all.
func (p *place) drop(i int) {
	p.stale = true
	kind := p.stands[i].kind
	p.stands = slices.Delete(p.stands, i, i+1)
	for j := range p.lookouts {
		v := &p.lookouts[j]
		gone := v.weight[i]
		v.weight = slices.Delete(v.weight, i, i+1)
		var rest float32
		for other, w := range v.weight {
			if p.stands[other].kind == kind {
				rest = max(rest, w)
			}
		}
		v.looks[kind] = max(rest, v.looks[kind]-gone)
	}
}
