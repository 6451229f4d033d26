package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	dailyKeyBytes = 32
	// dailyKeyTTL outlives its day by two hours, for nodes whose clocks differ.
	// After that nobody can link a day's pseudonyms to addresses any more.
	dailyKeyTTL = 26 * time.Hour
)

// DailyKey returns the secret of one UTC day (2006-01-02): 32 random bytes, the
// same for every node, made by the first that asks, gone 26 hours later.
func (s *Store) DailyKey(ctx context.Context, day string) ([]byte, error) {
	op := fmt.Sprintf("daily key of %q", day)
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return nil, fmt.Errorf("%s: not a day", op)
	}
	key, err := s.writes.Get(ctx, dailyKey(day)).Bytes()
	if errors.Is(err, redis.Nil) {
		fresh := make([]byte, dailyKeyBytes)
		if _, err := rand.Read(fresh); err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		// Whoever comes second reads what the first has set.
		if err := s.writes.SetNX(ctx, dailyKey(day), fresh, dailyKeyTTL).Err(); err != nil {
			return nil, s.fail(op, err)
		}
		key, err = s.writes.Get(ctx, dailyKey(day)).Bytes()
	}
	if err != nil {
		return nil, s.fail(op, err)
	}
	if len(key) != dailyKeyBytes {
		return nil, fmt.Errorf("%s: stored with %d bytes", op, len(key))
	}
	return key, nil
}
