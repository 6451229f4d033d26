package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/pace"
	"faultline/store/storetest"
)

// TestConformance runs the same suite on every kind of Redis. The in-process one
// is what a first try runs on; what passes on it alone proves nothing.
func TestConformance(t *testing.T) {
	server := func(start func(testing.TB) string) func(*testing.T) backend {
		return func(t *testing.T) backend { return backend{url: start(t), advance: func(time.Duration) {}} }
	}
	backends := map[string]func(*testing.T) backend{
		"miniredis": func(t *testing.T) backend {
			m := miniredis.RunT(t)
			return backend{url: "redis://" + m.Addr(), advance: m.FastForward}
		},
		"server":   server(storetest.Start),
		"cluster":  server(storetest.StartCluster),
		"sentinel": server(storetest.StartSentinel),
	}
	for name, start := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			for _, c := range conformance {
				t.Run(c.name, func(t *testing.T) { c.run(t, b.open(t)) })
			}
		})
	}
}

var conformance = []struct {
	name string
	run  func(*testing.T, *fixture)
}{
	{"epoch", testEpoch},
	{"no log", testNoLog},
	{"log", testLog},
	{"repeats", testRepeats},
	{"poison", testPoison},
	{"waiting", testWaiting},
	{"limits", testLimits},
	{"trim", testTrim},
	{"lease", testLease},
	{"fence", testFence},
	{"revisions", testRevisions},
	{"incidents", testIncidents},
	{"older incidents", testOlder},
	{"revisions at once", testRevisionsAtOnce},
	{"record", testRecord},
	{"changes", testChanges},
	{"changes trimmed", testChangesTrimmed},
	{"view", testView},
	{"series", testSeries},
	{"series refused", testSeriesRefused},
	{"concentration", testConcentration},
	{"checkpoint", testCheckpoint},
	{"checkpoint crash", testCheckpointCrash},
	{"checkpoint order", testCheckpointOrder},
	{"a chunk is lost", testChunkLost},
	{"generations", testGenerations},
	{"adopt", testAdopt},
	{"the end of the log is lost", testLostEnd},
	{"lost revisions", testLostRevisions},
	{"time of an entry", testEntryTime},
	{"position of the view", testViewPos},
	{"damaged generations", testDamagedGenerations},
	{"a flip of another release", testForeignFlip},
	{"revoked", testRevoked},
	{"public keys", testPublicKeys},
	{"webhooks", testWebhooks},
	{"webhooks of one owner", testWebhooksOfOneOwner},
	{"subscriptions of browsers", testPushes},
	{"key of notifications", testPushKey},
	{"daily key", testDailyKey},
	{"wishes", testCheckRequests},
	{"checks", testChecks},
	{"checks are bounded", testChecksAreBounded},
	{"vantages", testVantages},
	{"added vantages", testAddedVantages},
	{"notices", testNotices},
	{"notices of a full table", testFullNotices},
	{"keys that people make", testMadeKeys},
	{"quotas", testQuotas},
	{"many quotas", testManyQuotas},
	{"archive", testArchive},
	{"archive is read at one moment", testArchiveOfOneMoment},
	{"holdings of the archive", testHoldings},
	{"key registry", testRegistry},
}

// backend is a running Redis. Its advance moves a clock that does not move by
// itself.
type backend struct {
	url     string
	advance func(time.Duration)
}

// fixture is an empty store on a backend.
type fixture struct {
	*Store
	backend
	metrics *prometheus.Registry
	now     time.Time
}

// patient are parameters for a machine that has other things to do as well: no
// test here is about how long an answer takes.
const patient = "?dial_timeout=20s&read_timeout=20s&write_timeout=20s&pool_timeout=20s"

func (b backend) open(t *testing.T) *fixture {
	t.Helper()
	b.url += patient
	metrics := prometheus.NewRegistry()
	s, err := Open(t.Context(), Config{URL: b.url, Durable: true, Registerer: metrics})
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	ok(t, s.writes.FlushAll(t.Context()).Err())
	return &fixture{Store: s, backend: b, metrics: metrics, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

// metric is the value of a counter, of the one with that label if it has any.
func (f *fixture) metric(t *testing.T, name, label string) float64 {
	t.Helper()
	families, err := f.metrics.Gather()
	ok(t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// lead makes the log and takes the lease.
func (f *fixture) lead(t *testing.T) Lease {
	t.Helper()
	_, err := f.Epoch(t.Context(), f.now)
	ok(t, err)
	return f.succeed(t, "a")
}

// succeed takes the lease once it is free.
func (f *fixture) succeed(t *testing.T, holder string) Lease {
	t.Helper()
	var l Lease
	f.until(t, "the lease is free", func() bool {
		got, free, err := f.Acquire(t.Context(), holder, 50*time.Millisecond, f.now)
		ok(t, err)
		l = got
		return free
	})
	return l
}

// until waits for something that only Redis's own clock brings about.
func (f *fixture) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	asked := false
	pace.Eventually(t, what, func() bool {
		if asked {
			f.advance(5 * time.Millisecond)
		}
		asked = true
		return done()
	})
}

// drain reads until there is no more.
func drain(t *testing.T, r *Reader) []Batch {
	t.Helper()
	var all []Batch
	for {
		before := r.Cursor().Pos
		got, err := r.Next(t.Context(), 0)
		ok(t, err)
		if all = append(all, got...); r.Cursor().Pos == before {
			return all
		}
	}
}

// contents is everything in Redis that does not end by itself, for comparison.
func (f *fixture) contents(t *testing.T) map[string]string {
	t.Helper()
	ctx, all := t.Context(), map[string]string{}
	for _, key := range f.keys(t) {
		if key == keyLease {
			continue
		}
		var v any
		var err error
		switch kind := f.writes.Type(ctx, key).Val(); kind {
		case "string":
			v, err = f.writes.Get(ctx, key).Result()
		case "hash":
			v, err = f.writes.HGetAll(ctx, key).Result()
		case "zset":
			v, err = f.writes.ZRangeWithScores(ctx, key, 0, -1).Result()
		case "list":
			v, err = f.writes.LRange(ctx, key, 0, -1).Result()
		case "stream":
			v, err = f.writes.XRange(ctx, key, "-", "+").Result()
		default:
			t.Fatalf("%s is a %s", key, kind)
		}
		ok(t, err)
		all[key] = fmt.Sprintf("%q", v)
	}
	return all
}

// unchanged compares with what contents returned before.
func (f *fixture) unchanged(t *testing.T, before map[string]string) {
	t.Helper()
	after := f.contents(t)
	if maps.Equal(after, before) {
		return
	}
	for key := range after {
		if after[key] != before[key] {
			t.Errorf("%s has changed", key)
		}
	}
	t.Fatalf("there were %d keys and are %d", len(before), len(after))
}

func (f *fixture) keys(t *testing.T) []string {
	t.Helper()
	var all []string
	scan := func(ctx context.Context, c redis.Cmdable) error {
		it := c.Scan(ctx, 0, "*", 100).Iterator()
		for it.Next(ctx) {
			all = append(all, it.Val())
		}
		return it.Err()
	}
	if c, many := f.writes.(*redis.ClusterClient); many {
		ok(t, c.ForEachMaster(t.Context(), func(ctx context.Context, c *redis.Client) error { return scan(ctx, c) }))
		return all
	}
	ok(t, scan(t.Context(), f.writes))
	return all
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %#v\nwant %#v", got, want)
	}
}

// sameJSON compares what has pointers and zones by what the world gets to see.
func sameJSON(t *testing.T, got, want any) {
	t.Helper()
	g, err := json.Marshal(got)
	ok(t, err)
	w, err := json.Marshal(want)
	ok(t, err)
	if string(g) != string(w) {
		t.Fatalf("got  %s\nwant %s", g, w)
	}
}

func tickAt(at time.Time) []faultline.Event { return []faultline.Event{faultline.Tick{At: at}} }
