package api

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"

	"github.com/mmcdole/gofeed"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// A feed reader that others wrote reads both feeds, whatever a title holds.
func TestFeedsAreReadByAFeedReader(t *testing.T) {
	n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.PublicURL = "https://faultline.example" })
	odd := caused(0, "cdn:fastly", "bbc.co.uk")
	odd.Title = "<script>alert(1)</script> & ]]> \u2028 Fastly"
	odd.Revision, odd.UpdatedAt = 2, t0.Add(time.Hour)
	n.source.Publish(odd)
	n.source.Publish(caused(1, "dns:dyn", "x.example"))
	n.run()
	for path, want := range map[string]int{"/feed.atom": 2, "/feed.json": 2, "/feed.atom?cause=cdn:fastly": 1,
		"/feed.json?site=bbc.co.uk": 1, "/feed.json?cause=cdn:nobody": 0, "/feed.atom?cause=cdn:nobody": 0} {
		w := n.get(path)
		shown := n.get("/feed.atom")
		if !strings.Contains(shown.Body.String(), `<?xml-stylesheet type="text/css" href="feed.css"?>`) ||
			shown.Header().Get("Content-Security-Policy") != feedPolicy {
			t.Errorf("a browser shows the feed without its style: %s", shown.Header())
		}
		f, err := gofeed.NewParser().ParseString(w.Body.String())
		if err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %v\n%s", path, w.Code, err, w.Body)
		}
		if len(f.Items) != want || f.FeedLink != "https://faultline.example"+strings.ReplaceAll(path, ":", "%3A") ||
			f.Title == "" {
			t.Errorf("%s: %d items, link %q, title %q", path, len(f.Items), f.FeedLink, f.Title)
		}
		if want == 1 {
			item := f.Items[0]
			if item.GUID != "https://faultline.example/incident/"+odd.ID || item.Link != item.GUID ||
				!strings.Contains(item.Title, "Fastly") ||
				item.UpdatedParsed == nil || !item.UpdatedParsed.Equal(odd.UpdatedAt) ||
				!item.PublishedParsed.Equal(odd.DetectedAt) {
				t.Errorf("%s: %+v", path, item)
			}
		}
		if strings.Contains(w.Body.String(), "<script") || w.Header().Get("Access-Control-Allow-Origin") != "*" ||
			w.Header().Get("ETag") == "" {
			t.Errorf("%s: markup, or headers %v", path, w.Header())
		}
	}
	if !strings.Contains(n.get("/feed.json?cause=cdn:nobody").Body.String(), `"items":[]`) {
		t.Error("an empty JSON Feed lacks its items")
	}
	if w := n.get("/feed.atom?utm_source=reader&cause=dns:dyn&colour=blue"); w.Code != http.StatusOK ||
		strings.Count(w.Body.String(), "<entry>") != 1 {
		t.Errorf("what readers of feeds add is in the way: %d %s", w.Code, w.Body)
	}
	for _, bad := range []string{"/feed.atom?kind=fastly", "/feed.json?state=open&state=resolved"} {
		wantProblem(t, n.get(bad), http.StatusBadRequest)
	}
}

func TestOEmbed(t *testing.T) {
	x := board.NewIndex()
	x.Put(faultline.SiteRecord{Site: "bbc.co.uk", Components: []faultline.Component{"cloud:aws/us-east-1"}})
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		b.PublicURL, c.Index = "https://faultline.example", x
	})
	inc := incident(0, 1, 1)
	inc.Title = `"><script>`
	n.source.Publish(inc)
	n.run()
	for path, title := range map[string]string{"/incident/" + inc.ID: inc.DatedTitle(),
		"/incident/" + inc.ID + "@1": inc.DatedTitle(),
		"/site/bbc.co.uk":            "Is bbc.co.uk down?", "/component/cloud/aws~us-east-1": "AWS us-east-1"} {
		w := n.get("/oembed?maxwidth=300&format=json&url=https://faultline.example" + path)
		got := decode[OEmbedAnswer](t, w.Body)
		if path == "/incident/"+inc.ID {
			path += "@1" // what somebody wrote about does not change below the text
		}
		if w.Code != http.StatusOK || got.Type != "rich" || got.Version != "1.0" || got.Title != title ||
			got.Width != 300 ||
			!strings.HasPrefix(got.HTML, `<iframe src="https://faultline.example/embed`+path+`" width="300"`) ||
			strings.Count(got.HTML, "<") != 2 {
			t.Errorf("%s: %d %+v", path, w.Code, got)
		}
	}
	for _, bad := range []string{"https://elsewhere.example/site/bbc.co.uk",
		"https://faultline.example.evil.example/site/bbc.co.uk", "//evil.example/site/bbc.co.uk",
		"https://faultline.example/", "https://faultline.example/site/nobody.test",
		"https://faultline.example/incident/inc_0", "https://faultline.example/component/cdn/x",
		"javascript:alert(1)", "https://faultline.example/site/bbc.co.uk/../../x"} {
		wantProblem(t, n.get("/oembed?url="+bad), http.StatusNotFound)
	}
	wantProblem(t, n.get("/oembed"), http.StatusBadRequest)
	for _, none := range []string{"0", "-1", "wide", "", "auto", "NaN",
		"1e9"} { // programs that do not know their own width
		w := n.get("/oembed?maxwidth=" + none + "&format=JSON&url=https://faultline.example/site/bbc.co.uk")
		if got := decode[OEmbedAnswer](t, w.Body); w.Code != http.StatusOK || got.Width != embedWidth {
			t.Errorf("maxwidth=%s: %d, %+v", none, w.Code, got)
		}
	}
	wantProblem(t, n.get("/oembed?format=xml&url=x"), http.StatusNotImplemented)
}

// The requests of programs that embed pages, as they send them.
func TestOEmbedAsOthersAsk(t *testing.T) {
	n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.PublicURL = "https://faultline.example" })
	inc := incident(0, 3, 1)
	for revision := 1; revision <= 3; revision++ {
		n.source.Publish(incident(0, revision, 1))
	}
	n.run()
	n.await(inc)
	page := "https%3A%2F%2Ffaultline.example%2Fincident%2F" + inc.ID
	for query, want := range map[string]string{
		// WordPress
		"format=json&url=" + page + "&maxwidth=580&maxheight=870&dnt=1": "@3\" width=\"580\" height=\"430\"",
		"url=" + page + "&format=json&maxwidth=720":                     "@3\" width=\"600\"", // Ghost
		// Discourse
		"format=json&url=" + page + "%2F&utm_source=discourse": "@3\" width",
		// an old link
		"url=http%3A%2F%2Ffaultline.example%2Fincident%2F" + inc.ID: "@3\" width",
		// Mastodon, of a revision
		"url=" + page + "%402&maxwidth=400&format=json": "@2\" width=\"400\"",
		"url=" + page + "@2":                            "@2\" width",
		"url=" + page + "%25402":                        "@2\" width", // encoded twice
		"url=" + page + "%3Flang%3Dde&maxwidth=150":     "@3?lang=de\" width=\"150\"",
		"url=" + page + "&lang=fr":                      "@3?lang=fr\" width",
		"url=" + page + "&lang=%22%3E%3Cscript%3E":      "@3\" width",
		"url=" + page + "%3Futm_source%3Dx%23top":       "@3\" width",
		"url=" + page + "%2F%3Ffbclid%3D1":              "@3\" width",
		"url=" + page + "%404":                          "", // that was not published yet
		"url=" + strings.ReplaceAll(page, "https%3A%2F%2Ffaultline", "HTTPS%3A%2F%2FFaultLine"): "@3\" width",
		"url=" + strings.ReplaceAll(page, ".example", ".example%3A443"):                         "@3\" width",
		"url=" + strings.ReplaceAll(page, ".example", ".example."):                              "@3\" width",
		"url=" + strings.ReplaceAll(page, "https%3A", ""):                                       "@3\" width",
		"url=" + strings.ReplaceAll(page, "https%3A%2F%2F", ""):                                 "@3\" width",
		"url=%20" + page + "%20": "@3\" width", // with the spaces that were copied too
		"url=" + strings.ReplaceAll(page, "%2Fincident", "%2Fembed%2Fincident"): "@3\" width",
		"url=" + strings.ReplaceAll(page, "inc_", "%2569nc_"):                   "@3\" width",
		"url=" + strings.ReplaceAll(page, ".example", ".example%3A8443"):        "",
		"url=" + strings.ReplaceAll(page, "faultline", "me%40faultline"):        "",
	} {
		w := n.get("/oembed?" + query)
		if want == "" {
			if w.Code != http.StatusNotFound {
				t.Errorf("%s: %d", query, w.Code)
			}
			continue
		}
		if got := decode[OEmbedAnswer](t, w.Body); w.Code != http.StatusOK ||
			!strings.Contains(got.HTML, "/embed/incident/"+inc.ID+want) {
			t.Errorf("%s: %d %s, want %s", query, w.Code, got.HTML, want)
		}
	}
}

// A page is named in many ways, and its widget is at one address.
func TestOEmbedNamesPagesAsWeDo(t *testing.T) {
	x := board.NewIndex()
	x.Put(faultline.SiteRecord{Site: "bbc.co.uk",
		Components: []faultline.Component{"cloud:aws/us-east-1", "asn:AS64500"}})
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		b.PublicURL, b.Providers, c.Index = "https://faultline.example/down", testProviders, x
	})
	n.run()
	for path, want := range map[string]string{
		"/site/BBC.co.uk":                  "/site/bbc.co.uk",
		"/site/bbc.co.uk/":                 "/site/bbc.co.uk",
		"/site/bbc%2Eco%2Euk":              "/site/bbc.co.uk",
		"/component/cloud/aws~us-east-1":   "/component/cloud/aws~us-east-1",
		"/component/cloud/aws%7Eus-east-1": "/component/cloud/aws~us-east-1",
		"/component/cloud/aws%2Fus-east-1": "/component/cloud/aws~us-east-1",
		"/component/cloud/aws/us-east-1":   "/component/cloud/aws~us-east-1",
		"/component/Cloud/AWS~us-east-1":   "/component/cloud/aws~us-east-1",
		"/component/asn/as64500":           "/component/asn/AS64500",
		"/provider/Fastly":                 "/provider/fastly",
	} {
		for _, encode := range []func(string) string{url.QueryEscape, func(s string) string {
			return url.QueryEscape(strings.ReplaceAll(s, "%", "%25"))
		}} {
			w := n.get("/oembed?url=" + encode("https://faultline.example/down"+path))
			if w.Code != http.StatusOK {
				t.Errorf("%s: %d", path, w.Code)
				continue
			}
			got := decode[OEmbedAnswer](t, w.Body)
			if !strings.Contains(got.HTML, `src="https://faultline.example/down/embed`+want+`"`) ||
				got.ThumbnailURL != "https://faultline.example/down/card"+want+".png" || got.ThumbnailWidth != 1200 ||
				got.ThumbnailHeight != 630 {
				t.Errorf("%s: %d %+v, want %s", path, w.Code, got, want)
			}
		}
	}
}

// What others ask for has the same answer with a slash at its end; below /v1 an address
// has one form.
func TestSlashesAtTheEndAreForgiven(t *testing.T) {
	n := newNode(t)
	n.source.Publish(incident(0, 1, 1))
	n.run()
	for _, path := range []string{"/oembed?url=/site/bbc.co.uk", "/feed.atom?", "/feed.json?utm_source=x", "/feed.ics?",
		"/badge.svg?of=bbc.co.uk", "/badge.json?of=bbc.co.uk", "/metrics/stack?of=bbc.co.uk",
		"/statuspage/api/v2/summary.json?", "/api/v2/status.json?", "/statuspage/api/v2/incidents/unresolved.json?"} {
		plain, slashed := n.get(path), n.get(strings.Replace(path, "?", "/?", 1))
		if plain.Code != http.StatusOK || slashed.Code != plain.Code ||
			slashed.Header().Get("ETag") != plain.Header().Get("ETag") {
			t.Errorf("%s: %d, with a slash %d %s", path, plain.Code, slashed.Code, slashed.Body)
		}
	}
	wantProblem(t, n.get("/v1/summary/"), http.StatusNotFound)
}

// A feed leads to the page that it is of.
func TestAtomLinksToTheSite(t *testing.T) {
	n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.PublicURL = "https://faultline.example" })
	n.run()
	f, err := gofeed.NewParser().ParseString(n.get("/feed.atom").Body.String())
	if err != nil || f.Link != "https://faultline.example/" || f.FeedLink != "https://faultline.example/feed.atom" {
		t.Errorf("%v: leads to %q, itself at %q", err, f.Link, f.FeedLink)
	}
}

func TestSeriesAsCSV(t *testing.T) {
	n, kept := newSeriesNode(t)
	w := n.get("/v1/sites/bbc.co.uk/series.csv?step=300")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][0] != "at" || rows[1][1] != "3" || rows[1][2] != "0.5" ||
		!strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		t.Errorf("%v %v %v", rows, err, w.Header())
	}
	kept.hang = true
	wantProblem(t, n.get("/v1/components/cloud/aws~us-east-1/series.csv"), http.StatusServiceUnavailable)
}

func TestMetricsForAlerting(t *testing.T) {
	n := newNode(t)
	over := incident(1, 1, 2)
	over.State = faultline.StateResolved
	for _, inc := range []faultline.Incident{caused(0, "cdn:fastly", "a.example"), over} {
		n.source.Publish(inc)
	}
	n.run()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(n.get("/v1/metrics/incidents").Body)
	if err != nil {
		t.Fatal(err)
	}
	failing := families["faultline_incident_sites_failing"].GetMetric()
	if len(failing) != 1 || failing[0].GetGauge().GetValue() != 9 {
		t.Errorf("failing %v", failing)
	}
	open := 0.
	for _, m := range families["faultline_incidents_open"].GetMetric() {
		open += m.GetGauge().GetValue()
	}
	if open != 1 || len(families["faultline_incidents_open"].GetMetric()) != 3 {
		t.Errorf("open %v", families["faultline_incidents_open"])
	}
}

// What stands in an address twice with one value was added by a program that did not see that it
// is there. Two values are refused: an answer must not depend on which of them we take.
func TestOthersRepeatWhatTheyAsk(t *testing.T) {
	n := newNode(t)
	n.source.Publish(incident(0, 1, 1))
	n.run()
	for path, want := range map[string]int{
		"/oembed?format=json&url=/site/bbc.co.uk&format=json":        http.StatusOK,
		"/oembed?url=/site/bbc.co.uk&url=/component/cdn/fastly":      http.StatusBadRequest,
		"/feed.json?site=bbc.co.uk&fbclid=1&fbclid=2&site=bbc.co.uk": http.StatusOK,
		"/feed.atom?state=open&state=resolved&gclid=x&ref=y":         http.StatusBadRequest,
		"/statuspage/api/v2/summary.json?_=1&_=2":                    http.StatusOK,
		"/v1/incidents?state=open&state=open":                        http.StatusBadRequest,
	} {
		if w := n.get(path); w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
}
