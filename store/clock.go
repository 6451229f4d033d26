package store

import (
	"context"
	"sync"
	"time"
)

// ClockTolerance is how far the clock of a machine may be from the log's before it is
// said to be off. Nothing depends on it: it is a sign of a machine that needs care.
const ClockTolerance = 2 * time.Second

// Clock is the log's clock on this node: that of the Redis that takes the log, carried
// on from one question to the next by how much time has passed here. The wall clock of
// the machine counts until Redis has answered once, and never after: it may be wrong,
// and it may jump. It is safe for concurrent use.
type Clock struct {
	wall    func() time.Time
	elapsed func() time.Duration // since some moment; it never goes back
	steady  time.Time            // that moment, for what counts durations alone

	mu     sync.Mutex
	synced bool
	at     time.Time     // the log's time
	since  time.Duration // when it was that
}

// NewClock returns a clock that says what wall says until [Clock.Sync] has succeeded.
// elapsed is monotonic time: what passed since some moment.
func NewClock(wall func() time.Time, elapsed func() time.Duration) *Clock {
	return &Clock{wall: wall, elapsed: elapsed, steady: wall().Add(-elapsed())}
}

// Now is the log's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	// The machine's clock is the best there is until Redis has answered once.
	if !c.synced {
		return c.wall()
	}
	return c.at.Add(c.elapsed() - c.since)
}

// Steady is a time that never jumps, for what counts durations, such as limits. It may
// be any time.
func (c *Clock) Steady() time.Time { return c.steady.Add(c.elapsed()) }

// Offset is how far the machine's clock is ahead of the log's, below 0: behind. It is 0
// until Redis has answered.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	synced := c.synced
	c.mu.Unlock()
	if !synced {
		return 0
	}
	// Round(0) strips the monotonic reading. With it the difference would be that of
	// durations, and a jump of the machine's clock would not show.
	return c.wall().Round(0).Sub(c.Now().Round(0))
}

// Sync asks Redis what time it is. An answer is right to half of what it took, so that a
// clock which differs by less is left as it is.
func (c *Clock) Sync(ctx context.Context, s *Store) error {
	began := c.elapsed()
	now, err := s.reads.Time(ctx).Result()
	if err != nil {
		return s.fail("ask for the time", err)
	}
	// Half of the round trip is taken as the way back, which is wrong by as much at most.
	took := c.elapsed() - began
	now = now.UTC().Add(took / 2)
	c.mu.Lock()
	defer c.mu.Unlock()
	// Otherwise the log's clock would jump back and forth by the error of each
	// measurement.
	if have := c.at.Add(began + took - c.since); c.synced && now.Sub(have).Abs() <= took {
		return nil
	}
	c.synced, c.at, c.since = true, now, began+took
	return nil
}
