package store

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Lease is the right to lead for a while. The time to live only saves work when
// a leader dies; what keeps two leaders apart is the fence, which grows with
// each lease and which every write of a leader carries.
type Lease struct {
	Fence int64
	TTL   time.Duration
}

// value is what the lease's key holds: the fence, so that a holder of before can't renew
// it, and the holder, so that operators see who leads.
func (l Lease) value(holder string) string { return strconv.FormatInt(l.Fence, 10) + ":" + holder }

// Acquire takes the lease for ttl if nobody has it, and reports whether it did.
// The fence is greater than every earlier one, even if Redis lost its own memory
// of them, as long as now moves on. A holder that asks again before its lease
// has ended gets none: it waits like the others.
func (s *Store) Acquire(ctx context.Context, holder string, ttl time.Duration, now time.Time) (Lease, bool, error) {
	const op = "acquire the lease"
	// Redis counts in milliseconds; a shorter lease would have ended before it began.
	if ttl < time.Millisecond {
		return Lease{}, false, fmt.Errorf("%s: a time to live of %s is too short", op, ttl)
	}
	text, err := s.scripts.acquire.Run(ctx, s.writes, []string{keyLease, keyFence},
		holder, ttl.Milliseconds(), now.UnixMilli()).Text()
	if err != nil {
		return Lease{}, false, s.fail(op, err)
	}
	if text == "" {
		return Lease{}, false, nil
	}
	fence, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return Lease{}, false, fmt.Errorf("%s: fence: %w", op, err)
	}
	return Lease{Fence: fence, TTL: ttl}, true, nil
}

// Renew extends a lease by its TTL. False means that it has ended, and that
// somebody else may lead: stop.
func (s *Store) Renew(ctx context.Context, holder string, l Lease) (bool, error) {
	n, err := s.scripts.renew.Run(ctx, s.writes, []string{keyLease}, l.value(holder), l.TTL.Milliseconds()).Int()
	if err != nil {
		return false, s.fail("renew the lease", err)
	}
	return n == 1, nil
}

// Release ends a lease early, so that a successor need not wait. A lease that
// has ended already is no error.
func (s *Store) Release(ctx context.Context, holder string, l Lease) error {
	if err := s.scripts.release.Run(ctx, s.writes, []string{keyLease}, l.value(holder)).Err(); err != nil {
		return s.fail("release the lease", err)
	}
	return nil
}
