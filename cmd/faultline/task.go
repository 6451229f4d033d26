package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// task is one goroutine with a name, an owner and an end.
type task struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // once done is closed
}

// begin starts run. It goes on until it is stopped, whatever ends meanwhile;
// one that ends by itself is told of on ended.
func begin(name string, ended chan<- error, run func(context.Context) error) *task {
	ctx, cancel := context.WithCancel(context.Background())
	t := &task{name: name, cancel: cancel, done: make(chan struct{})}
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

// stop asks it to end and waits until it has, or until ctx ends.
func (t *task) stop(ctx context.Context, log *slog.Logger) {
	t.cancel()
	select {
	case <-t.done:
		if !endedWell(t.err) {
			log.Warn("did not end well", "task", t.name, "error", t.err)
		}
	case <-ctx.Done():
		log.Warn("did not end in time", "task", t.name)
	}
}

// endedWell tells ends that were asked for from failures.
func endedWell(err error) bool {
	return err == nil || errors.Is(err, context.Canceled) || errors.Is(err, http.ErrServerClosed)
}
