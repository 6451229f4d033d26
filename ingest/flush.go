package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"faultline"
)

const (
	// flushLimit bounds all attempts at one batch, attemptLimit each of them, where an
	// answer of the log does not take longer.
	flushLimit   = time.Second
	attemptLimit = 300 * time.Millisecond
	// attemptsAtLeast of a log that is far away fit into the limit of a batch.
	attemptsAtLeast = 3
	attempts        = 4
	// firstPause is how long the second attempt waits at most; each later one
	// waits twice as long.
	firstPause = 50 * time.Millisecond
)

// flush appends one batch under a seq of its own and answers everyone in it. A
// seq is never used for other contents: a failed attempt may have arrived.
func (c *committer) flush(ctx context.Context, b *batch) error {
	c.seq++
	n := len(b.events)
	began := c.now()
	spans := c.tracer.Children(b.from, "append to the log")
	err := c.attempt(spans.Carry(ctx), c.seq, b.events)
	if err != nil {
		err = fmt.Errorf("append %d events: %w", n, unavailable(err))
		spans.Fail(outcomeUnavailable)
	}
	spans.Count("faultline.events", n)
	spans.End()
	c.metrics.flushed(n, c.now().Sub(began), err)
	c.settled(b.number, err != nil)
	b.settle(err)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending -= n
	return err
}

// attempt tries an append a few times under one seq.
func (c *committer) attempt(ctx context.Context, seq uint64, events []faultline.Event) error {
	each := max(attemptLimit, c.patience())
	ctx, cancel := context.WithTimeout(ctx, max(flushLimit, attemptsAtLeast*each))
	defer cancel()
	var err error
	for try := range attempts {
		if try > 0 {
			c.metrics.retries.Inc()
			if !pause(ctx, firstPause<<(try-1)) {
				return err
			}
		}
		err = c.once(ctx, each, seq, events)
		if err == nil || errors.Is(err, faultline.ErrSilent) {
			return err
		}
	}
	return err
}

// once tries one time to append a batch. The same key each time makes a repeat count once.
func (c *committer) once(ctx context.Context, limit time.Duration, seq uint64, events []faultline.Event) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return c.log.Append(ctx, c.writer, seq, events)
}

// pause waits between half of limit and all of it, so that many nodes do not
// come back at once, and reports whether ctx still goes on.
func pause(ctx context.Context, limit time.Duration) bool {
	timer := time.NewTimer(limit/2 + rand.N(limit/2))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// unavailable makes err one that wraps [faultline.ErrUnavailable].
func unavailable(err error) error {
	if errors.Is(err, faultline.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", faultline.ErrUnavailable, err)
}
