package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"faultline"
)

// What the source loses contact with is served on, and what happened meanwhile
// is told once it is back: no reset, no gap.
func TestSourceComesBack(t *testing.T) {
	n := newNode(t)
	inc := incident(0, 1, 30)
	n.source.tell(inc)
	n.run()
	s := open(t, n.serve().URL+"/v1/stream", "")
	s.opened()
	loads := n.source.count("incidents")
	n.source.fail(errors.New("gone"))
	failing := n.source.count("changes")
	eventually(t, "the board tries again", func() bool { return n.source.count("changes") > failing+2 })
	for _, path := range []string{"/v1/incidents/" + inc.ID, "/v1/incidents/" + inc.ID + "/sites", "/v1/incidents", "/v1/summary",
		"/v1/sites/bbc.co.uk", "/v1/incidents/" + inc.ID + "/revisions/1"} {
		if w := n.get(path); w.Code != http.StatusOK {
			t.Errorf("%s without the source: %d", path, w.Code)
		}
	}
	n.source.tell(incident(0, 2, 31))
	n.source.tell(incident(0, 3, 32))
	n.source.fail(nil)
	for want := 2; want <= 3; want++ {
		if e := s.next(); e.incident(t).Revision != want || e.id != position(want) {
			t.Errorf("got %s, want position %d", e.id, want)
		}
	}
	n.source.fail(errors.New("gone again")) // all sites of what was followed are in memory too
	if got := decode[IncidentSites](t, n.get("/v1/incidents/"+inc.ID+"/sites").Body); len(got.Sites) != 32 {
		t.Errorf("%d sites", len(got.Sites))
	}
	if n.source.count("incidents") != loads {
		t.Error("everything was read anew though nothing was lost")
	}
}

// If changes were dropped while the board did not look, or the source came back
// empty, everything is read anew and streams are told to start over.
func TestSourceForgets(t *testing.T) {
	for name, forget := range map[string]func(m *memSource){
		"trimmed": func(m *memSource) {
			m.kept = 5
			for i := range 50 {
				m.tell(incident(1, i+1, 1))
			}
		},
		"empty": func(m *memSource) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.changes, m.seq, m.revisions, m.version = nil, 0, map[string][]faultline.Incident{}, 0
		},
	} {
		n := newNode(t)
		n.source.tell(incident(0, 1, 1))
		n.source.tell(incident(0, 2, 1))
		n.run()
		n.show(faultline.View{AsOf: t0, SitesKnown: 7})
		s := open(t, n.serve().URL+"/v1/stream", "")
		s.opened()
		n.source.fail(errors.New("gone"))
		tries := n.source.count("changes")
		eventually(t, "the board notices", func() bool { return n.source.count("changes") > tries })
		forget(n.source)
		n.source.fail(nil)
		if e := s.next(); e.kind != "reset" {
			t.Errorf("%s: told %s %s", name, e.kind, e.id)
		}
		list := decode[IncidentList](t, n.get("/v1/incidents").Body)
		if name == "empty" && len(list.Incidents) != 0 || name == "trimmed" && (len(list.Incidents) != 2 || list.Incidents[0].Revision != 50) {
			t.Errorf("%s: the list has %d incidents", name, len(list.Incidents))
		}
		n.source.see(faultline.View{AsOf: t0.Add(time.Second), SitesKnown: 8}) // may bear a version that was seen
		n.show(faultline.View{AsOf: t0.Add(2 * time.Second), SitesKnown: 8})
		fresh := incident(2, 1, 1) // and it goes on
		n.source.tell(fresh)
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
	if s.opened(); s.last != beginning {
		t.Fatalf("at %q", s.last)
	}
	n.source.tell(incident(0, 1, 1))
	if e := s.next(); e.id != position(1) {
		t.Errorf("got %s", e.id)
	}
	if events := open(t, url, beginning).opened(); len(events) != 1 {
		t.Errorf("resumed from the beginning with %d events", len(events))
	}
}

// So many first changes at once that some may have been dropped before they
// were seen: then they are not taken for all there were.
func TestFirstChangesMayBeTooMany(t *testing.T) {
	n := newNode(t)
	for i := range ringSize {
		u, synced, err := n.board.readNext(t.Context(), beginning)
		if i%100 == 0 && (err != nil || !synced || len(u.changes) != i) {
			t.Fatalf("after %d: %d changes, %t, %v", i, len(u.changes), synced, err)
		}
		n.source.tell(incident(0, i+1, 1))
	}
	if u, synced, err := n.board.readNext(t.Context(), beginning); err != nil || synced || len(u.changes) != 0 {
		t.Errorf("took %d changes, %t, %v", len(u.changes), synced, err)
	}
}

// Before the incidents were read nothing is shown, even if the view is there:
// an empty list would be a wrong answer.
func TestNothingIsShownByHalves(t *testing.T) {
	n := newNode(t)
	n.source.tell(incident(0, 1, 1))
	n.source.see(faultline.View{AsOf: t0})
	n.source.noList = errors.New("not yet")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = n.board.Run(ctx) }()
	defer func() { cancel(); <-done }()
	eventually(t, "the board tries for long", func() bool { return n.source.count("incidents") > 5 })
	if n.board.Ready() == nil {
		t.Error("ready without incidents")
	}
	wantProblem(t, n.get("/v1/incidents"), http.StatusServiceUnavailable)
	n.source.mu.Lock()
	n.source.noList = nil
	n.source.mu.Unlock()
	eventually(t, "the board loads", func() bool { return n.board.Ready() == nil })
	if got := decode[IncidentList](t, n.get("/v1/incidents").Body); len(got.Incidents) != 1 || got.Meta.AsOf == nil {
		t.Errorf("%+v", got)
	}
}

// A burst larger than one read is followed whole.
func TestBurst(t *testing.T) {
	n := newNode(t)
	n.source.tell(incident(0, 1, 1))
	n.run()
	url := n.serve().URL + "/v1/stream"
	s := open(t, url, "")
	s.opened()
	n.source.fail(errors.New("gone"))
	const burst = 3 * followBatch
	for i := range burst {
		n.source.tell(incident(i, 2, 25))
	}
	n.source.fail(nil)
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

// Memory is bounded: the oldest closed incidents go, open ones stay, and long
// lists of sites are left to the source.
func TestBoardForgets(t *testing.T) {
	entries := map[string]*entry{}
	for i := range maxIncidents + 50 {
		inc := incident(i, 1, 1)
		inc.ID = fmt.Sprint("inc_", i)
		if inc.State = faultline.StateResolved; i < 10 {
			inc.State = faultline.StateConfirmed
		}
		e, err := newEntry(inc, "")
		if err != nil {
			t.Fatal(err)
		}
		entries[inc.ID] = e
	}
	order, floor := arrange(entries)
	if len(order) != maxIncidents+10 || len(entries) != len(order) {
		t.Errorf("%d kept, %d known", len(order), len(entries))
	}
	if entries["inc_10"] != nil || entries["inc_9"] == nil || entries[fmt.Sprint("inc_", maxIncidents+49)] == nil {
		t.Error("the wrong ones were forgotten")
	}
	if floor != cursorOf(&order[maxIncidents-1].inc) {
		t.Errorf("nothing is said to lack down to %v", floor)
	}
	long := incident(0, 1, 30)
	for range maxKeptSites {
		long.Sites = append(long.Sites, long.Sites[0])
	}
	long.SitesTotal = len(long.Sites)
	recent := incident(1, 1, 30)
	entries = map[string]*entry{}
	for _, inc := range []faultline.Incident{long, recent} {
		entries[inc.ID], _ = newEntry(inc, "")
	}
	if _, floor := arrange(entries); floor != (cursor{}) {
		t.Errorf("of two, some lack behind %v", floor)
	}
	if e := entries[long.ID]; e.complete || len(e.inc.Sites) != faultline.ListedSites || cap(e.inc.Sites) > 2*faultline.ListedSites {
		t.Errorf("the long one keeps %d sites", len(e.inc.Sites))
	}
	if e := entries[recent.ID]; !e.complete || len(e.inc.Sites) != 30 {
		t.Error("the recent one lost its sites")
	}
}

// A page cache keeps within its bytes and still answers.
func TestPageCache(t *testing.T) {
	c := newPageCache()
	rendered := 0
	get := func(key string) {
		p, err := c.get(key, func() (*page, error) { rendered++; return pageOf(make([]byte, maxCachedBytes/3)), nil })
		if err != nil || len(p.identity.body) == 0 {
			t.Fatal(p, err)
		}
	}
	for range 2 {
		for key := range 5 {
			get(fmt.Sprint(key))
		}
	}
	if rendered != 5+3 || c.bytes > maxCachedBytes {
		t.Errorf("rendered %d times, %d bytes kept", rendered, c.bytes)
	}
}
