package web

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Files by which programs find their way here: crawlers, browsers, assistants, people
// who found a hole.
const (
	mediaPlain = "text/plain; charset=utf-8"
	// securityLife is for how long security.txt may be believed (RFC 9116, 2.5.5).
	securityLife = 180 * 24 * time.Hour
)

// findable adds those files. They are small and change with the release or the settings, and
// may be kept for as long as documents.
func (w *Web) findable(r gin.IRouter) {
	file := func(path, media string, write func() ([]byte, error)) {
		r.Match([]string{http.MethodGet, http.MethodHead}, path, w.answer(w.policies.static,
			func(c *gin.Context, _ *localizer) error {
				body, err := write()
				if err != nil {
					return err
				}
				page.Write(c.Writer, c.Request, page.File(body, media).Plain(), page.CacheDocuments)
				return nil
			}))
	}
	file("/robots.txt", mediaPlain, w.robots)
	file("/.well-known/security.txt", mediaPlain, w.security)
	file("/manifest.webmanifest", "application/manifest+json", w.manifest)
	file("/opensearch.xml", "application/opensearchdescription+xml; charset=utf-8", w.openSearch)
	file("/llms.txt", mediaPlain, w.llms)
	w.sitemaps(r)
	r.Match([]string{http.MethodGet, http.MethodHead}, "/favicon.ico", w.answer(w.policies.static,
		func(c *gin.Context, _ *localizer) error {
			page.Write(c.Writer, c.Request, w.assets.byName["icon.svg"].page, page.CacheDocuments)
			return nil
		}))
}

// robots says what crawlers may read (RFC 9309): pages, but not what is different for each
// reader, not endless streams, and nothing at all of a drill, whose outages would end up in
// search results.
func (w *Web) robots() ([]byte, error) {
	if w.cfg.Drill {
		return []byte("User-agent: *\nDisallow: /\n"), nil
	}
	text := "User-agent: *\n"
	for _, path := range []string{"/check/", "/site/*/report", "/site/*/check", "/stack?", "/mcp", "/v1/stream"} {
		text += "Disallow: " + w.prefix + path + "\n"
	}
	if w.base != nil {
		text += "\nSitemap: " + w.absolute("/sitemap.xml") + "\n"
	}
	return []byte(text), nil
}

// security says how to report a vulnerability (RFC 9116), where the operator can be reached.
// Without a contact there is no such file, since the field is required.
func (w *Web) security() ([]byte, error) {
	_, link := w.contact()
	if link == "" {
		return nil, faultline.ErrNotFound
	}
	expires := w.cfg.Wall().UTC().Truncate(24 * time.Hour).Add(securityLife)
	text := "Contact: " + link + "\nExpires: " + expires.Format(time.RFC3339) +
		"\nPreferred-Languages: " + strings.Join(w.languages.tags, ", ") + "\n"
	if w.base != nil {
		text += "Canonical: " + w.absolute("/.well-known/security.txt") + "\n"
	}
	return []byte(text), nil
}

// manifest lets browsers keep the front page as an application (W3C Web Application
// Manifest).
func (w *Web) manifest() ([]byte, error) {
	return json.Marshal(map[string]any{
		"name": "Faultline", "short_name": "Faultline", "start_url": w.prefix + "/", "scope": w.prefix + "/",
		"display": "minimal-ui", "background_color": "#ffffff", "theme_color": "#b3261e",
		"icons":     []map[string]string{{"src": w.assets.url("icon.svg"), "sizes": "any", "type": "image/svg+xml"}},
		"shortcuts": []map[string]string{{"name": "What I depend on", "url": w.prefix + "/stack"}},
	})
}

// openSearch lets browsers search here from their address bar (OpenSearch 1.1). It needs
// whole addresses, hence a base URL.
func (w *Web) openSearch() ([]byte, error) {
	if w.base == nil {
		return nil, faultline.ErrNotFound
	}
	var escaped bytes.Buffer
	if err := xml.EscapeText(&escaped, []byte(w.absolute("/site?q={searchTerms}"))); err != nil {
		return nil, err
	}
	return []byte(xml.Header + `<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">` +
		`<ShortName>Faultline</ShortName><Description>Is it down, and what is it that fails?</Description>` +
		`<InputEncoding>UTF-8</InputEncoding><Url type="text/html" template="` + escaped.String() + `"/>` +
		`</OpenSearchDescription>` + "\n"), nil
}

// llms says to assistants where the answers are (llmstxt.org), and how to read them: what is
// confirmed, and that unknown does not mean well.
func (w *Web) llms() ([]byte, error) {
	link := func(name, path, say string) string {
		return fmt.Sprintf("- [%s](%s): %s\n", name, w.absolute(path), say)
	}
	return []byte(
		"# Faultline\n\n> Which shared infrastructure of the internet is failing now, which sites that takes " +
			"down, and on what evidence that rests. Reading needs no key. All data is under CC BY 4.0.\n\n" +
			"Only the state confirmed is an established outage; candidate and suspected are reports that no probe " +
			"has confirmed. Unknown means that nothing was observed, and never that something works.\n\n" +
			"## Answers\n\n" +
			link("MCP", "/mcp",
				"tools over streamable HTTP: verdict, stack, incidents, incident, provider, search, coverage") +
			link("Is it down?", "/v1/stack?of=reddit.com,aws,cdn:fastly",
				"JSON whose verdict.sentence answers for any "+
					"sites, providers and components; /stack.md?of= is the same as Markdown") +
			link("What is failing now", "/now.md", "Markdown") +
			link("One site, component or provider", "/site/reddit.com.md",
				"Markdown; likewise /component/cdn/fastly.md and /provider/fastly.md") +
			link("Open outages", "/v1/incidents?state=open", "JSON; /incident/ID.md is one of them as Markdown") +
			link("What can be said at all", "/v1/summary", "JSON: how much is observed") +
			link("Open data", "/dumps/index.json", "each past day as files: NDJSON and Parquet, under CC BY 4.0") +
			"\n## Reference\n\n" +
			link("OpenAPI", "/openapi.json", "every address") +
			link("Method", "/docs/method.md", "how causes are found, and what may mislead")), nil
}
