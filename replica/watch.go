package replica

import (
	"context"
	"sync"
	"time"

	"faultline/store"
	"faultline/task"
)

const (
	watchEvery   = 500 * time.Millisecond
	watchTimeout = 500 * time.Millisecond
)

// watcher asks Redis twice a second how far the log goes and knows from that
// whether this node is ready. Whoever asks it waits for nothing.
type watcher struct {
	store *store.Store
	fold  *folder
	m     *metrics
	now   func() time.Time

	mu       sync.Mutex
	p        progress
	answered time.Time // when Redis last did
	waiting  waiting
}

// Run watches until ctx ends.
func (w *watcher) Run(ctx context.Context) error {
	for {
		w.look(ctx)
		if !task.Pause(ctx, watchEvery) {
			return nil
		}
	}
}

func (w *watcher) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	tail, err := w.store.LogTail(ctx)
	now, fold := w.now(), w.fold.status.Load()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.p.Loaded = fold.Loaded
	if err != nil {
		return
	}
	w.answered = now
	w.p.Lag = w.waiting.Lag(tail, fold.Pos, now)
	if fold.Loaded && !tail.After(fold.Pos) {
		w.p.CaughtUp = true
	}
	w.m.lag.Set(w.p.Lag.Seconds())
}

// Drain says from now on that the process is about to end.
func (w *watcher) Drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.p.Draining = true
}

// Ready says why this node should get no requests; nil when it should.
func (w *watcher) Ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.p
	p.Silent, p.Failed = w.now().Sub(w.answered), w.fold.Failed()
	return unready(p)
}
