package api

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/api/direct"
	"faultline/api/stream"
	"faultline/board"

	"github.com/prometheus/client_golang/prometheus"
)

// countedReads lets everybody read until it is told not to, and keeps who asked.
type countedReads struct {
	mu    sync.Mutex
	asked []string
	full  bool
	left  int // of every reader's quota
}

func (f *countedReads) note(format string, args ...any) {
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
}

func (f *countedReads) Read(who faultline.Reader, conditional bool) faultline.Allowance {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note("read %v %v", who, conditional)
	a := faultline.Allowance{OK: !f.full, RetryAfter: 7 * time.Second}
	a.Quotas[0] = faultline.Quota{Name: "reads", Limit: 3, Window: time.Minute, Remaining: f.left, Reset: time.Second}
	return a
}

func (f *countedReads) Unread(who faultline.Reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note("unread %v", who)
}

func (f *countedReads) Stream(faultline.Reader) (func(), bool) { return func() {}, true }

func (f *countedReads) Reads(addr netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note("reader %v", addr)
}

// taken returns what was asked since the last call.
func (f *countedReads) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.asked
	f.asked = nil
	return out
}

// twoWays is an API that answers on two addresses: through net/http and the chain of
// handlers alone, and with prepared answers in front.
type twoWays struct {
	*node
	reads          *countedReads
	prepared       *Prepared
	registry       *prometheus.Registry
	chain, ahead   string
	mu             sync.Mutex
	reachedNetHTTP int // requests of ahead that were not answered in front
}

func newTwoWays(t *testing.T) *twoWays {
	t.Helper()
	w := &twoWays{reads: &countedReads{left: 2}, prepared: &Prepared{}}
	x := board.NewIndex()
	x.Put(faultline.SiteRecord{Site: "bbc.co.uk", Rank: 1, Components: []faultline.Component{"cdn:fastly"}})
	w.node = newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		c.Reads, c.Readers, c.Prepared, c.Index, w.registry = w.reads, w.reads, w.prepared, x, c.Registry
		c.TrustedProxies = []string{"127.0.0.1"}
		b.PublicURL, b.Providers = "https://faultline.example", testProviders
		b.Series, b.Days = &memSeries{}, someDays{[]faultline.ConcentrationDay{}}
	})
	inc := incident(0, 1, 2)
	w.source.Publish(inc)
	w.run()
	w.await(inc)
	w.show(faultline.View{AsOf: w.clock.Now(), SitesKnown: 1, SitesObserved: 1, Vantages: 2})
	eventually(t, "answers are of the view", func() bool {
		s, err := w.board.Snapshot()
		return err == nil && s.Meta.AsOf != nil && s.Meta.AsOf.Equal(w.clock.Now())
	})
	w.chain = serveOn(t, w.engine, nil)
	counted := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.reachedNetHTTP++
		w.mu.Unlock()
		w.engine.ServeHTTP(rw, r)
	})
	w.ahead = serveOn(t, counted, w.prepared.Answer)
	return w
}

// serveOn serves a handler on this machine, with answers in front if there are any.
func serveOn(t *testing.T, h http.Handler, answer direct.Answer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if answer != nil {
		l = direct.Listen(l, answer, direct.Limits{Idle: time.Minute, Write: time.Minute})
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { server.Close(); <-done })
	return addr
}

// What may differ between equal answers: when they were sent, and what is drawn at random.
var (
	retry = regexp.MustCompile(`Retry-After: [1-5]\r\n`)
	dated = regexp.MustCompile(`\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n`)
)

// ask sends a request as it stands and returns every byte of the answer.
func ask(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	var wire bytes.Buffer
	answer, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &wire)),
		&http.Request{Method: strings.SplitN(request, " ", 2)[0]})
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	return retry.ReplaceAllString(dated.ReplaceAllString(wire.String(), "\r\nDate: then\r\n"), "")
}

// counted sums the counters of requests.
func (w *twoWays) counted() (n float64) {
	w.t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch f.GetName() {
			case "faultline_http_requests_total":
				n += m.GetCounter().GetValue()
			case "faultline_http_request_seconds":
				n += float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return n
}

// asked is what came of a request.
type asked struct {
	answer string
	quotas []string // what was asked of them
	grown  float64  // by how much the counters have grown
}

// ask sends a request, and waits until it is counted: that is the last thing that happens.
func (w *twoWays) ask(addr, request string) (got asked) {
	w.t.Helper()
	w.reads.taken()
	then := w.counted()
	got.answer = ask(w.t, addr, request)
	eventually(w.t, "the request is counted", func() bool { return w.counted() >= then+2 })
	got.quotas, got.grown = w.reads.taken(), w.counted()-then
	return got
}

// same asks both ways for the same and compares answers, quotas and counters. It reports
// whether the request was answered in front.
func (w *twoWays) same(request string) bool {
	w.t.Helper()
	w.ask(w.chain, request) // prepares it, if it is one of those
	w.mu.Lock()
	before := w.reachedNetHTTP
	w.mu.Unlock()
	chain, ahead := w.ask(w.chain, request), w.ask(w.ahead, request)
	if chain.answer != ahead.answer || !slices.Equal(chain.quotas, ahead.quotas) || chain.grown != ahead.grown {
		w.t.Errorf("%q\nthrough the chain %.2000s\nin front          %.2000s", request, fmt.Sprintf("%+v", chain),
			fmt.Sprintf("%+v", ahead))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reachedNetHTTP == before
}

// preparedPaths has an address of each row whose answers are prepared.
var preparedPaths = map[string]string{
	"/v1/summary":                                "/v1/summary",
	"/v1/incidents":                              "/v1/incidents?state=open&limit=2",
	"/v1/incidents.csv":                          "/v1/incidents.csv?state=open&limit=2",
	"/v1/incidents/:id":                          "/v1/incidents/inc_01F7NM100000",
	"/v1/incidents/:id/sites":                    "/v1/incidents/inc_01F7NM100000/sites",
	"/v1/incidents/:id/timeline":                 "/v1/incidents/inc_01F7NM100000/timeline",
	"/v1/incidents/:id/revisions":                "/v1/incidents/inc_01F7NM100000/revisions",
	"/v1/incidents/:id/revisions/:n":             "/v1/incidents/inc_01F7NM100000/revisions/1",
	"/v1/sites":                                  "/v1/sites?q=b",
	"/v1/sites.csv":                              "/v1/sites.csv?q=b",
	"/v1/sites/:site":                            "/v1/sites/bbc.co.uk",
	"/v1/sites/:site/series":                     "/v1/sites/bbc.co.uk/series",
	"/v1/sites/:site/series.csv":                 "/v1/sites/bbc.co.uk/series.csv?step=300",
	"/v1/components/:kind/:name/series":          "/v1/components/cdn/fastly/series",
	"/v1/components/:kind/:name/series.csv":      "/v1/components/cdn/fastly/series.csv",
	"/v1/components/:kind/:name/blast-radius":    "/v1/components/cdn/fastly/blast-radius",
	"/v1/concentration":                          "/v1/concentration",
	"/v1/concentration.csv":                      "/v1/concentration.csv?kind=cdn",
	"/v1/concentration/history":                  "/v1/concentration/history?kind=cdn",
	"/v1/concentration/history.csv":              "/v1/concentration/history.csv?kind=cdn",
	"/v1/concentration/firebreaks":               "/v1/concentration/firebreaks?limit=2",
	"/v1/concentration/firebreaks.csv":           "/v1/concentration/firebreaks.csv?limit=2",
	"/v1/providers/:slug/blast-radius":           "/v1/providers/fastly/blast-radius",
	"/v1/scorecard":                              "/v1/scorecard",
	"/statuspage/api/v2/:file/:part":             "/statuspage/api/v2/incidents/unresolved.json",
	"/api/v2/:file/:part":                        "/api/v2/incidents/unresolved.json",
	"/statuspage/:kind/:name/api/v2/:file/:part": "/statuspage/cdn/fastly/api/v2/incidents/unresolved.json",
	"/v1/components":                             "/v1/components",
	"/v1/components.csv":                         "/v1/components.csv",
	"/v1/components/:kind/:name":                 "/v1/components/cdn/fastly",
	"/v1/providers":                              "/v1/providers",
	"/v1/providers.csv":                          "/v1/providers.csv",
	"/v1/providers/:slug":                        "/v1/providers/fastly",
	"/v1/stack":                                  "/v1/stack?of=bbc.co.uk,cdn:fastly",
	"/v1/stack.csv":                              "/v1/stack.csv?of=bbc.co.uk",
	"/v1/search":                                 "/v1/search?q=bbc",
	"/v1/metrics/incidents":                      "/v1/metrics/incidents",
	"/feed.atom":                                 "/feed.atom?utm_source=x",
	"/feed.json":                                 "/feed.json",
	"/feed.ics":                                  "/feed.ics",
	"/badge.svg":                                 "/badge.svg?of=cdn:fastly",
	"/badge.json":                                "/badge.json?of=cdn:fastly",
	"/metrics/stack":                             "/metrics/stack?of=cdn:fastly",
	"/statuspage/history.atom":                   "/statuspage/history.atom",
	"/history.atom":                              "/history.atom",
	"/statuspage/:kind/:name/history.atom":       "/statuspage/site/bbc.co.uk/history.atom",
	"/statuspage/api/v2/:file":                   "/statuspage/api/v2/summary.json",
	"/api/v2/:file":                              "/api/v2/status.json",
	"/statuspage/:kind/:name/api/v2/:file":       "/statuspage/cdn/fastly/api/v2/summary.json",
}

// Every row that reads is answered in front to the byte, or stands above with a reason.
func TestPreparedAnswersAreThoseOfTheChain(t *testing.T) {
	w := newTwoWays(t)
	for _, row := range Routes() {
		if row.Quota != QuotaReads || row.Method != http.MethodGet {
			continue
		}
		path, prepared := preparedPaths[row.Path]
		switch why := notPrepared[row.Path]; {
		case prepared:
			w.comparePrepared(path)
		case why == "":
			t.Errorf("%s: say how it is prepared, or why not", row.Path)
		case row.Path != routeStream && w.same(getOf(strings.ReplaceAll(row.Path, ":", ""), "")):
			t.Errorf("%s: answered in front", row.Path)
		}
	}
}

// getOf is a plain request with some more lines.
func getOf(path, lines string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n"
}

var held = regexp.MustCompile(`\r\nEtag: ("[^"]*")`)

// comparePrepared compares answers of one address in two encodings, and their 304s.
func (w *twoWays) comparePrepared(path string) {
	w.t.Helper()
	for _, encoding := range []string{"", "accept-encoding:  br;q=1, gzip;q=0.5\r\n"} {
		if !w.same(getOf(path, encoding)) {
			w.t.Errorf("%s: not answered in front", path)
		}
		tag := held.FindStringSubmatch(w.ask(w.chain, getOf(path, encoding)).answer)
		if tag == nil {
			w.t.Fatalf("%s has no validator", path)
		}
		again := getOf(path, encoding+"If-None-Match: "+tag[1]+"\r\n")
		if !w.same(again) || !strings.Contains(w.ask(w.ahead, again).answer, " 304 ") {
			w.t.Errorf("%s: 304 is not answered in front", path)
		}
	}
}

// What decides about quotas and who is who counts in front as it does behind; what is out
// of the ordinary is left to net/http, and the connection with it.
func TestRequestsInFront(t *testing.T) {
	w := newTwoWays(t)
	const get = "GET /v1/summary HTTP/1.1\r\nHost: x\r\n"
	w.ask(w.chain, get+"\r\n")
	for request, inFront := range map[string]bool{
		get + "\r\n":                           true,
		get + "Connection: Keep-Alive\r\n\r\n": true,
		get + "Cookie: a=b\r\nAccept: text/html\r\nOrigin: null\r\n\r\n":         true,
		get + "X-Forwarded-For: 203.0.113.9\r\n\r\n":                             true,
		get + "X-Forwarded-For: 1.1.1.1, 203.0.113.9:77\r\n\r\n":                 true,
		get + "X-Forwarded-For: [2001:db8::7]:1, 127.0.0.1\r\n\r\n":              true,
		get + "X-Forwarded-For: 127.0.0.1\r\n\r\n":                               true,
		get + "X-Forwarded-For: unknown\r\n\r\n":                                 true,
		get + "X-Forwarded-For: fe80::1%eth0\r\n\r\n":                            true,
		get + "X-Forwarded-For: \r\n\r\n":                                        true,
		get + "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n": true,
		get + "Authorization: Bearer x\r\n\r\n":                                  false,
		get + "Content-Length: 0\r\n\r\n":                                        false,
		get + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n":                      false,
		get + "Connection: close\r\n\r\n":                                        false,
		"GET /v1/summary HTTP/1.0\r\nHost: x\r\n\r\n":                            false,
		"GET http://x/v1/summary HTTP/1.1\r\nHost: x\r\n\r\n":                    false,
		"GET /v1/summary?x=1 HTTP/1.1\r\nHost: x\r\n\r\n":                        false,
		"GET /v1/incidents?since=1h HTTP/1.1\r\nHost: x\r\n\r\n":                 false,
		"HEAD /v1/summary HTTP/1.1\r\nHost: x\r\n\r\n":                           false,
		"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n":                               false,
	} {
		if w.same(request) != inFront {
			t.Errorf("%q: answered in front %t, want %t", request, !inFront, inFront)
		}
	}
}

// What net/http refuses it refuses also where answers stand in front.
func TestMalformedRequestsAreRefusedAsEver(t *testing.T) {
	w := newTwoWays(t)
	const get = "GET /v1/summary HTTP/1.1\r\nHost: x\r\n"
	ask(t, w.chain, get+"\r\n")
	for _, request := range []string{
		get + "Host: y\r\n\r\n",
		get + " folded: x\r\n\r\n",
		get + "no colon\r\n\r\n",
		get + "Bad Name: x\r\n\r\n",
		get + "X: \x00\r\n\r\n",
		"GET /v1/summary HTTP/1.1\r\n\r\n",
	} {
		got, want := ask(t, w.ahead, request), ask(t, w.chain, request)
		if got != want || !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("%q: %q, want %q", request, got, want)
		}
	}
}

// Who has read too much is refused in front as behind, and counted once.
func TestRefusalsInFront(t *testing.T) {
	w := newTwoWays(t)
	const request = "GET /v1/summary HTTP/1.1\r\nHost: x\r\n\r\n"
	w.ask(w.chain, request)
	w.reads.mu.Lock()
	w.reads.full = true
	w.reads.mu.Unlock()
	if !w.same(request) {
		t.Error("not refused in front")
	}
	if got := ask(t, w.ahead, request); !strings.Contains(got, " 429 ") || !strings.Contains(got, "Retry-After: 7") {
		t.Error(got)
	}
}
