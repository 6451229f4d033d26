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

// sourceAdapter is the store as the board sees it. What it read counts only if Redis holds
// the log that this node knows, which is asked afterwards: a Redis that came back empty
// must not replace what readers see by nothing.
type sourceAdapter struct {
	*store.Store
	past *replica.Past
}

// known hands on what was read of the known log.
func known[T any](ctx context.Context, a sourceAdapter, read T, err error) (T, error) {
	if err == nil {
		err = a.past.Check(ctx, a.Store)
	}
	if err != nil {
		var nothing T
		return nothing, err
	}
	return read, nil
}

func (a sourceAdapter) Changes(ctx context.Context, after string, limit int, block time.Duration) ([]faultline.Change,
	error) {
	changes, err := a.Store.Changes(ctx, after, limit, block)
	if changes, err = known(ctx, a, changes, err); errors.Is(err, store.ErrTrimmed) {
		return nil, a.missing(ctx)
	}
	return changes, err
}

// told returns what this node's readers were told; nil in a drill, whose log is never lost.
func (n *Node) told() func() ([]faultline.Incident, bool) {
	if n.cfg.Drill != nil {
		return nil
	}
	return func() ([]faultline.Incident, bool) { return n.board.Told() }
}

// missing is what is said of changes that are no longer kept.
func (a sourceAdapter) missing(ctx context.Context) error {
	if err := a.past.Check(ctx, a.Store); err != nil {
		return err
	}
	return faultline.ErrNotFound
}

func (a sourceAdapter) Incidents(ctx context.Context, limit int) ([]faultline.Incident, error) {
	list, err := a.Store.Incidents(ctx, limit)
	return known(ctx, a, list, err)
}

func (a sourceAdapter) View(ctx context.Context, version int64) (faultline.View, int64, error) {
	view, newer, err := a.Store.View(ctx, version)
	if view, err = known(ctx, a, view, err); err != nil {
		return view, version, err
	}
	return view, newer, nil
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

// Revisions reads them in as few round trips as the store allows. What it has read when
// it fails it returns with the error.
func (p pageSource) Revisions(ctx context.Context, id string, after, limit int) ([]faultline.Incident, error) {
	last, err := p.Board.Incident(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	var out []faultline.Incident
	until := min(last.Revision, after+limit)
	for first := after + 1; first <= until; first += store.MaxRevisions {
		read, err := p.store.Revisions(ctx, id, first, min(until, first+store.MaxRevisions-1))
		if err != nil {
			return out, err
		}
		for _, in := range read {
			out = append(out, in.Listed())
		}
	}
	return out, nil
}
