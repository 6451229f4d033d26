package store

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"faultline"
)

// testMadeKeys: a challenge makes one key, a prefix a few in a day, and those that have
// ended leave their room to others.
func testMadeKeys(t *testing.T, f *fixture) {
	ctx := t.Context()
	made := func(n int) faultline.MadeKey {
		return faultline.MadeKey{Subject: faultline.MadeSubject(strconv.Itoa(n)), TokenID: "t", Created: f.now,
			Expires: f.now.Add(time.Hour)}
	}
	ok(t, f.MakeKey(ctx, made(0), "c0", "2026-03-01", "1a", f.now))
	if err := f.MakeKey(ctx, made(1), "c0", "2026-03-01", "2b", f.now); !errors.Is(err, faultline.ErrSpent) {
		t.Errorf("a challenge that was used: %v", err)
	}
	for n := 1; n < faultline.MadeKeysOfPrefix; n++ {
		ok(t, f.MakeKey(ctx, made(n), fmt.Sprint("c", n), "2026-03-01", "1a", f.now))
	}
	var busy faultline.BusyError
	err := f.MakeKey(ctx, made(100), "c100", "2026-03-01", "1a", f.now)
	if !errors.As(err, &busy) || busy.Limit != faultline.LimitPrefix {
		t.Errorf("one too many of a prefix: %v", err)
	}
	ok(t, f.MakeKey(ctx, made(101), "c101", "2026-03-02", "1a", f.now)) // another day

	k, err := f.MadeKey(ctx, "self-0")
	ok(t, err)
	if k != made(0) {
		t.Errorf("read as %+v", k)
	}
	k.TokenID = "u"
	ok(t, f.SaveKey(ctx, k))
	ok(t, f.DropKey(ctx, "self-1"))
	if _, err := f.MadeKey(ctx, "self-1"); !errors.Is(err, faultline.ErrNotFound) {
		t.Errorf("one that was dropped: %v", err)
	}
	all, err := f.MadeKeys(ctx)
	ok(t, err)
	n, err := f.CountMadeKeys(ctx)
	ok(t, err)
	if len(all) != faultline.MadeKeysOfPrefix || n != len(all) {
		t.Errorf("%d keys, counted %d", len(all), n)
	}

	for n := range faultline.MaxMadeKeys {
		ok(t, f.SaveKey(ctx, made(n)))
	}
	err = f.MakeKey(ctx, made(9_000), "c9000", "2026-03-03", "3c", f.now)
	if !errors.As(err, &busy) || busy.Limit != faultline.LimitAll {
		t.Errorf("one too many of all: %v", err)
	}
	ok(t, f.MakeKey(ctx, made(9_001), "c9001", "2026-03-03", "3c", f.now.Add(2*time.Hour)))
}
