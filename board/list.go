package board

import (
	"context"
	"time"

	"faultline"
)

// What one page of the list reads of incidents that are not in memory: so many at
// once, and so often.
const (
	OlderAtOnce = 50
	olderReads  = 4
)

// Listing is one page of the list of incidents.
type Listing struct {
	Entries []*Entry
	// At is the last place that was read. More says that there is more behind it, or may be.
	At   Cursor
	More bool
}

// add considers the next incident. It reports false when the page is full.
func (l *Listing) add(q Query, e *Entry) bool {
	if q.takes(&e.Incident) {
		if l.More = len(l.Entries) == q.Limit; l.More {
			return false
		}
		l.Entries = append(l.Entries, e)
	}
	l.At = CursorOf(&e.Incident)
	return true
}

// List puts a page of the list together from incidents that are rendered already, and
// beyond those in memory from what the source keeps. The page ends where the limit is
// reached, and its last place is the cursor of the next page. An incident that is new
// meanwhile is in front of that place, so that no page shows one twice.
func (b *Board) List(ctx context.Context, s *Snapshot, q Query) (Listing, error) {
	l := Listing{At: q.After}
	older := s.floor.id != "" && !q.onlyOpen()
	for _, e := range s.Order {
		at := CursorOf(&e.Incident)
		if older && s.floor.before(at) {
			break
		}
		if q.After.id != "" && !q.After.before(at) {
			continue
		}
		if !l.add(q, e) {
			return l, nil
		}
	}
	if older {
		return l, b.listOlder(ctx, q, &l, s.floor)
	}
	return l, nil
}

// listOlder goes on behind the floor of what is in memory. A page that holds something
// already ends where the source fails. The number of reads is bounded: a filter that
// matches nothing would else read the whole archive for one request. The page then says
// that there may be more, and its cursor goes on from there.
func (b *Board) listOlder(ctx context.Context, q Query, l *Listing, floor Cursor) error {
	if l.At.id == "" || l.At.before(floor) {
		l.At = floor
	}
	if began := (Cursor{q.Until.UnixMilli() + 1, "inc_0"}); !q.Until.IsZero() && l.At.before(began) {
		l.At = began
	}
	for range olderReads {
		if !q.Overlapping && l.At.onsetMS < q.Since.UnixMilli() {
			return nil
		}
		older, err := b.readOlder(ctx, l.At)
		if err != nil && len(l.Entries) > 0 {
			break
		} else if err != nil {
			return err
		}
		for _, inc := range older {
			e, err := newEntry(inc)
			if err != nil {
				return err
			}
			if !l.add(q, e) {
				return nil
			}
		}
		if len(older) < OlderAtOnce {
			return nil
		}
	}
	l.More = true
	return nil
}

// readOlder asks the source for incidents behind a place. It shares a
// bound with the other reads of the archive, and fails at once when too many read.
func (b *Board) readOlder(ctx context.Context, at Cursor) ([]faultline.Incident, error) {
	return through(ctx, b, func(ctx context.Context) ([]faultline.Incident, error) {
		return b.cfg.Source.Older(ctx, time.UnixMilli(at.onsetMS), at.id, OlderAtOnce)
	})
}
