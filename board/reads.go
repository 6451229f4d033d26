package board

import (
	"context"
	"errors"
	"regexp"
	"time"

	"faultline"
)

// What the Board knows, for readers in this process such as the pages. Nothing
// that is returned may be written to.

// Incidents returns the incidents that the Board holds at their last revisions,
// newest onset first; long lists of sites may be cut to the first
// [faultline.ListedSites]. It fails with [faultline.ErrUnavailable] until the
// source was read once.
func (b *Board) Incidents() ([]faultline.Incident, error) {
	s, err := b.Snapshot()
	if err != nil {
		return nil, err
	}
	out := make([]faultline.Incident, len(s.Order))
	for i, e := range s.Order {
		out[i] = e.Incident
	}
	return out, nil
}

// Incident returns one revision of an incident with all its sites; 0 is the last
// one. What the Board does not hold it reads through the source. It fails with
// [faultline.ErrNotFound] or [faultline.ErrUnavailable].
func (b *Board) Incident(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	if s := b.current.Load(); s != nil {
		if e := s.byID[id]; e != nil && e.Complete && (revision == 0 || revision == e.Incident.Revision) {
			return e.Incident, nil
		}
	}
	return b.ReadThrough(ctx, id, revision)
}

// View returns the newest view, or the zero one before the first.
func (b *Board) View() faultline.View {
	if s := b.current.Load(); s != nil {
		return s.View
	}
	return faultline.View{}
}

// Coverage is what can be said at all just now; blind before the first snapshot.
func (b *Board) Coverage() faultline.Coverage {
	if s := b.current.Load(); s != nil {
		return s.Coverage()
	}
	return faultline.CoverageOf(faultline.View{}, nil, true)
}

// Reported is what a reporter is answered of the site: how many others reported it
// in the last 10 minutes, since when (of these reports, or of the incident), and
// the open incident that it belongs to, or nil.
func (b *Board) Reported(r faultline.Receipt) (others int, since *time.Time, incident *faultline.Incident) {
	s := b.current.Load()
	if s == nil {
		return 0, nil, nil
	}
	status, ok := s.Site(r.Site)
	if !ok {
		return 0, nil, nil
	}
	others = status.Reports
	if !r.Counted && others > 0 {
		others-- // a repeat: one of them is the reporter's own
	}
	if e := s.Foremost(status.Incidents); e != nil {
		return others, &e.Incident.Onset.At, &e.Incident
	}
	if others > 0 {
		since = status.FirstReportAt
	}
	return others, since, nil
}

// ErrNotKept says that a position is not kept, or never was one.
var ErrNotKept = errors.New("the position is not kept")

// ChangesBetween reads the changes behind one position up to another, exclusive,
// through the source. It fails with [ErrNotKept] where they do not join up, or are
// more than most.
func (b *Board) ChangesBetween(ctx context.Context, after, until string, most int) ([]faultline.Change, error) {
	if after == Beginning || !position.MatchString(after) {
		return nil, ErrNotKept
	}
	select {
	case b.through <- struct{}{}:
		defer func() { <-b.through }()
	default:
		return nil, ErrNotKept
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var between []faultline.Change
	for len(between) < most {
		changes, err := b.cfg.Source.Changes(ctx, after, followBatch, 0)
		if err != nil {
			return nil, err
		}
		if len(changes) == 0 {
			return nil, ErrNotKept
		}
		for _, c := range changes {
			if c.ID == until {
				return between, nil
			}
			between = append(between, c)
		}
		after = changes[len(changes)-1].ID
	}
	return nil, ErrNotKept
}

// position is the form of one: what can't be a position is not looked for.
var position = regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`)
