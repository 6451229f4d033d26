package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"faultline"
)

// AddVantage notes a vantage that an operator adds, and reports false where one of that
// name was added already. Beyond [faultline.MaxVantages] it fails with [ErrTooLarge]. The
// count and the write are two commands, so that several operators at one moment may pass
// the bound by a few: it is there to keep the hash small, and nothing breaks just above it.
func (s *Store) AddVantage(ctx context.Context, v faultline.AddedVantage) (bool, error) {
	const op = "add a vantage"
	body, err := json.Marshal(v)
	if err != nil {
		return false, fmt.Errorf("%s: %w", op, err)
	}
	n, err := s.reads.HLen(ctx, keyAdded).Result()
	if err != nil {
		return false, s.fail(op, err)
	}
	if n >= faultline.MaxVantages {
		return false, fmt.Errorf("%s: %w: there are %d", op, ErrTooLarge, n)
	}
	added, err := s.writes.HSetNX(ctx, keyAdded, v.Vantage, body).Result()
	if err != nil {
		return false, s.fail(op, err)
	}
	return added, nil
}

// AddedVantage returns a vantage that an operator has added, or [faultline.ErrNotFound].
func (s *Store) AddedVantage(ctx context.Context, name string) (v faultline.AddedVantage, err error) {
	const op = "read an added vantage"
	body, err := s.reads.HGet(ctx, keyAdded, name).Bytes()
	if errors.Is(err, redis.Nil) {
		return v, fmt.Errorf("%s: %w", op, faultline.ErrNotFound)
	}
	if err != nil {
		return v, s.fail(op, err)
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("%s: %w", op, err)
	}
	return v, nil
}

// AddedVantages returns those that operators have added, in order of name. One that can't
// be read is left out, because one damaged entry must not take all the others off the page.
func (s *Store) AddedVantages(ctx context.Context) ([]faultline.AddedVantage, error) {
	fields, err := s.reads.HGetAll(ctx, keyAdded).Result()
	if err != nil {
		return nil, s.fail("read the added vantages", err)
	}
	all := make([]faultline.AddedVantage, 0, len(fields))
	for _, body := range fields {
		var v faultline.AddedVantage
		if json.Unmarshal([]byte(body), &v) == nil {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b faultline.AddedVantage) int { return cmp.Compare(a.Vantage, b.Vantage) })
	return all, nil
}

// RemoveVantage forgets a vantage, and what it reported of itself, in one transaction:
// either alone would show a vantage that is half there.
func (s *Store) RemoveVantage(ctx context.Context, name string) error {
	pipe := s.writes.TxPipeline()
	pipe.HDel(ctx, keyAdded, name)
	pipe.HDel(ctx, keyVantages, name)
	if _, err := pipe.Exec(ctx); err != nil {
		return s.fail("remove a vantage", err)
	}
	return nil
}
