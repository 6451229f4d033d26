//go:build check

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline/ingest/infra"
	"faultline/task"
)

const (
	// envKills is how many times something is killed; make kills asks for 200.
	envKills     = "KILLS"
	defaultKills = 24
	// envAcknowledged is how many reports and probes are to be acknowledged over all kills, at
	// least. The kills are spread over them.
	envAcknowledged = "ACKNOWLEDGED"
	// controlKills are enough for a mistake to show.
	controlKills = 16
	killClients  = 8
	killVantages = 16
)

// TestKillsLoseNothing is the claim: whatever is killed when, with un-fsynced bytes
// dropped, a report or probe that was acknowledged is in the log, and counts once.
func TestKillsLoseNothing(t *testing.T) {
	k := newKilling(t, buildWith(t, nil), "always")
	k.least = numberOf(envAcknowledged, 0)
	kills := numberOf(envKills, defaultKills)
	found := k.run(kills)
	if found != (verdict{}) {
		t.Errorf("of %d acknowledged: %+v", len(k.acked), found)
	}
	if len(k.acked) < k.least {
		t.Errorf("%d acknowledged, which is fewer than %d", len(k.acked), k.least)
	}
	t.Logf("%d kills (%v), %d acknowledged (%d reports, %d probes), %d requests not, %d lost, %d counted twice", kills,
		k.killed, len(k.acked), len(k.acked)-k.probes, k.probes, k.refused, found.reports+found.probes, found.twice)
}

// numberOf reads a number from the environment.
func numberOf(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// The same test sees each mistake that it is there for.
func TestKillsAreSeenToLose(t *testing.T) {
	t.Run("with everysec", func(t *testing.T) {
		k := newKilling(t, buildWith(t, nil), "everysec")
		k.only = "redis"
		if found := k.run(controlKills); found.reports == 0 || found.probes == 0 {
			t.Errorf("of %d acknowledged over %d kills of a Redis that syncs once a second: %+v", len(k.acked),
				controlKills, found)
		}
	})
	t.Run("reports answered before the write", func(t *testing.T) {
		k := newKilling(t, buildWith(t, map[string][2]string{
			"../../ingest/door.go": {"err = b.wait(ctx) // a repeat too", "_ = b // a repeat too"}}), "always")
		if found := k.run(controlKills); found.reports == 0 {
			t.Errorf("no report was lost by a door that answers first: %+v", found)
		}
	})
	t.Run("probes answered before the write", func(t *testing.T) {
		k := newKilling(t, buildWith(t, map[string][2]string{
			"../../ingest/probes.go": {"err = b.wait(ctx)\n", "_ = b\n"}}), "always")
		if found := k.run(controlKills); found.probes == 0 {
			t.Errorf("no probe was lost by a door that answers first: %+v", found)
		}
	})
	t.Run("probes counted again", func(t *testing.T) {
		k := newKilling(t, buildWith(t, map[string][2]string{
			"../../correlate/evidence/track.go": {"return !repeated && ", "return true || !repeated && "}}), "always")
		if found := k.run(controlKills); found.twice == 0 {
			t.Errorf("a fold that counts repeats was not noticed: %+v", found)
		}
	})
}

// killing is two nodes on one Redis, people who report, vantages that hand in batches of
// probes, and somebody who kills.
type killing struct {
	t      *testing.T
	binary string
	fsync  string
	only   string // what is killed; empty: anything
	least  int    // acknowledged before the last kill
	dir    string
	shim   string
	env    []string
	sites  []string
	siteOf map[string]uint16
	tokens []string // of the vantages

	redis func() // kills it
	nodes [2]*process

	mu      sync.Mutex
	urls    [2]string
	sent    int
	acked   map[key]bool
	probes  int // of acked
	refused int // requests
	killed  map[string]int
}

func newKilling(t *testing.T, binary, fsync string) *killing {
	t.Helper()
	records, err := infra.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{t: t, binary: binary, fsync: fsync, dir: shortDir(t), acked: map[key]bool{},
		killed: map[string]int{}, siteOf: map[string]uint16{}}
	for i, r := range records {
		k.sites, k.siteOf[r.Site] = append(k.sites, r.Site), uint16(i)
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
	for i := range killVantages {
		code, token, errs := tool(t, k.env, "token", "issue", "--scope", "probes:write", "--subject", vantageName(i))
		if code != 0 {
			t.Fatalf("token: exit %d: %s", code, errs)
		}
		k.tokens = append(k.tokens, strings.TrimSpace(token))
	}
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

// run kills so many times under load, lets everything come to rest, and returns what was
// lost or counted twice.
func (k *killing) run(kills int) verdict {
	k.startRedis()
	for i := range k.nodes {
		k.startNode(i)
	}
	k.nodes[0].ready()
	ctx, stop := context.WithCancel(k.t.Context())
	var senders sync.WaitGroup
	for i := range killClients {
		senders.Go(func() { k.report(ctx, i) })
	}
	for i := range k.tokens {
		senders.Go(func() { k.probe(ctx, i) })
	}
	rng := rand.New(rand.NewPCG(1, uint64(kills)))
	for i := range kills {
		due := k.least * (i + 1) / kills
		eventually(k.t, time.Minute, fmt.Sprintf("%d are acknowledged", due),
			func() bool { return k.acknowledged() >= due })
		task.Pause(ctx, time.Duration(rng.IntN(200))*time.Millisecond)
		k.kill(rng)
	}
	task.Pause(ctx, 100*time.Millisecond)
	stop()
	senders.Wait()
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
