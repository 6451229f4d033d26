package correlate

import (
	"cmp"
	"slices"
	"strconv"

	"golang.org/x/net/publicsuffix"

	"faultline"
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// site is one site of the map, or one that somebody spoke of. What every report of it
// needs comes first.
type site struct {
	Name  string
	Crowd *evidence.Crowd
	// Incident is the ordinal of the open incident that it belongs to, 0 for none.
	Incident int64
	Tally    *tally // what its series are made of; nil until something was reported

	Tracks []*evidence.Track // one a vantage, in order of vantage
	Deps   []cause.Dep
	// Freed is when it last left an incident; what was seen before has been published.
	Freed    int64
	Rank     int32
	Mapped   bool
	Observed bool // its record comes from observation, which beats the catalogue
	kin      bool // its owner has other sites, see noteOwner
	owner    uint64
}

// recordShare is what a record says a component's share of a site is. Few records do.
type recordShare struct {
	C    uint32
	Part float64
}

// component is one piece of shared infrastructure with the sites on it.
type component struct {
	kind    *traits // of its name
	runBy   string  // of its name, see Engine.runBy
	owner   uint64  // who runs it, as sites have it; 0 if nobody known does
	Name    faultline.Component
	Members []uint32 // ascending
}

// vantage is a place that probes run from.
type vantage struct {
	ID      string
	ASN     uint32
	Country string
	Region  uint32 // vantages of one country share a region
	Sick    []span // ascending: when it failed itself, at most sickSpans
	Lag     lag    // of its results
	Behind  int64  // how far its clock is behind the log's, below 0: ahead
	// trust is, for each window, how far its failures may be believed; see updateTrust.
	trust [evidence.Windows]float64
}

// network is one that reports come from: an ASN or, where that is unknown, a prefix.
type network struct {
	Name    string
	ASN     uint32
	Country country // of its first reporter: networks that cross borders are few
	Base    evidence.Rate
	// Incident is the ordinal of the open incident of that ISP, 0 for none. While
	// there is one, its subscribers' reports say nothing of sites.
	Incident int64
}

// foldSite replaces what is known of a site by a record. A catalogue entry does
// not replace an observation.
func (e *Engine) foldSite(r faultline.SiteRecord) {
	id, ok := e.site(r.Site)
	if !ok {
		return
	}
	e.keep(id)
	s := e.sites.rows[id]
	if s.Observed && r.Source == faultline.SourceCatalog {
		return
	}
	// Everything that was worked out from the old record is void.
	e.s.dependents.forget()
	for _, d := range s.Deps {
		c := e.components.rows[d.C()]
		if i, found := slices.BinarySearch(c.Members, id); found {
			c.Members = slices.Delete(c.Members, i, i+1)
		}
	}
	if !s.Mapped {
		e.s.mapped++
	}
	// The sum of sizes is kept up to date here: adding it up at each evaluation would go through
	// all sites.
	before := s.sized()
	s.Mapped, s.Observed, s.Rank = true, r.Source == faultline.SourceObserved, int32(r.Rank)
	e.crowdBase.sizes += s.sized() - before
	s.Deps = e.dependencies(id, r)
	e.noteOwnership(id, r)
	if delete(e.uses, id); len(r.Uses) > 0 {
		e.uses[id] = slices.Clone(r.Uses)
	}
	e.addOwner(s)
	for _, d := range s.Deps {
		e.addMember(d.C(), id)
	}
}

// addMember notes a site among those of a component. Members ascend, so that sums over them
// are the same on each node.
func (e *Engine) addMember(c, id uint32) {
	members := &e.components.rows[c].Members
	if i, found := slices.BinarySearch(*members, id); !found {
		*members = slices.Insert(*members, i, id)
	}
}

// addOwner makes a site depend on its registrable domain as well, where several
// hosts of one are sites of their own: a fault of their owner takes down all.
func (e *Engine) addOwner(s *site) {
	domain, err := publicsuffix.EffectiveTLDPlusOne(s.Name)
	if err != nil {
		return // a public suffix itself
	}
	// The owner is a component like a CDN, so that "all of google.com fails" needs no rule of its
	// own.
	owner := faultline.NewComponent(faultline.KindSite, domain)
	if domain == s.Name {
		if c, ok := e.components.find(string(owner)); ok {
			s.depend(c)
		}
		return
	}
	c, ok := e.component(owner)
	if !ok {
		return
	}
	s.depend(c)
	if id, ok := e.sites.find(domain); ok && e.sites.rows[id].Mapped {
		e.keep(id)
		e.sites.rows[id].depend(c)
		e.addMember(c, id)
	}
}

// depend adds a component that no record names.
func (s *site) depend(c uint32) {
	if slices.ContainsFunc(s.Deps, func(d cause.Dep) bool { return d.C() == c }) {
		return
	}
	s.Deps = append(s.Deps, cause.NewDep(c, 1))
}

// dependencies weighs the components of a record: by its shares where it names
// them, else equally among those of one kind.
func (e *Engine) dependencies(site uint32, r faultline.SiteRecord) []cause.Dep {
	names := slices.Compact(slices.Sorted(slices.Values(r.Components)))
	kinds := map[string]int{}
	for _, c := range names {
		kinds[c.Kind()]++
	}
	delete(e.shares, site)
	deps := make([]cause.Dep, 0, len(names))
	for _, c := range names {
		id, ok := e.component(c)
		if !ok {
			continue
		}
		w := 1.
		if kinds[c.Kind()] > 1 {
			// Which of several providers answered a given request is not known.
			w = sharedWeight
		}
		if part, said := r.Shares[c]; said {
			w = min(1, max(0, part))
			e.shares[site] = append(e.shares[site], recordShare{id, part})
		}
		deps = append(deps, cause.NewDep(id, w))
	}
	return deps
}

// site is the number of a site by its name, given when it is first named. It is false for
// an empty name, and beyond maxSites.
func (e *Engine) site(name string) (uint32, bool) {
	if name == "" {
		return 0, false
	}
	known := len(e.sites.rows)
	id, ok := e.sites.intern(name, func() site { return site{Name: name} })
	switch {
	case !ok:
		e.counters.Refused++
	case int(id) == known:
		e.noteOwner(id)
	}
	return id, ok
}

// newComponent is a component's row; all but its members follows from its name.
func (e *Engine) newComponent(name faultline.Component) component {
	return component{Name: name, kind: e.traitsFor(name), runBy: e.runBy(name), owner: e.ownerOf(name)}
}

// component is the number of a component by its name, given when it is first named; false
// beyond maxComponents.
func (e *Engine) component(name faultline.Component) (uint32, bool) {
	id, ok := e.components.intern(string(name), func() component { return e.newComponent(name) })
	if !ok {
		e.counters.Refused++
	}
	return id, ok
}

// foldVantage takes in what a vantage says of itself. A new country or network changes
// which vantages share a fault, so that what they saw is weighed again.
func (e *Engine) foldVantage(v faultline.Vantage) {
	id, ok := e.vantage(v.Vantage)
	if !ok {
		return
	}
	row := e.vantages.rows[id]
	row.ASN, row.Country = v.ASN, v.Country
	row.Region = e.region(id)
	e.s.trustGen++
}

// region gives vantages of one country one number: that of the first of them.
func (e *Engine) region(id uint32) uint32 {
	own := e.vantages.rows[id]
	for i, v := range e.vantages.rows[:id] {
		if own.Country != "" && v.Country == own.Country {
			return uint32(i)
		}
	}
	return id
}

// vantage is the number of a vantage by its name, given when it is first named; false
// beyond maxVantages.
func (e *Engine) vantage(name string) (uint32, bool) {
	id, ok := e.vantages.intern(name, func() vantage {
		return vantage{ID: name, Region: uint32(len(e.vantages.rows))}
	})
	if !ok {
		e.counters.Refused++
	}
	return id, ok
}

// network interns where a report came from.
func (e *Engine) network(r faultline.Report) (uint32, bool) {
	if id, ok := e.s.byASN[r.ASN]; ok {
		return id, true
	}
	name := "net:" + r.Net
	if r.ASN != 0 {
		name = "AS" + strconv.FormatUint(uint64(r.ASN), decimal)
	}
	id, ok := e.networks.intern(name, func() network {
		return network{Name: name, ASN: r.ASN, Country: countryOf(r.Country), Base: evidence.Rate{From: e.start}}
	})
	if ok && r.ASN != 0 {
		if e.s.byASN == nil {
			e.s.byASN = map[uint32]uint32{}
		}
		e.s.byASN[r.ASN] = id
	}
	return id, ok
}

// Record is what the map says of a site now.
func (e *Engine) Record(name string) (faultline.SiteRecord, bool) {
	id, ok := e.sites.find(name)
	if !ok || !e.sites.rows[id].Mapped {
		return faultline.SiteRecord{}, false
	}
	s := e.sites.rows[id]
	r := faultline.SiteRecord{Site: s.Name, Rank: int(s.Rank), Source: faultline.SourceCatalog,
		Components: e.componentsOf(s)}
	if s.Observed {
		r.Source = faultline.SourceObserved
	}
	if said := e.shares[id]; len(said) > 0 {
		r.Shares = map[faultline.Component]float64{}
		for _, share := range said {
			r.Shares[e.components.rows[share.C].Name] = share.Part
		}
	}
	r.Owner, r.Runs, r.Uses = e.owned[id].Owner, e.owned[id].Runs, e.uses[id]
	return r, true
}

// componentsOf are the components that a site's record names, in order. Its owner is left
// out, since it follows from the site's name.
func (e *Engine) componentsOf(s *site) []faultline.Component {
	names := make([]faultline.Component, 0, len(s.Deps))
	for _, d := range s.Deps {
		if c := e.components.rows[d.C()].Name; !traitsOf(c).Own { // its owner: known from its name
			names = append(names, c)
		}
	}
	slices.SortFunc(names, cmp.Compare)
	return names
}
