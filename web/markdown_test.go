package web_test

import (
	"net/http"
	"strings"
	"testing"

	"faultline"
)

// Pages of sites, components and providers are there as Markdown, which says the same, and the
// pages name it.
func TestPagesOfThingsAsMarkdown(t *testing.T) {
	h := serve(t, newWorld().config())
	for path, want := range map[string][]string{
		"/site/reddit.com": {"# reddit.com\n", "(https://faultline.example/incident/" + outage + ".md)",
			"| Fastly | ", "Source: Faultline, https://faultline.example/site/reddit.com, as of "},
		"/component/cdn/fastly": {"# Fastly\n", "## Open incidents\n\n- [", "| reddit.com | "},
		"/provider/rogers":      {"# Rogers\n"},
	} {
		w := get(h, path+".md")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/markdown; charset=utf-8" ||
			w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Fatalf("%s.md: %d %v", path, w.Code, w.Header())
		}
		for _, s := range want {
			if !strings.Contains(w.Body.String(), s) {
				t.Errorf("%s.md has no %q: %s", path, s, w.Body)
			}
		}
		link := `<link rel="alternate" type="text/markdown" title="Faultline" href="` + path + `.md">`
		if body := get(h, path).Body.String(); !strings.Contains(body, link) {
			t.Errorf("%s lacks %s", path, link)
		}
	}
	for path, link := range map[string]string{"/": "/now.md", "/incident/" + outage: "/incident/" + outage + ".md",
		"/incident/" + outage + "@2": "/incident/" + outage + "@2.md"} {
		body := get(h, path).Body.String()
		if !strings.Contains(body, `type="text/markdown" title="Faultline" href="`+link) {
			t.Errorf("%s does not lead to %s", path, link)
		}
	}
	for _, path := range []string{"/component/cdn/nobody.md", "/provider/nobody.md"} {
		if w := get(h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// Names of Moldova end as Markdown does: such a site has its page, and its Markdown behind it.
func TestSitesWhoseNamesEndAsMarkdown(t *testing.T) {
	world := newWorld()
	cfg := world.config()
	known := cfg.Lookup
	cfg.Lookup = func(input string) (faultline.SiteRecord, error) {
		if input == "point.md" {
			return faultline.SiteRecord{Site: "point.md"}, nil
		}
		return known(input)
	}
	h := serve(t, cfg)
	if w := get(h, "/site/point.md"); !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Errorf("the page is %v", w.Header())
	}
	if w := get(h, "/site/point.md.md"); !strings.HasPrefix(w.Body.String(), "# point.md\n") {
		t.Errorf("its Markdown is %d %s", w.Code, w.Body)
	}
}

// A component is found whatever the case of its name; its page has one address.
func TestComponentsAreFoundInAnyCase(t *testing.T) {
	h := serve(t, newWorld().config())
	for _, path := range []string{"/component/cdn/Fastly", "/component/CDN/FASTLY"} {
		w := get(h, path)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/component/cdn/fastly" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	for _, path := range []string{"/component/cdn/Fastly.md", "/embed/component/cdn/Fastly"} {
		if w := get(h, path); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := get(h, "/component/cdn/Nobody"); w.Code != http.StatusNotFound {
		t.Errorf("nobody: %d", w.Code)
	}
}
