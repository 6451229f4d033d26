package board

import (
	"cmp"
	"maps"
	"slices"

	"faultline"
)

// Radius is what depends on a component, and what has nothing else.
type Radius struct {
	Sites int `json:"sites"` // that depend on it by our list
	Alone int `json:"alone"` // of those, with nobody else of the same kind
	// Known is how many sites have a component of that kind on our list at all, of ListSites.
	Known     int `json:"known"`
	ListSites int `json:"list_sites"`
	// RankedShare is its part of the known sites that have a rank, each with the weight
	// 1/rank, and RankedAlone that of the sites with nobody else. Ranked is how many those
	// known sites are; the shares are null where there is none.
	Ranked      int        `json:"ranked"`
	RankedShare *float64   `json:"ranked_share"`
	RankedAlone *float64   `json:"ranked_alone"`
	Ranks       []RankBand `json:"ranks"`
	// Countries and Services count the same by where a service is at home and by its kind,
	// those with most dependent sites first. Where no site depends on it none is named.
	Countries []RadiusGroup `json:"countries"`
	Services  []RadiusGroup `json:"services"`
	Most      []RadiusSite  `json:"most_visited"`
}

// radiusCount is a [Radius] that is being counted, with the weights of sites: of all that have
// a component of the kind, of those that depend on what fails, and of those with nobody else.
type radiusCount struct {
	Radius
	weight, on, alone float64
}

// RadiusGroup counts the sites of one country or kind of service.
type RadiusGroup struct {
	Group string `json:"group"`
	Known int    `json:"known"` // with a component of that kind
	Sites int    `json:"sites"` // that depend on it
	Alone int    `json:"alone"` // of those, with nobody else of the same kind
}

// RankBand counts the sites among the most visited ones of our list.
type RankBand struct {
	Top   int `json:"top"`   // of our list, by popularity
	Known int `json:"known"` // of those, with a component of that kind
	Sites int `json:"sites"` // of those, that depend on it
	Alone int `json:"alone"`
}

// RadiusSite is one site that depends on a component, and what it has beside it.
type RadiusSite struct {
	Site         string                `json:"site"`
	Rank         int                   `json:"rank"`
	Alternatives []faultline.Component `json:"alternatives"` // of the same kind; empty: none is known
}

// bands are how many of the most visited sites are counted apart.
var bands = []int{100, 1_000, 10_000}

// BlastRadius counts what depends on a component in a part of the index, and names the most
// visited sites of it.
func BlastRadius(x *Index, of faultline.Component, part Part, most int) Radius {
	return blastRadius(x, part, most, func(c faultline.Component) bool { return c.Kind() == of.Kind() },
		func(c faultline.Component) bool { return c == of })
}

// ProviderRadius is the [BlastRadius] of all that a provider runs of one kind.
func ProviderRadius(x *Index, p faultline.Provider, kind string, part Part, most int) Radius {
	return blastRadius(x, part, most, func(c faultline.Component) bool { return c.Kind() == kind }, p.Runs)
}

// blastRadius counts the sites that have a component of a kind, and those of which one
// belongs to what fails. Alone are those that nothing else of the kind is left for.
func blastRadius(x *Index, part Part, most int, kin, fails func(faultline.Component) bool) Radius {
	r := radiusCount{Radius: Radius{Ranks: []RankBand{}, Most: []RadiusSite{}}}
	for _, top := range bands {
		r.Ranks = append(r.Ranks, RankBand{Top: top})
	}
	countries, services := map[string]*RadiusGroup{}, map[string]*RadiusGroup{}
	for _, site := range x.Sites() {
		about := x.About(site)
		if !part.takes(about) {
			continue
		}
		at := r.ListSites
		r.ListSites++
		record := x.Record(site)
		others, known := alternatives(record.Components, kin, fails)
		if known == 0 {
			continue
		}
		on := len(others) < known
		r.count(at, record.Rank, on, len(others) == 0)
		groupOf(countries, about.Country).count(on, len(others) == 0)
		groupOf(services, about.Service).count(on, len(others) == 0)
		if on && len(r.Most) < most {
			r.Most = append(r.Most, RadiusSite{Site: site, Rank: record.Rank, Alternatives: others})
		}
	}
	r.Countries, r.Services = dependent(countries), dependent(services)
	if r.weight > 0 {
		share, alone := r.on/r.weight, r.alone/r.weight
		r.RankedShare, r.RankedAlone = &share, &alone
	}
	return r.Radius
}

// alternatives are the components of a kind that do not fail, and how many there are of the
// kind.
func alternatives(all []faultline.Component, kin, fails func(faultline.Component) bool) (
	others []faultline.Component, known int) {
	others = []faultline.Component{}
	for _, c := range all {
		if !kin(c) {
			continue
		}
		known++
		if !fails(c) {
			others = append(others, c)
		}
	}
	return others, known
}

// count adds one site that has a component of the kind, at its place of the list.
func (r *radiusCount) count(at, rank int, on, alone bool) {
	add := func(known, sites, lone *int) {
		*known++
		if on {
			*sites++
		}
		if on && alone {
			*lone++
		}
	}
	add(&r.Known, &r.Sites, &r.Alone)
	for i := range r.Ranks {
		if b := &r.Ranks[i]; at < b.Top {
			add(&b.Known, &b.Sites, &b.Alone)
		}
	}
	if rank <= 0 {
		return
	}
	weight := 1 / float64(rank)
	r.Ranked++
	r.weight += weight
	if on {
		r.on += weight
	}
	if on && alone {
		r.alone += weight
	}
}

func groupOf(groups map[string]*RadiusGroup, name string) *RadiusGroup {
	if groups[name] == nil {
		groups[name] = &RadiusGroup{Group: name}
	}
	return groups[name]
}

func (g *RadiusGroup) count(on, alone bool) {
	g.Known++
	if on {
		g.Sites++
	}
	if on && alone {
		g.Alone++
	}
}

// dependent are the groups of which any site depends on what fails, those with most such
// sites first. Sites whose group is not known are in none.
func dependent(groups map[string]*RadiusGroup) []RadiusGroup {
	out := []RadiusGroup{}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if g := groups[name]; name != "" && g.Sites > 0 {
			out = append(out, *g)
		}
	}
	slices.SortStableFunc(out, func(a, b RadiusGroup) int { return cmp.Compare(b.Sites, a.Sites) })
	return out
}
