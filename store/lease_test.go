package store

import (
	"testing"
	"time"

	"faultline"
)

func testLease(t *testing.T, f *fixture) {
	ctx := t.Context()
	a, got, err := f.Acquire(ctx, "a", time.Minute, f.now)
	ok(t, err)
	equal(t, got, true)
	equal(t, a, Lease{Fence: f.now.UnixMilli(), TTL: time.Minute})
	for _, holder := range []string{"a", "b"} {
		if _, got, err := f.Acquire(ctx, holder, time.Minute, f.now); err != nil || got {
			t.Fatalf("%s got a held lease (%v)", holder, err)
		}
	}
	renewed := func(holder string, l Lease, want bool) {
		t.Helper()
		got, err := f.Renew(ctx, holder, l)
		ok(t, err)
		equal(t, got, want)
	}
	renewed("a", a, true)
	renewed("b", a, false)
	renewed("a", Lease{Fence: a.Fence + 1, TTL: a.TTL}, false)
	ok(t, f.Release(ctx, "b", a))
	renewed("a", a, true)
	ok(t, f.Release(ctx, "a", a))
	renewed("a", a, false)

	// The fence grows though the clock stands still or goes back, and also when
	// Redis lost it and the clock moves on.
	b, got, err := f.Acquire(ctx, "b", 30*time.Millisecond, f.now.Add(-time.Hour))
	ok(t, err)
	equal(t, got, true)
	equal(t, b.Fence, a.Fence+1)
	c := f.succeed(t, "c") // after b's ended by itself
	equal(t, c.Fence, b.Fence+1)
	renewed("b", b, false)
	ok(t, f.writes.Del(ctx, keyFence, keyLease).Err())
	d, _, err := f.Acquire(ctx, "d", time.Minute, f.now.Add(time.Second))
	ok(t, err)
	if d.Fence <= c.Fence {
		t.Fatalf("fence went back from %d to %d", c.Fence, d.Fence)
	}
	_, _, err = f.Acquire(ctx, "e", 0, f.now)
	if err == nil {
		t.Fatal("a lease without a time to live would never end")
	}
}

// testFence: each of the leader's writes is refused with an old fence, and
// leaves no trace.
func testFence(t *testing.T, f *fixture) {
	ctx := t.Context()
	old := f.lead(t)
	ok(t, f.SaveRevision(ctx, old, incident(1, 1)))
	ok(t, f.SaveCheckpoint(ctx, old, Checkpoint{State: [][]byte{[]byte("old")}}))
	young := f.succeed(t, "b")

	writes := map[string]func(Lease) error{
		"append": func(l Lease) error {
			_, err := f.AppendFenced(ctx, l, BatchKey{1, uint64(l.Fence)}, tickAt(f.now))
			return err
		},
		"revision": func(l Lease) error { return f.SaveRevision(ctx, l, incident(1, 2)) },
		"adopt": func(l Lease) error {
			_, err := f.Adopt(ctx, l, BatchKey{9, 9}, faultline.Adopt{At: f.now})
			return err
		},
		"view": func(l Lease) error { return f.SaveView(ctx, l, faultline.View{SitesKnown: 1}, Pos{}) },
		"deliver": func(l Lease) error {
			_, err := f.QueueDeliveries(ctx, l, "1-1", []faultline.Delivery{{ID: "msg_1", Due: f.now, Data: nil}})
			return err
		},
		"series": func(l Lease) error {
			return f.SaveSeries(ctx, l, []faultline.SeriesRow{minuteRow("bbc.co.uk", f.now, 1, 1, 1)})
		},
		"checkpoint": func(l Lease) error {
			return f.SaveCheckpoint(ctx, l,
				Checkpoint{State: [][]byte{[]byte("new")}})
		},
		"trim": func(l Lease) error { return f.Trim(ctx, l, f.now, false) },
		"flip": func(l Lease) error {
			return f.fail("flip", f.fenced(ctx, f.scripts.flip, l, []string{keyCheckpoint}, "x", "", 0, 9, 9, "").Err())
		},
	}
	before := f.contents(t)
	for name, write := range writes {
		for _, l := range []Lease{old, {}, {Fence: young.Fence + 1}} {
			if err := write(l); err == nil {
				t.Fatalf("%s: fence %d was let through", name, l.Fence)
			} else {
				wantErr(t, err, faultline.ErrNotLeader)
			}
		}
	}
	f.unchanged(t, before)
	delete(writes, "flip") // it is part of checkpoint
	for name, write := range writes {
		if err := write(young); err != nil {
			t.Fatalf("%s by the leader: %v", name, err)
		}
	}
}
