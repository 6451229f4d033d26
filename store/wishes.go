package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

// wishesLife is how long the correlator's wishes outlive a correlator that is
// gone.
const wishesLife = time.Minute

// SaveWishes replaces what the correlator wants probed.
func (s *Store) SaveWishes(ctx context.Context, l Lease, wishes []faultline.CheckRequest) error {
	const op = "save the check requests"
	packed, err := pack(wishes[:min(len(wishes), faultline.MaxCheckRequests)])
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := s.fenced(ctx, s.scripts.wishes, l, []string{keyWishes}, packed,
		wishesLife.Milliseconds()).Err(); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// Wishes returns what should be probed now: what the correlator wants and what
// people asked for. Those that are over are left out.
func (s *Store) Wishes(ctx context.Context, now time.Time) ([]faultline.CheckRequest, error) {
	const op = "read the check requests"
	packed, err := s.reads.Get(ctx, keyWishes).Bytes()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, s.fail(op, err)
	}
	var stored, wishes []faultline.CheckRequest
	if len(packed) > 0 {
		if err := unpack(packed, &stored); err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
	}
	asked, err := s.reads.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: keyAsked, ByScore: true,
		Start: "(" + strconv.FormatInt(now.UnixMilli(), 10), Stop: "+inf", Count: maxAsked}).Result()
	if err != nil {
		return nil, s.fail(op, err)
	}
	// People first: they are waiting for the answer, and the list is cut at its end.
	for _, a := range asked {
		site, _ := a.Member.(string)
		wishes = append(wishes, faultline.CheckRequest{Site: site, Reason: faultline.CheckAsked,
			Until: time.UnixMilli(int64(a.Score)).UTC()})
	}
	for _, w := range stored {
		if w.Until.After(now) {
			wishes = append(wishes, w)
		}
	}
	return wishes[:min(len(wishes), faultline.MaxCheckRequests)], nil
}
