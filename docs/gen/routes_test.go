package main

import (
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"faultline/api"
	"faultline/api/token"
	"faultline/docs"
	"faultline/web"
)

// pages are the routes for people, with why each is not in the document: it
// describes what programs call. What stands here must be served, too.
var pages = map[string]string{
	"GET /":                        "the front page",
	"GET /incident/{id}":           "a page; its data is /v1/incidents/{id}",
	"GET /site":                    "the target of the search form; leads to /site/{site}",
	"GET /suggest":                 "suggestions for the search box; programs use /v1/search",
	"GET /site/{site}":             "a page; its data is /v1/sites/{site}",
	"POST /site/{site}/report":     "the form of that page, good from that page alone; programs use /v1/reports",
	"GET /site/{site}/report":      "to that form, for who comes back to its address",
	"POST /site/{site}/check":      "the form of that page, good from that page alone; programs use /v1/checks",
	"GET /site/{site}/check":       "to that form, for who comes back to its address",
	"GET /check/{id}":              "a page; its data is /v1/checks/{id}",
	"GET /component/{kind}/{name}": "a page",
	"GET /provider/{slug}":         "a page",
	"GET /prober":                  "what the User-Agent of the probes leads to",
	"GET /vantages":                "a page; its data is /v1/vantages",
	"GET /archive":                 "a page; its data is /v1/incidents",
	"GET /stack":                   "a page; its data is /v1/stack",
	"GET /method":                  "a page",
	"GET /concentration":           "a page; its data is /v1/concentration",
	"GET /scorecard":               "a page; its data is /v1/scorecard",
	"GET /dumps":                   "a page; its data is /dumps/index.json",
	"GET /replays":                 "a page; its data is /v1/replays",
	"GET /replays/{name}":          "a page; its data is /v1/replays/{name}",
	"GET /embed/replays/{name}":    "a widget for an iframe",
	"GET /about":                   "a page",
	"GET /press":                   "a page",
	"GET /components":              "a page",
	"GET /providers":               "a page",
	"GET /sites":                   "a page",
	"GET /developers":              "a page: the ways to embed",
	"GET /embed/incident/{id}":     "a widget for an iframe",
	"GET /embed/site/{site}":       "a widget for an iframe",
	"GET /embed/now":               "a widget for an iframe",
	"GET /embed.js":                "the script of the <faultline-incident> element",
	"GET /feed.css":                "the style of the Atom feed in a browser",
	"GET /card/{file}":             "a picture of a page, for previews of links",
	"GET /card/incident/{file}":    "a picture of an incident",
	"GET /card/site/{file}":        "a picture of a site's page",

	"GET /embed/component/{kind}/{name}": "a widget for an iframe",
	"GET /embed/provider/{slug}":         "a widget for an iframe",
	"GET /card/provider/{file}":          "a picture of a provider's page",
	"GET /card/component/{kind}/{file}":  "a picture of a component's page",

	"GET /robots.txt":               "for crawlers",
	"GET /sitemap.xml":              "for crawlers",
	"GET /sitemap-{n}":              "for crawlers",
	"GET /.well-known/security.txt": "for who found a hole (RFC 9116)",
	"GET /manifest.webmanifest":     "for browsers",
	"GET /opensearch.xml":           "for browsers",
	"GET /favicon.ico":              "for browsers",
	"GET /sw.js":                    "for browsers that are notified",
	"GET /llms.txt":                 "for assistants",
	"GET /now.md":                   "the front page as Markdown",
	"GET /stack.md":                 "a page as Markdown; its data is /v1/stack",

	"GET /static/{file}": "styles and scripts of the pages, under names that change with their contents",
}

// noHead are the GET routes that take no HEAD, with why.
var noHead = map[string]string{
	"/v1/keys/mine":                "of one key",
	"/v1/webhooks/{id}/deliveries": "of one token",
	"/v1/stream":                   "an answer without an end has no length to tell",
	"/v1/probes/work":              "it waits for news",
	"/v1/webhooks":                 "it is of one token, and nobody keeps it",
}

// Every route is in the document, and everything in the document is a route.
func TestDocumentHasEveryRoute(t *testing.T) {
	routes := served(t)
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			said[method+" "+path] = true
		}
	}
	for _, route := range slices.Sorted(maps.Keys(routes)) {
		method, path, _ := strings.Cut(route, " ")
		_, page := pages[route]
		switch {
		case method == http.MethodHead: // told once for all, in the description of the document
			if !routes["GET "+path] {
				t.Errorf("%s has no GET beside it", route)
			}
		case said[route] && page:
			t.Errorf("%s is in the document: take it off the list of pages", route)
		case !said[route] && !page:
			t.Errorf("%s is not in the document", route)
		}
		if _, exempt := noHead[path]; method == http.MethodGet && routes["HEAD "+path] == exempt {
			t.Errorf("%s: HEAD is served: %v", route, !exempt)
		}
	}
	for _, listed := range append(slices.Collect(maps.Keys(said)), slices.Collect(maps.Keys(pages))...) {
		if !routes[listed] {
			t.Errorf("%s is documented or listed, and not served", listed)
		}
	}
}

// served are the routes of the API and of the pages, as the document writes
// them: GET /v1/sites/{site}.
func served(t *testing.T) map[string]bool {
	t.Helper()
	d := &drill{source: &memory{}, moment: drillMoment}
	dir := filepath.Join(t.TempDir(), "keys")
	var err error
	if d.keys, err = token.LoadOrCreate(dir, "", d.now); err != nil {
		t.Fatal(err)
	}
	cfg := d.config(shutDoor{}, d.board())
	engine, err := api.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w, err := web.New(web.Config{Source: struct{ web.Source }{}, Door: shutDoor{}, Keys: nowhere{}, Now: cfg.Now,
		Lookup: cfg.Lookup})
	if err != nil {
		t.Fatal(err)
	}
	w.Routes(engine)
	routes := map[string]bool{}
	for _, r := range engine.Routes() {
		routes[r.Method+" "+parameter.ReplaceAllString(r.Path, "{$1}")] = true
	}
	maps.DeleteFunc(routes, func(route string, _ bool) bool { // the same address with a slash at its end
		plain, slashed := strings.CutSuffix(route, "/")
		return slashed && routes[plain] && !strings.HasSuffix(plain, "/docs")
	})
	return routes
}
