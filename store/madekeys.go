package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

const (
	// Bounds of the keys that people make for themselves. A day's count outlives its day by
	// two hours, since clocks of nodes differ.
	madeKeysADay = 500 // of everybody together
	keepMadeDay  = 26 * time.Hour
	// madeKeyPatience is what who is refused for want of room is told to wait.
	madeKeyPatience = time.Hour
)

// keptKey is a key as the script reads it. The time of its end is there a second time as a
// number, because Lua can't compare times as text.
type keptKey struct {
	faultline.MadeKey
	ExpiresMS int64 `json:"expires_ms"`
}

// keepKey is what is stored of a key.
func keepKey(k faultline.MadeKey) ([]byte, error) {
	return json.Marshal(keptKey{MadeKey: k, ExpiresMS: k.Expires.UnixMilli()})
}

// MakeKey notes a key that somebody of a prefix (a pseudonym) made on a challenge that was
// given out on day. It fails with [faultline.ErrSpent] for a challenge that has made one,
// and with [faultline.BusyError] where there are too many of the prefix or in all.
func (s *Store) MakeKey(ctx context.Context, k faultline.MadeKey, challenge, day, prefix string,
	now time.Time) error {
	const op = "make a key"
	data, err := keepKey(k)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	answer, err := s.scripts.makeKey.Run(ctx, s.writes, []string{keyMade, madeKey(day)}, k.Subject, data,
		now.UnixMilli(), prefix, challenge, faultline.MaxMadeKeys, faultline.MadeKeysOfPrefix, madeKeysADay,
		keepMadeDay.Milliseconds()).Text()
	if err != nil {
		return s.fail(op, err)
	}
	switch answer {
	case "spent":
		return fmt.Errorf("%s: %w", op, faultline.ErrSpent)
	case "prefix":
		return faultline.BusyError{RetryAfter: madeKeyPatience, Limit: faultline.LimitPrefix}
	case "day", "all":
		return faultline.BusyError{RetryAfter: madeKeyPatience, Limit: faultline.LimitAll}
	}
	return nil
}

// SaveKey replaces what is known of a key.
func (s *Store) SaveKey(ctx context.Context, k faultline.MadeKey) error {
	data, err := keepKey(k)
	if err != nil {
		return fmt.Errorf("save a key: %w", err)
	}
	if err := s.writes.HSet(ctx, keyMade, k.Subject, data).Err(); err != nil {
		return s.fail("save a key", err)
	}
	return nil
}

// MadeKey returns a key by its subject, or [faultline.ErrNotFound].
func (s *Store) MadeKey(ctx context.Context, subject string) (faultline.MadeKey, error) {
	const op = "read a key"
	body, err := s.reads.HGet(ctx, keyMade, subject).Bytes()
	if errors.Is(err, redis.Nil) {
		return faultline.MadeKey{}, fmt.Errorf("%s: %w", op, faultline.ErrNotFound)
	}
	if err != nil {
		return faultline.MadeKey{}, s.fail(op, err)
	}
	var k keptKey
	if err := json.Unmarshal(body, &k); err != nil {
		return faultline.MadeKey{}, fmt.Errorf("%s: %w", op, err)
	}
	return k.MadeKey, nil
}

// MadeKeys returns all keys that people made. One that can't be read is left out.
func (s *Store) MadeKeys(ctx context.Context) ([]faultline.MadeKey, error) {
	bodies, err := s.reads.HVals(ctx, keyMade).Result()
	if err != nil {
		return nil, s.fail("read the keys", err)
	}
	all := make([]faultline.MadeKey, 0, len(bodies))
	for _, body := range bodies {
		var k keptKey
		if json.Unmarshal([]byte(body), &k) == nil {
			all = append(all, k.MadeKey)
		}
	}
	return all, nil
}

// CountMadeKeys is how many keys there are, those included that have expired and that
// nobody has removed yet.
func (s *Store) CountMadeKeys(ctx context.Context) (int, error) {
	n, err := s.reads.HLen(ctx, keyMade).Result()
	if err != nil {
		return 0, s.fail("count the keys", err)
	}
	return int(n), nil
}

// DropKey forgets a key.
func (s *Store) DropKey(ctx context.Context, subject string) error {
	if err := s.writes.HDel(ctx, keyMade, subject).Err(); err != nil {
		return s.fail("drop a key", err)
	}
	return nil
}
