package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/correlate"
	"faultline/doctor"
	"faultline/store"
	"faultline/store/storetest"
)

// A Redis that is fit, with a log, a leader, a checkpoint and two vantages, has nothing
// wrong; each thing that an operator may get wrong is named by its own line.
func TestDoctorNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		spoil []string // a command of Redis
		check string
		says  string
	}{
		"no append-only file": {[]string{"CONFIG", "SET", "appendonly", "no"}, "persistence",
			"keeps no append-only file"},
		"writes are not synced": {[]string{"CONFIG", "SET", "appendfsync", "no"}, "persistence", "appendfsync no"},
		"keys may be evicted": {[]string{"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"}, "memory",
			"allkeys-lru"},
		"memory is nearly full": {[]string{"CONFIG", "SET", "maxmemory", "1200000"}, "writes", "memory is full"},
		"a read-only replica":   {[]string{"REPLICAOF", "127.0.0.1", "1"}, "role", "read-only replica"},
		"a damaged checkpoint":  {[]string{"HSET", "{faultline}:checkpoint", "sum", "x"}, "checkpoint", "can be read"},
		"nobody leads":          {[]string{"DEL", "{faultline}:lease"}, "log", "No node leads"},
		"a password is wanted":  {[]string{"CONFIG", "SET", "requirepass", "x"}, "redis", "wants a password"},
		"a vantage is gone":     {[]string{"HDEL", "{faultline}:vantages", "lon-1"}, "vantages", "lon-1 (never seen)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fitRedis(t)
			state := t.TempDir()
			before, code := examine(t, url, state)
			if code != 0 || before.Wrong != 0 {
				t.Fatalf("a fit deployment: exit %d, %+v", code, before)
			}
			spoilRedis(t, url, c.spoil...)
			after, code := examine(t, url, state)
			if code != exitFailed || after.Wrong == 0 {
				t.Errorf("exit %d with %d wrong", code, after.Wrong)
			}
			for _, got := range after.Checks {
				if got.Name == c.check && got.State == doctor.Wrong && strings.Contains(got.Found, c.says) &&
					got.Do != "" {
					return
				}
			}
			t.Errorf("%s is not wrong with %q: %+v", c.check, c.says, after.Checks)
		})
	}
}

// fitRedis holds what a deployment has after its first minute.
func fitRedis(t *testing.T) string {
	t.Helper()
	url := storetest.Start(t)
	st := openStore(t, url)
	ctx, now := t.Context(), time.Now()
	spoilRedis(t, url, "CONFIG", "SET", "maxmemory", "1gb")
	if _, err := st.Epoch(ctx, now); err != nil {
		t.Fatal(err)
	}
	lease, ok, err := st.Acquire(ctx, "a", time.Hour, now)
	if err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	engine := correlate.New(correlate.Config{})
	if err := st.SaveCheckpoint(ctx, lease, store.Checkpoint{State: [][]byte{engine.Checkpoint()}, SavedAt: now,
		Format: correlate.CheckpointVersion}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lon-1", "nyc-1"} {
		if _, err := st.AddVantage(ctx, faultline.AddedVantage{Vantage: name}); err != nil {
			t.Fatal(err)
		}
		if err := st.SaveVantage(ctx, faultline.VantageStatus{Vantage: name, State: faultline.VantageOK,
			SeenAt: now}); err != nil {
			t.Fatal(err)
		}
	}
	return url
}

func spoilRedis(t *testing.T, url string, command ...string) {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	defer c.Close()
	args := make([]any, len(command))
	for i, word := range command {
		args[i] = word
	}
	if err := c.Do(t.Context(), args...).Err(); err != nil {
		t.Fatalf("%v: %v", command, err)
	}
}

func examine(t *testing.T, url, state string) (doctor.Report, int) {
	t.Helper()
	var report doctor.Report
	code, out, errs := command(t, "doctor", "--json", "--redis-url", url, "--state-dir", state)
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s %s", err, out, errs)
	}
	return report, code
}

// The keys and files of the node are examined, and none is made.
func TestDoctorExaminesTheStateDirectory(t *testing.T) {
	url, state := fitRedis(t), t.TempDir()
	report, _ := examine(t, url, state)
	if got := checkNamed(t, report, "keys"); got.State != doctor.Note {
		t.Errorf("no keys: %+v", got)
	}
	if left, err := os.ReadDir(state); err != nil || len(left) > 0 {
		t.Errorf("it made %v, %v", left, err)
	}
	if code, _, errs := command(t, "token", "issue", "--scope", "probes:write", "--subject", "a", "--state-dir",
		state); code != 0 {
		t.Fatal(errs)
	}
	if got := checkNamed(t, first(examine(t, url, state)), "keys"); got.State == doctor.Wrong {
		t.Errorf("good keys: %+v", got)
	}
	keys, err := filepath.Glob(filepath.Join(state, "keys", "*.pem"))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	if err := os.Chmod(keys[0], 0o644); err != nil {
		t.Fatal(err)
	}
	ranges := filepath.Join(state, "ranges.json")
	if err := os.WriteFile(ranges, []byte(`{"as_of":"2020-01-01T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	report, code := examine(t, url, state)
	for _, name := range []string{"keys", "address ranges"} {
		if got := checkNamed(t, report, name); got.State != doctor.Wrong || code != exitFailed {
			t.Errorf("exit %d, %+v", code, got)
		}
	}
}

func first(r doctor.Report, _ int) doctor.Report { return r }

func checkNamed(t *testing.T, r doctor.Report, name string) doctor.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check is called %s: %+v", name, r.Checks)
	return doctor.Check{}
}

// Without any Redis there is one line about it, and the rest is examined all the same.
func TestDoctorWithoutRedis(t *testing.T) {
	code, out, _ := command(t, "doctor", "--redis-url", "redis://127.0.0.1:1", "--state-dir", t.TempDir())
	if code != exitFailed || !strings.Contains(out, "there is no connection to it") || !strings.Contains(out, "keys") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	code, out, _ = command(t, "doctor", "--redis-url", "", "--state-dir", t.TempDir())
	if code != exitFailed || !strings.Contains(out, "no private Redis") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

// A file is written and removed, because an empty one could be made on a full disk too.
func TestDoctorTriesTheStateDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := tryDirectory(dir); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := doctor.StateDirectory(file, tryDirectory(file)); got.State != doctor.Wrong {
		t.Errorf("%+v", got)
	}
}
