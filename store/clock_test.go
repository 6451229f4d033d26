package store

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"faultline"
)

// The clock is Redis' own, whatever the wall clock says and however it jumps.
func TestClockIsTheLogs(t *testing.T) {
	m := miniredis.RunT(t)
	m.SetTime(someday)
	s, err := Open(t.Context(), Config{URL: "redis://" + m.Addr()})
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	wall, passed := someday.Add(10*time.Minute), time.Duration(0)
	c := NewClock(func() time.Time { return wall }, func() time.Duration { return passed })
	equal(t, c.Now(), wall)
	equal(t, c.Offset(), time.Duration(0))
	ok(t, c.Sync(t.Context(), s))
	equal(t, c.Now(), someday)
	equal(t, c.Offset(), 10*time.Minute)
	for _, jump := range []time.Duration{-24 * time.Hour, 48 * time.Hour, -20 * time.Minute} {
		before, steady := c.Now(), c.Steady()
		wall, passed = wall.Add(jump), passed+time.Second
		equal(t, c.Now(), before.Add(time.Second))
		equal(t, c.Steady(), steady.Add(time.Second))
	}
	m.SetTime(someday.Add(time.Hour))
	ok(t, c.Sync(t.Context(), s))
	equal(t, c.Now(), someday.Add(time.Hour))
	m.Close()
	if c.Sync(t.Context(), s) == nil {
		t.Fatal("it asks a Redis that is gone")
	}
	passed += time.Minute
	equal(t, c.Now(), someday.Add(time.Hour+time.Minute))
}

// testEntryTime: a tick that says no time is of the time of its entry.
func testEntryTime(t *testing.T, f *fixture) {
	r := f.Reader(Cursor{})
	l := f.lead(t)
	pos, err := f.AppendFenced(t.Context(), l, BatchKey{9, 1}, []faultline.Event{faultline.Tick{}})
	ok(t, err)
	batches := drain(t, r)
	last := batches[len(batches)-1]
	equal(t, last.Pos, pos)
	equal(t, last.Events, []faultline.Event{faultline.Tick{At: pos.Time()}})
}
