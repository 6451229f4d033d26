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

// QuotaState is how a quota stands for all nodes: when nothing of it is used any
// more, and of N how many there was no room for.
type QuotaState struct {
	Used time.Duration
	Left int
}

// Settle adds what was spent of each quota, as far as there is room, and returns
// how each stands, in the order of quotas. On an error it returns those that came
// before. A quota of which nothing is used is not kept.
func (s *Store) Settle(ctx context.Context, quotas []Quota) ([]QuotaState, error) {
	limiter := redis_rate.NewLimiter(s.reads)
	states := make([]QuotaState, 0, len(quotas))
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
		states = append(states, QuotaState{Used: max(0, res.ResetAfter), Left: max(0, q.N-res.Allowed)})
	}
	return states, nil
}
