package board

import (
	"cmp"
	"slices"

	"faultline"
)

// Concentration is how the sites of our list share out over those who serve them, for one
// kind of component. Each number is of the sites whose component of that kind is known.
type Concentration struct {
	Kind string `json:"kind"`
	// Known is how many sites have a component of the kind on our list, of Sites.
	Known int `json:"known"`
	Sites int `json:"sites"`
	// HHI is the Herfindahl-Hirschman index, from 0 (spread out) to 10,000 (all at one). A
	// site with several providers counts for each by its part.
	HHI int `json:"hhi"`
	// Firebreak is how many of the known sites have a second provider of the kind.
	Firebreak int     `json:"firebreak"`
	Providers []Share `json:"providers"` // the largest first
}

// Share is what one provider has of the sites of a kind.
type Share struct {
	Provider string `json:"provider"` // its name, or that of the component where no provider is known
	Slug     string `json:"slug"`     // empty where no provider is known
	// Sites depend on it; Alone are those that have nobody else of the kind.
	Sites int     `json:"sites"`
	Alone int     `json:"alone"`
	Share float64 `json:"share"` // of the known sites, 0 to 1, several providers by their parts
}

// concentrated are the kinds that providers compete in.
var concentrated = []string{
	faultline.KindCDN, faultline.KindCloud, faultline.KindDNS, faultline.KindCA, faultline.KindASN,
}

// holders is who serves the sites of one kind.
type holders struct {
	known, firebreak int
	by               map[Share]*Share // by provider and slug alone
}

// Concentrations counts the sites of the index by kind and provider, the top largest
// providers of each kind.
func Concentrations(x *Index, providers *faultline.Providers, top int) []Concentration {
	kinds := map[string]*holders{}
	for _, kind := range concentrated {
		kinds[kind] = &holders{by: map[Share]*Share{}}
	}
	all := x.Sites()
	for _, site := range all {
		of := map[string][]Share{}
		for _, c := range x.Record(site).Components {
			who := Share{Provider: c.DisplayName()}
			if p, ok := providers.Of(c); ok {
				who = Share{Provider: p.Name, Slug: p.Slug}
			}
			if !slices.Contains(of[c.Kind()], who) {
				of[c.Kind()] = append(of[c.Kind()], who)
			}
		}
		for kind, who := range of {
			if h := kinds[kind]; h != nil {
				h.add(who)
			}
		}
	}
	out := make([]Concentration, 0, len(concentrated))
	for _, kind := range concentrated {
		out = append(out, kinds[kind].counted(kind, len(all), top))
	}
	return out
}

// add counts one site that these serve.
func (h *holders) add(who []Share) {
	h.known++
	if len(who) > 1 {
		h.firebreak++
	}
	for _, one := range who {
		held := h.by[one]
		if held == nil {
			held = &Share{Provider: one.Provider, Slug: one.Slug}
			h.by[one] = held
		}
		held.Sites++
		held.Share += 1 / float64(len(who))
		if len(who) == 1 {
			held.Alone++
		}
	}
}

// counted makes the answer from what was added up: the largest providers, and the
// Herfindahl-Hirschman index of all (the sum of squared shares, 10,000 for a single
// provider).
func (h *holders) counted(kind string, sites, top int) Concentration {
	c := Concentration{Kind: kind, Known: h.known, Sites: sites, Firebreak: h.firebreak, Providers: []Share{}}
	for _, held := range h.by {
		held.Share /= float64(h.known)
		c.Providers = append(c.Providers, *held)
	}
	slices.SortFunc(c.Providers, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Slug, b.Slug))
	})
	index := 0.
	for _, p := range c.Providers { // in their order: sums of floats depend on it
		index += p.Share * p.Share
	}
	c.HHI = int(index*maxHHI + 1./2)
	c.Providers = c.Providers[:min(len(c.Providers), top)]
	return c
}

// maxHHI is the index of a kind that one provider has alone.
const maxHHI = 10_000

// Radius is what depends on a component, and what has nothing else.
type Radius struct {
	Sites int `json:"sites"` // that depend on it by our list
	Alone int `json:"alone"` // of those, with nobody else of the same kind
	// Known is how many sites have a component of that kind on our list at all.
	Known int          `json:"known"`
	Ranks []RankBand   `json:"ranks"`
	Most  []RadiusSite `json:"most_visited"`
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

// bands are how many of the most visited sites a [RankBand] counts.
var bands = []int{100, 1_000, 10_000}

// BlastRadius counts what depends on a component, and names the most visited sites of it.
func BlastRadius(x *Index, of faultline.Component, most int) Radius {
	r := Radius{Ranks: []RankBand{}, Most: []RadiusSite{}}
	for _, top := range bands {
		r.Ranks = append(r.Ranks, RankBand{Top: top})
	}
	for at, site := range x.Sites() {
		record := x.Record(site)
		var kin []faultline.Component
		for _, c := range record.Components {
			if c.Kind() == of.Kind() {
				kin = append(kin, c)
			}
		}
		if len(kin) == 0 {
			continue
		}
		on := slices.Contains(kin, of)
		r.count(at, on, len(kin) == 1)
		if on && len(r.Most) < most {
			others := slices.DeleteFunc(kin, func(c faultline.Component) bool { return c == of })
			r.Most = append(r.Most, RadiusSite{Site: site, Rank: record.Rank, Alternatives: others})
		}
	}
	return r
}

// count adds the site at that place of the list.
func (r *Radius) count(at int, on, alone bool) {
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
}
