package node

import (
	"context"
	"errors"
	"time"

	"faultline"
	"faultline/board"
	"faultline/replica"
	"faultline/store"
)

// logAdapter is the store as the door sees it.
type logAdapter struct{ *store.Store }

func (a logAdapter) Append(ctx context.Context, writer, seq uint64, events []faultline.Event) error {
	_, err := a.Store.Append(ctx, store.BatchKey{Writer: writer, Seq: seq}, events)
	return err
}

// annotator writes what people say of incidents into the log.
type annotator struct{ writer *store.Writer }

func (a annotator) Annotate(ctx context.Context, ev faultline.Event) error {
	return a.writer.Append(ctx, []faultline.Event{ev})
}

// sourceAdapter is the store as the board sees it.
type sourceAdapter struct{ *store.Store }

func (a sourceAdapter) Changes(ctx context.Context, after string, limit int, block time.Duration) ([]faultline.Change,
	error) {
	changes, err := a.Store.Changes(ctx, after, limit, block)
	if errors.Is(err, store.ErrTrimmed) {
		return nil, faultline.ErrNotFound
	}
	return changes, err
}

// mapOnDisk is the list of sites as the board writes it down, once the log was read.
type mapOnDisk struct {
	*replica.SiteMap
	replica *replica.Replica
}

func (m mapOnDisk) Version() int {
	if !m.replica.Status().Loaded {
		return 0
	}
	return m.SiteMap.Version()
}

// pageSource is what the pages show: the board, and old revisions of the store.
type pageSource struct {
	*board.Board
	store *store.Store
}

// Revisions reads them one by one, each of which never changes.
func (p pageSource) Revisions(ctx context.Context, id string, after, limit int) ([]faultline.Incident, error) {
	last, err := p.Board.Incident(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	var out []faultline.Incident
	for n := after + 1; n <= last.Revision && len(out) < limit; n++ {
		in, err := p.store.Incident(ctx, id, n)
		if err != nil {
			return out, err
		}
		out = append(out, in.Listed())
	}
	return out, nil
}
