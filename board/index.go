package board

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"faultline"
)

const (
	// freshKeys is how many keys may wait until they are sorted in among the others.
	freshKeys = 1_024
	// maxScanned bounds what one search reads.
	maxScanned = 200_000
)

// Index finds sites and components: which sites depend on a component, and what
// begins with some letters. Whoever keeps the map puts every record in. It is
// safe for concurrent use.
type Index struct {
	mu      sync.RWMutex
	sites   map[string]indexed
	members map[faultline.Component][]string
	users   map[faultline.Component][]string // sites whose pages use it
	sorted  []searchKey
	fresh   []searchKey
	kinds   map[string]int // by kind of component: sites that have one
	byRank  []string       // sites, the most visited first; nil: to be made again. It is never written to.
	about   map[string]About
}

// indexed is what is kept of a site: less than its record, as there may be a million.
type indexed struct {
	rank       int
	components []faultline.Component
	uses       []faultline.Component
}

// searchKey is one spelling that a site or component is found by, in lower case.
type searchKey struct{ key, name string }

// NewIndex returns an empty one.
func NewIndex() *Index {
	return &Index{sites: map[string]indexed{}, members: map[faultline.Component][]string{},
		users: map[faultline.Component][]string{},
		kinds: map[string]int{}}
}

// Put replaces what is known of a site.
func (x *Index) Put(r faultline.SiteRecord) {
	x.mu.Lock()
	defer x.mu.Unlock()
	old, known := x.sites[r.Site]
	x.sites[r.Site] = indexed{r.Rank, r.Components, r.Uses}
	// The order of all sites is made again when it is next asked for, not for each record
	// of a long list.
	if !known || old.rank != r.Rank {
		x.byRank = nil
	}
	if !known {
		x.addKeys(r.Site, strings.TrimPrefix(r.Site, "www."))
	}
	x.countKinds(old.components, -1)
	x.countKinds(r.Components, 1)
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
	for _, c := range old.uses {
		if !slices.Contains(r.Uses, c) {
			if x.users[c] = dropped(x.users[c], r.Site); len(x.users[c]) == 0 {
				delete(x.users, c)
			}
		}
	}
	for _, c := range r.Uses {
		if !slices.Contains(old.uses, c) {
			x.users[c] = append(x.users[c], r.Site)
		}
	}
}

// countKinds counts a site among those that have components of these kinds, or takes it out.
func (x *Index) countKinds(of []faultline.Component, by int) {
	for i, c := range of {
		kind := c.Kind()
		if !slices.ContainsFunc(of[:i], func(other faultline.Component) bool { return other.Kind() == kind }) {
			x.kinds[kind] += by
		}
	}
}

// KindCoverage is for how many sites of our list a component of one kind is known.
type KindCoverage struct {
	Kind  string `json:"kind"`
	Known int    `json:"known"`
	Of    int    `json:"of"`
}

// Coverage says for each kind that providers compete in of how many sites it is known what
// they depend on, by the list of sites and by what was observed.
func (x *Index) Coverage() []KindCoverage {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := make([]KindCoverage, 0, len(concentrated))
	for _, kind := range concentrated {
		out = append(out, KindCoverage{Kind: kind, Known: x.kinds[kind], Of: len(x.sites)})
	}
	return out
}

// join notes that a site depends on a component; the caller holds the lock.
func (x *Index) join(c faultline.Component, site string) {
	if _, known := x.members[c]; !known {
		name := string(c)
		x.addKeys(name, name, strings.ToLower(c.Name()), strings.ToLower(c.DisplayName()))
	}
	x.members[c] = append(x.members[c], site)
}

// leave notes that a site no longer depends on a component; the caller holds the lock. An
// empty list stays: the component was found before.
func (x *Index) leave(c faultline.Component, site string) { x.members[c] = dropped(x.members[c], site) }

// dropped is a list without a site. The order of such lists means nothing, so that the last
// one takes the free place.
func dropped(sites []string, site string) []string {
	if i := slices.Index(sites, site); i >= 0 {
		last := len(sites) - 1
		sites[i] = sites[last]
		sites = sites[:last]
	}
	return sites
}

// addKeys makes a name findable by some spellings; the caller holds the lock. New keys wait
// in a short list that each search goes through, and are sorted in when there are many:
// sorted one by one, a million sites would take minutes.
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

// Members returns the sites that depend on a component, the most visited first and
// at most limit of them, and how many there are. Known is false for a component
// that no site has ever depended on.
func (x *Index) Members(c faultline.Component, limit int) (sites []string, total int, known bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	members, known := x.members[c]
	if limit == 0 {
		return nil, len(members), known
	}
	first := foremost{most: limit}
	for _, site := range members {
		first.offer(x.sites[site].rank, site)
	}
	return first.names(), len(members), known
}

// Users returns the sites whose pages use any of some components, each once, the most
// visited first and at most limit of them.
func (x *Index) Users(of []faultline.Component, limit int) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	seen := map[string]bool{}
	var all []ranked
	for _, c := range of {
		for _, site := range x.users[c] {
			if !seen[site] {
				seen[site] = true
				all = append(all, ranked{uint(x.sites[site].rank) - 1, site})
			}
		}
	}
	slices.SortFunc(all, compareRanked)
	names := make([]string, 0, min(len(all), limit))
	for _, r := range all[:min(len(all), limit)] {
		names = append(names, r.name)
	}
	return names
}

// Sites returns every site, the most visited first and those without a rank last. The
// list is shared: it may not be written to.
func (x *Index) Sites() []string {
	x.mu.RLock()
	list := x.byRank
	x.mu.RUnlock()
	if list != nil {
		return list
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.byRank == nil {
		all := make([]ranked, 0, len(x.sites))
		for name, site := range x.sites {
			all = append(all, ranked{uint(site.rank) - 1, name})
		}
		slices.SortFunc(all, compareRanked)
		x.byRank = make([]string, len(all))
		for i, r := range all {
			x.byRank[i] = r.name
		}
	}
	return x.byRank
}

// Record returns what is known of a site, without a name for one that is not known.
func (x *Index) Record(site string) faultline.SiteRecord {
	x.mu.RLock()
	defer x.mu.RUnlock()
	known, ok := x.sites[site]
	if !ok {
		return faultline.SiteRecord{}
	}
	return faultline.SiteRecord{Site: site, Rank: known.rank, Components: known.components, Uses: known.uses}
}

// On reports whether a site depends on a component.
func (x *Index) On(c faultline.Component, site string) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.Contains(x.sites[site].components, c)
}

// foremost keeps the first of the names that it is offered, by rank and then by
// name; those of rank 0 stand behind all others.
type foremost struct {
	most int
	kept []ranked
}

// ranked is a name with its rank, less one: as an unsigned number, 0 (no rank) becomes the
// largest and comes last.
type ranked struct {
	rank uint // less one: 0 goes to the end
	name string
}

// offer takes a name in if it is among the first.
func (f *foremost) offer(rank int, name string) {
	r := ranked{uint(rank) - 1, name}
	if len(f.kept) == f.most && compareRanked(r, f.kept[f.most-1]) >= 0 {
		return
	}
	at, there := slices.BinarySearchFunc(f.kept, r, compareRanked)
	if there {
		return
	}
	f.kept = slices.Insert(f.kept[:min(len(f.kept), f.most-1)], at, r)
}

// compareRanked orders names by rank, and then by name.
func compareRanked(a, b ranked) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name))
}

// names are the names that were kept, the first in front.
func (f *foremost) names() []string {
	names := make([]string, len(f.kept))
	for i, r := range f.kept {
		names[i] = r.name
	}
	return names
}

// Components returns every component that a site depends on, those with most sites
// first.
func (x *Index) Components() []faultline.Component {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var all []faultline.Component
	for c, members := range x.members {
		if len(members) > 0 {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b faultline.Component) int {
		return cmp.Or(cmp.Compare(len(x.members[b]), len(x.members[a])), cmp.Compare(a, b))
	})
	return all
}

// Largest returns the providers that most sites depend on: of the kinds that a
// person would name.
func (x *Index) Largest(limit int) []faultline.Component {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var all []faultline.Component
	for c, members := range x.members {
		if k := c.Kind(); len(members) > 0 &&
			(k == faultline.KindCDN || k == faultline.KindCloud || k == faultline.KindDNS || k == faultline.KindCA) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b faultline.Component) int {
		return cmp.Or(cmp.Compare(len(x.members[b]), len(x.members[a])), cmp.Compare(a, b))
	})
	return all[:min(limit, len(all))]
}

// Search returns what begins with a text in lower case: components, those with
// most sites first, then sites, the most visited first; at most limit of each.
func (x *Index) Search(text string, limit int) (components []faultline.Component, sites []string) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	infrastructure, called := foremost{most: limit}, foremost{most: limit}
	take := func(k searchKey) {
		if c := faultline.Component(k.name); !strings.Contains(k.name, ":") {
			called.offer(x.sites[k.name].rank, k.name)
		} else if n := len(x.members[c]); n > 0 {
			infrastructure.offer(math.MaxInt-n, k.name)
		}
	}
	from, _ := slices.BinarySearchFunc(
		x.sorted,
		text,
		func(k searchKey, text string) int { return cmp.Compare(k.key, text) },
	)
	for i := from; i < len(x.sorted) && i-from < maxScanned && strings.HasPrefix(x.sorted[i].key, text); i++ {
		take(x.sorted[i])
	}
	for _, k := range x.fresh {
		if strings.HasPrefix(k.key, text) {
			take(k)
		}
	}
	for _, name := range infrastructure.names() {
		components = append(components, faultline.Component(name))
	}
	return components, called.names()
}
