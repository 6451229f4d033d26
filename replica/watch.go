package replica

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"faultline/store"
	"faultline/task"
)

const (
	// How often Redis is asked, and for how long an answer is waited for. The patience of
	// the store may be longer, where a failover is going on.
	watchEvery   = 500 * time.Millisecond
	watchTimeout = 500 * time.Millisecond
	watchAsks    = 5 // questions of one round
)

// watcher asks Redis twice a second how far the log goes and knows from that
// whether this node is ready. Whoever asks it waits for nothing.
type watcher struct {
	store    *store.Store
	fold     *folder
	headroom *headroom
	time     *store.Clock // nil: the time is not asked for
	log      *slog.Logger
	m        *metrics
	now      func() time.Time

	mu       sync.Mutex
	p        progress
	answered time.Time // when Redis last did
	led      time.Time // when somebody was last seen to lead
	waiting  waiting

	off    bool // the machine's clock was off when it was last compared
	perils perils
}

// Run watches until ctx ends.
func (w *watcher) Run(ctx context.Context) error {
	for {
		w.poll(ctx)
		if !task.Pause(ctx, watchEvery) {
			return nil
		}
	}
}

// poll asks Redis once for everything: how far the log goes, whether it takes writes,
// whether somebody leads and how full it is. The answers are put in place under the lock at
// the end, so that a slow Redis holds up nobody who asks whether the node is ready.
func (w *watcher) poll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, max(watchTimeout, watchAsks*w.store.Patience()))
	defer cancel()
	// The clock first: an answer that comes late is less exact.
	w.compare(ctx)
	tail, err := w.store.LogTail(ctx)
	var refused error
	led := false
	if err == nil {
		refused = store.Refusal(w.store.TryWrite(ctx))
		led, _ = w.store.Led(ctx) // what can't be asked is not so
		if memory, err := w.store.Memory(ctx); err == nil {
			w.headroom.Set(memory)
			w.m.memory.Set(float64(memory.Used))
			w.m.memoryLimit.Set(float64(memory.Limit))
			w.examine(memory)
		}
	}
	now, fold := w.now(), w.fold.status.Load()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.p.Loaded = fold.Loaded
	// A node that has just started gives the others as long as if somebody had led until
	// now.
	if w.led.IsZero() || led {
		w.led = now
	}
	// How long Redis has been silent is measured from answered, which stays.
	if w.p.Away = store.Reason(err); err != nil {
		return
	}
	w.answered = now
	w.p.Refused = refused
	w.p.Lag = w.waiting.Lag(tail, fold.Pos, now)
	if fold.Loaded && !tail.After(fold.Pos) {
		w.p.CaughtUp = true
	}
	w.m.lag.Set(w.p.Lag.Seconds())
}

// compare sets the log's clock on this node, and logs once when the machine's own clock
// begins to differ from it by more than [store.ClockTolerance].
func (w *watcher) compare(ctx context.Context) {
	if w.time == nil || w.time.Sync(ctx, w.store) != nil {
		return
	}
	offset := w.time.Offset()
	w.m.offset.Set(offset.Seconds())
	off := offset.Abs() > store.ClockTolerance
	if off && !w.off {
		w.log.Warn("the clock of this machine is off; the log's is used instead", "ahead", offset.String())
	}
	w.off = off
}

// Drain makes Ready say from now on that the process is about to end. It can't be taken
// back.
func (w *watcher) Drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.p.Draining = true
}

// Ready says why this node should get nothing that is to be written down; nil when it
// should.
func (w *watcher) Ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	full := w.headroom.Err()
	p, now := w.p, w.now()
	if p.Refused == nil {
		p.Refused = full
	}
	p.Silent, p.Leads, p.Failed = now.Sub(w.answered), now.Sub(w.led), w.fold.Failed()
	return unready(p)
}

// Draining reports whether the process is about to end.
func (w *watcher) Draining() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.p.Draining
}
