package ingest

import (
	"context"
	"errors"
	"sync"
	"time"

	"faultline"
	"faultline/trace"
)

// waitLimit bounds the wait for an answer, whatever the caller's context: counted
// from when the batch began to fill.
const waitLimit = 5 * time.Second

var errLate = errors.New("no answer in time")

// batch is what one append carries. Everyone in it hears the same answer.
type batch struct {
	number uint64 // of this door's batches, from 1
	events []faultline.Event
	from   []trace.Context // the spans of those in it that are traced, as many as the log carries

	// One channel, and nothing else, is what hundreds wait on: each thing more to
	// wait for costs each of them a lock.
	answered chan struct{} // closed once err is final
	answer   sync.Once
	err      error
	late     *time.Timer
}

// newBatch begins the one wait that all who are in a batch share.
func newBatch(number uint64) *batch {
	b := &batch{number: number, answered: make(chan struct{})}
	b.late = time.AfterFunc(waitLimit, func() { b.finish(unavailable(errLate)) })
	return b
}

// follow notes that work which is traced is in the batch; nil: it is not traced.
func (b *batch) follow(from *trace.Span) {
	if from != nil && len(b.from) < trace.MaxCarried {
		b.from = append(b.from, from.Context())
	}
}

// settle tells everyone what became of the batch.
func (b *batch) settle(err error) {
	b.late.Stop()
	b.finish(err)
}

// finish answers everyone, the first time that it is called.
func (b *batch) finish(err error) {
	b.answer.Do(func() {
		b.err = err
		close(b.answered)
	})
}

// wait blocks until the batch is in the log, or is known not to be, or ctx ends,
// or it has taken too long. In the last two cases it may yet get there.
func (b *batch) wait(ctx context.Context) error {
	gone := ctx.Done()
	if gone == nil { // to wait for one thing costs half as much
		<-b.answered
		return b.err
	}
	select {
	case <-b.answered:
		return b.err
	case <-gone:
		return unavailable(ctx.Err())
	}
}
