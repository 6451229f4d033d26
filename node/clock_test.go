package node

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"faultline"
	"faultline/ingest/infra"
	"faultline/pace"
	"faultline/store"
	"faultline/store/storetest"
)

// wrongClock is a machine whose clock a test sets wrong.
type wrongClock struct{ ahead atomic.Int64 }

func (w *wrongClock) now() time.Time {
	return time.Now().Round(0).Add(time.Duration(w.ahead.Load()))
}

// on gives a node that machine's clock, and the log's beside it.
func (w *wrongClock) on(cfg *Config) {
	began := time.Now()
	cfg.Time = store.NewClock(w.now, func() time.Duration { return time.Since(began) })
	cfg.Now = cfg.Time.Now
}

// send reports a site and fails the test unless it is accepted.
func (r *running) send(site string) {
	r.t.Helper()
	body := bytes.NewBufferString(fmt.Sprintf(`{"site":%q,"symptom":"http_503"}`, site))
	resp, err := http.Post(r.url+"/v1/reports", "application/json", body)
	if err != nil {
		r.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		r.t.Fatalf("a report of %s is answered %d", site, resp.StatusCode)
	}
}

// counters are what the log's events came to, as a node publishes them.
func (r *running) counters() (c faultline.Counters) {
	var s struct{ Counters faultline.Counters }
	r.get("/v1/summary", &s)
	return s.Counters
}

// Whatever the clocks of nodes say, and however they jump, every accepted report counts,
// time goes on, and a node whose clock is off says so.
func TestClocksOfNodesHarmNothing(t *testing.T) {
	catalogue, err := infra.BuiltinCatalog()
	if err != nil {
		t.Fatal(err)
	}
	sites := infra.MergeCatalogs(catalogue).Records()
	url := storetest.Start(t)
	clocks := []*wrongClock{{}, {}}
	clocks[0].ahead.Store(int64(10 * time.Minute)) // it starts so, and leads
	leader := start(t, url, clocks[0].on)
	pace.Eventually(t, "it leads", leader.leads)
	other := start(t, url, clocks[1].on)
	sent := 0
	asOf := time.Time{}
	for _, jump := range []time.Duration{10 * time.Minute, -10 * time.Minute, 24 * time.Hour, -24 * time.Hour, 0} {
		for i, n := range []*running{leader, other} {
			clocks[i].ahead.Store(int64(jump))
			for range 4 {
				n.send(sites[sent].Site)
				sent++
			}
			pace.Eventually(t, fmt.Sprintf("%s on node %d: all count", jump, i), func() bool {
				return other.counters().Reports == int64(sent)
			})
			clocks[i].ahead.Store(0)
		}
		c := other.counters()
		if c.Late+c.Future != 0 {
			t.Errorf("%s: %d are late, %d are ahead", jump, c.Late, c.Future)
		}
		var answer struct {
			Meta struct {
				AsOf time.Time `json:"as_of"`
			}
		}
		other.get("/v1/summary", &answer)
		view := answer.Meta
		if now := time.Now(); view.AsOf.Before(asOf) || view.AsOf.Sub(now).Abs() > time.Minute {
			t.Errorf("%s: the log's time is %s, it is %s", jump, view.AsOf, now)
		}
		asOf = view.AsOf
	}
	clocks[1].ahead.Store(int64(-10 * time.Minute))
	// How far a clock is off is measured now and then, and to the second at best.
	pace.Eventually(t, "its health says how far its clock is off", func() bool {
		text := other.text("/healthz")
		return strings.Contains(text, "10m0s behind the log's") || strings.Contains(text, "9m59s behind the log's") ||
			strings.Contains(text, "10m1s behind the log's")
	})
	pace.Eventually(t, "the other's health says nothing", func() bool { return leader.text("/healthz") == "ok\n" })
}
