package correlate

import (
	"fmt"
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
