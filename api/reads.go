package api

import (
	"context"

	"faultline"
)

// What the Board knows, for readers in this process such as the pages. Nothing
// that is returned may be written to.

// Incidents returns the incidents that the Board holds at their last revisions,
// newest onset first; long lists of sites may be cut to the first
// [faultline.ListedSites]. It fails with [faultline.ErrUnavailable] until the
// source was read once.
func (b *Board) Incidents() ([]faultline.Incident, error) {
	s, err := b.snapshot()
	if err != nil {
		return nil, err
	}
	out := make([]faultline.Incident, len(s.order))
	for i, e := range s.order {
		out[i] = e.inc
	}
	return out, nil
}

// Incident returns one revision of an incident with all its sites; 0 is the last
// one. What the Board does not hold it reads through the source. It fails with
// [faultline.ErrNotFound] or [faultline.ErrUnavailable].
func (b *Board) Incident(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	if s := b.current.Load(); s != nil {
		if e := s.byID[id]; e != nil && e.complete && (revision == 0 || revision == e.inc.Revision) {
			return e.inc, nil
		}
	}
	return b.readThrough(ctx, id, revision)
}

// View returns the newest view, or the zero one before the first.
func (b *Board) View() faultline.View {
	if s := b.current.Load(); s != nil {
		return s.view
	}
	return faultline.View{}
}
