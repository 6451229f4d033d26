package replica

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync/atomic"
	"time"

	"faultline"
	"faultline/store"
	"faultline/task"
	"faultline/trace"
)

const (
	// How often and for how long the fold asks. foldBlock also bounds how long a question
	// to the fold waits, because it is answered between two reads.
	foldBlock      = 200 * time.Millisecond // how long one read of the log waits
	foldRetry      = 200 * time.Millisecond // between reads while Redis is away
	loadRetry      = 2 * time.Second        // between attempts at a checkpoint that can't be used
	failureSpacing = time.Minute            // between two log lines that say why there is no fold
	compareEvery   = time.Second            // between two comparisons of the log with its past
	viewSpacing    = 900 * time.Millisecond // a view a tick, and never more than one a second
)

// Engine makes incidents of events; package correlate has the one that is used. One
// goroutine uses it. It is an interface so that tests of leading and following need no real
// evidence.
type Engine interface {
	Fold(faultline.Event) []faultline.Incident
	View() faultline.View
	Snapshot() (next func() []byte)
	Settled() bool
	Series() []faultline.SeriesRow
	Record(site string) (faultline.SiteRecord, bool)
	Names() iter.Seq[string]
	Clock() time.Time
	Counters() faultline.Counters
	CheckRequests() []faultline.CheckRequest
	// Weighed is the tick at which the evidence was weighed last.
	Weighed() time.Time
}

// errReload ends a fold that must begin again from the stored checkpoint.
var errReload = errors.New("the fold begins again from the checkpoint")

// folder owns the engine: one goroutine, [folder.Run], reads the log from the checkpoint on
// and folds it, on leader and standby alike, so that a standby is warm when it takes over.
// What comes of it goes to the outbox, the list of sites and, while this node leads, to
// views. Others reach the engine through [folder.Do] alone; no lock guards it.
type folder struct {
	store     *store.Store
	known     *KnownLog
	newEngine func(checkpoint []byte) (Engine, error) // nil: one that has seen nothing
	sites     *SiteMap
	out       *outbox
	views     *latest[viewAt]
	series    *seriesBox
	m         *metrics
	log       *slog.Logger
	now       func() time.Time
	// probed are called for every probe that is folded, with the log's clock.
	probed []func(p faultline.Probe, clock time.Time)
	// vantages are called with every vantage's record that is folded.
	vantages []func(faultline.Vantage)
	traces   traces

	leading     atomic.Bool
	begun       atomic.Uint64 // how often the fold has begun
	adoptedHere atomic.Bool   // the fold began with an adoption since this process started
	status      atomic.Pointer[Status]
	failed      atomic.Pointer[foldFailure] // nil: the fold can go on
	asks        chan func(Engine, store.Cursor)
	reloads     chan error

	// Of the goroutine alone.
	eng        Engine
	reader     *store.Reader
	epoch      string
	lastView   time.Time
	seriesAt   time.Time // on the engine's clock, when series were last read off
	away       outage
	encoding   *encoding // under way, if there is one
	read       bool      // something was read since the fold last began
	warm       *warmUp   // until the fold has come to the adoption that it begins with
	comparedAt time.Time // when the log was last compared with what was read of it
	adopted    store.Pos // where folds began again last, as this one knows
}

// viewAt is a view and the position of the log that it was made at.
type viewAt struct {
	view faultline.View
	at   store.Pos
	of   trace.Context // the traced tick that weighed last what it shows
}

func newFolder(st *store.Store, newEngine func([]byte) (Engine, error), sites *SiteMap, out *outbox,
	views *latest[viewAt], m *metrics, log *slog.Logger, now func() time.Time) *folder {
	f := &folder{store: st, known: &KnownLog{}, newEngine: newEngine, sites: sites, out: out, views: views,
		series: newSeriesBox(m, now),
		m:      m, log: log, now: now,
		asks: make(chan func(Engine, store.Cursor)), reloads: make(chan error)}
	f.status.Store(&Status{})
	return f
}

// Status is how far a fold has come. It is replaced as a whole, so that whoever reads it
// never sees the position of one moment with the clock of another.
type Status struct {
	Loaded bool      // a checkpoint was restored, or there was none
	Pos    store.Pos // of the log, folded
	Clock  time.Time // the newest tick folded
}

// Run folds until ctx ends. Nothing else ends it: what goes wrong is either waited out or
// answered by beginning again from a checkpoint.
func (f *folder) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := f.load(ctx)
		if err == nil {
			err = f.follow(ctx)
		}
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, errReload):
			f.lostEnd(err)
			f.log.Warn("the fold begins again from the newest checkpoint", "reason", err)
		case errors.Is(err, faultline.ErrUnavailable):
			f.away.Began(f.log, f.now(), err)
			task.Pause(ctx, foldRetry)
		default:
			f.fail(ctx, err)
		}
	}
	return nil
}

// foldFailure is why a node has no fold, and since when.
type foldFailure struct {
	reason error
	logged time.Time
}

// fail notes that the fold can't begin, for whoever asks, and waits before the next
// attempt. It is logged once a minute.
func (f *folder) fail(ctx context.Context, why error) {
	failure := &foldFailure{reason: why, logged: f.now()}
	if before := f.failed.Load(); before != nil && failure.logged.Sub(before.logged) < failureSpacing {
		failure.logged = before.logged
	} else {
		f.log.Error("the fold can't begin; this node neither leads nor is ready", "error", why)
	}
	f.failed.Store(failure)
	f.m.failed.Set(1)
	task.Pause(ctx, loadRetry)
}

// Failed says why this node has no fold; nil when it has one, or is about to.
func (f *folder) Failed() error {
	if failure := f.failed.Load(); failure != nil {
		return failure.reason
	}
	return nil
}

// load makes the engine from a stored checkpoint, or a new one. What the outbox holds is
// dropped first: the fold makes those revisions again, with the same numbers.
func (f *folder) load(ctx context.Context) error {
	f.status.Store(&Status{})
	f.out.Reset()
	f.traces.forget()
	f.abandon()
	// Before anything is read. A Redis that came back empty must not be taken for one that
	// is new.
	epoch, err := f.known.Open(ctx, f.store, f.now())
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	from, err := f.beginning(ctx)
	if err != nil {
		return err
	}
	f.eng, f.reader, f.epoch, f.warm = from.eng, f.store.Reader(from.cursor), epoch, from.warm
	f.read = false
	f.begun.Add(1)
	// What a checkpoint holds is not in the entries that follow it, so that readers' list
	// of sites is filled from the engine.
	for site := range f.eng.Names() {
		if r, ok := f.eng.Record(site); ok {
			f.sites.Put(r)
		}
	}
	f.log.Info("fold begins", "from", from.what, "position", from.cursor.Pos, "clock", f.eng.Clock(), "epoch", epoch)
	f.publish()
	return nil
}

// follow reads and folds until it must begin again, and answers questions between two
// reads. While a checkpoint is being encoded reads do not wait for entries, so that the
// pieces follow one another.
func (f *folder) follow(ctx context.Context) error {
	for {
		if err := f.answer(ctx); err != nil {
			return err
		}
		block := foldBlock
		if f.encode() {
			block = 0
		}
		batches, err := f.reader.Next(ctx, block)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, store.ErrTrimmed) || errors.Is(err, store.ErrRolledBack):
			return fmt.Errorf("%w: %w", errReload, err)
		case err != nil:
			f.away.Began(f.log, f.now(), err)
			task.Pause(ctx, foldRetry)
			continue
		}
		f.away.Over(f.log, f.now())
		if err := f.compareLog(ctx, len(batches)); err != nil {
			return err
		}
		f.works()
		for _, b := range batches {
			if err := f.awaitOutbox(ctx); err != nil {
				return err
			}
			if err := f.fold(ctx, b); err != nil {
				return err
			}
		}
		f.publish()
	}
}

// compareLog sees to it, once a second while nothing comes, that the log is still that of
// which this fold has read: one that came back empty, or without its end, brings nothing.
func (f *folder) compareLog(ctx context.Context, read int) error {
	now := f.now()
	if read > 0 || now.Sub(f.comparedAt).Abs() < compareEvery {
		return nil
	}
	f.comparedAt = now
	err := f.known.Check(ctx, f.store)
	if err == nil {
		err = f.store.FollowsCursor(ctx, f.reader.Cursor())
	}
	if err != nil && !errors.Is(err, faultline.ErrUnavailable) {
		return fmt.Errorf("%w: %w", errReload, err)
	}
	return nil
}

// lostEnd counts a log that has lost its end. It is asked where the fold begins again, since
// not only the fold finds the loss: a leader that takes over finds it too, see
// [leader.takeOver].
func (f *folder) lostEnd(err error) {
	if errors.Is(err, store.ErrRolledBack) {
		f.m.rolledBack.Inc()
		f.log.Warn("the log has lost its end: what was concluded from it is taken over as it was published",
			"read", f.reader.Cursor().Pos.String())
	}
}

// works notes that the log can be read from where the fold is. Only then is a failure over:
// to restore a checkpoint proves nothing about the log after it.
func (f *folder) works() {
	f.read = true
	if f.failed.Swap(nil) != nil {
		f.log.Info("the fold goes on")
		f.m.failed.Set(0)
	}
}

// fold folds one batch, and passes on what comes of each event. A batch is never left half
// folded: what can fail in it ends in a fold that begins again.
func (f *folder) fold(ctx context.Context, b store.Batch) error {
	f.warm.countFrom(b.Pos, f.eng)
	defer f.traces.begin(b)()
	for _, ev := range b.Events {
		switch v := ev.(type) {
		case faultline.Epoch:
			if v.Epoch != f.epoch {
				return fmt.Errorf("%w: the log is another one, %s", errReload, v.Epoch)
			}
		case faultline.Adopt:
			var err error
			if ev, err = f.meet(ctx, v, b.Pos); err != nil {
				return err
			}
		}
		if made, of := f.traces.fold(f.eng, ev); f.warm == nil { // what it makes until it has adopted is not published
			_, lost := ev.(faultline.Published)
			f.out.Add(source{pos: b.Pos, lost: lost, of: of}, made, f.leading.Load())
		}
		switch v := ev.(type) {
		case faultline.Tick:
			f.readSeries()
		// As the engine has it, which may have kept an older record that beats this one.
		case faultline.SiteRecord:
			if r, ok := f.eng.Record(v.Site); ok {
				f.sites.Put(r)
			}
		case faultline.Vantage:
			for _, note := range f.vantages {
				note(v)
			}
		case faultline.Probe:
			for _, seen := range f.probed {
				seen(v, f.eng.Clock())
			}
		}
	}
	f.m.folded.Add(float64(len(b.Events)))
	return nil
}

// readSeries reads the series off the engine when they are due, on the engine's clock: a
// fold that catches up with hours of log must read as
// often for each hour of the log as one that is up to date.
func (f *folder) readSeries() {
	clock := f.eng.Clock()
	if due := clock.Truncate(seriesEvery); !due.Equal(f.seriesAt) {
		f.seriesAt = due
		f.series.Put(f.warm.rows(f.eng.Series()), clock, f.leading.Load())
	}
}

// awaitOutbox holds a leader's fold up while too many of its revisions wait to be stored. A
// standby drops the oldest instead: it need not keep what a leader stores. A leader that
// dropped one could never store those behind it.
func (f *folder) awaitOutbox(ctx context.Context) error {
	for {
		crowded, moved := f.out.Crowded()
		if !crowded || !f.leading.Load() {
			return nil
		}
		select {
		case <-moved:
		case why := <-f.reloads:
			return fmt.Errorf("%w: %w", errReload, why)
		case <-time.After(foldBlock): // it may have stopped leading
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// publish makes known how far the fold has come, and hands a leader's view of it to
// whoever stores views. It runs after each read, while a view is taken once a tick and
// at most about once a second: taking one costs as much as many reads.
func (f *folder) publish() {
	clock := f.eng.Clock()
	before := f.status.Swap(&Status{Loaded: true, Pos: f.reader.Cursor().Pos, Clock: clock})
	now := f.now()
	if !f.leading.Load() || clock.Equal(before.Clock) || now.Sub(f.lastView) < viewSpacing {
		return
	}
	f.lastView = now
	f.views.Put(viewAt{f.eng.View(), f.reader.Cursor().Pos, f.traces.tick})
}
