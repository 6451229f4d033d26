package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"faultline"
	"faultline/board"
	"faultline/store"
)

// logAdapter is the store as the door sees it.
type logAdapter struct{ *store.Store }

func (a logAdapter) Append(ctx context.Context, writer, seq uint64, events []faultline.Event) error {
	_, err := a.Store.Append(ctx, store.BatchKey{Writer: writer, Seq: seq}, events)
	return err
}

// annotator writes what people say of incidents into the log, one at a time.
type annotator struct {
	store  *store.Store
	writer uint64

	mu  sync.Mutex
	seq uint64
}

func (a *annotator) Annotate(ctx context.Context, ev faultline.Event) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seq++
	_, err := a.store.Append(ctx, store.BatchKey{Writer: a.writer, Seq: a.seq}, []faultline.Event{ev})
	return err
}

// sourceAdapter is the store as the board sees it.
type sourceAdapter struct{ *store.Store }

func (a sourceAdapter) Changes(ctx context.Context, after string, limit int, block time.Duration) ([]faultline.Change, error) {
	changes, err := a.Store.Changes(ctx, after, limit, block)
	if errors.Is(err, store.ErrTrimmed) {
		return nil, faultline.ErrNotFound
	}
	return changes, err
}

// mapOnDisk is the map as the board writes it down, once the log was read.
type mapOnDisk struct {
	*siteMap
	fold *folder
}

func (m mapOnDisk) Version() int {
	if !m.fold.status.Load().Loaded {
		return 0
	}
	return m.siteMap.Version()
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

// webhookBox is the store as the webhooks' dispatcher sees it, in one term.
type webhookBox struct {
	*store.Store
	lease store.Lease
}

func (b webhookBox) Position(ctx context.Context) (string, error) { return b.WebhookPosition(ctx) }

func (b webhookBox) Queue(ctx context.Context, position string, messages []faultline.Delivery) (int, error) {
	return b.QueueDeliveries(ctx, b.lease, position, messages)
}

func (b webhookBox) Due(ctx context.Context, now time.Time, limit int) ([]faultline.Delivery, error) {
	return b.DueDeliveries(ctx, now, limit)
}

func (b webhookBox) Postpone(ctx context.Context, m faultline.Delivery) error {
	return b.PostponeDelivery(ctx, m)
}

func (b webhookBox) End(ctx context.Context, id, webhook string, dead []byte) error {
	return b.EndDelivery(ctx, id, webhook, dead)
}
