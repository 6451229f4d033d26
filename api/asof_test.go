package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/board/page"
	"faultline/scenario/history"
)

// asOf is the query that asks for what was said at a time.
func asOf(at time.Time) string { return "?as_of=" + url.QueryEscape(at.Format(time.RFC3339Nano)) }

func TestAsOfIsWhatTheStreamSaidThenForEveryRevisionOfAReplay(t *testing.T) {
	n := newNode(t)
	r, err := history.Open("dyn-2016-10-21")
	if err != nil {
		t.Fatal(err)
	}
	var last faultline.Incident
	for _, inc := range r.Revisions {
		n.source.Publish(inc)
		last = inc
	}
	n.run()
	n.await(last)
	for i, inc := range r.Revisions {
		if i+1 < len(r.Revisions) && r.Revisions[i+1].ID == inc.ID && r.Revisions[i+1].UpdatedAt.Equal(inc.UpdatedAt) {
			continue // the next one was said at the same moment
		}
		said, err := page.Render(inc.Listed())
		if err != nil {
			t.Fatal(err)
		}
		w := n.get("/v1/incidents/" + inc.ID + asOf(inc.UpdatedAt))
		if w.Code != http.StatusOK || !strings.HasSuffix(w.Body.String(), ","+string(said[1:])) {
			t.Fatalf("revision %d: %d %s", inc.Revision, w.Code, w.Body)
		}
		if cache := w.Header().Get("Cache-Control"); !strings.Contains(cache, "immutable") {
			t.Fatalf("revision %d may be kept for %s", inc.Revision, cache)
		}
		list := decode[IncidentList](t, n.get("/v1/incidents"+asOf(inc.UpdatedAt)).Body)
		if held := len(list.Incidents) == 1 && list.Incidents[0].Revision == inc.Revision; held != inc.State.Open() {
			t.Fatalf("revision %d, %s: the list has %d", inc.Revision, inc.State, len(list.Incidents))
		}
	}
}

func TestAsOfRefusesWhatCanNotBeAnswered(t *testing.T) {
	n := newNode(t)
	first := incident(0, 1, 3)
	n.source.Publish(first)
	n.run()
	n.await(first)
	path := "/v1/incidents/" + first.ID
	for query, want := range map[string]int{
		path + asOf(first.UpdatedAt.Add(-time.Second)):                http.StatusNotFound,
		path + asOf(n.clock.Now().Add(time.Hour)):                     http.StatusBadRequest,
		path + "?as_of=yesterday":                                     http.StatusBadRequest,
		"/v1/incidents" + asOf(first.UpdatedAt) + "&overlapping=true": http.StatusBadRequest,
	} {
		if w := n.get(query); w.Code != want {
			t.Errorf("%s: %d, want %d: %s", query, w.Code, want, w.Body)
		}
	}
}
