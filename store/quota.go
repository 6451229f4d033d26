package store

import (
	"context"
	"fmt"
	"time"

	"faultline"
)

// quotasAtOnce bounds the quotas of one script: a Redis does nothing else meanwhile.
const quotasAtOnce = 512

// Settle adds what was spent of each quota, as far as there is room, and returns
// how each stands, in the order of quotas. On an error it returns those that came
// before. A quota of which nothing is used is not kept. Many quotas are one question:
// 4,096 of them in questions of their own would take seconds where Redis is far away.
func (s *Store) Settle(ctx context.Context, quotas []faultline.QuotaSpent) ([]faultline.QuotaState, error) {
	const op = "settle quotas"
	states := make([]faultline.QuotaState, 0, len(quotas))
	for len(quotas) > 0 {
		some := quotas[:min(len(quotas), quotasAtOnce)]
		quotas = quotas[len(some):]
		keys, args := make([]string, len(some)), make([]any, 0, 3*len(some))
		for i, q := range some {
			keys[i] = prefixQuota + q.Key
			args = append(args, q.Burst, q.Interval.Microseconds(), q.N)
		}
		answer, err := s.scripts.settle.Run(ctx, s.reads, keys, args...).Int64Slice()
		if err != nil {
			return states, s.fail(op, err)
		}
		// A shorter answer would give quotas the numbers of others.
		if len(answer) != 2*len(some) {
			return states, fmt.Errorf("%s: %d numbers for %d quotas", op, len(answer), len(some))
		}
		for i := range some {
			states = append(states, faultline.QuotaState{
				Used: time.Duration(answer[2*i]) * time.Microsecond, Left: int(answer[2*i+1])})
		}
	}
	return states, nil
}
