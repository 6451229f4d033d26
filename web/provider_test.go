package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"faultline"
	"faultline/board/find"
	"faultline/web"
)

// providers are who runs things in the tests' world.
var providers = faultline.NewProviders([]faultline.Provider{
	{Slug: "fastly", Name: "Fastly", Aliases: []string{"fastly cdn"}, Components: []string{"cdn:fastly"},
		Networks: []uint32{54113},
		Sites:    []string{"fastly.com"}, Status: "https://www.fastlystatus.com"},
	{Slug: "rogers", Name: "Rogers", Networks: []uint32{812}, ISP: true, Country: "CA"},
})

func configWithProviders() web.Config {
	cfg := newWorld().config()
	cfg.Find = finder().Find
	return cfg
}

// A provider's page has its open incidents first, what it runs and what it said.
func TestProviderPage(t *testing.T) {
	rec := get(serve(t, configWithProviders()), "/provider/fastly")
	said := text(t, rec.Body.String())
	for _, want := range []string{"Yes: Fastly is failing.", "Fastly-fronted sites, 503", "Status page of Fastly",
		"What Fastly said"} {
		if rec.Code != http.StatusOK || !strings.Contains(said, want) {
			t.Errorf("%d, the page does not say %q", rec.Code, want)
		}
	}
	for path, want := range map[string]string{"/embed/provider/fastly": "Yes: Fastly is failing.",
		"/card/provider/fastly.svg":      "Fastly is failing",
		"/developers?of=provider/fastly": "/embed/provider/fastly"} {
		if rec := get(serve(t, configWithProviders()), path); rec.Code != http.StatusOK ||
			!strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d lacks %q", path, rec.Code, want)
		}
	}
	for path, code := range map[string]int{"/embed/provider/nobody": 404, "/card/provider/nobody.svg": 404,
		"/provider/nobody": 404, "/provider/Fastly": 303, "/provider/rogers": 200} {
		if rec := get(serve(t, configWithProviders()), path); rec.Code != code {
			t.Errorf("%s: %d, want %d", path, rec.Code, code)
		}
	}
}

// What people type leads to the page of what they mean, or to a choice.
func TestSearchLeadsToWhatIsMeant(t *testing.T) {
	cfg := configWithProviders()
	for asked, want := range map[string]string{
		"fastly": "/provider/fastly", "is fastly down?": "/provider/fastly", "AS54113": "/provider/fastly",
		"Rogers":     "/provider/rogers",
		"reddit.com": "/site/reddit.com", "is reddit down": "/site/reddit.com",
	} {
		if rec := get(serve(t, cfg), "/site?q="+strings.ReplaceAll(asked, " ", "+")); rec.Header().Get(
			"Location") != want {
			t.Errorf("%q leads to %q with %d, want %q", asked, rec.Header().Get("Location"), rec.Code, want)
		}
	}
	rec := get(serve(t, cfg), "/site?q=fastyl")
	if said := text(t, rec.Body.String()); rec.Code != http.StatusOK || !strings.Contains(said, "no exact match") ||
		!strings.Contains(said, "Fastly") {
		t.Errorf("%d %.300s", rec.Code, said)
	}
}

func finder() *find.Index {
	x := find.New()
	for i, p := range providers.All() {
		thing, names := find.Of(p)
		x.Put(thing, i+1, names...)
	}
	x.Put(find.Thing{Kind: find.Site, ID: "reddit.com", Name: "Reddit"}, 70)
	x.Put(find.Thing{Kind: find.Site, ID: "fastly.com", Name: "Fastly"}, 7000)
	return x
}

// The page of a provider's own site names what fails of that provider first, however
// well the site itself answers.
func TestAnOwnersSiteNamesWhatFails(t *testing.T) {
	wells := newWorld()
	wells.view.Well = append(wells.view.Well, faultline.WellSite{Site: "fastly.com", Probes: 30})
	slices.SortFunc(wells.view.Well, func(a, b faultline.WellSite) int { return strings.Compare(a.Site, b.Site) })
	// It failed with the others, and answers again while they fail.
	back := newWorld()
	for i := range back.incidents {
		for j := range back.incidents[i] {
			inc := &back.incidents[i][j]
			inc.Sites = append(inc.Sites, faultline.IncidentSite{Site: "fastly.com", State: faultline.SiteRecovered})
		}
	}
	back.view.Sites = append(back.view.Sites, faultline.SiteStatus{Site: "fastly.com", State: faultline.SiteRecovered,
		Probes: 30, ProbesFailed: 2, Incidents: []string{outage}})
	slices.SortFunc(back.view.Sites, func(a, b faultline.SiteStatus) int { return strings.Compare(a.Site, b.Site) })
	for _, w := range []*world{wells, back} {
		ownersSiteNames(t, w)
	}
}

func ownersSiteNames(t *testing.T, w *world) {
	t.Helper()
	cfg := w.config()
	cfg.Lookup = func(site string) (faultline.SiteRecord, error) { return faultline.SiteRecord{Site: site}, nil }
	pages := serve(t, cfg)
	for _, path := range []string{"/site/fastly.com", "/embed/site/fastly.com", "/card/site/fastly.com.svg"} {
		said := text(t, get(pages, path).Body.String())
		if !strings.Contains(said, "Fastly is failing, and its owner runs") ||
			strings.Contains(said, "probes of fastly.com succeed") || strings.Contains(said, "fastly.com is back") {
			t.Errorf("%s says %.400s", path, said)
		}
	}
}

// While somebody types, what may be meant is suggested in the reader's language, and
// nothing is said of how it does: the answer may be kept.
func TestSuggestionsWhileTyping(t *testing.T) {
	pages := serve(t, configWithProviders())
	for asked, want := range map[string]string{
		"q=fast":                   `[{"name":"Fastly","kind":"Provider","url":"/provider/fastly"},`,
		"q=is+reddit+down":         `[{"name":"Reddit · reddit.com","kind":"Site","url":"/site/reddit.com"}]`,
		"q=redidt":                 `"url":"/site/reddit.com"`,
		"q=as812&lang=de":          `[{"name":"Rogers","kind":"Anbieter","url":"/provider/rogers?lang=de"}]`,
		"q=":                       `[]`,
		"q=nothing+like+that":      `[]`,
		"q=%3Cscript%3E":           `[]`,
		"q=fast&utm_source=a":      `/provider/fastly"`,
		"q=%FF%FE&lang=nolanguage": `[]`,
	} {
		rec := get(pages, "/suggest?"+asked)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d %s", asked, rec.Code, rec.Body)
		}
		if kept := rec.Header().Get("Cache-Control"); !strings.Contains(kept, "public") ||
			rec.Header().Get("ETag") == "" {
			t.Errorf("%s may be kept %q", asked, kept)
		}
	}
}
