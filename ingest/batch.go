package ingest

import (
	"context"
	"errors"
	"time"

	"faultline"
)

// waitLimit bounds the wait for an answer, whatever the caller's context: counted
// from when the batch began to fill.
const waitLimit = 5 * time.Second

// batch is what one append carries. Everyone in it hears the same answer.
type batch struct {
	events []faultline.Event
	done   chan struct{} // closed once err is final
	late   chan struct{} // closed after waitLimit
	err    error
	// settled closes done.
	settled func()
}

// newBatch begins the one wait that all who are in a batch share.
func newBatch() *batch {
	b := &batch{done: make(chan struct{}), late: make(chan struct{})}
	timer := time.AfterFunc(waitLimit, func() { close(b.late) })
	b.settled = func() { timer.Stop(); close(b.done) }
	return b
}

// failed reports whether the batch is known not to be in the log.
func (b *batch) failed() bool {
	select {
	case <-b.done:
		return b.err != nil
	default:
		return false
	}
}

// wait blocks until the batch is in the log, or is known not to be, or ctx ends.
// In the last case it may yet get there.
func (b *batch) wait(ctx context.Context) error {
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-b.late:
		return unavailable(errors.New("no answer in time"))
	}
}
