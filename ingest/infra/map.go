package infra

import (
	"cmp"
	"slices"
	"sync"
	"time"
	"unique"

	"faultline"
)

// Bounds of a map.
const (
	maxMapped        = 1 << 18 // sites; further ones are not followed
	maxSiteVantages  = 16      // of one site; beyond, the one that checked longest ago makes room
	maxSiteStandings = 64      // components of one site that are followed
	maxPrefixes      = 8       // of one site that a record names
)

// How a map is drawn from observations.
const (
	// shareHalfLife is how fast what was seen loses weight.
	shareHalfLife = 24 * time.Hour
	// settleChecks is how many checks of one vantage make what it says count: that a
	// component is there, that one is gone, that a kind can be seen at all.
	settleChecks = 3
	// checkSpacing is the least time between two checks of one vantage and site that
	// count: whoever sends many at once says it once.
	checkSpacing = 20 * time.Second
	// leaveOdds: a component leaves the map when, had it kept its share, a row of
	// looks without it as long as this one would be less likely.
	leaveOdds = 0.001
	// driftStep and driftEvery: shares that have moved this far make a new record, at most this
	// often.
	driftStep  = 0.15
	driftEvery = time.Hour
	// vantageSilence is how long a vantage that no longer looks still has a say.
	vantageSilence = 6 * time.Hour
	// seedChecks is what a record that the log already has is worth, in looks.
	seedChecks = 10
)

// Map follows what sites depend on as observations come in, over time and over
// vantages, and says when that changes. What changes it must be said by this node's own
// prober, or by two vantages of different networks, each in three checks: what one
// token says changes nothing. It is safe for concurrent use. The numbers of witnesses
// are the defence against a vantage that lies or errs: what sites depend on decides
// whom an incident blames.
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

// Observe takes one observation and what was inferred from it. It returns a
// change when what the map says of the site is now another thing. Observations
// that saw nothing, such as those of a site that is down, change nothing, and
// neither do those that are older than the newest of their vantage.
func (m *Map) Observe(o Observation, found []Finding) (Change, bool) {
	visible := visibleKinds(o, found)
	if visible == (kindSet{}) || o.Site == "" {
		return Change{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.sites[o.Site]
	if p == nil {
		if len(m.sites) >= maxMapped {
			return Change{}, false
		}
		p = &place{}
		m.sites[unique.Make(o.Site).Value()] = p
	}
	base, _ := m.believed(o.Site)
	if p.checks == 0 && base.Source == faultline.SourceObserved {
		p.seed(base, o.At)
	}
	before := p.last
	if !p.count(o, found, visible) {
		return Change{}, false
	}
	p.dropGone()
	return p.announce(o, base, before)
}

// kindSet has a place for each kind of component, in the order of
// [faultline.Kinds]; the last is for what is of none.
type kindSet [12]bool

// kindOf is the place of a component's kind.
func kindOf(c faultline.Component) int {
	kind := c.Kind()
	for i, k := range faultline.Kinds {
		if k == kind {
			return min(i, len(kindSet{})-1)
		}
	}
	return len(kindSet{}) - 1
}

var (
	kindCDN   = slices.Index(faultline.Kinds, faultline.KindCDN)
	kindCloud = slices.Index(faultline.Kinds, faultline.KindCloud)
	kindDNS   = slices.Index(faultline.Kinds, faultline.KindDNS)
	kindASN   = slices.Index(faultline.Kinds, faultline.KindASN)
	kindCA    = slices.Index(faultline.Kinds, faultline.KindCA)
	kindTLD   = slices.Index(faultline.Kinds, faultline.KindTLD)
	kindPOP   = slices.Index(faultline.Kinds, faultline.KindPOP)
)

// visibleKinds says which kinds of component an observation could have shown. A
// component that could not have been seen is not missing: without addresses, for
// example, no network can be named.
func visibleKinds(o Observation, found []Finding) kindSet {
	var visible kindSet
	for _, f := range found {
		visible[kindOf(f.Component)] = true
	}
	visible[kindTLD] = false // the name tells it, whatever is seen
	visible[kindCloud] = visible[kindCloud] || len(o.Addrs) > 0
	// Who tells a network or an issuer and had an answer has looked for a CDN too.
	thorough := len(o.Addrs) > 0 || visible[kindASN] || visible[kindCA]
	visible[kindCDN] = visible[kindCDN] || thorough && o.Header != nil
	visible[kindDNS] = visible[kindDNS] || len(o.NS) > 0
	visible[kindCA] = visible[kindCA] || o.Issuer != ""
	return visible
}

// Standing is one component of a site as the map has it, with why and since when. It is
// shown by infra explain and in the log.
type Standing struct {
	Component   faultline.Component
	Share       float64            // over all vantages
	Vantages    map[string]float64 // share by vantage
	First, Last time.Time          // when it was seen
	Own         bool
	Evidence    []Evidence // of the newest observation that showed it
	By          string     // the vantage of that
}

// Standings returns what a site has been seen to depend on, in order of component,
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
	for i, s := range p.stands {
		st := Standing{Component: s.component, Share: p.share(i), Vantages: map[string]float64{},
			First: time.UnixMilli(s.first).UTC(), Last: time.UnixMilli(s.last).UTC(), Own: s.own,
			Evidence: slices.Clone(s.evidence), By: s.by}
		if st.Evidence == nil {
			st.Evidence = []Evidence{{By: ByVia, Saw: string(s.component), Rule: s.by}}
		}
		for j := range p.views {
			v := &p.views[j]
			if share, ok := v.share(i, s.kind); ok {
				st.Vantages[v.vantage] = share
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
