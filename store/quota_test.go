package store

import (
	"bytes"
	"context"
	"faultline"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"faultline/store/storetest"

	"github.com/redis/go-redis/v9"
)

// testQuotas: what two nodes let through adds up, a quota that is overdrawn stays
// full, and asking alone uses nothing.
func testQuotas(t *testing.T, f *fixture) {
	spend := func(n int) faultline.QuotaState {
		t.Helper()
		used, err := f.Settle(t.Context(),
			[]faultline.QuotaSpent{{Key: "prefix:0a", Burst: 20, Interval: time.Minute, N: n}})
		ok(t, err)
		if len(used) != 1 {
			t.Fatalf("%d answers for one quota", len(used))
		}
		used[0].Used = used[0].Used.Round(time.Minute)
		return used[0]
	}
	for _, s := range []struct {
		n     int
		state faultline.QuotaState
	}{
		{5, faultline.QuotaState{Used: 5 * time.Minute}},
		{7, faultline.QuotaState{Used: 12 * time.Minute}},
		{0, faultline.QuotaState{Used: 12 * time.Minute}},
		{100, faultline.QuotaState{Used: 20 * time.Minute, Left: 92}},
		{1, faultline.QuotaState{Used: 20 * time.Minute, Left: 1}},
	} {
		if got := spend(s.n); got != s.state {
			t.Errorf("after %d more it is %+v, want %+v", s.n, got, s.state)
		}
	}
}

// testManyQuotas: as many as a node settles take a few questions, and answers stand in
// the order of the quotas.
func testManyQuotas(t *testing.T, f *fixture) {
	const quotas = 4 * quotasAtOnce
	spent := make([]faultline.QuotaSpent, quotas)
	for i := range spent {
		spent[i] = faultline.QuotaSpent{Key: fmt.Sprintf("prefix:%04x", i), Burst: 20, Interval: time.Hour, N: i % 30}
	}
	asked := &counting{}
	f.reads.AddHook(asked)
	states, err := f.Settle(t.Context(), spent)
	ok(t, err)
	if n := asked.n.Load(); n > quotas/quotasAtOnce+1 { // and one that brings the script
		t.Errorf("%d quotas took %d questions", quotas, n)
	}
	if len(states) != quotas {
		t.Fatalf("%d answers for %d quotas", len(states), quotas)
	}
	for i, state := range states {
		want := faultline.QuotaState{Used: time.Duration(min(i%30, 20)) * time.Hour, Left: max(0, i%30-20)}
		if state.Used = state.Used.Round(time.Hour); state != want {
			t.Fatalf("quota %d: %+v, want %+v", i, state, want)
		}
	}
}

// counting counts what a client asks.
type counting struct{ n atomic.Int64 }

func (c *counting) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counting) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}

func (c *counting) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestForgetKeys: a daily key that has expired is in no file of Redis afterwards.
func TestForgetKeys(t *testing.T) {
	url := storetest.Start(t)
	s := backend{url: url, advance: func(time.Duration) {}}.open(t)
	dir := filepath.Dir(strings.TrimPrefix(url, "unix://"))
	now := time.Date(2026, 3, 3, 2, 30, 0, 0, time.UTC)
	key, err := s.DailyKey(t.Context(), "2026-03-02")
	ok(t, err)
	if !onDisk(t, dir, key) {
		t.Fatal("the key is in no file: this test sees nothing")
	}
	if did, err := s.ForgetKeys(t.Context(), now); err != nil || !did { // 1 March, which never had one
		t.Fatal(did, err)
	}
	if did, err := s.ForgetKeys(t.Context(), now); err != nil || did {
		t.Fatalf("forgotten twice: %v, %v", did, err)
	}
	ok(t, s.writes.Del(t.Context(), dailyKey("2026-03-02")).Err()) // as when it expires
	s.until(t, "the rewrite before has ended", func() bool {
		_, err := s.ForgetKeys(t.Context(), now)
		return err == nil
	})
	s.until(t, "no file holds the key", func() bool { return !onDisk(t, dir, key) })
}

// onDisk reports whether any file below dir holds the bytes.
func onDisk(t *testing.T, dir string, what []byte) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // a file that Redis has just removed
		}
		body, err := os.ReadFile(name)
		found = found || err == nil && bytes.Contains(body, what)
		return nil
	})
	ok(t, err)
	return found
}
