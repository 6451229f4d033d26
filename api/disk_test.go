package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// restartable starts nodes on one snapshot file.
func restartable(t *testing.T, file string) *node {
	t.Helper()
	n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.SnapshotFile = file })
	return n
}

// After a restart with the source away the node answers with what it last knew,
// says how old that is, and tells of nothing that a stream could resume from.
func TestRestartWithoutTheSource(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "snapshot.json.gz")
	before := restartable(t, file)
	inc := incident(0, 1, 30)
	before.source.Publish(inc)
	stop := before.run()
	before.show(faultline.View{AsOf: t0.Add(time.Hour), Vantages: 3,
		Sites: []faultline.SiteStatus{{Site: "bbc.co.uk", State: faultline.SiteDown, Incidents: []string{inc.ID}}}})
	stop()

	after := restartable(t, file)
	after.source.Fail(errors.New("away"))
	after.clock.add(time.Minute)
	after.run()
	for _, path := range []string{"/v1/incidents", "/v1/incidents/" + inc.ID, "/v1/incidents/" + inc.ID + "/sites",
		"/v1/summary",
		"/v1/sites/bbc.co.uk", "/v1/verdict?site=bbc.co.uk", "/v1/components/cdn/fastly"} {
		w := after.get(path)
		var body struct{ Meta board.Meta }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		age, _ := strconv.Atoi(w.Header().Get("Age"))
		if w.Code != http.StatusOK || !body.Meta.Stale || body.Meta.Vantages != 3 || age != 60 {
			t.Errorf("%s: %d, Age %q, %s", path, w.Code, w.Header().Get("Age"), w.Body)
		}
	}
	if got := decode[IncidentSites](t, after.get("/v1/incidents/"+inc.ID+"/sites").Body); len(got.Sites) != 30 {
		t.Errorf("%d sites", len(got.Sites))
	}
	s := open(t, after.serve().URL+"/v1/stream?last_event_id="+position(1), "")
	if events := s.opened(); len(events) != 1 || events[0].kind != "reset" {
		t.Errorf("opened with %v", events)
	}
	// Once the source is back, it counts.
	next := incident(0, 2, 31)
	after.source.Publish(inc)
	after.source.Publish(next)
	after.source.Fail(nil)
	after.await(next)
}
