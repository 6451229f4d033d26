package api

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"faultline"
	"faultline/api/stream"
	"faultline/board"

	"github.com/gin-gonic/gin"
)

func TestNoSuchRoute(t *testing.T) {
	n := newNode(t)
	n.run()
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/incidents/", "/v1/incidents/a/b", "/v1/reports/",
		"/V1/summary", "/v1//summary", "/debug/pprof/", "/v2/summary"} {
		wantProblem(t, n.get(path), http.StatusNotFound)
	}
	for _, r := range []struct{ method, path, allow string }{
		{http.MethodGet, "/v1/reports", "POST"},
		{http.MethodPut, "/v1/probes", "POST"},
		{http.MethodPost, "/v1/summary", "GET, HEAD"},
		{http.MethodDelete, "/v1/incidents/inc_A", "GET, HEAD"},
		{"BREW", "/v1/sites/bbc.co.uk", "GET, HEAD"},
		{http.MethodPost, "/v1/stream", "GET"},
		{http.MethodPost, "/metrics", "GET, HEAD"},
	} {
		w := n.do(request{method: r.method, path: r.path})
		wantProblem(t, w, http.StatusMethodNotAllowed)
		if got := w.Header().Get("Allow"); len(got) != len(r.allow) || !strings.Contains(got, r.allow[:3]) {
			t.Errorf("%s %s: Allow %q, want %q", r.method, r.path, got, r.allow)
		}
	}
}

// Any page may read; none may write.
func TestPreflight(t *testing.T) {
	n := newNode(t)
	header := map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
	w := n.do(request{method: http.MethodOptions, path: "/v1/summary", header: header})
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") != "*" ||
		w.Header().Get("Access-Control-Allow-Methods") != "GET, HEAD" {
		t.Errorf("a read: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/v1/reports", "/v1/probes", "/metrics", "/healthz"} {
		w := n.do(request{method: http.MethodOptions, path: path, header: header})
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open to every page", path)
		}
	}
	r := report(`{"site":"bbc.co.uk"}`)
	r.header["Origin"] = "https://evil.example"
	if w := n.do(r); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("a page elsewhere may read the answer to a report")
	}
	if w := n.do(request{method: http.MethodOptions, path: "/nowhere"}); w.Code != http.StatusNotFound {
		t.Errorf("nowhere: %d", w.Code)
	}
}

// Every route, whatever it answers, carries the headers that keep it harmless.
func TestHeadersOfEveryRoute(t *testing.T) {
	n := newNode(t)
	n.run()
	routes := n.engine.Routes()
	if len(routes) < 20 {
		t.Fatalf("%d routes", len(routes))
	}
	for _, r := range append(routes, gin.RouteInfo{Method: "GET", Path: "/nowhere"},
		gin.RouteInfo{Method: "PUT", Path: "/v1/summary"}) {
		if r.Path == routeStream {
			r.Path += "?snapshot=no" // the stream itself does not end; its tests look at its headers
		}
		h := n.do(request{method: r.Method, path: strings.NewReplacer(":id", "inc_A", ":site", "bbc.co.uk", ":n",
			"1").Replace(r.Path)}).Header()
		if h.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Set-Cookie") != "" {
			t.Errorf("%s %s: %v", r.Method, r.Path, h)
		}
	}
}

func TestOperations(t *testing.T) {
	n := newNode(t)
	n.ready = errors.New("the log is not reached")
	if w := n.get("/healthz"); w.Code != http.StatusOK || w.Body.String() != "ok\n" {
		t.Errorf("healthz: %d %q", w.Code, w.Body)
	}
	w := n.get("/readyz")
	if p := wantProblem(t, w, http.StatusServiceUnavailable); !strings.Contains(p.Detail, "the log is not reached") {
		t.Errorf("readyz: %+v", p)
	}
	n.ready, n.writable = nil, errors.New("Redis takes no writes: its memory is full")
	w = n.get("/readyz/write")
	if p := wantProblem(t, w, http.StatusServiceUnavailable); !strings.Contains(p.Detail, "its memory is full") {
		t.Errorf("readyz/write: %+v", p)
	}
	if w := n.get("/readyz"); w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("readyz: %d %v", w.Code, w.Header())
	}
	n.source.Publish(incident(0, 1, 1))
	n.run()
	n.do(request{method: "BREW", path: "/v1/summary"})
	n.do(request{method: "GET", path: "/secret/path"})
	n.do(request{path: "/v1/sites/bbc.co.uk"})
	body := n.get("/metrics").Body.String()
	for _, want := range []string{
		`faultline_http_requests_total{code="200",method="GET",route="/v1/sites/:site"} 1`,
		`faultline_http_requests_total{code="503",method="GET",route="/readyz"} 1`,
		`faultline_http_requests_total{code="405",method="other",route="none"} 1`,
		`faultline_http_requests_total{code="404",method="GET",route="none"} 1`,
		`faultline_board_incidents 1`,
		`faultline_board_view_age_seconds NaN`,
		`faultline_stream_clients 0`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
	for _, leak := range []string{"BREW", "secret", "bbc"} {
		if strings.Contains(body, leak) {
			t.Errorf("metrics hold %q, which a client wrote", leak)
		}
	}
}

func TestPanicIsAnswered(t *testing.T) {
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) {
		c.Lookup = func(string) (faultline.SiteRecord, error) { var none *faultline.SiteRecord; return *none, nil }
	})
	n.run()
	w := n.get("/v1/sites/bbc.co.uk")
	if p := wantProblem(t, w, http.StatusInternalServerError); strings.Contains(p.Detail, "nil") {
		t.Errorf("detail %q", p.Detail)
	}
	if logs := n.logs.String(); !strings.Contains(logs, "panic") || !strings.Contains(logs, "sites.go") {
		t.Errorf("the log says not where: %s", logs)
	}
	if w := n.get("/v1/summary"); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// The log names routes, never who asked nor what they wrote.
func TestLogsHoldNoAddress(t *testing.T) {
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	n.run()
	r := report(`{"site":"bbc.co.uk"}`)
	r.remote, r.header["X-Forwarded-For"] = "127.0.0.1:4711", "198.51.100.9"
	n.do(r)
	r.body = `{"site":"not a name"}`
	n.do(r)
	n.door.err = errors.New("broken")
	n.do(r)
	n.do(request{path: "/v1/sites/private.example?x=1%0d%0a", remote: "203.0.113.8:99"})
	logs := n.logs.String()
	if !strings.Contains(logs, `"route":"/v1/reports"`) || !strings.Contains(logs, "broken") {
		t.Errorf("the log is empty: %s", logs)
	}
	for _, secret := range []string{"198.51.100.9", "203.0.113.8", "127.0.0.1", "4711", "bbc.co.uk", "private.example",
		"not a name"} {
		if strings.Contains(logs, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// What the Host or a proxy's headers claim reaches no answer.
func TestHostReachesNoAnswer(t *testing.T) {
	n := newNode(t)
	n.source.Publish(incident(0, 1, 1))
	n.run()
	for _, path := range []string{"/v1/summary", "/v1/incidents", "/nowhere", "/v1/incidents/",
		"/v1/stream?snapshot=x"} {
		w := n.do(request{path: path, header: map[string]string{"X-Forwarded-Host": "evil.example",
			"X-Forwarded-Proto": "gopher",
			"X-Original-Url":    "/evil.example", "Forwarded": "host=evil.example"}})
		if all := w.Body.String() + w.Header().Get("Location") + w.Header().Get("Link"); strings.Contains(all,
			"evil") || strings.Contains(all, "faultline.test") {
			t.Errorf("%s: %s", path, all)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	n := newNode(t)
	good := Config{Door: n.door, Board: n.board, Keys: n.keys, Lookup: lookup, Now: n.clock.Now}
	for name, change := range map[string]func(*Config){
		"no door":       func(c *Config) { c.Door = nil },
		"no board":      func(c *Config) { c.Board = nil },
		"no keys":       func(c *Config) { c.Keys = nil },
		"no lookup":     func(c *Config) { c.Lookup = nil },
		"no clock":      func(c *Config) { c.Now = nil },
		"no such proxy": func(c *Config) { c.TrustedProxies = []string{"proxy.example"} },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}

// A slash at the end leads to the address without it, below any prefix and never to
// another host. Under /v1, and where no such page is, there is nothing.
func TestASlashAtTheEndLeadsOn(t *testing.T) {
	n := newNode(t)
	n.run()
	for path, want := range map[string]string{"/metrics/?x=1": "../metrics?x=1",
		"/docs/reddit.com/": "../reddit.com", "/docs/inc_1@2/": "../inc_1@2",
		`/docs/\evil.example/`:   "../%5Cevil.example",
		"/docs/%2Fevil.example/": "../evil.example"} {
		w := n.get(path)
		if got := w.Header().Get("Location"); w.Code != http.StatusPermanentRedirect || got != want {
			t.Errorf("%s: %d to %q, want %q", path, w.Code, got, want)
		}
	}
	for _, path := range []string{"/v1/incidents/", "/docs/x//", "/%2Fevil.example/", `/\evil.example/`,
		"/debug/pprof/"} {
		wantProblem(t, n.get(path), http.StatusNotFound)
	}
}

// Who asks for what there is not hears what the slip may be.
func TestSlipsAreNamed(t *testing.T) {
	x := board.NewIndex()
	x.Put(faultline.SiteRecord{Site: "bbc.co.uk", Components: []faultline.Component{"cdn:fastly", "asn:AS54113",
		"cloud:aws/us-east-1"}})
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Index = x })
	n.source.Publish(incident(0, 1, 1))
	n.run()
	for path, want := range map[string]string{"/v1/incidents/": "without a slash",
		"/v1/components/cloud/aws/us-east-1":        "tilde",
		"/v1/components/cloud/aws/us-east-1/series": "tilde", "/v1/components/": "without a slash",
		"/v1/nothing": "/openapi.json", "/nothing": "/openapi.json"} {
		if p := wantProblem(t, n.get(path), http.StatusNotFound); !strings.Contains(p.Detail, want) {
			t.Errorf("%s: %s", path, p.Detail)
		}
	}
	for path, want := range map[string]string{"/v1/search?query=b": "q",
		"/v1/vantages?x=1":          "no parameters",
		"/v1/incidents?colour=blue": "cause, country"} {
		if p := wantProblem(t, n.get(path), http.StatusBadRequest); !strings.Contains(p.Errors[0].Detail, want) {
			t.Errorf("%s: %+v", path, p.Errors)
		}
	}
	for path, want := range map[string]string{"/v1/components/cdn/Fastly": "cdn:fastly",
		"/v1/components/asn/as54113": "asn:AS54113", "/v1/components/cloud/AWS~us-east-1": "cloud:aws/us-east-1"} {
		if got := decode[ComponentAnswer](t, n.get(path).Body); string(got.Component) != want {
			t.Errorf("%s: %s", path, got.Component)
		}
	}
	if got := decode[IncidentList](t, n.get("/v1/incidents?cause=cdn:Fastly").Body); len(got.Incidents) != 1 {
		t.Errorf("cdn:Fastly: %d", len(got.Incidents))
	}
}

// Each row of the table stands once, and says what it counts against; what is
// sent is never free, and strict are the routes below /v1 alone.
func TestTableOfRoutes(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Routes() {
		name := r.Method + " " + r.Path
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
		if r.Quota == QuotaNone && (r.Method != http.MethodGet || r.Scope != "" || strings.HasPrefix(r.Path, "/v1/")) {
			t.Errorf("%s costs nothing", name)
		}
		if r.Quota == QuotaReads && r.Scope != "" {
			t.Errorf("%s needs a scope and counts as anybody's read", name)
		}
		if strict := strings.HasPrefix(r.Path, "/v1/") && r.Path != routeStream; strict == r.Lenient {
			t.Errorf("%s: lenient is %t", name, r.Lenient)
		}
	}
}

// Where others own the query, what they add is ignored.
func TestForeignParametersAreIgnored(t *testing.T) {
	n := newNode(t)
	n.run()
	for _, path := range []string{"/healthz?probe=1", "/readyz?_=1623145623", "/metrics?collect[]=up",
		"/feed.json?utm_source=x&%zz",
		"/statuspage/api/v2/summary.json?_=1623145623", "/api/v2/status.json?callback=x", "/.well-known/jwks.json?v=1",
		"/openapi.json?v=2", "/docs/init.js?v=2"} {
		if w := n.get(path); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
