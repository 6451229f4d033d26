package ingest

import (
	"context"
	"errors"
	"faultline"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// wall is a clock that tests move.
type wall struct{ at atomic.Int64 }

func newWall() *wall                { w := &wall{}; w.at.Store(noonUTC.UnixNano()); return w }
func (w *wall) now() time.Time      { return time.Unix(0, w.at.Load()) }
func (w *wall) add(d time.Duration) { w.at.Add(int64(d)) }

var noonUTC = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ledger is where nodes settle, in memory.
type ledger struct {
	mu   sync.Mutex
	now  func() time.Time
	tat  map[string]time.Time
	keys []string
	down bool
}

func (l *ledger) Settle(_ context.Context, spent []faultline.QuotaSpent) ([]faultline.QuotaState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, errors.New("gone")
	}
	settled := make([]faultline.QuotaState, len(spent))
	for i, s := range spent {
		l.keys = append(l.keys, s.Key)
		now := l.now()
		tat := l.tat[s.Key]
		if tat.Before(now) {
			tat = now
		}
		left := int((time.Duration(s.Burst)*s.Interval - tat.Sub(now)) / s.Interval)
		n := min(s.N, left)
		tat = tat.Add(time.Duration(n) * s.Interval)
		l.tat[s.Key], settled[i] = tat, faultline.QuotaState{Used: tat.Sub(now), Left: s.N - n}
	}
	return settled, nil
}

func newLimits(w *wall, shared Shared) *Limits {
	return NewLimits(LimitsConfig{Person: 60, Prefix: 300, Token: 30, Keys: &dayKeys{}, Shared: shared, Now: w.now})
}

// TestLimitsOneTokenForMany: of many who ask at once for the last one, one gets it.
func TestLimitsOneTokenForMany(t *testing.T) {
	w := newWall()
	table := newGCRA(10)
	one := rate{burst: 1, interval: time.Minute}
	var passed atomic.Int32
	var wait sync.WaitGroup
	for range 64 {
		wait.Go(func() {
			if _, wait := table.take(7, one, 1, w.now()); wait == 0 {
				passed.Add(1)
			}
		})
	}
	wait.Wait()
	if passed.Load() != 1 {
		t.Errorf("%d of 64 passed", passed.Load())
	}
}

// TestLimitsStaleKeyHasNoCredit: who was away for long may send a burst, and no
// more than that.
func TestLimitsStaleKeyHasNoCredit(t *testing.T) {
	w := newWall()
	table, r := newGCRA(10), perMinute(60, 20)
	for _, away := range []time.Duration{0, time.Hour, 300 * 24 * time.Hour} {
		w.add(away)
		n := 0
		for range 100 {
			if _, wait := table.take(9, r, 1, w.now()); wait == 0 {
				n++
			}
		}
		if n != 20 {
			t.Errorf("after %v: %d passed of a burst of 20", away, n)
		}
		w.add(time.Hour)
	}
}

func TestLimitsOfPersonAndPrefix(t *testing.T) {
	w := newWall()
	l := newLimits(w, nil)
	for i := range 20 {
		a := l.Person(alice)
		if !a.OK || a.Quotas[0].Remaining != 19-i || a.Quotas[0].Limit != 20 || a.Quotas[0].Window != 20*time.Second {
			t.Fatalf("request %d: %+v", i, a)
		}
	}
	a := l.Person(alice)
	if a.OK || a.RetryAfter != time.Second || a.Quotas[0].Name != "person" || a.Quotas[0].Remaining != 0 {
		t.Errorf("the 21st: %+v", a)
	}
	if !l.Person(alice.Next()).OK {
		t.Error("a neighbour pays for it")
	}
	w.add(time.Second)
	if !l.Person(alice).OK {
		t.Error("Retry-After has passed, and nothing grew back")
	}
	refused := 0
	for i := range 200 { // of a prefix's 100
		if a := l.Person(netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})); !a.OK {
			refused++
			if a.Quotas[1].Name != "prefix" || a.RetryAfter <= 0 {
				t.Fatalf("refused by %+v", a)
			}
		}
	}
	if refused != 100 {
		t.Errorf("%d of 200 addresses of one prefix were refused, want 100", refused)
	}
}

// A /64 is one person, and a /48 one prefix, however many addresses they have.
func TestAbuse_A3_LimitsOfIPv6(t *testing.T) {
	w := newWall()
	for _, c := range []struct {
		random int // bytes at the end
		want   int
	}{{8, 20}, {10, 100}} {
		l, rng, passed := newLimits(w, nil), rand.New(rand.NewPCG(1, 2)), 0
		for range 10_000 {
			raw := netip.MustParseAddr("2001:db8:1:2::").As16()
			for i := 16 - c.random; i < 16; i++ {
				raw[i] = byte(rng.Uint32())
			}
			if l.Person(netip.AddrFrom16(raw)).OK {
				passed++
			}
		}
		if passed != c.want {
			t.Errorf("%d random bytes: %d passed, want %d", c.random, passed, c.want)
		}
	}
}

// TestLimitsMappedAddress: IPv4 in IPv6's clothes is the same person.
func TestLimitsMappedAddress(t *testing.T) {
	l := newLimits(newWall(), nil)
	for i := range 21 {
		addr := alice
		if i%2 == 1 {
			addr = netip.AddrFrom16(alice.As16())
		}
		if ok := l.Person(addr).OK; ok != (i < 20) {
			t.Fatalf("request %d: %t", i, ok)
		}
	}
}

// TestLimitsAreBounded: a flood of keys takes no memory, and who was near the
// limit before it is not forgiven because of it.
func TestLimitsAreBounded(t *testing.T) {
	w := newWall()
	table, r := newGCRA(12), perMinute(60, 20)
	for key := range uint64(64) {
		for range 20 {
			table.take(key*977+1, r, 1, w.now())
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1_000_000 {
		table.take(rng.Uint64(), r, 1, w.now())
	}
	forgiven := 0
	for key := range uint64(64) {
		if _, wait := table.take(key*977+1, r, 1, w.now()); wait == 0 {
			forgiven++
		}
	}
	if forgiven > 0 || len(table.slots) != 1<<12 {
		t.Errorf("%d of 64 were forgiven; %d slots", forgiven, len(table.slots))
	}
}

// TestLimitsSettle: two nodes let through together what one would.
func TestLimitsSettle(t *testing.T) {
	w := newWall()
	shared := &ledger{now: w.now, tat: map[string]time.Time{}}
	nodes := []*Limits{newLimits(w, shared), newLimits(w, shared)}
	passed := 0
	for range 120 {
		for i := range 40 {
			if nodes[i%2].Token("lon-1").OK {
				passed++
			}
		}
		for _, n := range nodes {
			if err := n.settle(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.add(time.Second)
	}
	// A burst of 10 at each node before they first speak, then 30 a minute.
	if passed < 60 || passed > 2*10+60+4 {
		t.Errorf("two nodes let %d through in two minutes, one lets 70", passed)
	}
	shared.down = true
	w.add(10 * time.Minute)
	if err := nodes[0].settle(t.Context()); err == nil {
		t.Error("an account that is gone was settled")
	}
	if !nodes[0].Token("lon-1").OK {
		t.Error("without the others nobody is let in")
	}
}

// TestLimitsNameNoAddress: what nodes share of a prefix is a pseudonym, and only
// of those that are near their limit.
func TestLimitsNameNoAddress(t *testing.T) {
	w := newWall()
	shared := &ledger{now: w.now, tat: map[string]time.Time{}}
	l := newLimits(w, shared)
	l.Person(netip.MustParseAddr("192.0.2.1"))
	for i := range 60 {
		l.Person(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}))
	}
	if err := l.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(shared.keys) != 1 || !strings.HasPrefix(shared.keys[0], "prefix:") ||
		len(shared.keys[0]) != len("prefix:")+8 {
		t.Fatalf("settled %q", shared.keys)
	}
	if n := shared.tat[shared.keys[0]].Sub(w.now()); n < 11*time.Second {
		t.Errorf("60 requests were settled as %v", n)
	}
	w.add(time.Hour)
	if err := l.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(l.near) != 0 {
		t.Errorf("%d prefixes are held an hour later", len(l.near))
	}
}

func BenchmarkLimits(b *testing.B) {
	l := NewLimits(LimitsConfig{Person: 300, Prefix: 6000, Token: 600, Now: time.Now})
	addrs := make([]netip.Addr, 10_000)
	for i := range addrs {
		addrs[i] = addr(i)
	}
	for i := range b.N {
		l.Person(addrs[i%len(addrs)])
	}
}
