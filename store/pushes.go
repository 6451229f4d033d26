package store

import (
	"context"
	"fmt"
	"time"

	"faultline"

	"github.com/redis/go-redis/v9"
)

// Bounds of the subscriptions of browsers. A day's count outlives its day by two hours,
// since clocks of nodes differ.
const (
	maxPushes    = 10_000 // at one time
	pushesADay   = 10_000 // of everybody together
	keepPushDay  = 26 * time.Hour
	pushPatience = time.Hour // what who is refused for want of room is asked to wait
	maxPushBytes = 16 << 10  // of one subscription: a stack of 200 names
)

// Pushes keeps the subscriptions of browsers and the notifications that wait for them.
// Nothing is kept of what was sent.
func (s *Store) Pushes() *Hooks { return &Hooks{store: s, keys: pushKeys} }

// AddPush stores the subscription of a browser of a prefix (a pseudonym of that day). One
// that is there already is replaced. It fails with [faultline.BusyError] where there are too
// many of the prefix on that day, or in all.
func (s *Store) AddPush(ctx context.Context, id string, data []byte, day, prefix string) error {
	const op = "keep a subscription"
	if id == "" || len(id) > maxIDBytes || len(data) > maxPushBytes {
		return fmt.Errorf("%s: %w", op, ErrTooLarge)
	}
	answer, err := s.scripts.push.Run(ctx, s.writes, []string{keyPushes, pushDayKey(day)}, id, data, prefix,
		maxPushes, faultline.PushesOfPrefix, pushesADay, keepPushDay.Milliseconds()).Text()
	switch {
	case err != nil:
		return s.fail(op, err)
	case answer == "prefix":
		return faultline.BusyError{RetryAfter: pushPatience, Limit: faultline.LimitPrefix}
	case answer != "kept":
		return faultline.BusyError{RetryAfter: pushPatience, Limit: faultline.LimitAll}
	}
	return nil
}

// PushKey returns the private key that all nodes sign notifications with. offered becomes
// that key if there is none yet.
func (s *Store) PushKey(ctx context.Context, offered string) (string, error) {
	const op = "read the key of notifications"
	if offered == "" || len(offered) > maxIDBytes {
		return "", fmt.Errorf("%s: %w", op, ErrTooLarge)
	}
	pipe := s.writes.TxPipeline()
	pipe.SetArgs(ctx, keyPushKey, offered, redis.SetArgs{Mode: "NX"})
	kept := pipe.Get(ctx, keyPushKey)
	// Exec reports that nothing was set where there was a key; what was read then says
	// whether anything failed.
	if _, err := pipe.Exec(ctx); err != nil && kept.Err() != nil {
		return "", s.fail(op, err)
	}
	return kept.Val(), nil
}

// DropPush removes the subscription of a browser. What waits for it is not sent any more.
func (s *Store) DropPush(ctx context.Context, id string) error {
	return s.Pushes().DeleteWebhook(ctx, id)
}
