package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/board"
	"faultline/board/boardtest"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

// testDoor takes what it is given and remembers it.
type testDoor struct {
	mu      sync.Mutex
	err     error
	receipt faultline.Receipt // Counted and Durable of what it answers
	addrs   []netip.Addr
	reports [][2]string
	vantage faultline.Vantage
	probes  []faultline.Probe
	alerts  []faultline.Alert
}

func (d *testDoor) Report(_ context.Context, addr netip.Addr, site, symptom string) (faultline.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return faultline.Receipt{}, d.err
	}
	if strings.ContainsAny(site, " /") {
		return faultline.Receipt{}, faultline.InvalidError{{Pointer: "/site", Detail: "is no name of a site"}}
	}
	d.addrs = append(d.addrs, addr)
	d.reports = append(d.reports, [2]string{site, symptom})
	r := d.receipt
	r.Site, r.At = strings.ToLower(site), t0
	return r, nil
}

func (d *testDoor) Probes(_ context.Context, v faultline.Vantage, probes []faultline.Probe) (int,
	[]faultline.Invalid, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return 0, nil, d.err
	}
	var rejected []faultline.Invalid
	d.vantage = v
	for i, p := range probes {
		if p.Vantage != v.Vantage {
			rejected = append(rejected, faultline.Invalid{Pointer: "/" + string(rune('0'+i)) + "/vantage",
				Detail: "is not yours"})
			continue
		}
		d.probes = append(d.probes, p)
	}
	return len(probes) - len(rejected), rejected, nil
}

// Alerts takes all but those of no site.
func (d *testDoor) Alerts(_ context.Context, v faultline.Vantage, alerts []faultline.Alert) (int,
	[]faultline.Invalid, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return 0, nil, d.err
	}
	var rejected []faultline.Invalid
	d.vantage = v
	for i, a := range alerts {
		if a.Site == "" {
			rejected = append(rejected, faultline.Invalid{Pointer: "/" + strconv.Itoa(i) + "/site",
				Detail: "names no site"})
			continue
		}
		d.alerts = append(d.alerts, a)
	}
	return len(alerts) - len(rejected), rejected, nil
}

// said returns how much was written.
func (d *testDoor) said() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.reports) + len(d.probes) + len(d.alerts)
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) add(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// node is an API with everything behind it.
type node struct {
	t        *testing.T
	source   *boardtest.Source
	door     *testDoor
	board    *board.Board
	streams  *stream.Streams
	keys     *token.Keys
	engine   *gin.Engine
	clock    *clock
	logs     *lockedBuffer
	ready    error
	writable error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
func (l *lockedBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

// newNode builds a node whose board has not run yet.
func newNode(t *testing.T, change ...func(*Config, *board.Config, *stream.Config)) *node {
	t.Helper()
	n := &node{t: t, source: boardtest.NewSource(), clock: &clock{now: t0.Add(time.Hour)}, logs: &lockedBuffer{},
		door: &testDoor{receipt: faultline.Receipt{Counted: true, Durable: true}}}
	log := slog.New(slog.NewJSONHandler(n.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if n.keys, err = token.LoadOrCreate(filepath.Join(t.TempDir(), "keys"), "", n.clock.Now); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	bc := board.Config{Source: n.source, Durable: true, Now: n.clock.Now, Log: log, Registry: registry,
		Pace: board.Pace{View: 5 * time.Millisecond, Retry: 5 * time.Millisecond, Disk: time.Millisecond}}
	sc := stream.Config{Registry: registry}
	cfg := Config{Door: n.door, Keys: n.keys, Lookup: lookup, Now: n.clock.Now, Log: log, Registry: registry,
		Ready: func() error { return n.ready }, Writable: func() error { return n.writable }}
	for _, f := range change {
		f(&cfg, &bc, &sc)
	}
	n.board = board.New(bc)
	n.streams = stream.New(n.board, sc)
	cfg.Streams = n.streams
	cfg.Board = n.board
	if n.engine, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	return n
}

// lookup knows bbc.co.uk and every *.example.
func lookup(input string) (faultline.SiteRecord, error) {
	name := strings.ToLower(strings.TrimPrefix(input, "https://"))
	switch {
	case strings.ContainsAny(name, " \x00"):
		return faultline.SiteRecord{}, faultline.InvalidError{{Pointer: "/site", Detail: "is no name of a site"}}
	case name == "bbc.co.uk" || strings.HasSuffix(name, ".example"):
		return faultline.SiteRecord{Site: name, Rank: 120, Components: []faultline.Component{"cdn:fastly"}}, nil
	}
	return faultline.SiteRecord{}, faultline.ErrNotFound
}

// run starts the board and waits until it has loaded; the function stops it.
func (n *node) run() (stop func()) {
	n.t.Helper()
	ctx, cancel := context.WithCancel(n.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		var running sync.WaitGroup
		running.Go(func() { _ = n.board.Run(ctx) })
		running.Go(func() { _ = n.streams.Run(ctx) })
		running.Wait()
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	n.t.Cleanup(stop)
	eventually(n.t, "the board loads", func() bool { return n.board.Ready() == nil })
	return stop
}

// await waits until the board holds that revision.
func (n *node) await(inc faultline.Incident) {
	n.t.Helper()
	eventually(n.t, "the board holds the revision", func() bool {
		s, err := n.board.Snapshot()
		return err == nil && s.Entry(inc.ID) != nil && s.Entry(inc.ID).Incident.Revision >= inc.Revision
	})
}

// show makes the board hold a view.
func (n *node) show(v faultline.View) {
	n.t.Helper()
	n.source.See(v)
	eventually(n.t, "the board holds the view", func() bool {
		return n.board.View().AsOf.Equal(v.AsOf)
	})
}

type request struct {
	method, path, body string
	header             map[string]string
	remote             string
}

func (n *node) do(r request) *httptest.ResponseRecorder {
	n.t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
	}
	req := httptest.NewRequestWithContext(n.t.Context(), r.method, "http://faultline.test/", strings.NewReader(r.body))
	var err error
	if req.URL, err = req.URL.Parse(r.path); err != nil {
		n.t.Fatal(err)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	if req.RemoteAddr = "192.0.2.77:4711"; r.remote != "" {
		req.RemoteAddr = r.remote
	}
	w := httptest.NewRecorder()
	n.engine.ServeHTTP(w, req)
	return w
}

func (n *node) get(path string) *httptest.ResponseRecorder {
	n.t.Helper()
	return n.do(request{path: path})
}

// decode reads a whole body.
func decode[T any](t *testing.T, body io.Reader) T {
	t.Helper()
	var v T
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decode: %v", err)
	}
	return v
}

// wantProblem checks that an answer is a problem of that status.
func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int) Problem {
	t.Helper()
	if w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("got %d %s %s, want a problem of status %d", w.Code, w.Header().Get("Content-Type"), w.Body, status)
	}
	p := decode[Problem](t, w.Body)
	if p.Status != status || p.Title != http.StatusText(status) || p.Type != "about:blank" || p.Detail == "" {
		t.Fatalf("problem %+v says not what it is", p)
	}
	return p
}
