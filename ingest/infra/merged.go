package infra

import (
	"cmp"
	"maps"
	"slices"

	"faultline"
)

// MergedCatalog is what several catalogues say of sites, the later ones laid over the
// earlier site by site. A later entry replaces an earlier one of its site whole, so an
// operator's file must repeat what it wants to keep.
type MergedCatalog struct {
	entries map[string]Entry
	facts   map[string][]Fact // how what an entry says is known
}

// MergeCatalogs lays catalogues over each other, the later ones on top.
func MergeCatalogs(catalogs ...Catalog) MergedCatalog {
	merged := MergedCatalog{entries: map[string]Entry{}, facts: map[string][]Fact{}}
	for _, c := range catalogs {
		for _, e := range c.Sites {
			merged.entries[e.Site], merged.facts[e.Site] = e, c.Known(e)
		}
	}
	return merged
}

// Records are what the catalogues say of each site, in order of site.
func (b MergedCatalog) Records() []faultline.SiteRecord {
	records := make([]faultline.SiteRecord, 0, len(b.entries))
	for _, site := range slices.Sorted(maps.Keys(b.entries)) {
		records = append(records, b.entries[site].Record())
	}
	return records
}

// Record is what the catalogues say of one site; empty when none names it.
func (b MergedCatalog) Record(site string) faultline.SiteRecord {
	if e, ok := b.entries[site]; ok {
		return e.Record()
	}
	return faultline.SiteRecord{}
}

// Known is what the catalogues say that a site depends on, and how that is known.
func (b MergedCatalog) Known(site string) []Fact { return b.facts[site] }

// Title is a site's name as people write it; empty when the catalogues have none.
func (b MergedCatalog) Title(site string) string { return b.entries[site].Name }

// Owner is who runs a site; empty when the catalogues do not say.
func (b MergedCatalog) Owner(site string) string { return b.entries[site].Owner }

// Entries returns what the catalogues say of each site, the best known first.
func (b MergedCatalog) Entries() []Entry {
	return slices.SortedFunc(maps.Values(b.entries), func(x, y Entry) int {
		return cmp.Or(cmp.Compare(x.Rank, y.Rank), cmp.Compare(x.Site, y.Site))
	})
}

// Aliases takes what else people call a site. Package ingest has it.
type Aliases interface {
	Alias(name, site string) bool
}

// Sites are the names of all sites, in no order.
func (b MergedCatalog) Sites() []string { return slices.Collect(maps.Keys(b.entries)) }

// Teach gives names the aliases and hosts of the catalogues, and then the names
// themselves. Where two sites claim one, the better known site keeps it. Hosts and
// aliases come before names, because a name is often a common word.
func (b MergedCatalog) Teach(names Aliases) {
	ranked := b.Entries()
	for _, e := range ranked {
		for _, other := range slices.Concat(e.Hosts, e.Aliases) {
			names.Alias(other, e.Site)
		}
	}
	for _, e := range ranked {
		names.Alias(e.Name, e.Site)
	}
}
