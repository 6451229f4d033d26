package store

import (
	"context"
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// Quota is one limit that all nodes share, with what this node let through of it
// since the last time: Burst requests at once, one more for each Interval.
type Quota struct {
	Key      string
	Burst    int
	Interval time.Duration
	N        int
}

// Settle adds what was spent of each quota and returns how much of it is used by
// all nodes now, as the time until nothing is, in the order of quotas. On an
// error it returns those that came before. A quota of which nothing is used is
// not kept.
func (s *Store) Settle(ctx context.Context, quotas []Quota) ([]time.Duration, error) {
	limiter := redis_rate.NewLimiter(s.reads)
	used := make([]time.Duration, 0, len(quotas))
	for _, q := range quotas {
		limit := redis_rate.Limit{Rate: 1, Burst: q.Burst, Period: q.Interval}
		settle := limiter.AllowAtMost
		if q.N == 0 {
			settle = limiter.AllowN
		}
		res, err := settle(ctx, prefixQuota+q.Key, limit, q.N)
		if err != nil {
			return used, s.fail("settle quotas", err)
		}
		used = append(used, max(0, res.ResetAfter))
	}
	return used, nil
}
