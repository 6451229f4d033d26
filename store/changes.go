package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

// Changes returns up to limit changes in order: those after a position or, after
// "", the last ones kept. If there are none it waits up to block, at most a
// second. When changes after the position are no longer kept the error is
// [ErrTrimmed]: read the Incidents again. So that nothing is missed, remember
// the last change first, read the Incidents, then go on after it.
func (s *Store) Changes(ctx context.Context, after string, limit int, block time.Duration) ([]faultline.Change, error) {
	const op = "read the changes"
	limit = min(max(limit, 1), changesKept)
	pos, err := ParsePos(after)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if after == "" {
		entries, err := s.reads.XRevRangeN(ctx, keyChanges, "+", "-", int64(limit)).Result()
		if err != nil {
			return nil, s.fail(op, err)
		}
		if len(entries) > 0 {
			slices.Reverse(entries)
			return s.readChanges(entries), nil
		}
	}
	entries, err := s.readStream(ctx, keyChanges, pos, limit, block)
	if err != nil {
		return nil, s.fail(op, err)
	}
	if len(entries) == 0 {
		return nil, nil
	}
	// Each change names the one before it. If that lies behind the reader's position,
	// changes in between were trimmed. Redis alone can't tell this: a stream that was
	// trimmed looks the same as one that never had more.
	previous, _ := entries[0].Values["p"].(string)
	if before, err := ParsePos(previous); after != "" && (err != nil || before.Compare(pos) > 0) {
		return nil, fmt.Errorf("%s after %q: %w", op, after, ErrTrimmed)
	}
	return s.readChanges(entries), nil
}

// readChanges unpacks entries; those that cannot be read are counted and left
// out.
func (s *Store) readChanges(entries []redis.XMessage) []faultline.Change {
	changes := make([]faultline.Change, 0, len(entries))
	for _, entry := range entries {
		packed, _ := entry.Values["i"].(string)
		c := faultline.Change{ID: entry.ID}
		c.Trace, _ = entry.Values[traceField].(string)
		if err := unpack([]byte(packed), &c.Incident); err != nil {
			s.m.poison.WithLabelValues("change").Inc()
			continue
		}
		changes = append(changes, c)
	}
	return changes
}
