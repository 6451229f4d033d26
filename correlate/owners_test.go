package correlate

import (
	"fmt"
	"strings"
	"testing"

	"faultline"
)

// Whose a name is: of what lies below a private suffix, whose the suffix is.
func TestOwnerOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"bbc.co.uk":             "bbc.co.uk",
		"news.bbc.co.uk":        "bbc.co.uk",
		"alice.github.io":       "github.io",
		"a.b.alice.github.io":   "github.io",
		"github.io":             "github.io",
		"alice.netlify.app":     "netlify.app",
		"bob.blogspot.co.uk":    "blogspot.co.uk",
		"x.s3.amazonaws.com":    "amazonaws.com",
		"www.gov.uk":            "www.gov.uk",
		"s001.example":          "s001.example",
		"deep.s001.example":     "s001.example",
		"com":                   "com",
		"localhost":             "localhost",
		"xn--80ak6aa92e.com":    "xn--80ak6aa92e.com",
		"alice.uk.com":          "uk.com",
		"service.a.netlify.app": "netlify.app",
	} {
		if got := ownerName(name); got != want {
			t.Errorf("%s belongs to %s, want %s", name, got, want)
		}
	}
}

// pagesOf names n free pages of one hosting service, all on one component.
func (w *world) pagesOf(suffix string, n int, on ...faultline.Component) []string {
	var names []string
	for i := range n {
		s := fmt.Sprintf("page%02d.%s", i, suffix)
		w.sites = append(w.sites, faultline.SiteRecord{Site: s, Rank: 5000 + i, Components: on})
		names = append(names, s)
	}
	return names
}

// wantNoneBut asks that nothing was confirmed but faults of single sites.
func (s *story) wantNoneBut(t *testing.T, kind string) {
	t.Helper()
	for _, in := range s.published() {
		if in.Cause == nil || in.Cause.Kind != kind {
			t.Errorf("confirmed: %s, %d sites", in.Title, in.SitesTotal)
		}
	}
}

// Pages of one owner are one site: they accuse no component, and are no unrelated
// sites either, however many of them fail.
func TestPagesOfOneOwnerAreOneSite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		suffix string
		pages  int
		on     []faultline.Component
	}{
		"six free pages of one service": {
			"github.io", 6, []faultline.Component{"cdn:githubpages", "asn:AS36459"},
		},
		"thirty of them":                        {"github.io", 30, []faultline.Component{"cdn:githubpages"}},
		"eight without a component":             {"netlify.app", 8, nil},
		"seven hosts of one domain":             {"acme.example", 7, []faultline.Component{"cdn:z"}},
		"ten on a provider that others use too": {"github.io", 10, []faultline.Component{"cdn:y"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(60, 48)
			pages := w.pagesOf(c.suffix, c.pages, c.on...)
			w.faults = []fault{{sites: pages, from: 35, to: 48, symptom: "http_503"}}
			w.run(t).wantNoneBut(t, faultline.KindSite)
		})
	}
}

// Pages of several owners are several sites: a service whose users all fail is found.
func TestPagesOfSeveralOwnersAreSeveralSites(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 48)
	failing := w.pagesOf("github.io", 6, "cdn:shared")
	for i := range 5 {
		s := fmt.Sprintf("shop%d.com", i)
		on := []faultline.Component{"cdn:shared"}
		w.sites = append(w.sites, faultline.SiteRecord{Site: s, Rank: 900 + i, Components: on})
		failing = append(failing, s)
	}
	w.faults = []fault{{sites: failing, from: 35, to: 48, symptom: "http_503"}}
	in := w.run(t).wantOne(t, "cdn:shared")
	if f := f1(in.Sites, failing); f < 0.9 {
		t.Errorf("sites match with F1 %.2f", f)
	}
}

// Pages of one owner that are well do not hide that a provider fails for the others.
func TestHealthyPagesOfOneOwnerHideNoOutage(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 48)
	w.pagesOf("github.io", 200, "cdn:x")
	w.faults = []fault{{sites: w.on("cdn:x")[:12], from: 35, to: 48, symptom: "http_503"}}
	w.run(t).wantOne(t, "cdn:x")
}

// Thirty pages of one owner are no thirty unrelated sites that a network misses.
func TestANetworkMissesUnrelatedSites(t *testing.T) {
	t.Parallel()
	w := ispOutage()
	w.crowds[1].sites = append(w.pagesOf("github.io", 60, "cdn:githubpages"), w.crowds[1].sites[:10]...)
	w.run(t).wantNone(t)
}

// Where nothing probes, people who name pages of one owner accuse no component.
func TestPeopleWhoNamePagesOfOneOwnerAccuseNoComponent(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 48)
	w.grumble(2)
	pages := w.pagesOf("github.io", 12, "cdn:githubpages")
	w.blind(pages)
	w.said = liars{people: 600, networks: 40, each: 1, sites: pages, from: 36, to: 42, symptom: "http_503"}.reports()
	w.run(t).wantNoneBut(t, faultline.KindSite)
}

// sitesOf adds sites of several domains that one owner runs, by their records.
func (w *world) sitesOf(owner string, n int, on ...faultline.Component) []string {
	var names []string
	for i := range n {
		s := fmt.Sprintf("%s%d.com", strings.ToLower(owner), i)
		w.sites = append(w.sites, faultline.SiteRecord{Site: s, Rank: 50 + i, Owner: owner, Components: on})
		names = append(names, s)
	}
	return names
}

// Domains of one owner accuse nothing that others run; what the owner runs itself is blamed
// on their word alone.
func TestDomainsOfOneOwnerAreOneSite(t *testing.T) {
	t.Parallel()
	table := faultline.NewProviders([]faultline.Provider{
		{Slug: "acme", Name: "Acme", Owner: "Acme", Networks: []uint32{32934}, Components: []string{"dns:acme"}},
		{
			Slug: "hoster", Name: "Hoster", Owner: "Hoster", Networks: []uint32{64999},
			Components: []string{"cloud:hoster"},
		},
	})
	for name, c := range map[string]struct {
		sites int
		on    faultline.Component
		why   faultline.Symptom
		want  faultline.Component // empty: no component
	}{
		"a cloud that others run":      {6, "cloud:hoster", "http_503", ""},
		"a network that others run":    {6, "asn:AS64999", "connect", ""},
		"a DNS provider of nobody":     {4, "dns:nobody", "dns", ""},
		"nothing in common":            {8, "", "http_503", ""},
		"the owner's own network":      {6, "asn:AS32934", "connect", "asn:AS32934"},
		"the owner's own name servers": {4, "dns:acme", "dns", "dns:acme"},
		"three sites on its network":   {3, "asn:AS32934", "connect", "asn:AS32934"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(60, 46)
			var on []faultline.Component
			if c.on != "" {
				on = append(on, c.on)
			}
			w.faults = []fault{{sites: w.sitesOf("Acme", c.sites, on...), from: 35, to: 46, symptom: c.why}}
			s := play(t, New(Config{Providers: table}), w.events())
			if c.want != "" {
				s.wantOne(t, c.want)
				return
			}
			s.wantNoneBut(t, faultline.KindSite)
		})
	}
}

// Who runs a site is told by its record, or by the table of providers where the record says
// nothing, for all names below the domain; a name below a private suffix is its owner's.
func TestOwnersAreCountedOnce(t *testing.T) {
	t.Parallel()
	e := New(Config{Providers: faultline.NewProviders([]faultline.Provider{
		{Slug: "acme", Name: "Acme", Owner: "Acme", Sites: []string{"acme.net"}, Components: []string{"cdn:acme"}},
	})})
	records := []faultline.SiteRecord{
		{Site: "api.acme.com"}, {Site: "acme.com", Owner: "Acme"}, {Site: "acme.net"}, {Site: "www.acme.net"},
		{Site: "other.com", Owner: "Other"}, {Site: "alone.com"},
		{Site: "a.github.io", Owner: "A"}, {Site: "b.github.io"},
	}
	var all []uint32
	for i, r := range records {
		e.Fold(r)
		all = append(all, uint32(i))
	}
	for name, c := range map[string]struct {
		sites []uint32
		cause faultline.Component
		want  int
	}{
		"names and domains of one owner": {all[:4], "cloud:x", 1},
		"on what it runs, by domain":     {all[:4], "cdn:acme", 2},
		"another owner, and one alone":   {all[:6], "cloud:x", 3},
		"pages below a private suffix":   {all[6:], "cloud:x", 1},
		"the owner itself":               {all[:4], "site:acme.com", 4},
	} {
		e.component("cdn:acme")
		if got := e.sitesFor(c.cause, c.sites); got != c.want {
			t.Errorf("%s: %d sites, want %d", name, got, c.want)
		}
	}
	if groups := e.groupsOfOwners(); len(groups) != 2 || len(groups[0])+len(groups[1]) != 6 {
		t.Errorf("owners with several sites: %v", groups)
	}
	e.Fold(faultline.SiteRecord{Site: "acme.com", Owner: "Acme Shops"}) // it was sold
	if got := e.distinctOwners(all[:4]); got != 2 {
		t.Errorf("after one domain was sold: %d owners", got)
	}
}
