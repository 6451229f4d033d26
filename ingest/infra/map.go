package infra

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"faultline"
)

// Bounds of a map.
const (
	maxMapped        = 1 << 18 // sites; further ones are not followed
	maxSiteVantages  = 16      // of one site; beyond, the one not heard longest makes room
	maxSiteStandings = 64      // components of one site that are followed
	maxPrefixes      = 8       // of one site that a record names
)

// How a map is drawn from observations.
const (
	// shareHalfLife is how fast what was seen loses weight.
	shareHalfLife = 24 * time.Hour
	// settleLooks is how many observations make a component part of the map, and
	// a site's first record.
	settleLooks = 3
	// leaveOdds: a component leaves the map when, had it kept its share, a row of
	// looks without it as long as this one would be less likely.
	leaveOdds = 0.001
	// driftStep and driftEvery: shares that have moved this far are told anew, at
	// most this often.
	driftStep  = 0.15
	driftEvery = time.Hour
	// vantageSilence is how long a vantage that no longer looks still has a say.
	vantageSilence = 6 * time.Hour
	// seedLooks is what a record that the log already has is worth, in looks.
	seedLooks = 10
)

// Map follows what sites stand on as observations come in, over time and over
// vantages, and says when that changes. It is safe for concurrent use.
type Map struct {
	believed func(site string) (faultline.SiteRecord, bool)
	mu       sync.Mutex
	sites    map[string]*place
}

// NewMap makes an empty one. believed is what is known of a site that was not
// observed yet: what an earlier life observed and wrote into the log, else what
// the catalogue says. It gives the rank, and what stands behind a CDN, which no
// observation from outside shows.
func NewMap(believed func(site string) (faultline.SiteRecord, bool)) *Map {
	return &Map{believed: believed, sites: map[string]*place{}}
}

// place is what is known of one site.
type place struct {
	looks    int // observations at all
	last     time.Time
	stands   map[faultline.Component]*stand
	vantages map[string]*lookout
	told     *faultline.SiteRecord // the last record; nil: none yet
}

// stand is one component of a site.
type stand struct {
	seen        int       // observations that showed it
	first, last time.Time // of these
	missed      int       // looks at its kind since the last that showed it
	own         bool
	evidence    []Evidence // of the newest observation that showed it
	by          string     // the vantage of that
}

// lookout is what one vantage saw of a site, each look worth half after
// shareHalfLife.
type lookout struct {
	last   time.Time
	looks  map[string]float64              // by kind
	weight map[faultline.Component]float64 // of those looks, how many rested on it
}

// Observe takes one observation and what was inferred from it. It returns a
// change when what the map says of the site is now another thing. Observations
// that saw nothing, such as those of a site that is down, change nothing, and
// neither do those that are older than the newest of their vantage.
func (m *Map) Observe(o Observation, found []Finding) (Change, bool) {
	looked := lookedAt(o, found)
	if len(looked) == 0 || o.Site == "" {
		return Change{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.sites[o.Site]
	if p == nil {
		if len(m.sites) >= maxMapped {
			return Change{}, false
		}
		p = &place{stands: map[faultline.Component]*stand{}, vantages: map[string]*lookout{}}
		m.sites[o.Site] = p
	}
	base, _ := m.believed(o.Site)
	if p.looks == 0 && base.Source == faultline.SourceObserved {
		p.seed(base, o.At)
	}
	before := p.last
	if !p.count(o, found, looked) {
		return Change{}, false
	}
	left := p.dropGone()
	return p.tell(o, base, left, before)
}

// seed goes on from a record that was observed in an earlier life, as if a
// vantage of its own had seen it just before.
func (p *place) seed(r faultline.SiteRecord, at time.Time) {
	v := &lookout{looks: map[string]float64{}, weight: map[faultline.Component]float64{}, last: at}
	for _, c := range r.Components {
		p.stands[c] = &stand{seen: settleLooks, first: r.At, last: r.At, evidence: []Evidence{{By: ByLog, Saw: string(c), Rule: r.Source}}}
		v.looks[c.Kind()] = seedLooks
		v.weight[c] = seedLooks * shareIn(r, c)
	}
	p.vantages[""] = v
	p.told = &r
}

// lookedAt says which kinds of component an observation could have shown.
func lookedAt(o Observation, found []Finding) map[string]bool {
	looked := map[string]bool{}
	for _, f := range found {
		if kind := f.Component.Kind(); kind != faultline.KindTLD {
			looked[kind] = true
		}
	}
	if o.Header != nil && len(o.Addrs) > 0 {
		looked[faultline.KindCDN] = true
	}
	if len(o.NS) > 0 {
		looked[faultline.KindDNS] = true
	}
	if len(o.Addrs) > 0 {
		looked[faultline.KindCloud] = true
	}
	if o.Issuer != "" {
		looked[faultline.KindCA] = true
	}
	return looked
}

// count adds an observation; false when it is an old one.
func (p *place) count(o Observation, found []Finding, looked map[string]bool) bool {
	v := p.vantages[o.Vantage]
	if v != nil && !o.At.After(v.last) {
		return false
	}
	if v == nil {
		v = &lookout{looks: map[string]float64{}, weight: map[faultline.Component]float64{}, last: o.At}
		p.makeRoom()
		p.vantages[o.Vantage] = v
	}
	v.age(o.At)
	p.looks++
	if o.At.After(p.last) {
		p.last = o.At
	}
	for kind := range looked {
		v.looks[kind]++
	}
	for c, s := range p.stands {
		if looked[c.Kind()] {
			s.missed++
		}
	}
	for _, f := range found {
		s := p.stands[f.Component]
		if s == nil {
			if len(p.stands) >= maxSiteStandings && !p.forgetOne() {
				continue
			}
			s = &stand{first: o.At}
			p.stands[f.Component] = s
		}
		s.seen, s.missed, s.last, s.by, s.own, s.evidence = s.seen+1, 0, o.At, o.Vantage, f.Own, f.Evidence
		v.weight[f.Component] += f.Share
	}
	return true
}

// age brings a vantage's counts to a later time.
func (v *lookout) age(at time.Time) {
	fade := math.Exp2(-at.Sub(v.last).Hours() / shareHalfLife.Hours())
	for k := range v.looks {
		v.looks[k] *= fade
	}
	for c := range v.weight {
		v.weight[c] *= fade
	}
	v.last = at
}

// makeRoom forgets the vantage that was not heard longest when there are too many.
func (p *place) makeRoom() {
	if len(p.vantages) < maxSiteVantages {
		return
	}
	oldest := ""
	for id, v := range p.vantages {
		if o := p.vantages[oldest]; o == nil || v.last.Before(o.last) || v.last.Equal(o.last) && id < oldest {
			oldest = id
		}
	}
	delete(p.vantages, oldest)
}

// forgetOne drops the component that was not seen longest and is not on the map.
func (p *place) forgetOne() bool {
	var oldest faultline.Component
	for c, s := range p.stands {
		if s.seen >= settleLooks {
			continue
		}
		if o := p.stands[oldest]; o == nil || s.last.Before(o.last) || s.last.Equal(o.last) && c < oldest {
			oldest = c
		}
	}
	if oldest == "" {
		return false
	}
	p.drop(oldest)
	return true
}

// share is the part of a site's looks that rested on a component: the mean over
// the vantages that looked at its kind lately.
func (p *place) share(c faultline.Component) float64 {
	sum, n := 0.0, 0
	for _, v := range p.vantages {
		if s, ok := v.share(c); ok && p.last.Sub(v.last) <= vantageSilence {
			sum, n = sum+s, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func (v *lookout) share(c faultline.Component) (float64, bool) {
	looks := v.looks[c.Kind()]
	if c.Kind() == faultline.KindTLD {
		return 1, true
	}
	if looks <= 0 {
		return 0, false
	}
	return min(1, v.weight[c]/looks), true
}

// dropGone drops the components that are no longer there, and returns them.
func (p *place) dropGone() []faultline.Component {
	var gone []faultline.Component
	for c, s := range p.stands {
		if s.missed < settleLooks {
			continue
		}
		// What its share was before the looks that missed it.
		looks := 0.0
		for _, v := range p.vantages {
			looks += v.looks[c.Kind()]
		}
		was := p.share(c) * looks / max(1, looks-float64(s.missed))
		if math.Pow(1-min(0.98, max(0.02, was)), float64(s.missed)) < leaveOdds {
			gone = append(gone, c)
		}
	}
	slices.Sort(gone)
	for _, c := range gone {
		p.drop(c)
	}
	return gone
}

// drop forgets a component, and the looks that it had to itself: what is there
// now has them all.
func (p *place) drop(c faultline.Component) {
	delete(p.stands, c)
	for _, v := range p.vantages {
		rest := 0.0
		gone := v.weight[c]
		delete(v.weight, c)
		for other, w := range v.weight {
			if other.Kind() == c.Kind() {
				rest = max(rest, w)
			}
		}
		if _, ok := v.looks[c.Kind()]; ok {
			v.looks[c.Kind()] = max(rest, v.looks[c.Kind()]-gone)
		}
	}
}

// Standing is one component of a site as the map has it.
type Standing struct {
	Component   faultline.Component
	Share       float64            // over all vantages
	Vantages    map[string]float64 // share by vantage
	First, Last time.Time          // when it was seen
	Own         bool
	Evidence    []Evidence // of the newest observation that showed it
	By          string     // the vantage of that
}

// Standings returns what a site has been seen to stand on, in order of component,
// with the evidence and when it was last seen. Not all of it need be on the map
// yet, and a point of presence never is: it is the way to a site rather than a
// part of it.
func (m *Map) Standings(site string) []Standing {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.sites[site]
	if p == nil {
		return nil
	}
	list := make([]Standing, 0, len(p.stands))
	for c, s := range p.stands {
		st := Standing{Component: c, Share: p.share(c), Vantages: map[string]float64{}, First: s.first, Last: s.last,
			Own: s.own, Evidence: slices.Clone(s.evidence), By: s.by}
		for id, v := range p.vantages {
			if share, ok := v.share(c); ok {
				st.Vantages[id] = share
			}
		}
		list = append(list, st)
	}
	slices.SortFunc(list, func(a, b Standing) int { return cmp.Compare(a.Component, b.Component) })
	return list
}

// Len is how many sites are followed.
func (m *Map) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.sites)
}
