package board

import (
	"bytes"
	"context"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/board/boardtest"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// start runs a Board on a source until the function that it returns is called.
func start(t *testing.T, cfg Config) (*Board, func()) {
	t.Helper()
	cfg.Pace = Pace{View: 5 * time.Millisecond, Retry: 5 * time.Millisecond, Disk: time.Millisecond}
	b := New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = b.Run(ctx) }()
	stop := sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	boardtest.Eventually(t, "the board loads", func() bool { return b.Ready() == nil })
	return b, stop
}

// A damaged file is named and left out.
func TestDamagedSnapshot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "snapshot.json.gz")
	if err := writeDisk(file,
		onDisk{Version: diskVersion, View: faultline.View{AsOf: boardtest.T0}}.write); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	for name, text := range map[string][]byte{"cut": good[:len(good)/2], "empty": {},
		"flipped": append([]byte{good[0] ^ 1}, good[1:]...)} {
		file := filepath.Join(t.TempDir(), "snapshot.json.gz") // each node writes its own until the test ends
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readDisk(file, new(onDisk).read); err == nil {
			t.Errorf("%s: was read", name)
		}
		source := boardtest.NewSource()
		source.Publish(boardtest.Incident(0, 1, 1))
		_, stop := start(t, Config{Source: source, Now: time.Now, SnapshotFile: file})
		stop() // it works; it would write the file again
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
	file := filepath.Join(t.TempDir(), "snapshot.json.gz")
	var mu sync.Mutex
	now := boardtest.T0
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	one := faultline.SiteRecord{
		At:         boardtest.T0,
		Site:       "bbc.co.uk",
		Rank:       120,
		Components: []faultline.Component{"cdn:akamai", "cdn:fastly"},
		Shares:     map[faultline.Component]float64{"cdn:akamai": 0.25},
		Source:     faultline.SourceObserved,
	}
	two := faultline.SiteRecord{Site: "b.example"}
	held, source := &memMap{}, boardtest.NewSource()
	b, stop := start(t, Config{Source: source, Now: clock, SnapshotFile: file, Map: held})
	written := func() []faultline.SiteRecord {
		again := &memMap{}
		New(Config{Source: boardtest.NewSource(), Now: clock, SnapshotFile: file, Map: again}).recallMap()
		return again.recalled
	}
	source.See(faultline.View{AsOf: boardtest.T0})
	held.put(one)
	boardtest.Eventually(
		t,
		"the map is written",
		func() bool { return reflect.DeepEqual(written(), []faultline.SiteRecord{one}) },
	)
	held.put(two)
	before := testutil.ToFloat64(b.metrics.diskWrites)
	source.See(faultline.View{AsOf: boardtest.T0.Add(time.Hour)})
	boardtest.Eventually(
		t,
		"something else is written",
		func() bool { return testutil.ToFloat64(b.metrics.diskWrites) > before },
	)
	if got := written(); len(got) != 1 {
		t.Errorf("written again at once: %v", got)
	}
	mu.Lock()
	now = now.Add(mapPause)
	mu.Unlock()
	boardtest.Eventually(t, "the map is written again", func() bool { return len(written()) == 2 })
	stop()

	wantDamageIsSaid(t, b.mapFile(), Config{Source: boardtest.NewSource(), Now: clock, SnapshotFile: file})
}

// wantDamageIsSaid changes a file that holds a list of sites, and fails the test unless
// a board that reads it says so.
func wantDamageIsSaid(t *testing.T, name string, cfg Config) {
	t.Helper()
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(good[:len(good)-1], good[len(good)-1]^1), 0o600); err != nil {
		t.Fatal(err)
	}
	var logs bytes.Buffer
	cfg.Map, cfg.Log = &memMap{}, slog.New(slog.NewTextHandler(&logs, nil))
	New(cfg).recallMap()
	if !strings.Contains(logs.String(), "the list of sites on disk is damaged") {
		t.Errorf("nothing is said of a damaged map: %s", logs.String())
	}
}
