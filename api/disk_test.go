package api

import (
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"

	"github.com/prometheus/client_golang/prometheus/testutil"
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
	if err := writeDisk(file, onDisk{Version: diskVersion, View: faultline.View{AsOf: t0}}.write); err != nil {
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
		file := filepath.Join(t.TempDir(), "snapshot.json.gz") // each node writes its own until the test ends
		if err := os.WriteFile(file, text, keyFileMode); err != nil {
			t.Fatal(err)
		}
		if err := readDisk(file, new(onDisk).read); err == nil {
			t.Errorf("%s: was read", name)
		}
		n := restartable(t, file)
		n.source.tell(incident(0, 1, 1))
		n.run()() // and works; it would write the file anew
	}
}

// memMap is a map in memory.
type memMap struct {
	mu       sync.Mutex
	version  int
	records  []faultline.SiteRecord
	recalled []faultline.SiteRecord
}

func (m *memMap) Version() int { m.mu.Lock(); defer m.mu.Unlock(); return m.version }
func (m *memMap) Records() iter.Seq[faultline.SiteRecord] {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Values(slices.Clone(m.records))
}
func (m *memMap) Recall(r faultline.SiteRecord) { m.recalled = append(m.recalled, r) }
func (m *memMap) put(r faultline.SiteRecord) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.version, m.records = m.version+1, append(m.records, r)
}

// The map comes back as it was, to the last share; it is written when it has
// changed, and not all the time.
func TestMapOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	start := func(kept *memMap) *node {
		n := newNode(t, func(_ *Config, b *BoardConfig) { b.SnapshotFile, b.Map = filepath.Join(dir, "snapshot.json.gz"), kept })
		n.board.diskPause = time.Millisecond
		return n
	}
	one := faultline.SiteRecord{At: t0, Site: "bbc.co.uk", Rank: 120, Components: []faultline.Component{"cdn:akamai", "cdn:fastly"},
		Shares: map[faultline.Component]float64{"cdn:akamai": 0.25}, Source: faultline.SourceObserved}
	two := faultline.SiteRecord{Site: "b.example"}
	held := &memMap{}
	n := start(held)
	stop := n.run()
	file := n.board.mapFile()
	written := func() []faultline.SiteRecord {
		again := &memMap{}
		start(again).board.recallMap()
		return again.recalled
	}
	n.show(faultline.View{AsOf: t0})
	held.put(one)
	eventually(t, "the map is written", func() bool { return reflect.DeepEqual(written(), []faultline.SiteRecord{one}) })
	held.put(two)
	before := testutil.ToFloat64(n.board.metrics.diskWrites)
	n.show(faultline.View{AsOf: t0.Add(time.Hour)})
	eventually(t, "something else is written", func() bool { return testutil.ToFloat64(n.board.metrics.diskWrites) > before })
	if got := written(); len(got) != 1 {
		t.Errorf("written again at once: %v", got)
	}
	n.clock.add(mapPause)
	eventually(t, "the map is written again", func() bool { return len(written()) == 2 })
	stop()

	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(good[:len(good)-1], good[len(good)-1]^1), keyFileMode); err != nil {
		t.Fatal(err)
	}
	damaged := start(&memMap{})
	damaged.board.recallMap()
	if !strings.Contains(damaged.logs.String(), "the map on disk is damaged") {
		t.Errorf("nothing is said of a damaged map: %s", damaged.logs)
	}
}
