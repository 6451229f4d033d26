//go:build check

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/ingest/infra"
	"faultline/store"
	"faultline/task"
)

const (
	// envKills is how many times something is killed; make kills asks for 200.
	envKills     = "KILLS"
	defaultKills = 24
	// controlKills are enough for a mistake to show.
	controlKills = 16
	killClients  = 8
)

// TestKillsLoseNothing is the claim: whatever is killed when, with un-fsynced bytes
// dropped, a report that was acknowledged is in the log, and counts once.
func TestKillsLoseNothing(t *testing.T) {
	kills := defaultKills
	if n, err := strconv.Atoi(os.Getenv(envKills)); err == nil {
		kills = n
	}
	k := newKilling(t, buildWith(t, nil), "always")
	lost, twice := k.run(kills)
	if lost > 0 || twice > 0 {
		t.Errorf("of %d acknowledged reports %d were lost and %d counted twice", len(k.acked), lost, twice)
	}
	t.Logf("%d kills (%v), %d reports acknowledged, %d not, 0 lost, 0 counted twice", kills, k.killed, len(k.acked),
		k.refused)
}

// The same test sees both mistakes that it is there for.
func TestKillsAreSeenToLose(t *testing.T) {
	t.Run("with everysec", func(t *testing.T) {
		k := newKilling(t, buildWith(t, nil), "everysec")
		k.only = "redis"
		if lost, _ := k.run(controlKills); lost == 0 {
			t.Errorf("nothing of %d reports was lost over %d kills of a Redis that syncs once a second", len(k.acked),
				controlKills)
		}
	})
	t.Run("answered before the write", func(t *testing.T) {
		k := newKilling(t, buildWith(t, map[string][2]string{
			"../../ingest/door.go": {"err = b.wait(ctx) // a repeat too", "_ = b // a repeat too"}}), "always")
		if lost, _ := k.run(controlKills); lost == 0 {
			t.Errorf("nothing of %d reports was lost by a door that answers first", len(k.acked))
		}
	})
}

// killing is two nodes on one Redis, people who report, and somebody who kills.
type killing struct {
	t      *testing.T
	binary string
	fsync  string
	only   string // what is killed; empty: anything
	dir    string
	shim   string
	env    []string
	sites  []string

	redis func() // kills it
	nodes [2]*process

	mu      sync.Mutex
	urls    [2]string
	sent    int
	acked   map[report503]bool
	refused int
	killed  map[string]int
}

// report503 tells one report of the test from every other: a site and a status.
type report503 struct {
	site    string
	symptom faultline.Symptom
}

func newKilling(t *testing.T, binary, fsync string) *killing {
	t.Helper()
	records, err := infra.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{t: t, binary: binary, fsync: fsync, dir: shortDir(t), acked: map[report503]bool{},
		killed: map[string]int{}}
	for _, r := range records {
		k.sites = append(k.sites, r.Site)
	}
	k.shim = filepath.Join(k.dir, "powerloss.so")
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-o", k.shim,
		"testdata/powerloss.c").CombinedOutput(); err != nil {
		t.Fatalf("build the disk that loses: %v\n%s", err, out)
	}
	k.env = []string{"FAULTLINE_STATE_DIR=" + filepath.Join(k.dir, "state"), "FAULTLINE_REDIS_URL=" + k.url(),
		"FAULTLINE_TRUSTED_PROXIES=127.0.0.1",
		"FAULTLINE_CHECKPOINT_INTERVAL=1s", "FAULTLINE_LEASE_TTL=500ms", "FAULTLINE_PERSON_LIMIT=100000",
		"FAULTLINE_PREFIX_LIMIT=1000000", "FAULTLINE_LOG_LEVEL=info"}
	return k
}

func (k *killing) url() string { return "unix://" + filepath.Join(k.dir, "s") }

// startRedis runs a Redis on the disk that loses, on a leash: it is killed when
// that is let go of, or when this process ends.
func (k *killing) startRedis() {
	k.t.Helper()
	cmd := exec.Command("sh", "-c", `"$@" & server=$!; read -r _; kill -9 $server; wait $server`, "sh",
		"env", "LD_PRELOAD="+k.shim, "redis-server", "--port", "0", "--unixsocket", filepath.Join(k.dir,
			"s"), "--dir", k.dir,
		"--appendonly", "yes", "--appendfsync", k.fsync, "--save", "", "--logfile", filepath.Join(k.dir, "redis.log"))
	leash, err := cmd.StdinPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.redis = sync.OnceFunc(func() { leash.Close(); _ = cmd.Wait() })
	k.t.Cleanup(k.redis)
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: filepath.Join(k.dir, "s"), MaxRetries: -1})
	defer client.Close()
	eventually(k.t, 20*time.Second, "Redis answers", func() bool { return client.Ping(k.t.Context()).Err() == nil })
}

func (k *killing) startNode(i int) {
	k.t.Helper()
	p := startProgram(k.t, k.binary, k.env)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.nodes[i], k.urls[i] = p, p.url
}

// run kills so many times under load, lets everything come to rest, and returns
// how many acknowledged reports are not in the log, and how many reports the
// service counts more than once, or the other way round.
func (k *killing) run(kills int) (lost, twice int) {
	k.startRedis()
	for i := range k.nodes {
		k.startNode(i)
	}
	k.nodes[0].ready()
	ctx, stop := context.WithCancel(k.t.Context())
	var people sync.WaitGroup
	for i := range killClients {
		people.Go(func() { k.report(ctx, i) })
	}
	rng := rand.New(rand.NewPCG(1, uint64(kills)))
	for range kills {
		task.Pause(ctx, time.Duration(rng.IntN(200))*time.Millisecond)
		k.kill(rng)
	}
	task.Pause(ctx, 100*time.Millisecond)
	stop()
	people.Wait()
	return k.judge()
}

// kill kills one of what there is, without a word, and starts it again.
func (k *killing) kill(rng *rand.Rand) {
	victim := rng.IntN(3)
	if victim == 2 || k.only == "redis" {
		k.killed["redis"]++
		k.redis()
		k.startRedis()
		return
	}
	role := "door"
	if k.nodes[victim].metric("faultline_leader") == 1 {
		role = "correlator"
	}
	k.killed[role]++
	k.nodes[victim].kill()
	k.startNode(victim)
}

// report says one thing after the other until ctx ends, each by a new person; what
// was not acknowledged is said again, up to twice, to the other node.
func (k *killing) report(ctx context.Context, client int) {
	http := &http.Client{Timeout: 4 * time.Second}
	defer http.CloseIdleConnections()
	for ctx.Err() == nil {
		k.mu.Lock()
		n := k.sent
		k.sent++
		k.mu.Unlock()
		r := report503{k.sites[n%len(k.sites)], faultline.Symptom(fmt.Sprintf("http_%d", 100+n/len(k.sites)%500))}
		who := fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
		ok := false
		for try := 0; try < 3 && !ok; try++ {
			k.mu.Lock()
			url := k.urls[(client+try)%2]
			k.mu.Unlock()
			ok = k.say(http, url, who, r)
		}
		k.mu.Lock()
		if ok {
			k.acked[r] = true
		} else {
			k.refused++
		}
		k.mu.Unlock()
	}
}

func (k *killing) say(client *http.Client, url, who string, r report503) bool {
	req, err := http.NewRequest(http.MethodPost, url+"/v1/reports",
		strings.NewReader(`{"site":"`+r.site+`","symptom":"`+string(r.symptom)+`"}`))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", who)
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusAccepted
}

// judge reads the log and asks the service what it has counted.
func (k *killing) judge() (lost, twice int) {
	t := k.t
	st := openStore(t, k.url()+"?read_timeout=10s")
	logged := map[report503]int{}
	people := map[string]bool{}
	total := 0
	for reader := st.Reader(store.Cursor{}); ; {
		batches, err := reader.Next(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(batches) == 0 {
			break
		}
		for _, b := range batches {
			for _, r := range reportsOf(b) {
				total++
				logged[report503{r.Site, r.Symptom}]++
				people[r.Reporter+r.Site] = true
			}
		}
	}
	for r := range k.acked {
		if logged[r] == 0 {
			lost++
		}
	}
	if len(people) != len(logged) {
		t.Errorf("%d reports of %d people: this test can't tell them apart", len(logged), len(people))
	}
	if lost > 0 { // and the fold has read what is no more
		return lost, 0
	}
	var counted faultline.Counters
	eventually(t, 30*time.Second, "everything is counted", func() bool {
		counted = k.counted()
		return counted.Reports+counted.ReportsRepeated >= int64(total)
	})
	if counted.Late+counted.Future+counted.Refused > 0 {
		t.Errorf("counted %+v", counted)
	}
	if twice = int(counted.Reports) - len(logged); twice < 0 {
		twice = -twice
	}
	for _, p := range k.nodes {
		if strings.Contains(p.log(), "DETERMINISM BROKEN") {
			t.Errorf("two folds of one log differ:\n%s", p.log())
		}
	}
	return 0, twice
}

func reportsOf(b store.Batch) (reports []faultline.Report) {
	for _, ev := range b.Events {
		if r, ok := ev.(faultline.Report); ok {
			reports = append(reports, r)
		}
	}
	return reports
}

// counted asks whichever node answers.
func (k *killing) counted() faultline.Counters {
	for _, p := range k.nodes {
		var s struct{ Counters faultline.Counters }
		if p.get("/v1/summary", &s) == http.StatusOK && s.Counters.Reports > 0 {
			return s.Counters
		}
	}
	return faultline.Counters{}
}

// buildWith builds the program, with mistakes planted: in each file one text
// becomes another.
func buildWith(t *testing.T, mistakes map[string][2]string) string {
	t.Helper()
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, change := range mistakes {
		path, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(src), change[0]) != 1 {
			t.Fatalf("%s has %q not once: the mistake can't be planted", name, change[0])
		}
		wrong := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(wrong, []byte(strings.Replace(string(src), change[0], change[1], 1)),
			0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[path] = wrong
	}
	body, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "faultline")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-overlay", file, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return binary
}
