package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/board"
)

// fewReads lets each reader ask three times, and have two streams open.
type fewReads struct {
	fewLimits
	open map[faultline.Reader]int
}

func newFewReads() *fewReads {
	return &fewReads{fewLimits: fewLimits{left: map[string]int{}}, open: map[faultline.Reader]int{}}
}

const fewReadsOf = 3

func (f *fewReads) Read(who faultline.Reader, conditional bool) faultline.Allowance {
	f.mu.Lock()
	defer f.mu.Unlock()
	name, key := "reads", who.Addr.String()
	if who.Token != "" {
		name, key = "token-reads", who.Token
	}
	if _, ok := f.left[key]; !ok {
		f.left[key] = fewReadsOf
	}
	a := faultline.Allowance{OK: f.left[key] > 0 || conditional && f.left[key] > -fewReadsOf, RetryAfter: time.Second}
	if a.OK {
		f.left[key]--
	}
	a.Quotas[0] = faultline.Quota{Name: name, Limit: fewReadsOf, Window: time.Minute, Remaining: max(0, f.left[key]),
		Reset: time.Second}
	return a
}

func (f *fewReads) Unread(who faultline.Reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := who.Addr.String()
	if who.Token != "" {
		key = who.Token
	}
	f.left[key]++
}

func (f *fewReads) Stream(who faultline.Reader) (func(), bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open[who] >= 2 {
		return nil, false
	}
	f.open[who]++
	return func() { f.mu.Lock(); defer f.mu.Unlock(); f.open[who]-- }, true
}

// streams counts what is open.
func (f *fewReads) streams() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, open := range f.open {
		n += open
	}
	return n
}

func newReadNode(t *testing.T) (*node, *fewReads) {
	few := newFewReads()
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		c.Reads, b.PublicURL = few, "https://faultline.example"
	})
	n.source.Publish(incident(0, 1, 1))
	n.run()
	n.show(faultline.View{AsOf: t0})
	return n, few
}

// Every read for programs counts, and says what is left; the documents do not.
func TestReadsAreLimited(t *testing.T) {
	n, _ := newReadNode(t)
	for i, path := range []string{"/v1/summary", "/feed.atom", "/statuspage/api/v2/status.json"} {
		w := n.get(path)
		if w.Code != http.StatusOK || w.Header().Get("RateLimit-Policy") != `"reads";q=3;w=60` ||
			w.Header().Get("RateLimit") != `"reads";r=`+string(rune('2'-i))+`;t=1` {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	for _, path := range []string{"/v1/summary", "/v1/incidents", "/v1/incidents/inc_0", "/v1/sites/bbc.co.uk",
		"/v1/verdict?site=bbc.co.uk",
		"/v1/search?q=b", "/v1/vantages", "/v1/metrics/incidents", "/feed.json", "/oembed?url=x", "/v1/stream"} {
		w := n.get(path)
		p := wantProblem(t, w, http.StatusTooManyRequests)
		if w.Header().Get("Retry-After") != "1" || w.Header().Get("Access-Control-Allow-Origin") != "*" ||
			w.Header().Get("Cache-Control") != "no-store" ||
			!strings.Contains(p.Detail, "ETag") {
			t.Errorf("%s: %v %s", path, w.Header(), p.Detail)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/",
		"/.well-known/jwks.json"} {
		if w := n.get(path); w.Code != http.StatusOK || w.Header().Get("RateLimit") != "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	if w := n.do(request{path: "/v1/summary", remote: "192.0.2.78:1"}); w.Code != http.StatusOK {
		t.Errorf("another reader: %d", w.Code)
	}
	if w := n.do(request{method: http.MethodHead, path: "/v1/summary"}); w.Code != http.StatusTooManyRequests {
		t.Errorf("HEAD: %d", w.Code)
	}
}

// What has not changed costs nothing, even where nothing is left.
func TestNotModifiedIsFree(t *testing.T) {
	n, _ := newReadNode(t)
	etag := n.get("/v1/summary").Header().Get("ETag")
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for range 50 {
			w := n.do(request{method: method, path: "/v1/summary", header: map[string]string{"If-None-Match": etag}})
			if w.Code != http.StatusNotModified || w.Header().Get("RateLimit") != "" ||
				w.Header().Get("RateLimit-Policy") != "" {
				t.Fatalf("%d %v", w.Code, w.Header())
			}
		}
	}
	if w := n.get("/v1/summary"); w.Header().Get("RateLimit") != `"reads";r=1;t=1` {
		t.Errorf("it was counted: %v", w.Header())
	}
	n.get("/v1/summary")
	wantProblem(t, n.get("/v1/summary"), http.StatusTooManyRequests)
	held := map[string]string{"If-None-Match": etag}
	if w := n.do(request{path: "/v1/summary", header: held}); w.Code != http.StatusNotModified {
		t.Errorf("with nothing left: %d", w.Code)
	}
	got := map[int]int{}
	for range 10 { // an ETag that is made up buys a few
		got[n.do(request{path: "/v1/summary", header: map[string]string{"If-None-Match": `"x"`}}).Code]++
	}
	if got[http.StatusOK] != fewReadsOf || got[http.StatusTooManyRequests] != 10-fewReadsOf {
		t.Errorf("with an ETag that is made up: %v", got)
	}
}

// A token has a quota of its own; one that is not good is refused and says so; a
// proxy's own credentials are not ours.
func TestReadsWithAToken(t *testing.T) {
	n, _ := newReadNode(t)
	token, err := n.keys.Issue(token.Claims{Subject: "desk", Scopes: []string{token.ScopeReports}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	read := func(authorization string) int {
		w := n.do(request{path: "/v1/summary", header: map[string]string{"Authorization": authorization}})
		if w.Code == http.StatusOK && strings.HasPrefix(authorization, "Bearer ") &&
			w.Header().Get("RateLimit-Policy") != `"token-reads";q=3;w=60` {
			t.Errorf("%v", w.Header())
		}
		return w.Code
	}
	for range fewReadsOf {
		n.get("/v1/summary")
	}
	for range fewReadsOf {
		if code := read("bearer " + token); code != http.StatusOK {
			t.Errorf("with a token: %d", code)
		}
	}
	for authorization, want := range map[string]int{"Bearer " + token: 429, "Bearer " + token + "x": 401, "Bearer": 401,
		"Basic dXNlcjpwYXNz": 429} {
		if code := read(authorization); code != want {
			t.Errorf("%.12s…: %d, want %d", authorization, code, want)
		}
	}
	n.clock.add(2 * time.Hour)
	w := n.do(request{path: "/v1/summary", header: map[string]string{"Authorization": "Bearer " + token}})
	if wantProblem(t, w, http.StatusUnauthorized); w.Header().Get("WWW-Authenticate") != challengeInvalid {
		t.Errorf("expired: %v", w.Header())
	}
}

// A reader has so many streams; each that ends, however it does, makes room.
func TestStreamsAreLimited(t *testing.T) {
	n, few := newReadNode(t)
	few.left = map[string]int{"127.0.0.1": 100}
	server := n.serve()
	first, second := open(t, server.URL+"/v1/stream", ""), open(t, server.URL+"/v1/stream", "")
	first.opened()
	second.opened()
	r, err := http.Get(server.URL + "/v1/stream")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") != "10" {
		t.Errorf("the third: %d %v", r.StatusCode, r.Header)
	}
	n.streams.Close()
	eventually(t, "all is given back", func() bool { return few.streams() == 0 })
	r, err = http.Get(server.URL + "/v1/stream")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusServiceUnavailable || few.streams() != 0 {
		t.Errorf("after the end: %d, %d open", r.StatusCode, few.streams())
	}
}

// Who stands behind a proxy that is not believed is told of in the log, once.
func TestUntrustedProxyIsNoted(t *testing.T) {
	n, _ := newReadNode(t)
	for range 2 * fewReadsOf {
		n.do(request{path: "/v1/summary", header: map[string]string{"X-Forwarded-For": "203.0.113.7"}})
	}
	if said := strings.Count(n.logs.String(), "--trusted-proxies"); said != 1 {
		t.Errorf("said %d times", said)
	}
}
