package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"faultline"
)

// restartable starts nodes on one snapshot file.
func restartable(t *testing.T, file string) *node {
	t.Helper()
	n := newNode(t, func(c *Config, b *BoardConfig) { b.SnapshotFile = file })
	n.board.diskPause = time.Millisecond
	return n
}

// After a restart with the source away the node answers with what it last knew,
// says how old that is, and tells of nothing that a stream could resume from.
func TestRestartWithoutTheSource(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "snapshot.json.gz")
	before := restartable(t, file)
	inc := incident(0, 1, 30)
	before.source.tell(inc)
	stop := before.run()
	before.show(faultline.View{AsOf: t0.Add(time.Hour), Vantages: 3, Sites: []faultline.SiteStatus{{Site: "bbc.co.uk", State: faultline.SiteDown, Incidents: []string{inc.ID}}}})
	stop()

	after := restartable(t, file)
	after.source.fail(errors.New("away"))
	after.clock.add(time.Minute)
	after.run()
	for _, path := range []string{"/v1/incidents", "/v1/incidents/" + inc.ID, "/v1/incidents/" + inc.ID + "/sites", "/v1/summary",
		"/v1/sites/bbc.co.uk", "/v1/verdict?site=bbc.co.uk", "/v1/components/cdn/fastly"} {
		w := after.get(path)
		var body struct{ Meta Meta }
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
	after.source.tell(inc)
	after.source.tell(next)
	after.source.fail(nil)
	after.await(next)
}

// A damaged file is named and left out.
func TestDamagedSnapshot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "snapshot.json.gz")
	if err := writeDisk(file, onDisk{Version: diskVersion, View: faultline.View{AsOf: t0}}); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != keyFileMode {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	for name, text := range map[string][]byte{"cut": good[:len(good)/2], "empty": {}, "flipped": append([]byte{good[0] ^ 1}, good[1:]...)} {
		file := filepath.Join(t.TempDir(), "snapshot.json.gz") // the node before may still write its own
		if err := os.WriteFile(file, text, keyFileMode); err != nil {
			t.Fatal(err)
		}
		if _, err := readDisk(file); err == nil {
			t.Errorf("%s: was read", name)
		}
		n := restartable(t, file)
		n.source.tell(incident(0, 1, 1))
		n.run() // and works
	}
}
