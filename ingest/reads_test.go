package ingest

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"faultline"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func newReadLimits(w *wall, reads int) *Limits {
	return NewLimits(LimitsConfig{Person: 60, Prefix: 300, Token: 30, Reads: reads, TokenReads: 600,
		Keys: &dayKeys{}, Now: w.now, Registerer: prometheus.NewRegistry()})
}

func at(addr string) faultline.Reader { return faultline.Reader{Addr: netip.MustParseAddr(addr)} }

// A person is an address or an IPv6 /64; a token is whoever bears it.
func TestReadsAreCountedByPerson(t *testing.T) {
	w := newWall()
	l := newReadLimits(w, 60)
	for i := range 60 {
		if a := l.Read(at("192.0.2.1"), false); !a.OK ||
			a.Quotas[0] != (faultline.Quota{Name: "reads", Limit: 60, Window: time.Minute,
				Remaining: 59 - i, Reset: time.Duration(i+1) * time.Second}) {
			t.Fatalf("%d: %+v", i, a)
		}
	}
	if a := l.Read(at("192.0.2.1"), false); a.OK || a.RetryAfter != time.Second {
		t.Errorf("the 61st: %+v", a)
	}
	if a := l.Read(at("192.0.2.2"), false); !a.OK {
		t.Errorf("a neighbour: %+v", a)
	}
	for range 30 {
		l.Read(at("2001:db8:1:2::1"), false)
		l.Read(at("2001:db8:1:2:ffff::9"), false)
	}
	if l.Read(at("2001:db8:1:2::7"), false).OK || !l.Read(at("2001:db8:1:3::7"), false).OK {
		t.Error("a /64 is not one person")
	}
	keyed := faultline.Reader{Addr: netip.MustParseAddr("192.0.2.1"), Token: "desk"}
	for i := range 600 {
		if a := l.Read(keyed, false); !a.OK || a.Quotas[0].Name != "token-reads" || a.Quotas[0].Remaining != 599-i {
			t.Fatalf("with a token, %d: %+v", i, a)
		}
	}
	if l.Read(keyed, false).OK {
		t.Error("a token has no end")
	}
	w.add(10 * time.Second)
	for i := range 10 {
		if !l.Read(at("192.0.2.1"), false).OK {
			t.Errorf("%d after 10 s", i)
		}
	}
	if l.Read(at("192.0.2.1"), false).OK {
		t.Error("more grew back than a read a second")
	}
}

// What is given back costs nothing, whatever is used up; what is not given back
// can't go on for ever.
func TestReadsThatAreGivenBack(t *testing.T) {
	w := newWall()
	l := newReadLimits(w, 60)
	who := at("192.0.2.1")
	for range 60 {
		l.Read(who, false)
	}
	for i := range 10_000 {
		if !l.Read(who, true).OK {
			t.Fatalf("%d: refused", i)
		}
		l.Unread(who)
	}
	owed := 0
	for l.Read(who, true).OK {
		owed++
	}
	if owed != 60 {
		t.Errorf("%d may be owed", owed)
	}
	if a := l.Read(who, false); a.OK || a.RetryAfter != 61*time.Second || a.Quotas[0].Remaining != 0 {
		t.Errorf("beyond what is owed: %+v", a)
	}
	l.Unread(at("192.0.2.9")) // of nobody
	if a := l.Read(at("192.0.2.9"), false); a.Quotas[0].Remaining != 59 {
		t.Errorf("credit was made: %+v", a)
	}
}

func TestStreamsOfOneReader(t *testing.T) {
	l := newReadLimits(newWall(), 60)
	var release []func()
	for i := range maxStreams {
		r, ok := l.Stream(at("192.0.2.1"))
		if !ok {
			t.Fatalf("%d: refused", i)
		}
		release = append(release, r)
	}
	if _, ok := l.Stream(at("192.0.2.1")); ok {
		t.Error("one too many")
	}
	if _, ok := l.Stream(at("192.0.2.2")); !ok {
		t.Error("a neighbour is refused")
	}
	if _, ok := l.Stream(faultline.Reader{Addr: netip.MustParseAddr("192.0.2.1"), Token: "desk"}); !ok {
		t.Error("a token is refused")
	}
	if n := testutil.ToFloat64(l.refused.WithLabelValues("streams")); n != 1 {
		t.Errorf("%v refusals are counted", n)
	}
	release[0]()
	if _, ok := l.Stream(at("192.0.2.1")); !ok {
		t.Error("what was given back can't be had")
	}
	if _, ok := l.Stream(at("192.0.2.1")); ok {
		t.Error("more can be had than was given back")
	}
	for _, r := range release[1:] {
		r()
	}
	if n := l.reads.open[streamKey("192.0.2.1")]; n != 1 {
		t.Errorf("%d are open", n)
	}
}

func streamKey(addr string) faultline.Reader {
	who, _ := streamOf(at(addr))
	return who
}

// Nothing is remembered of readers who have gone, and without a limit of nobody.
func TestReadsWithoutALimit(t *testing.T) {
	l := newReadLimits(newWall(), 0)
	for range 1_000 {
		if a := l.Read(at("192.0.2.1"), false); !a.OK || a.Quotas[0].Name != "" {
			t.Fatalf("%+v", a)
		}
		if _, ok := l.Stream(at("192.0.2.1")); !ok {
			t.Fatal("a stream is refused")
		}
		l.Unread(at("192.0.2.1"))
	}
	limited := newReadLimits(newWall(), 60)
	if release, ok := limited.Stream(at("192.0.2.1")); ok {
		release()
	}
	if len(limited.reads.open) != 0 {
		t.Error("who has gone is remembered")
	}
}

// Whoever has a whole prefix for himself reads as much as twenty readers, and has no more
// streams open than they. A token does not count for its prefix.
func TestReadsOfAPrefixAreBounded(t *testing.T) {
	w := newWall()
	l := newReadLimits(w, 60)
	address := func(i int) faultline.Reader { return at(fmt.Sprintf("2001:db8:1:%x::1", i)) }
	for i := range 20 * 60 {
		if a := l.Read(address(i), false); !a.OK || a.Quotas[0].Name != "reads" {
			t.Fatalf("read %d: %+v", i, a)
		}
	}
	if a := l.Read(address(5_000), false); a.OK || a.Quotas[0].Name != "prefix-reads" || a.RetryAfter <= 0 {
		t.Errorf("the prefix has no end: %+v", a)
	}
	keyed := faultline.Reader{Addr: address(1).Addr, Token: "desk"}
	if !l.Read(keyed, false).OK || !l.Read(at("2001:db8:2::1"), false).OK {
		t.Error("a token, or a neighbour, is refused")
	}
	l.Unread(address(0))
	if !l.Read(address(5_001), false).OK {
		t.Error("what was given back is not there")
	}
	var open []func()
	for i := range 20 * 64 {
		release, ok := l.Stream(address(i))
		if !ok {
			t.Fatalf("stream %d is refused", i)
		}
		open = append(open, release)
	}
	if _, ok := l.Stream(address(5_000)); ok {
		t.Error("the prefix has no end of streams")
	}
	for _, release := range open {
		release()
	}
	if _, ok := l.Stream(address(5_000)); !ok || len(l.reads.openByPrefix) != 1 || len(l.reads.open) != 1 {
		t.Error("streams that were closed still count")
	}
}
