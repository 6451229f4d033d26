package main

import (
	"cmp"
	"maps"
	"slices"

	"faultline"
	"faultline/ingest"
	"faultline/ingest/infra"
)

// catalogueBook is what catalogues say, the later ones laid over the earlier.
type catalogueBook struct{ entries map[string]infra.Entry }

// loadBook reads the built-in catalogue and lays those of the files over it, site
// by site, the later ones on top.
func loadBook(files []string) (catalogueBook, error) {
	book := catalogueBook{entries: map[string]infra.Entry{}}
	builtin, err := infra.BuiltinCatalog()
	if err != nil {
		return book, err
	}
	all := []infra.Catalog{builtin}
	for _, name := range files {
		own, err := readFile("catalog", name, infra.Read)
		if err != nil {
			return book, err
		}
		all = append(all, own)
	}
	for _, c := range all {
		for _, e := range c.Sites {
			book.entries[e.Site] = e
		}
	}
	return book, nil
}

// loadCatalogue returns what the catalogues say of each site, in order of site.
func loadCatalogue(files []string) ([]faultline.SiteRecord, error) {
	book, err := loadBook(files)
	return book.records(), err
}

func (b catalogueBook) records() []faultline.SiteRecord {
	records := make([]faultline.SiteRecord, 0, len(b.entries))
	for _, site := range slices.Sorted(maps.Keys(b.entries)) {
		records = append(records, b.entries[site].Record())
	}
	return records
}

// record is what the catalogue says of one site; empty when it does not name it.
func (b catalogueBook) record(site string) faultline.SiteRecord {
	if e, ok := b.entries[site]; ok {
		return e.Record()
	}
	return faultline.SiteRecord{}
}

// title is a site's name as people write it; empty when the catalogue has none.
func (b catalogueBook) title(site string) string { return b.entries[site].Name }

// owner is who runs a site; empty when the catalogue does not say.
func (b catalogueBook) owner(site string) string { return b.entries[site].Owner }

// teach tells names what else people call the sites that it knows: the aliases and
// hosts of the catalogue, and then the names themselves; the better known site has
// the first say.
func (b catalogueBook) teach(names *ingest.Names) {
	ranked := slices.SortedFunc(maps.Values(b.entries), func(x, y infra.Entry) int {
		return cmp.Or(cmp.Compare(x.Rank, y.Rank), cmp.Compare(x.Site, y.Site))
	})
	for _, e := range ranked {
		for _, other := range slices.Concat(e.Hosts, e.Aliases) {
			names.Alias(other, e.Site)
		}
	}
	for _, e := range ranked {
		names.Alias(e.Name, e.Site)
	}
}

// names knows the sites of the catalogue by all that they are called.
func (b catalogueBook) names() *ingest.Names {
	names := ingest.NewNames(slices.Collect(maps.Keys(b.entries))...)
	b.teach(names)
	return names
}
