package board

import (
	"cmp"
	"maps"
	"slices"

	"faultline"
)

// Concentration is how sites of our list share out over those who serve them, for one kind of
// component. Each number is of the sites whose component of that kind is known.
type Concentration struct {
	Kind string `json:"kind"`
	// Known is how many sites have a component of the kind on our list, of Sites. Coverage
	// is the same as a share, 0 to 1; null where there are no sites.
	Known    int      `json:"known"`
	Sites    int      `json:"sites"`
	Coverage *float64 `json:"coverage"`
	// HHI is the Herfindahl-Hirschman index: the sum of the squared shares of all providers
	// in percent, from near 0 (spread out) to 10,000 (all at one). A site with several
	// providers counts for each by its part. Null where no site is known. Source: Hirschman
	// 1945 and Herfindahl 1950; the Merger Guidelines of the US Department of Justice (2023)
	// call a market above 1,800 highly concentrated.
	HHI *int `json:"hhi"`
	// Ranked is how many of the known sites have a rank. HHIRanked is the index over those,
	// each with the weight 1/rank: visits to sites fall about so with their rank (Adamic and
	// Huberman, Zipf's law and the Internet, 2002). Null where none has a rank.
	Ranked    int  `json:"ranked"`
	HHIRanked *int `json:"hhi_ranked"`
	// Firebreak is how many of the known sites have a second provider of the kind.
	Firebreak int `json:"firebreak"`
	// Ranks counts the same among the most visited sites.
	Ranks     []FirebreakBand `json:"ranks"`
	Providers []Share         `json:"providers"` // the largest first
}

// FirebreakBand counts second providers among the most visited sites of a part of our list.
type FirebreakBand struct {
	Top       int `json:"top"`       // how many of the most visited sites
	Known     int `json:"known"`     // of those, with a component of the kind
	Firebreak int `json:"firebreak"` // of those, with a second provider of the kind
}

// Share is what one provider has of the sites of a kind.
type Share struct {
	Provider string `json:"provider"` // its name, or that of the component where no provider is known
	Slug     string `json:"slug"`     // empty where no provider is known
	// Sites depend on it; Alone are those that have nobody else of the kind.
	Sites int     `json:"sites"`
	Alone int     `json:"alone"`
	Share float64 `json:"share"` // of the known sites, 0 to 1, several providers by their parts
	// RankedShare is of the known sites with a rank, each with the weight 1/rank; null where
	// none has a rank.
	RankedShare *float64 `json:"ranked_share"`
}

// Group is one part of our list with how concentrated it is.
type Group struct {
	Group string `json:"group"` // the country or the kind of service
	Sites int    `json:"sites"`
	// Kinds names the largest providers alone, at most three.
	Kinds []Concentration `json:"kinds"`
}

// concentrated are the kinds that providers compete in.
var concentrated = []string{
	faultline.KindCDN, faultline.KindCloud, faultline.KindDNS, faultline.KindCA, faultline.KindASN,
}

// ConcentratedKinds are the kinds that providers compete in.
func ConcentratedKinds() []string { return slices.Clone(concentrated) }

// holder is who serves a site.
type holder struct{ provider, slug string }

// held is what one holder has of one kind.
type held struct {
	sites, alone  int
	share, weight float64
}

// holders is who serves the sites of one kind.
type holders struct {
	known, ranked, firebreak int
	weight                   float64
	ranks                    []FirebreakBand
	by                       map[holder]*held
}

// census counts sites by kind and holder.
type census struct {
	sites int
	kinds map[string]*holders
}

func newCensus() *census {
	c := &census{kinds: map[string]*holders{}}
	for _, kind := range concentrated {
		h := &holders{by: map[holder]*held{}}
		for _, top := range bands {
			h.ranks = append(h.ranks, FirebreakBand{Top: top})
		}
		c.kinds[kind] = h
	}
	return c
}

// servedBy is who serves a site, by kind. Two components of one provider are one.
func servedBy(r faultline.SiteRecord, providers *faultline.Providers) map[string][]holder {
	of := map[string][]holder{}
	for _, c := range r.Components {
		who := holder{provider: c.DisplayName()}
		if p, ok := providers.Of(c); ok {
			who = holder{p.Name, p.Slug}
		}
		if !slices.Contains(of[c.Kind()], who) {
			of[c.Kind()] = append(of[c.Kind()], who)
		}
	}
	return of
}

// Concentrations counts a part of the index by kind and provider, with the top largest
// providers of each kind.
func Concentrations(x *Index, providers *faultline.Providers, part Part, top int) []Concentration {
	all := newCensus()
	for _, site := range x.Sites() {
		if part.takes(x.About(site)) {
			r := x.Record(site)
			all.add(r.Rank, servedBy(r, providers))
		}
	}
	return all.counted(top)
}

// groupTop is how many providers of a kind a [Group] names.
const groupTop = 3

// Groups counts a part of the index for each country or kind of service apart, the groups
// with most sites first. Ungrouped are the sites of which our list does not say it.
func Groups(x *Index, providers *faultline.Providers, part Part, by string) (groups []Group, ungrouped int) {
	counts := map[string]*census{}
	for _, site := range x.Sites() {
		about := x.About(site)
		name := about.group(by)
		switch {
		case !part.takes(about):
			continue
		case name == "":
			ungrouped++
			continue
		case counts[name] == nil:
			counts[name] = newCensus()
		}
		r := x.Record(site)
		counts[name].add(r.Rank, servedBy(r, providers))
	}
	groups = make([]Group, 0, len(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		groups = append(groups, Group{Group: name, Sites: counts[name].sites, Kinds: counts[name].counted(groupTop)})
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Compare(b.Sites, a.Sites) })
	return groups, ungrouped
}

// add counts one site, the next most visited one.
func (c *census) add(rank int, by map[string][]holder) {
	at := c.sites
	c.sites++
	for kind, who := range by {
		if h := c.kinds[kind]; h != nil {
			h.add(at, rank, who)
		}
	}
}

// add counts one site that these serve, at its place among the sites of the census.
func (h *holders) add(at, rank int, who []holder) {
	h.known++
	second := min(1, len(who)-1)
	h.firebreak += second
	for i := range h.ranks {
		if at < h.ranks[i].Top {
			h.ranks[i].Known++
			h.ranks[i].Firebreak += second
		}
	}
	weight := 0.
	if rank > 0 {
		h.ranked++
		weight = 1 / float64(rank)
	}
	h.weight += weight
	part := 1 / float64(len(who))
	for _, one := range who {
		of := h.by[one]
		if of == nil {
			of = &held{}
			h.by[one] = of
		}
		of.sites++
		of.alone += 1 - second
		of.share += part
		of.weight += part * weight
	}
}

// counted is what was counted for each kind, with the top largest providers.
func (c *census) counted(top int) []Concentration {
	out := make([]Concentration, 0, len(concentrated))
	for _, kind := range concentrated {
		one := c.kinds[kind].counted(kind, top)
		one.Sites = c.sites
		if c.sites > 0 {
			covered := float64(one.Known) / float64(c.sites)
			one.Coverage = &covered
		}
		out = append(out, one)
	}
	return out
}

func (h *holders) counted(kind string, top int) Concentration {
	c := Concentration{Kind: kind, Known: h.known, Ranked: h.ranked, Firebreak: h.firebreak, Ranks: h.ranks,
		Providers: make([]Share, 0, len(h.by))}
	for who, of := range h.by {
		share := Share{Provider: who.provider, Slug: who.slug, Sites: of.sites, Alone: of.alone,
			Share: of.share / float64(h.known)}
		if h.weight > 0 {
			weighed := of.weight / h.weight
			share.RankedShare = &weighed
		}
		c.Providers = append(c.Providers, share)
	}
	slices.SortFunc(c.Providers, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Slug, b.Slug))
	})
	index, ranked := 0., 0.
	for _, p := range c.Providers { // in their order: sums of floats depend on it
		index += p.Share * p.Share
		if p.RankedShare != nil {
			ranked += *p.RankedShare * *p.RankedShare
		}
	}
	if h.known > 0 {
		c.HHI = rounded(index * maxHHI)
	}
	if h.weight > 0 {
		c.HHIRanked = rounded(ranked * maxHHI)
	}
	c.Providers = c.Providers[:min(len(c.Providers), top)]
	return c
}

// maxHHI is the index of a kind that one provider has alone.
const maxHHI = 10_000

func rounded(v float64) *int {
	n := int(v + 1./2)
	return &n
}
