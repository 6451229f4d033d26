package infra

import (
	"cmp"
	"math"
	"slices"
	"time"
	"unique"

	"faultline"
)

// place is what is known of one site, by all vantages. There are a quarter of a million
// at most, so it is kept small: numbers are of 16 and 32 bits, and names are shared
// between sites.
type place struct {
	checks    int // observations at all
	last      time.Time
	stands    []stand
	views     []vantageView
	announced *faultline.SiteRecord // the last record; nil: none yet
	// stale says that the last record may be wrong. Shares alone are compared again only at due,
	// because they drift with every check.
	stale bool
	due   time.Time
	// uses is what the page of the site uses, once that was read.
	uses     []faultline.Component
	pageRead bool
}

// stand is one component of a site.
type stand struct {
	component   faultline.Component
	evidence    []Evidence // of the newest observation that showed it; nil: a vantage said so
	by          string     // the vantage of that
	first, last int64      // when it was seen, Unix milliseconds
	kind        uint8
	own         bool
	settled     bool // it is part of the map
	seeded      bool // by a record of an earlier life
}

// vantageView is what one vantage saw of a site. A check loses half of its weight in shareHalfLife.
type vantageView struct {
	vantage string
	trusted bool   // this node's own prober
	seeded  bool   // no vantage, but a record of an earlier life
	network uint32 // 0: unknown
	counted int    // checks
	last    time.Time
	checks  [len(kindSet{})]float32 // by kind
	weight  []float32               // beside the site's stands: how much of those checks rested on each
	marks   []mark                  // beside the site's stands
}

// mark is how often a vantage saw a component, and how often it has missed it since.
// missed is counted in a row, and decides when a component has left.
type mark struct{ seen, missed uint16 }

// seed begins with a record from the log that was observed before this process started. It counts
// as a vantage of its own.
func (p *place) seed(r faultline.SiteRecord, at time.Time) {
	v := vantageView{last: at, seeded: true}
	for _, c := range r.Components[:min(len(r.Components), maxSiteStandings)] {
		s := newStand(c, r.At)
		s.settled, s.seeded, s.evidence = true, true, []Evidence{{By: ByLog, Saw: string(c), Rule: r.Source}}
		p.stands = append(p.stands, s)
		// A record counts as seedChecks checks, so that one odd answer after a restart changes
		// nothing, and a real move does.
		v.checks[s.kind] = seedChecks
		v.weight = append(v.weight, float32(seedChecks*shareIn(r, c)))
		v.marks = append(v.marks, mark{})
	}
	p.views = append(p.views, v)
	p.announced = &r
}

// newStand makes a stand, first seen at a time.
func newStand(c faultline.Component, at time.Time) stand {
	c = faultline.Component(unique.Make(string(c)).Value()) // one copy for all sites
	return stand{component: c, kind: uint8(kindOf(c)), first: at.UnixMilli(), last: at.UnixMilli()}
}

// count adds an observation. It returns false when it is an old one, or follows the
// vantage's last one too soon: a hundred checks within a second say no more than one.
func (p *place) count(o Observation, found []Finding, visible kindSet) bool {
	at := slices.IndexFunc(p.views, func(v vantageView) bool { return !v.seeded && v.vantage == o.Vantage })
	if at >= 0 && o.At.Sub(p.views[at].last) < checkSpacing {
		return false
	}
	if at < 0 {
		// Rows beside stands grow and shrink with them: every view has one weight and one mark for
		// each stand.
		p.forgetVantage()
		at = len(p.views)
		p.views = append(p.views, vantageView{vantage: unique.Make(o.Vantage).Value(), last: o.At,
			weight: make([]float32, len(p.stands)), marks: make([]mark, len(p.stands))})
	}
	v := &p.views[at]
	// Age first: the weights are comparable only at one time.
	v.age(o.At)
	v.trusted, v.network = o.Trusted, o.Network
	v.counted++
	p.checks++
	if o.At.After(p.last) {
		p.last = o.At
	}
	for kind, yes := range visible {
		if yes {
			p.stale = p.stale || v.checks[kind] <= settleChecks // what was only believed can be seen now
			v.checks[kind]++
		}
	}
	for i := range p.stands {
		// Every component of a kind that this check could show counts as missed. note takes that
		// back for what was found.
		if visible[p.stands[i].kind] && v.marks[i].missed < math.MaxUint16 {
			v.marks[i].missed++
		}
	}
	for _, f := range found {
		p.note(at, o, f)
	}
	return true
}

// note adds what one observation of a vantage found, and makes room for a component
// that is new.
func (p *place) note(at int, o Observation, f Finding) {
	i := slices.IndexFunc(p.stands, func(s stand) bool { return s.component == f.Component })
	if i < 0 {
		if len(p.stands) >= maxSiteStandings && !p.forgetOne() {
			return
		}
		i = len(p.stands)
		p.stands = append(p.stands, newStand(f.Component, o.At))
		for j := range p.views {
			p.views[j].weight = append(p.views[j].weight, 0)
			p.views[j].marks = append(p.views[j].marks, mark{})
		}
	}
	s, m := &p.stands[i], &p.views[at].marks[i]
	s.last, s.own, s.by = o.At.UnixMilli(), f.Own, p.views[at].vantage
	m.seen, m.missed = min(m.seen, math.MaxUint16-1)+1, 0
	// A remote vantage sends the names of components and not what it saw. Its word is no evidence
	// that can be shown.
	if s.evidence = f.Evidence; len(f.Evidence) == 1 && f.Evidence[0].By == ByVia {
		s.evidence = nil
	}
	p.views[at].weight[i] += float32(f.Share)
	// A component becomes part of the record only after settleChecks checks of enough vantages: one
	// answer from another edge must not change what a site depends on.
	if !s.settled && p.witnessed(func(v *vantageView) bool { return v.marks[i].seen >= settleChecks }) {
		s.settled, p.stale = true, true
	}
}

// witnessed reports whether enough vantages say a thing: this node's own prober,
// or two others that are not known to be of one network.
func (p *place) witnessed(says func(v *vantageView) bool) bool {
	var first *vantageView
	for j := range p.views {
		v := &p.views[j]
		switch {
		case v.seeded || !says(v):
		case v.trusted:
			return true
		case first == nil:
			first = v
		case first.network == 0 || v.network == 0 || first.network != v.network:
			return true
		}
	}
	return false
}

// age brings a vantage's counts to a later time.
func (v *vantageView) age(at time.Time) {
	// Exponential decay: what was seen shareHalfLife ago weighs half of what is seen now.
	fade := float32(math.Exp2(-at.Sub(v.last).Hours() / shareHalfLife.Hours()))
	for k := range v.checks {
		v.checks[k] *= fade
	}
	for i := range v.weight {
		v.weight[i] *= fade
	}
	v.last = at
}

// forgetVantage forgets the vantage whose last check is oldest, when there are more than
// maxSiteVantages.
func (p *place) forgetVantage() {
	if len(p.views) < maxSiteVantages {
		return
	}
	oldest := 0
	for i, v := range p.views {
		if v.last.Before(p.views[oldest].last) {
			oldest = i
		}
	}
	p.views = slices.Delete(p.views, oldest, oldest+1)
}

// forgetOne drops the component that was seen longest ago and is in no record. It returns false
// when all are in records, and then the new one is not kept.
func (p *place) forgetOne() bool {
	oldest := -1
	for i, s := range p.stands {
		if !s.settled && (oldest < 0 || s.last < p.stands[oldest].last) {
			oldest = i
		}
	}
	if oldest < 0 {
		return false
	}
	p.drop(oldest)
	return true
}

// share is the part of a site's checks that a component served: the mean over the
// vantages that could see its kind lately. The lowest value is left out if it is of a
// vantage with a token, and from three on the highest too, so that no single token
// moves the share alone. It is a trimmed mean: with three vantages the middle one
// decides.
func (p *place) share(i int) float64 {
	type said struct {
		share float64
		token bool // by a vantage that may lie
	}
	all := make([]said, 0, maxSiteVantages)
	for j := range p.views {
		v := &p.views[j]
		if s, ok := v.share(i, p.stands[i].kind); ok && p.last.Sub(v.last) <= vantageSilence {
			all = append(all, said{s, !v.trusted && !v.seeded})
		}
	}
	slices.SortFunc(all, func(a, b said) int { return cmp.Compare(a.share, b.share) })
	if n := len(all); n >= 2 && all[0].token {
		all = all[1:]
		if n >= 3 && all[len(all)-1].token {
			all = all[:len(all)-1]
		}
	}
	if len(all) == 0 {
		return 0
	}
	sum := 0.0
	for _, s := range all {
		sum += s.share
	}
	return sum / float64(len(all))
}

// share is the part of one vantage's checks that used a component; false when it made none of that
// kind.
func (v *vantageView) share(i int, kind uint8) (float64, bool) {
	if int(kind) == kindTLD {
		return 1, true
	}
	checks := v.checks[kind]
	if checks <= 0 {
		return 0, false
	}
	return float64(min(1, v.weight[i]/checks)), true
}

// dropGone drops the components that are no longer there.
func (p *place) dropGone() {
	for i := len(p.stands) - 1; i >= 0; i-- {
		if p.gone(i) {
			p.drop(i)
		}
	}
}

// gone reports whether a component has left: most of the vantages that had it, and
// enough of them to be believed, have missed it for too long. What a vantage that
// never had it does not see says nothing.
func (p *place) gone(i int) bool {
	had, lost := 0, 0
	for j := range p.views {
		v := &p.views[j]
		if !p.had(v, i) {
			continue
		}
		had++
		if p.lost(v, i) {
			lost++
		}
	}
	return 2*lost > had && p.witnessed(func(v *vantageView) bool { return p.had(v, i) && p.lost(v, i) })
}

// had reports whether a vantage that still checks has seen a component, or has checked for one that
// was in the record at the start.
func (p *place) had(v *vantageView, i int) bool {
	if v.seeded || p.last.Sub(v.last) > vantageSilence {
		return false
	}
	m := v.marks[i]
	return m.seen > 0 || p.stands[i].seeded && m.missed > 0
}

// lost reports whether a row of checks without a component as long as a vantage's
// last one would be unlikely, had the component kept its share there.
func (p *place) lost(v *vantageView, i int) bool {
	missed := int(v.marks[i].missed)
	if missed < settleChecks {
		return false
	}
	was := float64(v.weight[i]) / max(1, float64(v.checks[p.stands[i].kind])-float64(missed))
	if v.marks[i].seen == 0 {
		was = p.seededShare(i)
	}
	// The chance of missing it so often in a row, if it still served its former share. The share is
	// kept from 0 and 1, so that one check can neither prove nor exclude anything.
	return math.Pow(1-min(0.98, max(0.02, was)), float64(missed)) < leaveOdds
}

// seededShare is the share that a component had in an earlier life.
func (p *place) seededShare(i int) float64 {
	for j := range p.views {
		if v := &p.views[j]; v.seeded {
			share, _ := v.share(i, p.stands[i].kind)
			return share
		}
	}
	return 1
}

// drop forgets a component and the checks that it alone served, so that the shares of what is left
// add up to all of the checks.
func (p *place) drop(i int) {
	p.stale = true
	kind := p.stands[i].kind
	p.stands = slices.Delete(p.stands, i, i+1)
	for j := range p.views {
		v := &p.views[j]
		gone := v.weight[i]
		v.weight = slices.Delete(v.weight, i, i+1)
		v.marks = slices.Delete(v.marks, i, i+1)
		var rest float32
		for other, w := range v.weight {
			if p.stands[other].kind == kind {
				rest = max(rest, w)
			}
		}
		v.checks[kind] = max(rest, v.checks[kind]-gone)
	}
}
