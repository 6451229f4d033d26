package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// forgetDays is how many days back a key may still be in Redis' files.
const forgetDays = 3

// ForgetKeys makes Redis rewrite its append-only file once a daily key has expired. Until
// then the file still holds the key, and whoever has the file could link that day's
// pseudonyms to addresses. It does so once for each day, on every server of a cluster, and
// returns whether it did. A Redis that keeps no such file needs none of it.
func (s *Store) ForgetKeys(ctx context.Context, now time.Time) (bool, error) {
	const op = "forget daily keys"
	last, err := s.writes.Get(ctx, keyForgotten).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return false, s.fail(op, err)
	}
	day, err := s.expiredDay(ctx, last, now)
	if err != nil || day == "" {
		return false, err
	}
	if err := s.rewrite(ctx); err != nil {
		return false, s.fail(op, err)
	}
	if err := s.writes.Set(ctx, keyForgotten, day, 0).Err(); err != nil {
		return true, s.fail(op, err)
	}
	return true, nil
}

// expiredDay is the newest day after last whose key is gone, "" if there is none.
func (s *Store) expiredDay(ctx context.Context, last string, now time.Time) (string, error) {
	for back := 1; back <= forgetDays; back++ {
		day := now.UTC().AddDate(0, 0, -back).Format(time.DateOnly)
		if day <= last {
			return "", nil
		}
		n, err := s.writes.Exists(ctx, dailyKey(day)).Result() // one that is due expires now
		if err != nil {
			return "", s.fail("look for a daily key", err)
		}
		if n == 0 {
			return day, nil
		}
	}
	return "", nil
}

// rewrite asks every server that keeps an append-only file to rewrite it. Replicas have
// files of their own, and so they are asked too.
func (s *Store) rewrite(ctx context.Context) error {
	one := func(ctx context.Context, c *redis.Client) error {
		info, err := c.Info(ctx).Result()
		if err != nil || !strings.Contains(info, "aof_enabled:1") {
			return err
		}
		return c.BgRewriteAOF(ctx).Err()
	}
	switch c := s.writes.(type) {
	case *redis.ClusterClient:
		return c.ForEachShard(ctx, one)
	case *redis.Client:
		return one(ctx, c)
	}
	return nil
}
