// Package task runs goroutines that have a name, an owner and an end, and waits:
// for a time, or for an end.
//
// What belongs here: how a goroutine begins and is stopped. What does not: what it
// does, and in which order a program stops what it has begun.
package task

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Task is one goroutine. Whoever began it stops it.
type Task struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // once done is closed
}

// Begin starts run in a goroutine. It goes on until it is stopped, whatever else
// ends meanwhile. One that ends without having been stopped sends the reason to
// ended, unless a reason waits there already.
func Begin(name string, ended chan<- error, run func(context.Context) error) *Task {
	ctx, cancel := context.WithCancel(context.Background())
	t := &Task{name: name, cancel: cancel, done: make(chan struct{})}
	go func() {
		t.err = run(ctx)
		close(t.done)
		if ctx.Err() == nil {
			select {
			case ended <- fmt.Errorf("%s ended by itself: %w", name, t.err):
			default: // one reason is enough
			}
		}
	}()
	return t
}

// Cancel asks the task to end and does not wait for it. A nil task is ended already.
func (t *Task) Cancel() {
	if t != nil {
		t.cancel()
	}
}

// Stop asks the task to end and waits until it has, or until ctx ends. What did not
// end well or in time is logged. A nil task is ended already.
func (t *Task) Stop(ctx context.Context, log *slog.Logger) {
	if t == nil {
		return
	}
	t.cancel()
	select {
	case <-t.done:
		if !endedWell(t.err) {
			log.Warn("a task did not end well", "task", t.name, "error", t.err)
		}
	case <-ctx.Done():
		log.Warn("a task did not end in time", "task", t.name)
	}
}

// endedWell tells an end that was asked for from a failure.
func endedWell(err error) bool {
	return err == nil || errors.Is(err, context.Canceled) || errors.Is(err, http.ErrServerClosed)
}

// Pause waits for d. It returns false when ctx ended first.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
