package node

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"faultline/api/token"
	"faultline/ingest"
	"faultline/ingest/infra"
	"faultline/pace"
	"faultline/store"
	"faultline/store/storetest"
)

// running is a node of this process.
type running struct {
	t     *testing.T
	url   string
	reg   *prometheus.Registry
	n     *Node
	store *store.Store
	stop  func() // in order, as at SIGTERM
}

// start runs a node on the Redis at url until the test ends or it is stopped.
func start(t *testing.T, url string, change ...func(*Config)) *running {
	t.Helper()
	r := begin(t, url, change...)
	pace.Eventually(t, "it is ready", func() bool { return r.get("/readyz/write", nil) == http.StatusOK })
	return r
}

// begin is start without waiting until it is ready.
func begin(t *testing.T, url string, change ...func(*Config)) *running {
	t.Helper()
	reg := prometheus.NewRegistry()
	st, err := store.Open(t.Context(), store.Config{URL: url, Durable: true, Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := token.LoadOrCreate(filepath.Join(t.TempDir(), "keys"), "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := infra.BuiltinCatalog()
	if err != nil {
		t.Fatal(err)
	}
	signatures, err := infra.BuiltinSignatures()
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := infra.NewMatcher(signatures, infra.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	catalog, serving := infra.MergeCatalogs(catalogue), make(chan net.Addr, 1)
	cfg := Config{Listen: "127.0.0.1:0", Serving: func(a net.Addr) { serving <- a },
		Store: st, LeaseTTL: time.Second, CheckpointInterval: time.Second,
		Catalogue: catalog.Records(), Catalog: catalog, Matcher: matcher, Keys: keys,
		Schedule: Schedule{Period: time.Minute},
		Limits: ingest.NewLimits(ingest.LimitsConfig{Person: 300, Prefix: 6000, Token: 600, Reads: 60, TokenReads: 600,
			Keys: st, Shared: st, Now: time.Now, Registerer: reg}),
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Registry: reg}
	for _, c := range change {
		c(&cfg)
	}
	n, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	r := &running{t: t, reg: reg, n: n, store: st, stop: func() {
		if cancel == nil {
			return
		}
		cancel()
		cancel = nil
		if err := <-ended; err != nil {
			t.Error(err)
		}
		st.Close()
	}}
	t.Cleanup(func() { r.stop() })
	r.listens(serving, ended)
	return r
}

// listens waits until the node does.
func (r *running) listens(serving <-chan net.Addr, ended <-chan error) {
	r.t.Helper()
	select {
	case a := <-serving:
		r.url = "http://" + a.String()
	case err := <-ended:
		r.t.Fatalf("it ended at its start: %v", err)
	}
}

// get returns the status of an answer, 0 when there is none.
func (r *running) get(path string, into any) int {
	resp, err := http.Get(r.url + path)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if into != nil && json.NewDecoder(resp.Body).Decode(into) != nil {
		return 0
	}
	return resp.StatusCode
}

// leads reports whether this node leads, by its own metric.
func (r *running) leads() bool {
	const want = "# HELP faultline_leader 1 while this node leads, else 0.\n# TYPE faultline_leader " +
		"gauge\nfaultline_leader 1\n"
	return testutil.GatherAndCompare(r.reg, bytes.NewBufferString(want), "faultline_leader") == nil
}

func (r *running) reports() int64 {
	var s struct {
		Counters struct {
			Reports int64 `json:"reports"`
		}
	}
	r.get("/v1/summary", &s)
	return s.Counters.Reports
}

// Two nodes run in one process on one Redis: what one takes both count, and the second
// goes on when the first ends.
func TestTwoNodesInOneProcess(t *testing.T) {
	url := storetest.Start(t)
	// A lease that a busy machine does not lose: what ends it is that the first node ends.
	long := func(cfg *Config) { cfg.LeaseTTL = time.Minute }
	first := start(t, url, long)
	pace.Eventually(t, "the first leads", first.leads)
	second := start(t, url, long)
	if second.leads() {
		t.Error("two nodes lead")
	}
	report := bytes.NewBufferString(`{"site":"bbc.co.uk","symptom":"http_503"}`)
	resp, err := http.Post(second.url+"/v1/reports", "application/json", report)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("a report is answered %d", resp.StatusCode)
	}
	for _, n := range []*running{first, second} {
		pace.Eventually(t, "the report is counted", func() bool { return n.reports() == 1 })
	}
	first.stop()
	pace.Eventually(t, "the second leads", second.leads)
	pace.Eventually(t, "the report is counted once still", func() bool { return second.reports() == 1 })
}

// A node whose Redis refuses writes can be read, and says what is wrong where writes are
// asked for. It recovers by itself.
func TestANodeWhoseRedisIsFullCanBeRead(t *testing.T) {
	url := storetest.Start(t)
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { raw.Close() })
	n := start(t, url)
	memory := func(bytes string) {
		t.Helper()
		if err := raw.ConfigSet(t.Context(), "maxmemory", bytes).Err(); err != nil {
			t.Fatal(err)
		}
	}
	memory("1")
	pace.Eventually(t, "it takes no writes, and says why", func() bool {
		return strings.Contains(n.problem("/readyz/write"), "its memory is full")
	})
	if got := n.get("/readyz", nil); got != http.StatusOK {
		t.Errorf("for readers it is %d", got)
	}
	memory("0")
	pace.Eventually(t, "it takes writes again", func() bool { return n.get("/readyz/write", nil) == http.StatusOK })
}

// problem is the detail of a problem that a path answers with.
func (r *running) problem(path string) string {
	var p struct{ Detail string }
	r.get(path, &p)
	return p.Detail
}

// text is what a path answers with.
func (r *running) text(path string) string {
	resp, err := http.Get(r.url + path)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
