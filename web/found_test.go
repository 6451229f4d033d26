package web_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"faultline"
	"faultline/web"
)

func TestProgramsFindTheirWay(t *testing.T) {
	cfg := newWorld().config()
	cfg.Contact = "desk@faultline.example"
	cfg.Components = func() []faultline.Component {
		return []faultline.Component{"cdn:fastly",
			"cloud:aws/us-east-1"}
	}
	cfg.Sites = func() []string { return []string{"bbc.co.uk"} }
	h := serve(t, cfg)
	for path, want := range map[string][]string{
		"/robots.txt":  {"Disallow: /check/\n", "Sitemap: https://faultline.example/sitemap.xml\n"},
		"/sitemap.xml": {"<sitemap><loc>https://faultline.example/sitemap-1.xml</loc></sitemap>"},
		"/sitemap-1.xml": {"<loc>https://faultline.example/incident/" + outage + "</loc><lastmod>2021-06-08T",
			"<loc>https://faultline.example/component/cloud/aws~us-east-1</loc>", "/provider/fastly</loc>",
			"<loc>https://faultline.example/site/bbc.co.uk</loc>"},
		"/.well-known/security.txt": {"Contact: mailto:desk@faultline.example\n", "Expires: 2021-12-05T00:00:00Z\n",
			"Preferred-Languages: " + strings.Join(web.Languages(), ", ") + "\n"},
		"/opensearch.xml": {`template="https://faultline.example/site?q={searchTerms}"`},
		"/llms.txt":       {"# Faultline\n\n> ", "(https://faultline.example/mcp)", "verdict.sentence"},
		"/favicon.ico":    {"<svg "},
		"/now.md": {"1 confirmed outage is going on", "(https://faultline.example/incident/" + outage +
			".md)"},
		"/stack.md?of=reddit.com,cdn:fastly,nobody.net": {"| reddit.com | site | failing |",
			"| nobody.net | unknown | not covered |"},
		"/incident/" + outage + ".md": {"# Fastly-fronted sites",
			"- Cause: Fastly (`cdn:fastly`)", "| reddit.com | "},
		"/incident/" + outage + "@2.md": {"revision 2"},
	} {
		w := get(h, path)
		for _, s := range want {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), s) {
				t.Errorf("%s: %d, no %q in %s", path, w.Code, s, w.Body)
			}
		}
	}
	var manifest struct{ Name, Start_url string }
	if err := json.Unmarshal(get(h, "/manifest.webmanifest").Body.Bytes(), &manifest); err != nil ||
		manifest.Name != "Faultline" {
		t.Errorf("%+v %v", manifest, err)
	}
	for _, path := range []string{"/sitemap.xml", "/sitemap-1.xml", "/opensearch.xml"} {
		if err := xml.Unmarshal(get(h, path).Body.Bytes(), new(struct{ XMLName xml.Name })); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// What can't be said is not there, and a drill is for no crawler.
func TestProgramsAreToldNothingWrong(t *testing.T) {
	cfg := newWorld().config()
	cfg.BaseURL, cfg.Contact = "", ""
	h := serve(t, cfg)
	for _, path := range []string{"/sitemap.xml", "/opensearch.xml", "/.well-known/security.txt",
		"/stack.md?of=nobody", "/incident/inc_none.md"} {
		if w := get(h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	cfg = newWorld().config()
	cfg.Drill = true
	h = serve(t, cfg)
	if w := get(h, "/robots.txt"); w.Body.String() != "User-agent: *\nDisallow: /\n" {
		t.Errorf("%s", w.Body)
	}
	if w := get(h, "/sitemap.xml"); w.Code != http.StatusNotFound {
		t.Errorf("a drill has a sitemap: %d", w.Code)
	}
}

type siteLoc struct {
	Loc string `xml:"loc"`
}

// One sitemap names no more than the protocol allows; together they name every site once.
func TestSitemapsArePaged(t *testing.T) {
	const sites = 120_000
	cfg := newWorld().config()
	cfg.Sites = func() (names []string) {
		for i := range sites {
			names = append(names, fmt.Sprintf("s%d.example", i))
		}
		return names
	}
	h := serve(t, cfg)
	var index struct {
		Sitemap []siteLoc `xml:"sitemap"`
	}
	if err := xml.Unmarshal(get(h, "/sitemap.xml").Body.Bytes(), &index); err != nil || len(index.Sitemap) != 3 {
		t.Fatalf("%+v %v", index, err)
	}
	named := map[string]bool{}
	for _, s := range index.Sitemap {
		w := get(h, strings.TrimPrefix(s.Loc, "https://faultline.example"))
		var set struct {
			URL []siteLoc `xml:"url"`
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &set); err != nil || len(set.URL) > 50_000 || w.Body.Len() > 50<<20 {
			t.Fatalf("%s: %d addresses, %d bytes, %v", s.Loc, len(set.URL), w.Body.Len(), err)
		}
		for _, u := range set.URL {
			if site, ok := strings.CutPrefix(u.Loc, "https://faultline.example/site/"); ok {
				named[site] = true
			}
		}
	}
	if len(named) != sites {
		t.Errorf("%d sites are named, want %d", len(named), sites)
	}
	for _, path := range []string{"/sitemap-0.xml", "/sitemap-4.xml",
		"/sitemap-01.xml", "/sitemap-1", "/sitemap-x.xml"} {
		if w := get(h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
