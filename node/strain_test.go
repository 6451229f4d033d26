package node

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline/pace"
	"faultline/store/storetest"
)

// post sends a report of a site and returns the status of the answer.
func (r *running) post(site string) int {
	r.t.Helper()
	body := bytes.NewBufferString(fmt.Sprintf(`{"site":%q}`, site))
	resp, err := http.Post(r.url+"/v1/reports", "application/json", body)
	if err != nil {
		r.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// metric is the value of a metric without labels.
func (r *running) metric(name string) float64 {
	r.t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	r.t.Fatalf("there is no metric %s", name)
	return 0
}

// While a Redis is silent, what is sent is refused at once instead of being tried again
// and again; when it answers, it is taken again.
func TestASilentRedisIsNotWaitedFor(t *testing.T) {
	way, url := storetest.Between(t, storetest.Start(t))
	n := start(t, url)
	if got := n.post("bbc.co.uk"); got != http.StatusAccepted {
		t.Fatalf("a report is answered %d", got)
	}
	end := way.Silence()
	defer end()
	pace.Eventually(t, "the silence is noticed", func() bool { return n.metric("faultline_store_silent") == 1 })
	retries := n.metric("faultline_ingest_flush_retries_total")
	slowest := time.Duration(0)
	for range 10 {
		for _, site := range []string{"cnn.com", "reddit.com", "github.com"} {
			began := time.Now()
			if got := n.post(site); got != http.StatusServiceUnavailable {
				t.Errorf("a report is answered %d", got)
			}
			slowest = max(slowest, time.Since(began))
		}
	}
	t.Logf("the slowest refusal took %d ms", slowest.Milliseconds())
	if got := n.metric("faultline_ingest_flush_retries_total"); got != retries {
		t.Errorf("%g attempts were repeated", got-retries)
	}
	if got := n.get("/v1/summary", nil); got != http.StatusOK {
		t.Errorf("reads are answered %d", got)
	}
	end()
	pace.Eventually(t, "reports are taken again", func() bool { return n.post("cnn.com") == http.StatusAccepted })
}

// A node whose Redis is 260 ms away does what any other does.
func TestANodeFarFromItsRedis(t *testing.T) {
	way, url := storetest.Between(t, storetest.Start(t))
	way.SetRoundTrip(260 * time.Millisecond)
	n := start(t, url, func(cfg *Config) { cfg.LeaseTTL = 3 * time.Second })
	pace.Eventually(t, "it leads", n.leads)
	pace.Eventually(t, "a report is taken", func() bool { return n.post("bbc.co.uk") == http.StatusAccepted })
	pace.Eventually(t, "it is counted", func() bool { return n.reports() == 1 })
	if got := n.metric("faultline_store_round_trip_seconds"); got < 0.2 {
		t.Errorf("the round trip is measured as %g s", got)
	}
}

// The door takes nothing more before the memory of Redis is full, so that the leader can
// go on, which then makes room alone.
func TestAFullRedisRecoversAlone(t *testing.T) {
	url := storetest.Start(t)
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { raw.Close() })
	// A lease that it loses for want of memory, and not because the machine is busy.
	n := start(t, url, func(cfg *Config) { cfg.LeaseTTL = pace.Scale(3 * time.Second) })
	pace.Eventually(t, "it leads", n.leads)
	const headroom = 32 << 20
	limit := int64(n.metric("faultline_store_memory_bytes")) + headroom
	if err := raw.ConfigSet(t.Context(), "maxmemory", fmt.Sprint(limit)).Err(); err != nil {
		t.Fatal(err)
	}
	pace.Eventually(t, "the limit is seen", func() bool {
		return int64(n.metric("faultline_store_memory_limit_bytes")) == limit
	})
	ballast := strings.Repeat("x", 1<<20) // an entry that nobody can read
	pace.Eventually(t, "reports are refused while Redis still takes a write", func() bool {
		if used, err := n.store.Memory(t.Context()); err == nil && used.Free() > headroom/16 {
			raw.XAdd(t.Context(), &redis.XAddArgs{Stream: "{faultline}:log", Values: []any{"b", ballast}})
		}
		if !strings.Contains(n.problem("/readyz/write"), "almost full") {
			return false
		}
		// A report that Redis itself refuses is answered 503 as well, so that the metric
		// must show that it was not sent to Redis.
		shed := n.metric("faultline_ingest_shed_total")
		return n.post("cnn.com") == http.StatusServiceUnavailable &&
			n.metric("faultline_ingest_shed_total") > shed &&
			raw.Set(t.Context(), "written-by-the-test", "", 0).Err() == nil
	})
	if got := n.get("/readyz", nil); got != http.StatusOK {
		t.Errorf("for readers it is %d", got)
	}
	pace.Eventually(t, "the leader makes room and reports are taken again", func() bool {
		return n.get("/readyz/write", nil) == http.StatusOK && n.post("cnn.com") == http.StatusAccepted
	})
	if !n.leads() {
		t.Error("it has lost the lease")
	}
	pace.Eventually(t, "the report is counted", func() bool { return n.reports() > 0 })
}

// Where the memory is full to the brim, because somebody else uses it or it was made
// smaller, there is a leader all the same, it keeps time, and what it can drop it drops.
func TestAFullRedisHasALeader(t *testing.T) {
	url := storetest.Start(t)
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { raw.Close() })
	first := start(t, url)
	pace.Eventually(t, "the first leads", first.leads)
	if err := raw.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	second := begin(t, url)
	first.stop()
	pace.Eventually(t, "the second leads", second.leads)
	before := second.n.replica.Status().Clock
	pace.Eventually(t, "it keeps time", func() bool { return second.n.replica.Status().Clock.After(before) })
}
