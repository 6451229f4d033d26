package api

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/boardtest"
)

// What the source loses contact with is served on, and what happened meanwhile
// is told once it is back: no reset, no gap.
func TestSourceComesBack(t *testing.T) {
	n := newNode(t)
	inc := incident(0, 1, 30)
	n.source.Publish(inc)
	n.run()
	s := open(t, n.serve().URL+"/v1/stream", "")
	s.opened()
	loads := n.source.Count("incidents")
	n.source.Fail(errors.New("gone"))
	failing := n.source.Count("changes")
	eventually(t, "the board tries again", func() bool { return n.source.Count("changes") > failing+2 })
	for _, path := range []string{"/v1/incidents/" + inc.ID, "/v1/incidents/" + inc.ID + "/sites", "/v1/incidents",
		"/v1/summary",
		"/v1/sites/bbc.co.uk", "/v1/incidents/" + inc.ID + "/revisions/1"} {
		if w := n.get(path); w.Code != http.StatusOK {
			t.Errorf("%s without the source: %d", path, w.Code)
		}
	}
	n.source.Publish(incident(0, 2, 31))
	n.source.Publish(incident(0, 3, 32))
	n.source.Fail(nil)
	for want := 2; want <= 3; want++ {
		if e := s.next(); e.incident(t).Revision != want || e.id != position(want) {
			t.Errorf("got %s, want position %d", e.id, want)
		}
	}
	n.source.Fail(errors.New("gone again")) // all sites of what was followed are in memory too
	if got := decode[IncidentSites](t, n.get("/v1/incidents/"+inc.ID+"/sites").Body); len(got.Sites) != 32 {
		t.Errorf("%d sites", len(got.Sites))
	}
	if n.source.Count("incidents") != loads {
		t.Error("everything was read anew though nothing was lost")
	}
}

// If changes were dropped while the board did not look, or the source came back
// empty, everything is read anew and streams are told to start over.
func TestSourceForgets(t *testing.T) {
	for name, forget := range map[string]func(m *boardtest.Source){
		"trimmed": func(m *boardtest.Source) {
			m.Kept = 5
			for i := range 50 {
				m.Publish(incident(1, i+1, 1))
			}
		},
		"empty": func(m *boardtest.Source) {
			m.Mu.Lock()
			defer m.Mu.Unlock()
			m.Sent, m.Seq, m.Revised, m.Version = nil, 0, map[string][]faultline.Incident{}, 0
		},
	} {
		n := newNode(t)
		n.source.Publish(incident(0, 1, 1))
		n.source.Publish(incident(0, 2, 1))
		n.run()
		n.show(faultline.View{AsOf: t0, SitesKnown: 7})
		s := open(t, n.serve().URL+"/v1/stream", "")
		s.opened()
		n.source.Fail(errors.New("gone"))
		tries := n.source.Count("changes")
		eventually(t, "the board notices", func() bool { return n.source.Count("changes") > tries })
		forget(n.source)
		n.source.Fail(nil)
		if e := s.next(); e.kind != "reset" {
			t.Errorf("%s: told %s %s", name, e.kind, e.id)
		}
		list := decode[IncidentList](t, n.get("/v1/incidents").Body)
		if name == "empty" && len(list.Incidents) != 0 || name == "trimmed" &&
			(len(list.Incidents) != 2 || list.Incidents[0].Revision != 50) {
			t.Errorf("%s: the list has %d incidents", name, len(list.Incidents))
		}
		n.source.See(faultline.View{AsOf: t0.Add(time.Second), SitesKnown: 8}) // may bear a version that was seen
		n.show(faultline.View{AsOf: t0.Add(2 * time.Second), SitesKnown: 8})
		fresh := incident(2, 1, 1) // and it goes on
		n.source.Publish(fresh)
		if e := s.next(); e.incident(t).ID != fresh.ID {
			t.Errorf("%s: told %s", name, e.data)
		}
	}
}

// The first change there ever is reaches who came before it.
func TestFirstChange(t *testing.T) {
	n := newNode(t)
	n.run()
	url := n.serve().URL + "/v1/stream"
	s := open(t, url, "")
	if s.opened(); s.last != board.Beginning {
		t.Fatalf("at %q", s.last)
	}
	n.source.Publish(incident(0, 1, 1))
	if e := s.next(); e.id != position(1) {
		t.Errorf("got %s", e.id)
	}
	if events := open(t, url, board.Beginning).opened(); len(events) != 1 {
		t.Errorf("resumed from the board.Beginning with %d events", len(events))
	}
}

// Before the incidents were read nothing is shown, even if the view is there:
// an empty list would be a wrong answer.
func TestNothingIsShownByHalves(t *testing.T) {
	n := newNode(t)
	n.source.Publish(incident(0, 1, 1))
	n.source.See(faultline.View{AsOf: t0})
	n.source.NoList = errors.New("not yet")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = n.board.Run(ctx) }()
	defer func() { cancel(); <-done }()
	eventually(t, "the board tries for long", func() bool { return n.source.Count("incidents") > 5 })
	if n.board.Ready() == nil {
		t.Error("ready without incidents")
	}
	wantProblem(t, n.get("/v1/incidents"), http.StatusServiceUnavailable)
	n.source.Mu.Lock()
	n.source.NoList = nil
	n.source.Mu.Unlock()
	eventually(t, "the board loads", func() bool { return n.board.Ready() == nil })
	if got := decode[IncidentList](t, n.get("/v1/incidents").Body); len(got.Incidents) != 1 || got.Meta.AsOf == nil {
		t.Errorf("%+v", got)
	}
}

// A burst larger than one read is followed whole.
func TestBurst(t *testing.T) {
	n := newNode(t)
	n.source.Publish(incident(0, 1, 1))
	n.run()
	url := n.serve().URL + "/v1/stream"
	s := open(t, url, "")
	s.opened()
	n.source.Fail(errors.New("gone"))
	const burst = 3 * 256
	for i := range burst {
		n.source.Publish(incident(i, 2, 25))
	}
	n.source.Fail(nil)
	last := incident(burst-1, 2, 25)
	n.await(last)
	if got := decode[IncidentSites](t, n.get("/v1/incidents/"+last.ID+"/sites").Body); len(got.Sites) != 25 {
		t.Errorf("%d sites", len(got.Sites))
	}
	s.end()
	if events := open(t, url, position(1)).opened(); len(events) != burst {
		t.Errorf("%d events", len(events))
	}
}
