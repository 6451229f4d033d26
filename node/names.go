package node

import (
	"strings"

	"faultline"
	"faultline/board"
	"faultline/board/find"
	"faultline/ingest/infra"
)

// newFinder indexes what people may type into the search box: the sites of the catalogues
// with all their names, and the providers. The rank of a provider is its place in the list,
// so that the best known come first.
func newFinder(catalog infra.MergedCatalog, providers *faultline.Providers) *find.Index {
	x := find.New()
	// Providers first: a name that a provider and a site share leads to both, and the
	// provider stands in front.
	for i, p := range providers.All() {
		thing, names := find.Of(p)
		x.Put(thing, i+1, names...)
	}
	for _, e := range catalog.Entries() {
		names := append(append([]string{}, e.Aliases...), e.Hosts...)
		x.Put(find.Thing{Kind: find.Site, ID: e.Site, Name: e.Name}, e.Rank, names...)
	}
	return x
}

// describe puts into the index where the sites of the catalogues are at home, and what kind
// of service each is.
func describe(x *board.Index, catalog infra.MergedCatalog) {
	for _, e := range catalog.Entries() {
		x.Describe(e.Site, board.About{Country: e.Country, Service: e.Category})
	}
}

// found makes a record of the list of sites found by its name, with what it depends on.
func found(x *find.Index, r faultline.SiteRecord) {
	x.Put(find.Thing{Kind: find.Site, ID: r.Site}, r.Rank, strings.TrimPrefix(r.Site, "www."))
	for _, c := range r.Components {
		if c.Kind() != faultline.KindSite {
			thing, names := find.OfComponent(c)
			x.Put(thing, componentRank, names...)
		}
	}
}

// componentRank makes components familiar, so that a slip of the finger finds them.
const componentRank = 1

// tally counts the sites that depend on some components, from what the board holds.
func (n *Node) tally(of ...faultline.Component) board.Tally {
	s, err := n.board.Snapshot()
	if err != nil { // nothing was read yet
		return board.Tally{State: faultline.SiteUnknown}
	}
	return s.Tally(n.index, of...)
}

// lookup reads what a person calls a site and finds what it depends on. It fails with
// [faultline.InvalidError] for what can be no site, and with [faultline.ErrNotFound], and
// the normalised name, for one that is on no list.
func (n *Node) lookup(input string) (faultline.SiteRecord, error) {
	site, err := n.names.Normalise(input)
	if err != nil {
		return faultline.SiteRecord{}, faultline.InvalidError{{Parameter: "site", Detail: err.Error()}}
	}
	r, ok := n.sites.Lookup(site)
	if !ok {
		return faultline.SiteRecord{Site: site}, faultline.ErrNotFound
	}
	return r, nil
}
