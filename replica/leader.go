package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/store"
	"faultline/task"
	"faultline/trace"
)

const (
	// The pace of a leader. Everything that waits for Redis is tried again after a pause
	// that doubles from writeRetry to writeRetryMax. finishLimit bounds the last checkpoint
	// at the end of a process, which an orchestrator would otherwise cut off.
	renewShare    = 4 // a lease is renewed this many times in its life
	catchUpPoll   = 20 * time.Millisecond
	writeRetry    = 50 * time.Millisecond
	writeRetryMax = time.Second // the longest pause between attempts
	finishLimit   = 1500 * time.Millisecond
	foldlessPoll  = 50 * time.Millisecond // while this node has no fold to lead with
)

// leader leads while this node holds the lease, and tries to get it while it does
// not. What only a leader does is here: appending ticks and the catalogue, storing
// what the fold made, checkpoints. The fold itself runs on every node.
type leader struct {
	store      *store.Store
	fold       *folder
	out        *outbox
	views      *latest[viewAt]
	catalogue  []faultline.SiteRecord
	holder     string        // this process, among all that may lead
	ttl        time.Duration // of the lease
	checkpoint time.Duration // between two checkpoints
	headroom   *headroom     // how full Redis is
	m          *metrics
	tracer     *trace.Tracer // nil: nothing is traced
	log        *slog.Logger
	now        func() time.Time // the world's clock, for the lease
	clock      Clock            // what ticks say
	format     int              // of the engine's checkpoints
	duties     []Duty           // what else there is to do as long as it leads

	ticks, records *store.Writer            // of the ticks, and of the catalogue
	writers        map[string]*store.Writer // of each duty
	ticked         time.Time                // the newest tick that we appended or took over from
	unfit          map[revisionKey]bool     // revisions for which the fold has begun again
	reconciler     *reconciler              // what was published; nil: nothing
	adopting       adoption                 // while there is nothing to fold from
	forgetAt       time.Time                // when a Redis that would not forget is asked again
}

// openWriters gives the leader a sender for each thing that it appends. A sender sends one
// batch at a time, in order, so that with a single one a catalogue that waits for room
// would hold up the ticks.
func (l *leader) openWriters() {
	l.ticks, l.records, l.writers = l.store.Writer(), l.store.Writer(), map[string]*store.Writer{}
	for _, d := range l.duties {
		l.writers[d.Name] = l.store.Writer()
	}
}

// Run leads whenever it can until ctx ends; then it stores what is left, writes a
// last checkpoint and releases the lease.
func (l *leader) Run(ctx context.Context) error {
	var away outage
	for ctx.Err() == nil {
		if !l.fold.status.Load().Loaded || l.fold.Failed() != nil {
			// A node without a fold does not ask for the lease: holding it would keep a node
			// that has a fold from leading.
			// Every node without a fold would otherwise wait for another one that has it.
			l.consider(ctx)
			task.Pause(ctx, min(l.ttl/renewShare, foldlessPoll))
			continue
		}
		asked := l.now()
		lease, ok, err := l.store.Acquire(ctx, l.holder, l.ttl, asked)
		if err != nil && ctx.Err() == nil {
			away.Began(l.log, l.now(), err)
		}
		if err == nil {
			away.Over(l.log, l.now())
		}
		if ok {
			l.term(ctx, lease, asked)
		}
		task.Pause(ctx, l.ttl/renewShare)
	}
	return nil
}

// term leads from the moment the lease was got until it is lost or ctx ends. The lease
// counts from when it was asked for, not from when the answer came: in between it may have
// begun long before.
func (l *leader) term(ctx context.Context, lease store.Lease, renewed time.Time) {
	l.log.Info("this node holds the lease", "fence", lease.Fence)
	// The work does not end with ctx: at a shutdown what was folded is stored first.
	// The term has a context of its own, which only this function ends.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan error, 1)
	go func() { done <- l.lead(work, lease) }()
	beat := time.NewTicker(l.ttl / renewShare)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			stop()
			l.finish(lease, <-done)
			return
		// A part of the term has failed for good, or another node leads. The lease is
		// released: whoever takes it starts from what is stored.
		case err := <-done:
			l.log.Warn("this node leads no longer", "fence", lease.Fence, "reason", err)
			l.release(lease)
			return
		case <-beat.C:
			if why := l.fold.Failed(); why != nil {
				stop()
				<-done
				l.log.Warn("this node leads no longer: it has no fold", "fence", lease.Fence, "reason", why)
				l.release(lease)
				return
			}
			asked := l.now()
			ok, err := l.store.Renew(work, l.holder, lease)
			if err == nil && ok {
				renewed = asked
			}
			if !stillLeads(ok, err, l.now(), renewed, l.ttl) {
				stop()
				<-done
				l.log.Warn("this node has lost the lease", "fence", lease.Fence, "error", err)
				return
			}
		}
	}
}

// lead does the leader's work until ctx ends or another leads. First the fold
// must have read everything that older leaders wrote: after our fence was given
// they can write no more.
func (l *leader) lead(ctx context.Context, lease store.Lease) error {
	defer l.m.leader.Set(0)
	defer l.fold.leading.Store(false)
	if err := l.takeOver(ctx); err != nil {
		return err
	}
	if err := l.reconciler.before(ctx, l.retry); err != nil {
		return err
	}
	l.m.leader.Set(1)
	l.log.Info("this node leads", "fence", lease.Fence)
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range l.tasks(lease) {
		g.Go(func() error {
			if err := t.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// leaderTask is one goroutine of a term. An error ends the term for all of them, so that a
// term never goes on without one of its parts.
type leaderTask struct {
	name string
	run  func(context.Context) error
}

// tasks are everything that runs as long as this node leads. They share nothing but the
// lease: each can wait for Redis without holding up another.
func (l *leader) tasks(lease store.Lease) []leaderTask {
	with := func(run func(context.Context, store.Lease) error) func(context.Context) error {
		return func(ctx context.Context) error { return run(ctx, lease) }
	}
	all := []leaderTask{
		{"ticks", with(l.tick)},
		{"revisions", with(l.saveRevisions)},
		{"views", with(l.saveViews)},
		{"series", with(l.saveSeries)},
		{"check requests", with(l.saveCheckRequests)},
		{"checkpoints", with(l.saveCheckpoints)},
		{"catalogue", with(l.appendCatalogue)},
	}
	for _, d := range l.duties {
		term := &Term{leader: l, lease: lease, writer: l.writers[d.Name]}
		all = append(all, leaderTask{d.Name, func(ctx context.Context) error { return d.Run(ctx, term) }})
	}
	return all
}

// takeOver brings the fold to the end of the log and the outbox to what the newest
// checkpoint does not cover. It is done at the start of a term and once more at its end.
// Nothing may be stored before: a fold that lags would store revisions that the log has
// overtaken.
func (l *leader) takeOver(ctx context.Context) error {
	// A Redis that came back empty is refused: what it held is not to be begun again
	// unless a person says so.
	if err := l.retry(ctx, "open the log", func() error { return l.fold.known.Check(ctx, l.store) }); err != nil {
		return l.fold.Reload(ctx, err)
	}
	var tail store.Pos
	if err := l.retry(ctx, "find the end of the log", func() (err error) {
		tail, err = l.store.LogTail(ctx)
		return err
	}); err != nil {
		return err
	}
	for {
		// The fold runs on by itself; here is only waited for it.
		s := l.fold.status.Load()
		if s.Loaded && s.Pos.After(tail) { // more has come since, or what the fold has read is gone
			if err := l.store.Follows(ctx, s.Pos); errors.Is(err, store.ErrRolledBack) {
				return l.fold.Reload(ctx, err)
			}
		}
		if s.Loaded && !tail.After(s.Pos) {
			l.ticked = nextTick(s.Clock, l.ticked)
			break
		}
		if !task.Pause(ctx, catchUpPoll) {
			return ctx.Err()
		}
	}
	// Whether or not this node can read it: who stored it had stored what led to it.
	var newest store.Pos
	if err := l.retry(ctx, "find the newest checkpoint", func() error {
		all, err := l.store.Generations(ctx)
		if len(all) > 0 {
			newest = all[0].Pos
		}
		return err
	}); err != nil {
		return err
	}
	l.fold.leading.Store(true) // from here on nothing is lost
	if !l.out.Resume(newest) {
		return l.fold.Reload(ctx, errors.New("more revisions than a standby keeps"))
	}
	return nil
}

// retry calls do until Redis answers it, more and more slowly, or until ctx ends. An answer
// that is a refusal is returned: to repeat it would change nothing.
func (l *leader) retry(ctx context.Context, what string, do func() error) error {
	wait := writeRetry
	for {
		err := do()
		if outcomeOf(err) != writeAgain {
			return err
		}
		l.log.Debug("Redis could not answer; trying again", "what", what, "error", err)
		if !task.Pause(ctx, wait) {
			return fmt.Errorf("%s: %w", what, err)
		}
		wait = min(2*wait, writeRetryMax)
	}
}

// tick appends the time once a second. A tick that fails is not repeated: the next one says
// all that it would have said. With [Clock.OfEntries] ticks carry no time of their own, and
// the Redis that takes them gives it.
func (l *leader) tick(ctx context.Context, lease store.Lease) error {
	beat := time.NewTicker(l.clock.Every)
	defer beat.Stop()
	var away outage
	for {
		at := nextTick(l.clock.Now(), l.ticked)
		// A zero time leaves it to the Redis that takes the tick: no node's clock can then
		// be wrong.
		if l.clock.OfEntries {
			at = time.Time{}
		}
		err := l.ticks.Send(func(key store.BatchKey) error {
			_, err := l.store.AppendFenced(ctx, lease, key, []faultline.Event{faultline.Tick{At: at}})
			return err
		})
		switch {
		case errors.Is(err, faultline.ErrNotLeader):
			return err
		case err == nil:
			l.ticked = nextTick(at, l.ticked)
			away.Over(l.log, l.now())
		case ctx.Err() == nil:
			away.Began(l.log, l.now(), err)
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// append puts events into the log as one batch under the fence. While Redis is away it
// repeats the same batch under the same key, which readers count once, since nobody knows
// whether the first attempt arrived.
func (l *leader) append(ctx context.Context, lease store.Lease, w *store.Writer, events []faultline.Event) error {
	return w.Send(func(key store.BatchKey) error {
		return l.retry(ctx, "append to the log", func() error {
			_, err := l.store.AppendFenced(ctx, lease, key, events)
			return err
		})
	})
}

// appendCatalogue writes into the log what the catalogue says and the map does not, and
// what the log once said and a fold that began again does not know.
func (l *leader) appendCatalogue(ctx context.Context, lease store.Lease) error {
	var batches [][]faultline.Event
	if err := l.fold.Do(ctx, func(e Engine, _ store.Cursor) {
		// On the goroutine of the fold: what it knows of sites may change with the next
		// entry.
		batches = catalogueNews(l.catalogue, e.Record, l.clock.Now())
		if l.fold.adoptedHere.Load() {
			batches = append(batches, forgotten(l.fold.sites.Sorted(), e.Record)...)
		}
	}); err != nil {
		return err
	}
	for _, events := range batches {
		if err := l.append(ctx, lease, l.records, events); err != nil {
			return fmt.Errorf("append the catalogue: %w", err)
		}
	}
	return nil
}

// release gives the lease back, so that a standby takes over at once instead of waiting
// until it runs out. It has a context of its own, because the process may be ending.
func (l *leader) release(lease store.Lease) {
	ctx, cancel := context.WithTimeout(context.Background(), writeRetryMax)
	defer cancel()
	if err := l.store.Release(ctx, l.holder, lease); err != nil {
		l.log.Warn("the lease could not be released; it runs out by itself", "error", err)
	}
}
