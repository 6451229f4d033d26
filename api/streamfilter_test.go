package api

import (
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// A client hears of what it chose, and of what leaves its choice, live as after
// a break.
func TestStreamFilters(t *testing.T) {
	n := newNode(t)
	n.source.Publish(caused(9, "dns:dyn", "x.example"))
	n.run()
	url := n.serve().URL + "/v1/stream?state=open&kind=cdn"
	s := open(t, url, "")
	s.opened()
	fastly, dns := caused(0, "cdn:fastly", "a.example"), caused(1, "dns:dyn", "b.example")
	over := fastly
	over.Revision, over.State = 2, faultline.StateResolved
	still := over
	still.Revision, still.Title = 3, "A statement came late"
	again := caused(2, "cdn:cloudfront", "c.example")
	for _, inc := range []faultline.Incident{fastly, dns, over, still, again} {
		n.source.Publish(inc)
	}
	n.await(again)
	for name, s := range map[string]*openStream{"live": s, "resumed": open(t, url, position(1))} {
		for _, want := range []faultline.Incident{fastly, over, again} {
			if e := s.next(); e.incident(t).ID != want.ID || e.incident(t).Revision != want.Revision {
				t.Errorf("%s: got %s revision %d, want %s revision %d", name, e.incident(t).ID, e.incident(t).Revision,
					want.ID, want.Revision)
			}
		}
	}
	if events := open(t, url+"&snapshot=1", "").opened(); len(events) != 1 || events[0].incident(t).ID != again.ID {
		t.Errorf("the snapshot of what is chosen: %v", events)
	}
	wantProblem(t, n.get("/v1/stream?kind=fastly"), 400)
}

// Who chose little is told how far the stream has come, and can resume from there.
func TestFilteredStreamsMoveOn(t *testing.T) {
	n := newNode(t, func(_ *Config, _ *board.Config, s *stream.Config) { s.Heartbeat = 5 * time.Millisecond })
	n.run()
	s := open(t, n.serve().URL+"/v1/stream?site=bbc.co.uk", "")
	s.opened()
	n.source.Publish(incident(0, 1, 3))
	for s.last != position(1) {
		if e, err := s.block(); err != nil || e.data != "" {
			t.Fatalf("%v %v", e, err)
		}
	}
}
