package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// maxRevoked bounds the tokens that are revoked before their time.
const maxRevoked = 100_000

// Revoke notes that the token of that id (jti) is not to be taken any more. It is
// forgotten once the token would have expired.
func (s *Store) Revoke(ctx context.Context, id string, expires, now time.Time) error {
	const op = "revoke a token"
	if id == "" || len(id) > maxIDBytes {
		return fmt.Errorf("%s: %w: an id of %d bytes", op, ErrTooLarge, len(id))
	}
	// What has expired goes first, so that it takes no room from what is revoked now.
	// Beyond the bound those go that would expire soonest anyway.
	pipe := s.writes.TxPipeline()
	pipe.ZRemRangeByScore(ctx, keyRevoked, "-inf", strconv.FormatInt(now.UnixMilli(), 10))
	pipe.ZAdd(ctx, keyRevoked, redis.Z{Score: float64(expires.UnixMilli()), Member: id})
	pipe.ZRemRangeByRank(ctx, keyRevoked, 0, -maxRevoked-1) // those that end soonest
	if _, err := pipe.Exec(ctx); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// Revoked returns the ids of all tokens that are revoked.
func (s *Store) Revoked(ctx context.Context) ([]string, error) {
	ids, err := s.reads.ZRange(ctx, keyRevoked, 0, -1).Result()
	if err != nil {
		return nil, s.fail("read the revoked tokens", err)
	}
	return ids, nil
}
