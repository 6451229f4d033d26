package node

import (
	"context"
	"errors"
	"time"

	"faultline"
	"faultline/board"
	"faultline/replica"
	"faultline/store"
	"faultline/store/archive"
)

// logAdapter gives the store to ingest as the log that it appends to.
type logAdapter struct{ *store.Store }

// Append writes one batch into the log. A batch that is sent again under the same writer and
// seq is counted once, so ingest may repeat it when it does not know whether it arrived.
// Errors are those of the store, such as [store.ErrTooLarge] and [faultline.ErrUnavailable].
func (a logAdapter) Append(ctx context.Context, writer, seq uint64, events []faultline.Event) error {
	_, err := a.Store.Append(ctx, store.BatchKey{Writer: writer, Seq: seq}, events)
	return err
}

// annotator gives the store to the API as the place where corrections of incidents are
// written.
type annotator struct{ writer *store.Writer }

// Annotate writes one event into the log as a batch of its own. It returns once the event is
// stored; every node then folds it.
func (a annotator) Annotate(ctx context.Context, ev faultline.Event) error {
	return a.writer.Append(ctx, []faultline.Event{ev})
}

// sourceAdapter gives the store to the board and to webhooks as the source of incidents. After
// each read it asks whether Redis still holds the log that this node knows, and discards what
// was read if not: a Redis that came back empty must not erase what readers see. It asks
// afterwards, because Redis may lose the log between the question and the read.
type sourceAdapter struct {
	archive.Source
	known *replica.KnownLog
}

// known returns what was read if it was read of the log that this node knows, else an error.
func known[T any](ctx context.Context, a sourceAdapter, read T, err error) (T, error) {
	if err == nil {
		err = a.known.Check(ctx, a.Store)
	}
	if err != nil {
		var nothing T
		return nothing, err
	}
	return read, nil
}

// Changes returns up to limit changes after a position, or the last ones after "", and waits
// up to block if there are none. The error is [faultline.ErrNotFound] where changes after that position were trimmed:
// the reader has then missed some, and begins again from the list of incidents.
func (a sourceAdapter) Changes(ctx context.Context, after string, limit int, block time.Duration) ([]faultline.Change,
	error) {
	changes, err := a.Store.Changes(ctx, after, limit, block)
	if changes, err = known(ctx, a, changes, err); errors.Is(err, store.ErrTrimmed) {
		return nil, a.missing(ctx)
	}
	return changes, err
}

// published returns what this node has shown to its readers, by which a loss of the log's end
// is noticed; nil in a drill, whose log is in memory and is never lost.
func (n *Node) published() func() ([]faultline.Incident, bool) {
	if n.cfg.Drill != nil {
		return nil
	}
	return func() ([]faultline.Incident, bool) { return n.board.Published() }
}

// missing returns the error for changes that are no longer kept. An empty Redis keeps none
// either; that must not look like trimming, after which a reader would take the empty list.
func (a sourceAdapter) missing(ctx context.Context) error {
	if err := a.known.Check(ctx, a.Store); err != nil {
		return err
	}
	return faultline.ErrNotFound
}

// Incidents returns the newest revision of up to limit incidents.
func (a sourceAdapter) Incidents(ctx context.Context, limit int) ([]faultline.Incident, error) {
	list, err := a.Source.Incidents(ctx, limit)
	return known(ctx, a, list, err)
}

// View returns the stored view with its version, or a zero view if the stored version is the
// given one. On an error it returns the version that it was given, so that the next read asks
// for the same again.
func (a sourceAdapter) View(ctx context.Context, version int64) (faultline.View, int64, error) {
	view, newer, err := a.Store.View(ctx, version)
	if view, err = known(ctx, a, view, err); err != nil {
		return view, version, err
	}
	return view, newer, nil
}

// mapOnDisk gives the list of sites to the board, which writes it to disk.
type mapOnDisk struct {
	*replica.SiteMap
	replica *replica.Replica
}

// Version counts changes of the list. It is 0 until the log was read: the list holds only the
// built-in catalogue before, which must not overwrite a fuller one on disk.
func (m mapOnDisk) Version() int {
	if !m.replica.Status().Loaded {
		return 0
	}
	return m.SiteMap.Version()
}

// pageSource is what the pages show: the board, and old revisions of the store.
type pageSource struct {
	*board.Board
	stored archive.Source
}

// Revisions returns up to limit revisions of an incident that follow revision number after, in
// the form of the list. It asks for [store.MaxRevisions] at a time. If a read fails, it
// returns the revisions read so far together with the error, so that a page can show them.
func (p pageSource) Revisions(ctx context.Context, id string, after, limit int) ([]faultline.Incident, error) {
	last, err := p.Board.Incident(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	var out []faultline.Incident
	until := min(last.Revision, after+limit)
	for first := after + 1; first <= until; first += store.MaxRevisions {
		read, err := p.stored.Revisions(ctx, id, first, min(until, first+store.MaxRevisions-1))
		if err != nil {
			return out, err
		}
		for _, in := range read {
			out = append(out, in.Listed())
		}
	}
	return out, nil
}
