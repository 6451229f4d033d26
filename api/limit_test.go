package api

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/board"

	"github.com/gin-gonic/gin"
)

// fewLimits lets each address and each token in a few times.
type fewLimits struct {
	mu   sync.Mutex
	left map[string]int
}

func (f *fewLimits) take(name, key string) faultline.Allowance {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.left[key]; !ok {
		f.left[key] = 2
	}
	a := faultline.Allowance{OK: f.left[key] > 0, RetryAfter: 1500 * time.Millisecond}
	f.left[key] = max(0, f.left[key]-1)
	a.Quotas[0] = faultline.Quota{Name: name, Limit: 2, Window: 3 * time.Second, Remaining: f.left[key],
		Reset: 2500 * time.Millisecond}
	return a
}

func (f *fewLimits) Person(addr netip.Addr) faultline.Allowance {
	a := f.take("person", addr.String())
	a.Quotas[1] = faultline.Quota{Name: "prefix", Limit: 9, Window: time.Minute, Remaining: 4}
	return a
}
func (f *fewLimits) Token(subject string) faultline.Allowance { return f.take("token", subject) }

func TestLimitsRefuseAndSaySo(t *testing.T) {
	t.Parallel()
	n := newNode(t,
		func(c *Config, _ *board.Config, _ *stream.Config) { c.Limits = &fewLimits{left: map[string]int{}} })
	n.run()
	send := func(remote string) *httptest.ResponseRecorder {
		return n.do(request{method: http.MethodPost, path: "/v1/reports", body: `{"site":"bbc.co.uk"}`, remote: remote,
			header: map[string]string{"Content-Type": "application/json"}})
	}
	for i := range 2 {
		w := send("192.0.2.1:1")
		want := `"person";r=` + strconv.Itoa(1-i) + `;t=3, "prefix";r=4;t=0`
		if w.Code != http.StatusAccepted || w.Header().Get("RateLimit") != want ||
			w.Header().Get("RateLimit-Policy") != `"person";q=2;w=3, "prefix";q=9;w=60` {
			t.Fatalf("%d: %d %v", i, w.Code, w.Header())
		}
	}
	w := send("192.0.2.1:1")
	wantProblem(t, w, http.StatusTooManyRequests)
	if w.Header().Get("Retry-After") != "2" {
		t.Errorf("Retry-After is %q", w.Header().Get("Retry-After"))
	}
	if said := n.door.said(); said != 2 {
		t.Errorf("the door heard %d", said)
	}
	if w := send("192.0.2.2:1"); w.Code != http.StatusAccepted {
		t.Errorf("another address: %d", w.Code)
	}
	if w := n.do(request{path: "/v1/summary", remote: "192.0.2.1:1"}); w.Code != http.StatusOK ||
		w.Header().Get("RateLimit") != "" {
		t.Errorf("a read: %d %v", w.Code, w.Header())
	}
	if w := n.do(request{method: http.MethodPost, path: "/v1/nothing",
		remote: "192.0.2.1:1"}); w.Code != http.StatusTooManyRequests {
		t.Errorf("what is no route: %d", w.Code)
	}
}

func TestLimitsOfATokenFollowTheToken(t *testing.T) {
	t.Parallel()
	n := newNode(t,
		func(c *Config, _ *board.Config, _ *stream.Config) { c.Limits = &fewLimits{left: map[string]int{}} })
	n.run()
	token, err := n.keys.Issue(token.Claims{Subject: "lon-1", Scopes: []string{token.ScopeProbes}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	line := `{"at":"2026-03-01T12:00:00Z","site":"bbc.co.uk","symptom":"ok"}`
	for i, want := range []int{http.StatusAccepted, http.StatusAccepted, http.StatusTooManyRequests} {
		w := n.do(request{method: http.MethodPost, path: "/v1/probes", body: line,
			remote: "192.0.2." + strconv.Itoa(i) + ":1",
			header: map[string]string{"Content-Type": "application/x-ndjson", "Authorization": "Bearer " + token}})
		if w.Code != want || w.Header().Get("RateLimit-Policy") != `"token";q=2;w=3` {
			t.Errorf("%d: %d %v", i, w.Code, w.Header())
		}
	}
}

// What a token reads of its own counts against the token, wherever it is asked from.
func TestReadsOfATokenAreMetered(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) {
		c.Limits, c.MadeKeys = &fewLimits{left: map[string]int{}}, &keyDesk{}
	})
	n.run()
	for _, r := range Routes() {
		if r.Method != http.MethodGet || r.Scope == "" {
			continue
		}
		signed, err := n.keys.Issue(token.Claims{Subject: "of" + strconv.Itoa(len(r.Path)), Scopes: []string{r.Scope},
			TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			w := n.do(request{path: r.Path, remote: "192.0.2." + strconv.Itoa(i) + ":1",
				header: map[string]string{"Authorization": "Bearer " + signed}})
			if refused := w.Code == http.StatusTooManyRequests; refused != (i == 2) {
				t.Errorf("%s, the %d. time: %d", r.Path, i+1, w.Code)
			}
		}
	}
}

// TestRefusedBrowserGetsAPage: where a page was asked for, and only there.
func TestRefusedBrowserGetsAPage(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) {
		c.Limits = &fewLimits{left: map[string]int{}}
		c.Page = func(c *gin.Context, status int) {
			c.String(status, "come back in "+c.Writer.Header().Get("Retry-After"))
		}
	})
	n.run()
	send := func(path, accept string) *httptest.ResponseRecorder {
		return n.do(request{method: http.MethodPost, path: path, body: `{"site":"bbc.co.uk"}`, remote: "192.0.2.1:1",
			header: map[string]string{"Content-Type": "application/json", "Accept": accept}})
	}
	for range 2 {
		send("/v1/reports", "")
	}
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	if w := send("/site/bbc.co.uk/report", browser); w.Code != http.StatusTooManyRequests ||
		w.Body.String() != "come back in 2" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	wantProblem(t, send("/site/bbc.co.uk/report", "*/*"), http.StatusTooManyRequests)
	wantProblem(t, send("/v1/reports", browser), http.StatusTooManyRequests)
}

// readersSeen counts who was counted as a reader.
type readersSeen map[netip.Addr]int

func (r readersSeen) Reads(addr netip.Addr) { r[addr]++ }

// A person's read of something that is there counts as a reader's; what programs ask for
// by themselves, what is not there and what a token asks for does not.
func TestReadersAreCounted(t *testing.T) {
	seen := readersSeen{}
	n := newNode(t, func(cfg *Config, _ *board.Config, _ *stream.Config) { cfg.Readers = seen })
	n.run()
	for _, path := range []string{"/v1/incidents", "/v1/summary", "/healthz", "/v1/sites/nobody.knows.it", "/metrics"} {
		n.get(path)
	}
	total := 0
	for _, n := range seen {
		total += n
	}
	if total != 2 {
		t.Errorf("counted %v, want two", seen)
	}
}
