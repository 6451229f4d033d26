package ingest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"faultline"
	"faultline/trace"
)

// Log is where events go. Append returns nil only when the events are in the
// log as durably as it promises. It drops a repeat of a writer's seq, so that
// an attempt whose answer was lost may be made again, and it does not keep the
// slice.
type Log interface {
	Append(ctx context.Context, writer, seq uint64, events []faultline.Event) error
}

const (
	// queueLimit bounds the events that wait for the log; beyond it the door
	// refuses at once.
	queueLimit = 1 << 16
	// batchLimit bounds the events of one append: a full batch of probes with
	// its vantage is never split.
	batchLimit = maxProbes + 1
	// drainLimit bounds the last flushes once the door closes.
	drainLimit = 3 * time.Second
)

// committer is the group commit: events join the batch that fills while another
// is in flight. There is no timer. Alone, a report waits one round trip; under
// load, the round trip and the others that are about to join make the batches.
type committer struct {
	log    Log
	writer uint64
	now    func() time.Time
	// patience is how long one append may take, by how far the log is.
	patience func() time.Duration
	// headroom says why the log takes nothing more; nil: it does.
	headroom func() error
	tracer   *trace.Tracer // nil: nothing is traced
	metrics  *metrics
	wake     chan struct{} // holds one token while the queue may be non-empty
	// settled hears of each batch's fate before those who are in it.
	settled func(number uint64, failed bool)

	mu      sync.Mutex
	queue   []*batch // the oldest first; the last one fills
	made    uint64   // batches begun to fill
	pending int      // events queued or in flight
	running bool
	closed  bool

	// It is not under mu: only the flusher's goroutine reads and writes it.
	seq uint64 // of the batch last begun; the flusher's own
}

// newCommitter returns a committer that runs once Run does. Its hooks do nothing until the
// door sets them.
func newCommitter(log Log, writer uint64, now func() time.Time, m *metrics) *committer {
	c := &committer{log: log, writer: writer, now: now, metrics: m, wake: make(chan struct{}, 1),
		settled: func(uint64, bool) {}, patience: func() time.Duration { return 0 },
		headroom: func() error { return nil }}
	m.gauge("faultline_ingest_pending_events", "Events accepted and not yet in the log.", c.waiting)
	return c
}

// waiting is how many events are accepted and not yet in the log, for the metric.
func (c *committer) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending
}

// add queues events, together and in order, for the next append.
func (c *committer) add(events ...faultline.Event) (*batch, error) {
	return c.addFrom(nil, events...)
}

// addFrom is add for events of work that is traced; nil: it is not.
func (c *committer) addFrom(from *trace.Span, events ...faultline.Event) (*batch, error) {
	// Refused before anything else, since what was accepted must be written.
	if err := c.headroom(); err != nil {
		c.metrics.shed.Inc()
		return nil, unavailable(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, unavailable(errors.New("the API takes nothing more: this node is ending"))
	}
	if c.pending+len(events) > queueLimit {
		return nil, unavailable(fmt.Errorf("%d events wait already", c.pending))
	}
	c.pending += len(events)
	// Events of one call are never divided, as their caller waits for one answer.
	if n := len(c.queue); n > 0 && len(c.queue[n-1].events)+len(events) <= batchLimit {
		b := c.queue[n-1]
		b.events = append(b.events, events...)
		b.follow(from)
		return b, nil
	}
	c.made++
	b := newBatch(c.made)
	b.events = append(b.events, events...)
	b.follow(from)
	c.queue = append(c.queue, b)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return b, nil
}

// take removes the oldest batch, nil when there is none.
func (c *committer) take() *batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		return nil
	}
	b := c.queue[0]
	c.queue[0] = nil
	c.queue = c.queue[1:]
	return b
}

// run appends batch after batch until ctx ends, and then what is queued.
func (c *committer) run(ctx context.Context) error {
	c.mu.Lock()
	again := c.running || c.closed
	c.running = true
	c.mu.Unlock()
	if again {
		return errors.New("the committer has been started before")
	}
	whole := context.WithoutCancel(ctx) // what was accepted is still written
	for {
		select {
		case <-ctx.Done():
			return c.drain(whole)
		case <-c.wake:
		}
		for ctx.Err() == nil {
			runtime.Gosched() // whoever is about to join does so first; alone, it takes no time
			b := c.take()
			if b == nil {
				break
			}
			_ = c.flush(whole, b) // those who wait for it are told
		}
	}
}

// drain closes the door and appends what is queued.
func (c *committer) drain(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	var failed error
	for b := c.take(); b != nil; b = c.take() {
		failed = errors.Join(failed, c.flush(ctx, b))
	}
	if failed != nil {
		return fmt.Errorf("write the last batches: %w", failed)
	}
	return nil
}
