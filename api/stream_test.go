package api

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
	"faultline/pace"

	"github.com/go-json-experiment/json"
)

// event is one event as a browser would hand it to a page.
type event struct {
	kind, id, data string
}

// stream is an open event stream.
type openStream struct {
	t    *testing.T
	resp *http.Response
	read *bufio.Reader
	last string // last event ID
	end  context.CancelFunc
	// covered: events of coverage are handed on too.
	covered bool
}

// serve puts the node behind a real server.
func (n *node) serve() *httptest.Server {
	server := httptest.NewServer(n.engine)
	n.t.Cleanup(server.Close)
	n.t.Cleanup(n.streams.Close) // first: a server waits for its streams
	return server
}

func open(t *testing.T, url, lastID string) *openStream {
	t.Helper()
	ctx, cancel := context.WithCancel(pace.Context(t, pace.Limit))
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return &openStream{t: t, resp: resp, read: bufio.NewReader(resp.Body), end: cancel}
}

// block reads up to the next blank line, as the HTML Standard has it.
func (s *openStream) block() (event, error) {
	var e event
	for {
		line, err := s.read.ReadString('\n')
		if err != nil {
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			if e.kind == "position" { // tells nothing but its id
				e.data = ""
			}
			if e.kind == "coverage" && !s.covered { // of most tests, nothing is observed
				e.data = ""
			}
			return e, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "":
			e.kind = "comment"
		case "event":
			e.kind = value
		case "data":
			e.data += value
		case "id":
			e.id, s.last = value, value
		case "retry":
			e.kind = "retry"
		}
	}
}

// next returns the next event that a page would see.
func (s *openStream) next() event {
	s.t.Helper()
	for {
		e, err := s.block()
		if err != nil {
			s.t.Fatalf("the stream ended: %v", err)
		}
		if e.data != "" {
			return e
		}
	}
}

// opened reads up to the position that ends the opening, and returns the
// events before it.
func (s *openStream) opened() (events []event) {
	s.t.Helper()
	for {
		e, err := s.block()
		if err != nil {
			s.t.Fatalf("the stream ended in its opening: %v", err)
		}
		if e.data != "" {
			events = append(events, e)
		} else if e.id != "" {
			return events
		}
	}
}

func (e event) incident(t *testing.T) faultline.Incident {
	t.Helper()
	var inc faultline.Incident
	if err := json.Unmarshal([]byte(e.data), &inc); err != nil || e.kind != "incident" {
		t.Fatalf("%s %q: %v", e.kind, e.data, err)
	}
	return inc
}

func TestStreamTellsChanges(t *testing.T) {
	n := newNode(t)
	first := incident(1, 1, 30)
	n.source.Publish(first)
	n.run()
	s := open(t, n.serve().URL+"/v1/stream", "")
	h := s.resp.Header
	if s.resp.StatusCode != 200 || h.Get("Content-Type") != "text/event-stream" ||
		h.Get("Cache-Control") != "no-store" ||
		h.Get("X-Accel-Buffering") != "no" || h.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d %v", s.resp.StatusCode, h)
	}
	if events := s.opened(); len(events) != 0 || s.last != position(1) {
		t.Errorf("opened with %v at %q", events, s.last)
	}
	n.source.Publish(incident(1, 2, 31))
	e := s.next()
	if inc := e.incident(t); inc.Revision != 2 || len(inc.Sites) != faultline.ListedSites || inc.SitesTotal != 31 ||
		e.id != position(2) {
		t.Errorf("got revision %d with %d sites at %s", inc.Revision, len(inc.Sites), e.id)
	}
	// The same bytes as the incident's own page, behind how old that is.
	if w := n.get("/v1/incidents/" + first.ID); !strings.HasSuffix(w.Body.String(), e.data[1:]) {
		t.Error("the stream and the page differ")
	}
}

func TestStreamSnapshot(t *testing.T) {
	n := newNode(t)
	for i, state := range []faultline.IncidentState{faultline.StateCandidate, faultline.StateResolved,
		faultline.StateConfirmed} {
		inc := incident(i, 1, 3)
		inc.State = state
		n.source.Publish(inc)
	}
	n.run()
	url := n.serve().URL + "/v1/stream?snapshot=1"
	s := open(t, url, "")
	events := s.opened()
	if len(events) != 2 || events[0].incident(t).ID != incident(2, 1, 3).ID || events[0].id != "" ||
		s.last != position(3) {
		t.Errorf("opened with %v at %q", events, s.last)
	}
	// Who comes back with the same URL is told what it missed instead.
	if events := open(t, url, position(2)).opened(); len(events) != 1 || events[0].id != position(3) {
		t.Errorf("resumed with %v", events)
	}
}

func TestStreamHeartbeat(t *testing.T) {
	n := newNode(t, func(_ *Config, _ *board.Config, s *stream.Config) { s.Heartbeat = time.Millisecond })
	n.run()
	s := open(t, n.serve().URL+"/v1/stream", "")
	for range 3 {
		for {
			e, err := s.block()
			if err != nil {
				t.Fatal(err)
			}
			if e.kind == "comment" {
				break
			}
		}
	}
}

// A server's own deadlines end requests; a stream outlives them.
func TestStreamOutlivesTheServersDeadlines(t *testing.T) {
	n := newNode(t, func(_ *Config, _ *board.Config, s *stream.Config) { s.Heartbeat = 20 * time.Millisecond })
	n.run()
	server := httptest.NewUnstartedServer(n.engine)
	limit := pace.Scale(2 * time.Second) // a busy machine must have opened the stream by then
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(n.streams.Close)
	s := open(t, server.URL+"/v1/stream", "")
	for began := time.Now(); time.Since(began) < 2*limit; {
		if _, err := s.block(); err != nil {
			t.Fatalf("cut off: %v", err)
		}
	}
}

// A client that takes nothing is dropped, and nobody waits for it.
func TestSlowClientIsDropped(t *testing.T) {
	n := newNode(t, func(_ *Config, _ *board.Config, s *stream.Config) {
		s.WriteDeadline = pace.Scale(200 * time.Millisecond)
	})
	n.run()
	var serving atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serving.Add(1)
		defer serving.Add(-1)
		n.engine.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(n.streams.Close)
	slow, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if err := slow.(*net.TCPConn).SetReadBuffer(1 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(slow, "GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	quick := open(t, server.URL+"/v1/stream", "")
	quick.opened()
	clients := n.streams.Count
	eventually(t, "both are there", func() bool { return clients() == 2 })
	const changes = 300
	for i := range changes { // some 60 MB for one who reads nothing
		inc := incident(0, i+1, 1)
		inc.Title = strings.Repeat("x", 200_000)
		n.source.Publish(inc)
		if e := quick.next(); e.id != position(i+1) {
			t.Fatalf("the quick one got %s, want %s", e.id, position(i+1))
		}
	}
	eventually(t, "the slow one is dropped", func() bool { return clients() == 1 })
	eventually(t, "and no stream has a goroutine", func() bool { return serving.Load() == 0 })
}

func TestStreamsAreBounded(t *testing.T) {
	n := newNode(t, func(_ *Config, _ *board.Config, s *stream.Config) {
		s.Max, s.Heartbeat = 2, 20*time.Millisecond // a heartbeat finds out who is gone
	})
	n.run()
	url := n.serve().URL + "/v1/stream"
	first := open(t, url, "")
	first.opened()
	open(t, url, "").opened()
	w := n.get("/v1/stream")
	wantProblem(t, w, http.StatusServiceUnavailable)
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	first.end()
	eventually(t, "a place is free", func() bool { return n.streams.Count() == 1 })
	open(t, url, "").opened()
}

// With the board closed the server stops at once, streams or not.
func TestStreamsEndWithTheBoard(t *testing.T) {
	for name, end := range map[string]func(n *node, stop func()){
		"closed":  func(n *node, _ func()) { n.streams.Close() },
		"stopped": func(_ *node, stop func()) { stop() },
	} {
		n := newNode(t)
		stop := n.run()
		server := n.serve()
		s := open(t, server.URL+"/v1/stream", "")
		s.opened()
		end(n, stop)
		if err := server.Config.Shutdown(pace.Context(t, pace.Limit)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.block(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: the stream goes on: %v", name, err)
		}
		wantProblem(t, n.get("/v1/stream"), http.StatusServiceUnavailable)
		if w := n.get("/v1/summary"); w.Code != http.StatusOK {
			t.Errorf("%s: reads end too: %d", name, w.Code)
		}
	}
}

func TestStreamRefuses(t *testing.T) {
	n := newNode(t)
	n.run()
	p := wantProblem(t, n.get("/v1/stream?snapshot=yes"), http.StatusBadRequest)
	if p.Errors[0].Parameter != "snapshot" {
		t.Errorf("errors %+v", p.Errors)
	}
	wantProblem(t, n.do(request{method: http.MethodHead, path: "/v1/stream"}), http.StatusMethodNotAllowed)
}
