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

// checkRequestsLife is how long the correlator's requests outlive a correlator that is
// gone.
const checkRequestsLife = time.Minute

// SaveCheckRequests replaces what the correlator wants probed.
func (s *Store) SaveCheckRequests(ctx context.Context, l Lease, requests []faultline.CheckRequest) error {
	const op = "save the check requests"
	packed, err := pack(requests[:min(len(requests), faultline.MaxCheckRequests)])
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := s.fenced(ctx, s.scripts.checkRequests, l, []string{keyCheckRequests}, packed,
		checkRequestsLife.Milliseconds()).Err(); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// CheckRequests returns what should be probed now: what the correlator wants and what
// people asked for. Those that are over are left out.
func (s *Store) CheckRequests(ctx context.Context, now time.Time) ([]faultline.CheckRequest, error) {
	const op = "read the check requests"
	packed, err := s.reads.Get(ctx, keyCheckRequests).Bytes()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, s.fail(op, err)
	}
	var stored, requests []faultline.CheckRequest
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
		requests = append(requests, faultline.CheckRequest{Site: site, Reason: faultline.CheckAsked,
			Until: time.UnixMilli(int64(a.Score)).UTC()})
	}
	for _, w := range stored {
		if w.Until.After(now) {
			requests = append(requests, w)
		}
	}
	return requests[:min(len(requests), faultline.MaxCheckRequests)], nil
}
