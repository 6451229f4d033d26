package store

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"faultline"
)

// Adopt appends an adoption under the fence and notes its position, see
// [Store.Adoption]. Incidents that there is no room for in one entry are left out: those
// that are over first.
func (s *Store) Adopt(ctx context.Context, l Lease, key BatchKey, a faultline.Adopt) (Pos, error) {
	for {
		pos, err := s.append(key, []faultline.Event{a}, func(packed []byte) (string, error) {
			return s.fenced(ctx, s.scripts.adopt, l, []string{keyLog, keyAdopted}, packed).Text()
		})
		// An adoption with fewer incidents is better than none: without it nobody can lead.
		if !errors.Is(err, ErrTooLarge) || len(a.Incidents) == 0 {
			return pos, err
		}
		a.Incidents = fewer(a.Incidents)
	}
}

// fewer leaves out half of the incidents that are over, or, when there are none, half of
// all. Halving ends after a few tries, however large the incidents are.
func fewer(list []faultline.Incident) []faultline.Incident {
	var open, over []faultline.Incident
	for _, in := range list {
		if in.State.Open() {
			open = append(open, in)
		} else {
			over = append(over, in)
		}
	}
	if len(over) == 0 {
		return open[:len(open)/2]
	}
	return append(open, over[:len(over)/2]...)
}

// Adoption returns the newest adoption of the log with its position, and false if there
// is none or it is no longer kept.
func (s *Store) Adoption(ctx context.Context) (faultline.Adopt, Pos, bool, error) {
	const op = "read the last adoption"
	text, err := s.reads.Get(ctx, keyAdopted).Result()
	if errors.Is(err, redis.Nil) {
		return faultline.Adopt{}, Pos{}, false, nil
	}
	if err != nil {
		return faultline.Adopt{}, Pos{}, false, s.fail(op, err)
	}
	pos, err := ParsePos(text)
	if err != nil {
		return faultline.Adopt{}, Pos{}, false, nil //nolint:nilerr // a damaged one is none
	}
	// The position is a key of its own, so that the log need not be searched for its newest
	// adoption.
	entries, err := s.reads.XRange(ctx, keyLog, text, text).Result()
	if err != nil {
		return faultline.Adopt{}, Pos{}, false, s.fail(op, err)
	}
	for _, entry := range entries {
		packed, _ := entry.Values[batchField].(string)
		_, u, err := openBatch(packed)
		if err != nil {
			continue
		}
		events, err := u.events()
		if err != nil || len(events) != 1 {
			continue
		}
		if a, ok := events[0].(faultline.Adopt); ok {
			return a, pos, true, nil
		}
	}
	return faultline.Adopt{}, Pos{}, false, nil
}

// Follows reports whether the log goes on from a position: [ErrTrimmed] if what follows
// it is no longer kept.
func (s *Store) Follows(ctx context.Context, pos Pos) error {
	return s.goesOn(ctx, pos, "")
}

// FollowsCursor is Follows for a position of which it is known what was read there.
func (s *Store) FollowsCursor(ctx context.Context, c Cursor) error {
	return s.goesOn(ctx, c.Pos, c.Head)
}

// Floor is the oldest position that a reader may begin after; the zero value for a log
// of which nothing was dropped.
func (s *Store) Floor(ctx context.Context) (Pos, error) {
	floor, err := s.floor(ctx, s.reads)
	if err != nil {
		return Pos{}, s.fail("read the log's floor", err)
	}
	return floor, nil
}

// Led reports whether somebody holds the lease.
func (s *Store) Led(ctx context.Context) (bool, error) {
	n, err := s.reads.Exists(ctx, keyLease).Result()
	if err != nil {
		return false, s.fail("look for a leader", err)
	}
	return n == 1, nil
}

// CountIncidents is how many incidents are stored.
func (s *Store) CountIncidents(ctx context.Context) (int, error) {
	n, err := s.reads.ZCard(ctx, keyIndex).Result()
	if err != nil {
		return 0, s.fail("count the incidents", err)
	}
	return int(n), nil
}
