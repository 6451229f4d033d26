package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"

	"golang.org/x/net/html"
)

// The policy of each kind of answer. A new route must be put here.
var routes = map[string]struct{ path, csp, referrer, cors, cache string }{
	"GET /":                      {"/", pageCSP, "same-origin", "", "max-age=5"},
	"GET /incident/:id":          {"/incident/" + outage, pageCSP, "same-origin", "", "max-age=5"},
	"GET /site":                  {"/site?q=reddit.com", pageCSP, "same-origin", "", "max-age=60"},
	"GET /suggest":               {"/suggest?q=aws", closedCSP, "no-referrer", "*", "max-age=60"},
	"GET /site/:site":            {"/site/reddit.com", pageCSP, "same-origin", "", "max-age=5"},
	"POST /site/:site/report":    {"/site/reddit.com/report", pageCSP, "same-origin", "", "no-store"},
	"GET /component/:kind/:name": {"/component/cdn/fastly", pageCSP, "same-origin", "", "max-age=5"},
	"GET /provider/:slug":        {"/provider/fastly", pageCSP, "same-origin", "", "max-age=5"},
	"GET /site/:site/report":     {"/site/reddit.com/report", pageCSP, "same-origin", "", "no-store"},
	"POST /site/:site/check":     {"/site/reddit.com/check", pageCSP, "same-origin", "", "no-store"},
	"GET /site/:site/check":      {"/site/reddit.com/check", pageCSP, "same-origin", "", "no-store"},
	"GET /check/:id":             {"/check/secret.corner-shop.com", pageCSP, "same-origin", "", "no-store"},
	"GET /stack":                 {"/stack?of=cdn:fastly", pageCSP, "same-origin", "", "max-age=5"},
	"GET /archive":               {"/archive", pageCSP, "same-origin", "", "max-age=60"},
	"GET /concentration":         {"/concentration", pageCSP, "same-origin", "", "max-age=60"},
	"GET /scorecard":             {"/scorecard", pageCSP, "same-origin", "", "max-age=60"},
	"GET /dumps":                 {"/dumps", pageCSP, "same-origin", "", "max-age=60"},
	"GET /replays":               {"/replays", pageCSP, "same-origin", "", "max-age=60"},
	"GET /replays/:name":         {"/replays/fastly-2021-06-08", pageCSP, "same-origin", "", "max-age=60"},
	"GET /embed/replays/:name":   {"/embed/replays/fastly-2021-06-08", embedCSP, "no-referrer", "*", "max-age=60"},
	"GET /method":                {"/method", pageCSP, "same-origin", "", "max-age=60"},
	"GET /about":                 {"/about", pageCSP, "same-origin", "", "max-age=60"},
	"GET /components":            {"/components", pageCSP, "same-origin", "", "max-age=5"},
	"GET /providers":             {"/providers", pageCSP, "same-origin", "", "max-age=5"},
	"GET /sites":                 {"/sites", pageCSP, "same-origin", "", "max-age=5"},
	"GET /press":                 {"/press", pageCSP, "same-origin", "", "max-age=60"},
	"GET /prober":                {"/prober", pageCSP, "same-origin", "", "max-age=60"},
	"GET /vantages":              {"/vantages", pageCSP, "same-origin", "", "max-age=60"},
	"GET /developers":            {"/developers", takeCSP, "same-origin", "", "max-age=60"},

	"GET /embed/incident/:id":          {"/embed/incident/" + outage, embedCSP, "no-referrer", "*", "max-age=5"},
	"GET /embed/site/:site":            {"/embed/site/reddit.com", embedCSP, "no-referrer", "*", "max-age=5"},
	"GET /embed/component/:kind/:name": {"/embed/component/cdn/fastly", embedCSP, "no-referrer", "*", "max-age=5"},
	"GET /embed/provider/:slug":        {"/embed/provider/fastly", embedCSP, "no-referrer", "*", "max-age=5"},
	"GET /embed/now":                   {"/embed/now", embedCSP, "no-referrer", "*", "max-age=5"},
	"GET /embed.js":                    {"/embed.js", closedCSP, "no-referrer", "*", "max-age=3600"},
	"GET /feed.css":                    {"/feed.css", closedCSP, "no-referrer", "*", "max-age=3600"},
	"GET /sw.js":                       {"/sw.js", closedCSP, "no-referrer", "*", "max-age=3600"},
	"GET /card/incident/:file": {"/card/incident/" + outage + "@2.png", closedCSP, "no-referrer", "*",
		"immutable"},
	"GET /card/site/:file":            {"/card/site/reddit.com.png", closedCSP, "no-referrer", "*", "max-age=60"},
	"GET /card/component/:kind/:file": {"/card/component/cdn/fastly.svg", closedCSP, "no-referrer", "*", "max-age=60"},
	"GET /card/provider/:file":        {"/card/provider/fastly.png", closedCSP, "no-referrer", "*", "max-age=60"},
	"GET /card/:file":                 {"/card/now.svg", closedCSP, "no-referrer", "*", "max-age=60"},
	"GET /robots.txt":                 {"/robots.txt", closedCSP, "no-referrer", "*", "max-age=300"},
	"GET /sitemap.xml":                {"/sitemap.xml", closedCSP, "no-referrer", "*", "max-age=300"},
	"GET /sitemap-:n":                 {"/sitemap-1.xml", closedCSP, "no-referrer", "*", "max-age=300"},
	"GET /.well-known/security.txt":   {"/.well-known/security.txt", closedCSP, "no-referrer", "*", "max-age=300"},
	"GET /manifest.webmanifest":       {"/manifest.webmanifest", closedCSP, "no-referrer", "*", "max-age=300"},
	"GET /opensearch.xml":             {"/opensearch.xml", closedCSP, "no-referrer", "*", "max-age=300"},
	"GET /favicon.ico":                {"/favicon.ico", closedCSP, "no-referrer", "*", "max-age=300"},
	"GET /llms.txt":                   {"/llms.txt", closedCSP, "no-referrer", "*", "max-age=300"},
	"GET /now.md":                     {"/now.md", closedCSP, "no-referrer", "*", "max-age=5"},
	"GET /stack.md":                   {"/stack.md?of=reddit.com", closedCSP, "no-referrer", "*", "max-age=5"},
	"GET /static/:file":               {"/static/live.x.js", closedCSP, "no-referrer", "*", "max-age=60"},
}

// STYLE stands for the hash of the style that is in the answer itself.
const (
	contentCSP = "default-src 'none'; style-src STYLE; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; "
	pageCSP   = contentCSP + "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'"
	takeCSP   = contentCSP + "manifest-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'"
	embedCSP  = contentCSP + "form-action 'none'; frame-ancestors *"
	closedCSP = "default-src 'none'; frame-ancestors 'none'"
)

// withStyle puts the hash of an answer's own style into a policy, or that of an
// ordinary page where the answer has none.
func withStyle(t *testing.T, h http.Handler, csp, path string, body []byte) string {
	t.Helper()
	_, rest, found := bytes.Cut(body, []byte("<style>"))
	if !found && strings.Contains(csp, "STYLE") {
		instead := "/"
		if strings.HasPrefix(path, "/embed/") {
			instead = "/embed/now"
		}
		return withStyle(t, h, csp, path, get(h, instead).Body.Bytes())
	}
	css, _, _ := bytes.Cut(rest, []byte("</style>"))
	sum := sha256.Sum256(css)
	return strings.Replace(csp, "STYLE", "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", 1)
}

func TestHeadersOfEveryRoute(t *testing.T) {
	cfg := newWorld().config()
	cfg.Contact = "desk@faultline.example"
	h := serve(t, cfg)
	for _, route := range h.Routes() {
		method := route.Method
		want, ok := routes[strings.Replace(method, "HEAD", "GET", 1)+" "+route.Path]
		if !ok {
			t.Errorf("%s %s has no line in this test", method, route.Path)
			continue
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(method, want.path, nil))
		got := rec.Header()
		for name, value := range map[string]string{
			"Content-Security-Policy": withStyle(t, h, want.csp, want.path, rec.Body.Bytes()),
			"Referrer-Policy":         want.referrer, "X-Content-Type-Options": "nosniff",
			"Access-Control-Allow-Origin": want.cors, "Access-Control-Allow-Credentials": "", "Set-Cookie": "",
			"X-Frame-Options": "",
		} {
			if got.Get(name) != value {
				t.Errorf("%s %s: %s is %q, want %q", method, want.path, name, got.Get(name), value)
			}
		}
		if !strings.Contains(got.Get("Cache-Control"), want.cache) ||
			!strings.Contains(got.Get("Permissions-Policy"), "geolocation=()") {
			t.Errorf("%s %s: %v", method, want.path, got)
		}
	}
	if len(h.Routes()) != 2*(len(routes)-2)+2 {
		t.Errorf("%d routes, this test knows %d", len(h.Routes()), 2*(len(routes)-2)+2)
	}
	// Faults carry the policy of the route they happen on.
	for path, csp := range map[string]string{"/embed/incident/none": embedCSP, "/incident/none": pageCSP,
		"/nowhere": pageCSP} {
		if rec := get(h, path); rec.Header().Get("Content-Security-Policy") != withStyle(t, h, csp, path,
			rec.Body.Bytes()) || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, rec.Header())
		}
	}
}

func TestPagesAreRevalidated(t *testing.T) {
	w := newWorld()
	h := serve(t, w.config())
	for _, path := range []string{"/", "/incident/" + outage, "/site/reddit.com", "/component/cdn/fastly",
		"/embed/incident/" + outage} {
		first := get(h, path)
		etag := first.Header().Get("ETag")
		if again := get(h, path, "If-None-Match", etag); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s again: %d, %d bytes", path, again.Code, again.Body.Len())
		}
		if other := get(h, path, "If-None-Match", `"other"`); other.Code != http.StatusOK {
			t.Errorf("%s with another tag: %d", path, other.Code)
		}
		// The same for everybody.
		person := get(h, path, "Cookie", "a=b", "User-Agent", "x", "X-Forwarded-For", "203.0.113.9",
			"Accept-Encoding", "identity")
		if vary := strings.Join(person.Header().Values("Vary"), " "); person.Body.String() != first.Body.String() ||
			vary != "Accept-Language Accept-Encoding" {
			t.Errorf("%s depends on who reads it", path)
		}
	}
	before := get(h, "/incident/"+outage).Header().Get("ETag")
	next := fastly(3)
	next.Revision, next.Impact.Failing = 4, 60
	w.mu.Lock()
	w.incidents[1] = append(w.incidents[1], next)
	w.now = w.now.Add(2e9)
	w.mu.Unlock()
	if after := get(h, "/incident/"+outage, "If-None-Match", before); after.Code != http.StatusOK ||
		!strings.Contains(text(t, after.Body.String()), "60 of 140") {
		t.Errorf("after a new revision: %d", after.Code)
	}
}

func TestFrozenPagesNeverChange(t *testing.T) {
	for _, path := range []string{"/incident/" + outage + "@2", "/embed/incident/" + outage + "@2"} {
		w := newWorld()
		h := serve(t, w.config())
		first := get(h, path)
		if !strings.Contains(first.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: Cache-Control %q", path, first.Header().Get("Cache-Control"))
		}
		w.mu.Lock()
		w.now, w.view.AsOf = w.now.Add(40*24*3600e9), w.now.Add(39*24*3600e9)
		w.incidents[1] = append(w.incidents[1], over())
		w.incidents[1][3].ID, w.incidents[1][3].Revision = outage, 4
		w.mu.Unlock()
		if later := get(h, path); later.Body.String() != first.Body.String() {
			t.Errorf("%s says something else 40 days later", path)
		}
	}
}

func TestFrozenPageWithoutItsChartMayBeAskedForAgain(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	cfg.Source = noRevisions{w}
	rec := get(serve(t, cfg), "/incident/"+outage+"@2")
	if rec.Code != http.StatusOK || strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%d %s", rec.Code, rec.Header().Get("Cache-Control"))
	}
}

func TestStaticFilesAreKeptByTheirHash(t *testing.T) {
	h := serve(t, newWorld().config())
	for n := range parse(t, h, "/").Descendants() {
		at := attr(n, "src")
		if n.Type == html.ElementNode && n.Data == "link" &&
			slices.Contains([]string{"stylesheet", "icon"}, attr(n, "rel")) {
			at = attr(n, "href")
		}
		if at == "" {
			continue
		}
		rec := get(h, at)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %s", at, rec.Code, rec.Header().Get("Cache-Control"))
		}
		// A page of an older release asks for an older hash.
		old := regexp.MustCompile(`\.[^.]+\.`).ReplaceAllString(at, ".old.")
		if rec := get(h, old); rec.Code != http.StatusOK ||
			strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %s", old, rec.Code, rec.Header().Get("Cache-Control"))
		}
	}
}

// Pages are sent in the smallest encoding that a browser accepts, by its weights
// (RFC 9110 section 12.5.3), each with a validator of its own.
func TestPagesAreNegotiated(t *testing.T) {
	h := serve(t, newWorld().config())
	for _, path := range []string{"/", "/method", "/embed.js", "/embed/now"} {
		for accept, want := range map[string]string{"gzip, deflate, br, zstd": "br", "gzip": "gzip", "gzip;q=0": "",
			"identity": "", "br;q=0, *": "gzip", "br;q=0.2, gzip;q=0.9": "gzip"} {
			answer := get(h, path, "Accept-Encoding", accept)
			h := answer.Header()
			if got := h.Get("Content-Encoding"); got != want || h.Get("ETag") == "" ||
				!strings.Contains(strings.Join(h.Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("%s for %q: encoded as %q, want %q; %v", path, accept, got, want, h)
			}
		}
	}
}

// A fixed page that was shown once is shown on while the store is gone.
func TestFixedEmbedsNeedNoStore(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	away := &sometimes{world: w}
	cfg.Source = away
	h := serve(t, cfg)
	for _, path := range []string{"/embed/incident/" + outage + "@2", "/incident/" + outage + "@2"} {
		away.gone = false
		before := get(h, path)
		away.gone = true
		w.mu.Lock()
		w.now = w.now.Add(time.Hour)
		w.mu.Unlock()
		after := get(h, path)
		if before.Code != http.StatusOK || after.Code != http.StatusOK || after.Body.String() != before.Body.String() ||
			!strings.Contains(after.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, then %d %v", path, before.Code, after.Code, after.Header())
		}
	}
}

// sometimes is a world whose store may be gone.
type sometimes struct {
	*world
	gone bool
}

func (s *sometimes) Incident(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	if s.gone {
		return faultline.Incident{}, faultline.ErrUnavailable
	}
	return s.world.Incident(ctx, id, revision)
}

// A language may be asked for as a country writes it.
func TestLanguagesOfCountries(t *testing.T) {
	h := serve(t, newWorld().config())
	for query, want := range map[string]string{"de": "de", "de-AT": "de", "DE": "de", "de_CH": "de", "en-GB": "en",
		"zz": "en", "": "en", "de\x00": "en"} {
		answer := get(h, "/?lang="+url.QueryEscape(query))
		if !strings.Contains(answer.Body.String(), `<html lang="`+want+`"`) {
			t.Errorf("%q is not answered in %s", query, want)
		}
	}
}
