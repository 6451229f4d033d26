package api

import (
	"context"
	"slices"
	"strconv"
	"time"

	"faultline"
)

// What one page of the list reads of incidents that are not in memory: so many at
// once, and so often.
const (
	olderAtOnce = 50
	olderReads  = 4
)

// listing is a page of the list while it is put together.
type listing struct {
	q     listQuery
	body  []byte
	taken int
	at    cursor // the last that was looked at
	more  bool   // there is more behind it, or may be
}

// add looks at the next incident. It reports false when the page is full.
func (l *listing) add(e *entry) (bool, error) {
	if l.q.takes(&e.inc) {
		if l.more = l.taken == l.q.limit; l.more {
			return false, nil
		}
		listed, err := e.members(l.q.fields)
		if err != nil {
			return false, err
		}
		if l.taken++; l.taken > 1 {
			l.body = append(l.body, ',')
		}
		l.body = append(l.body, listed...)
	}
	l.at = cursorOf(&e.inc)
	return true, nil
}

// list puts a page of the list together from incidents that are rendered already,
// and beyond those in memory from what the source keeps.
func (b *Board) list(ctx context.Context, s *snapshot, q listQuery) (*page, error) {
	l := listing{q: q, at: q.after, body: append([]byte(`{"meta":`), s.metaBody...)}
	l.body = append(l.body, `,"incidents":[`...)
	older := s.floor.id != "" && !q.onlyOpen()
	for _, e := range s.order {
		at := cursorOf(&e.inc)
		if older && s.floor.before(at) {
			break
		}
		if q.after.id != "" && !q.after.before(at) {
			continue
		}
		if room, err := l.add(e); err != nil || !room {
			return l.page(b.cfg.PublicURL), err
		}
	}
	if older {
		if err := b.listOlder(ctx, &l, s.floor); err != nil {
			return nil, err
		}
	}
	return l.page(b.cfg.PublicURL), nil
}

// listOlder goes on behind the floor of what is in memory. A page that holds
// something already ends where the source fails.
func (b *Board) listOlder(ctx context.Context, l *listing, floor cursor) error {
	if l.at.id == "" || l.at.before(floor) {
		l.at = floor
	}
	if began := (cursor{l.q.until.UnixMilli() + 1, "inc_0"}); !l.q.until.IsZero() && l.at.before(began) {
		l.at = began
	}
	for range olderReads {
		if !l.q.overlapping && l.at.onsetMS < l.q.since.UnixMilli() {
			return nil
		}
		older, err := b.readOlder(ctx, l.at)
		if err != nil && l.taken > 0 {
			break
		} else if err != nil {
			return err
		}
		for _, inc := range older {
			e, err := newEntry(inc, b.cfg.PublicURL)
			if err != nil {
				return err
			}
			if room, err := l.add(e); err != nil || !room {
				return err
			}
		}
		if len(older) < olderAtOnce {
			return nil
		}
	}
	l.more = true
	return nil
}

// readOlder asks the source for incidents behind a place.
func (b *Board) readOlder(ctx context.Context, at cursor) ([]faultline.Incident, error) {
	select {
	case b.through <- struct{}{}:
		defer func() { <-b.through }()
	default:
		return nil, faultline.ErrUnavailable
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return b.cfg.Source.Older(ctx, time.UnixMilli(at.onsetMS), at.id, olderAtOnce)
}

func (l *listing) page(publicURL string) *page {
	next, link := "null", []string(nil)
	if l.more {
		next = strconv.Quote(l.at.String()) // base64url: nothing to escape
		following := l.q
		following.after = l.at
		link = []string{"<" + publicURL + "/v1/incidents?" + following.key() + `>; rel="next"`}
	}
	p := pageOf(append(append(append(l.body, `],"next":`...), next...), '}'))
	p.link = link
	return p
}

// onlyOpen reports whether nothing that is over is asked for: what is open is in
// memory, however old.
func (l listQuery) onlyOpen() bool {
	return len(l.states) > 0 && !slices.ContainsFunc(l.states, func(s faultline.IncidentState) bool { return !s.Open() })
}
