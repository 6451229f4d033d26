package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

// Lost compares published incidents with the stored ones. It returns the incidents whose
// stored revision is older than the published one, or that are not stored at all. It leaves
// out drills, incidents of an earlier log, and incidents that are not stored and whose last
// revision is older than since.
func (s *Store) Lost(ctx context.Context, published []faultline.Incident,
	since time.Time) ([]faultline.Incident, error) {
	const op = "compare what was published with what is stored"
	start, err := s.LogStart(ctx)
	if err != nil {
		return nil, err
	}
	var lost []faultline.Incident
	for len(published) > 0 {
		part := published[:min(len(published), incidentsAtOnce)]
		published = published[len(part):]
		// Many incidents are one round trip.
		cmds, err := s.reads.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, in := range part {
				p.HGet(ctx, incidentKey(in.ID), "last")
			}
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, s.fail(op, err)
		}
		for i, in := range part {
			text := cmds[i].(*redis.StringCmd).Val()
			last, _ := strconv.Atoi(text) // none is 0
			// What is not stored at all and is old may have been removed on purpose.
			known := last > 0 || in.UpdatedAt.After(since)
			if last < in.Revision && known && !in.Drill && !in.DetectedAt.Before(start) {
				lost = append(lost, in)
			}
		}
	}
	return lost, nil
}
