package store

import (
	"context"
	"faultline"

	"github.com/go-redis/redis_rate/v10"
)

// Settle adds what was spent of each quota, as far as there is room, and returns
// how each stands, in the order of quotas. On an error it returns those that came
// before. A quota of which nothing is used is not kept.
func (s *Store) Settle(ctx context.Context, quotas []faultline.QuotaSpent) ([]faultline.QuotaState, error) {
	limiter := redis_rate.NewLimiter(s.reads)
	states := make([]faultline.QuotaState, 0, len(quotas))
	for _, q := range quotas {
		limit := redis_rate.Limit{Rate: 1, Burst: q.Burst, Period: q.Interval}
		settle := limiter.AllowAtMost
		if q.N == 0 {
			settle = limiter.AllowN
		}
		res, err := settle(ctx, prefixQuota+q.Key, limit, q.N)
		if err != nil {
			return states, s.fail("settle quotas", err)
		}
		states = append(states, faultline.QuotaState{Used: max(0, res.ResetAfter), Left: max(0, q.N-res.Allowed)})
	}
	return states, nil
}
