package api

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"faultline"
)

const (
	// freshKeys is how many keys may wait until they are sorted in among the others.
	freshKeys = 1_024
	// maxScanned bounds what one search looks at.
	maxScanned = 200_000
)

// Index finds sites and components: which sites stand on a component, and what
// begins with some letters. Whoever keeps the map puts every record in. It is
// safe for concurrent use.
type Index struct {
	mu      sync.RWMutex
	sites   map[string]indexed
	members map[faultline.Component][]string
	sorted  []searchKey
	fresh   []searchKey
}

type indexed struct {
	rank       int
	components []faultline.Component
}

// searchKey is one spelling that a site or component is found by, in lower case.
type searchKey struct{ key, name string }

// NewIndex returns an empty one.
func NewIndex() *Index {
	return &Index{sites: map[string]indexed{}, members: map[faultline.Component][]string{}}
}

// Put replaces what is known of a site.
func (x *Index) Put(r faultline.SiteRecord) {
	x.mu.Lock()
	defer x.mu.Unlock()
	old, known := x.sites[r.Site]
	x.sites[r.Site] = indexed{r.Rank, r.Components}
	if !known {
		x.addKeys(r.Site, strings.TrimPrefix(r.Site, "www."))
	}
	for _, c := range old.components {
		if !slices.Contains(r.Components, c) {
			x.leave(c, r.Site)
		}
	}
	for _, c := range r.Components {
		if !slices.Contains(old.components, c) {
			x.join(c, r.Site)
		}
	}
}

func (x *Index) join(c faultline.Component, site string) {
	if _, known := x.members[c]; !known {
		name := string(c)
		x.addKeys(name, name, strings.ToLower(c.Name()), strings.ToLower(c.DisplayName()))
	}
	x.members[c] = append(x.members[c], site)
}

func (x *Index) leave(c faultline.Component, site string) {
	if i := slices.Index(x.members[c], site); i >= 0 {
		last := len(x.members[c]) - 1
		x.members[c][i] = x.members[c][last]
		x.members[c] = x.members[c][:last] // an empty one stays: it was found before
	}
}

func (x *Index) addKeys(name string, keys ...string) {
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		x.fresh = append(x.fresh, searchKey{key, name})
	}
	if len(x.fresh) > max(freshKeys, len(x.sorted)/8) {
		x.sorted = append(x.sorted, x.fresh...)
		x.fresh = nil
		slices.SortFunc(x.sorted, func(a, b searchKey) int { return cmp.Compare(a.key, b.key) })
	}
}

// Members returns the sites that stand on a component, the most visited first and
// at most limit of them, and how many there are. Known is false for a component
// that no site has ever stood on.
func (x *Index) Members(c faultline.Component, limit int) (sites []string, total int, known bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	members, known := x.members[c]
	if limit == 0 {
		return nil, len(members), known
	}
	sites = slices.Clone(members)
	slices.SortFunc(sites, x.order)
	return sites[:min(limit, len(sites))], len(members), known
}

// Largest returns the providers that most sites stand on: of the kinds that a
// person would name.
func (x *Index) Largest(limit int) []faultline.Component {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var all []faultline.Component
	for c, members := range x.members {
		if k := c.Kind(); len(members) > 0 && (k == faultline.KindCDN || k == faultline.KindCloud || k == faultline.KindDNS || k == faultline.KindCA) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b faultline.Component) int {
		return cmp.Or(cmp.Compare(len(x.members[b]), len(x.members[a])), cmp.Compare(a, b))
	})
	return all[:min(limit, len(all))]
}

// order puts sites the most visited first, those of unknown rank last.
func (x *Index) order(a, b string) int {
	ra, rb := x.sites[a].rank, x.sites[b].rank
	if (ra == 0) != (rb == 0) {
		return cmp.Compare(rb, ra)
	}
	return cmp.Or(cmp.Compare(ra, rb), cmp.Compare(a, b))
}

// Search returns what begins with a text in lower case: components, those with
// most sites first, then sites, the most visited first; at most limit of each.
func (x *Index) Search(text string, limit int) (components []faultline.Component, sites []string) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	take := func(k searchKey) {
		if c := faultline.Component(k.name); strings.Contains(k.name, ":") {
			if len(x.members[c]) > 0 {
				components = append(components, c)
			}
			return
		}
		sites = append(sites, k.name)
	}
	from, _ := slices.BinarySearchFunc(x.sorted, text, func(k searchKey, text string) int { return cmp.Compare(k.key, text) })
	for i := from; i < len(x.sorted) && i-from < maxScanned && strings.HasPrefix(x.sorted[i].key, text); i++ {
		take(x.sorted[i])
	}
	for _, k := range x.fresh {
		if strings.HasPrefix(k.key, text) {
			take(k)
		}
	}
	slices.SortFunc(sites, x.order)
	slices.SortFunc(components, func(a, b faultline.Component) int {
		return cmp.Or(cmp.Compare(len(x.members[b]), len(x.members[a])), cmp.Compare(a, b))
	})
	sites, components = slices.Compact(sites), slices.Compact(components)
	return components[:min(limit, len(components))], sites[:min(limit, len(sites))]
}
