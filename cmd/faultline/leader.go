package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/api/webhook"
	"faultline/store"
)

// dayClock is the time that the log is told, once a second of its own.
type dayClock struct {
	Now   func() time.Time
	Every time.Duration // of the world's time, between two ticks
}

// worldDay tells the world's time.
var worldDay = dayClock{Now: time.Now, Every: time.Second}

const (
	renewShare  = 4 // a lease is renewed this many times in its life
	catchUpPoll = 20 * time.Millisecond
	writeRetry  = 50 * time.Millisecond
	writeRetryX = time.Second // the longest pause between attempts
	finishLimit = 1500 * time.Millisecond
)

// duty is something that only a leader does, until ctx ends. An error ends the
// term.
type duty func(ctx context.Context, l *leader, lease store.Lease) error

// leader leads while this node holds the lease, and tries to get it while it
// does not. What only the leader does is here: ticks, storing what the fold
// made, checkpoints, the catalogue. The fold itself runs on every node.
type leader struct {
	store      *store.Store
	fold       *folder
	out        *outbox
	views      *latest[faultline.View]
	dispatch   *webhook.Dispatcher // of webhooks; nil: none are sent
	catalogue  []faultline.SiteRecord
	holder     string        // this process, among all that may lead
	writer     uint64        // this process's ticks in the log; writer+1: its catalogue
	ttl        time.Duration // of the lease
	checkpoint time.Duration // between two
	m          *metrics
	log        *slog.Logger
	now        func() time.Time // the world's clock, for the lease
	day        dayClock         // what ticks tell
	duties     []duty           // what else there is to do as long as it leads

	tickSeq, catalogueSeq uint64
	ticked                time.Time            // the newest tick that we appended or took over from
	unfit                 map[revisionKey]bool // for which the fold has begun again
	forgetAt              time.Time            // when a Redis that would not forget is asked again
}

// Run leads whenever it can until ctx ends; then it stores what is left, writes
// a last checkpoint and lets go of the lease.
func (l *leader) Run(ctx context.Context) error {
	var away outage
	for ctx.Err() == nil {
		asked := l.now()
		lease, ok, err := l.store.Acquire(ctx, l.holder, l.ttl, asked)
		if err != nil && ctx.Err() == nil {
			away.Began(l.log, err)
		}
		if err == nil {
			away.Over(l.log)
		}
		if ok {
			l.term(ctx, lease, asked)
		}
		pause(ctx, l.ttl/renewShare)
	}
	return nil
}

// term leads from the moment the lease was got until it is lost or ctx ends.
func (l *leader) term(ctx context.Context, lease store.Lease, renewed time.Time) {
	l.log.Info("this node holds the lease", "fence", lease.Fence)
	// The work outlives ctx by as long as it takes to stop it in order.
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
		case err := <-done:
			l.log.Warn("this node leads no longer", "fence", lease.Fence, "reason", err)
			l.release(lease)
			return
		case <-beat.C:
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
	l.m.leader.Set(1)
	l.log.Info("this node leads", "fence", lease.Fence)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.tick(ctx, lease) })
	g.Go(func() error { return l.saveRevisions(ctx, lease) })
	g.Go(func() error { return l.saveViews(ctx, lease) })
	g.Go(func() error { return l.saveSeries(ctx, lease) })
	if l.dispatch != nil {
		g.Go(func() error { return l.dispatch.Run(ctx, webhookBox{l.store, lease}) })
	}
	g.Go(func() error { return l.saveWishes(ctx, lease) })
	g.Go(func() error { return l.saveCheckpoints(ctx, lease) })
	g.Go(func() error { return l.appendCatalogue(ctx, lease) })
	for _, d := range l.duties {
		g.Go(func() error { return d(ctx, l, lease) })
	}
	return g.Wait()
}

// takeOver brings the fold to the end of the log and the outbox to what the
// newest checkpoint does not cover.
func (l *leader) takeOver(ctx context.Context) error {
	// A Redis that came back empty has a new log, which begins here.
	if err := l.again(ctx, "open the log", func() error {
		_, err := l.store.Epoch(ctx, faultline.Millis(l.now()))
		return err
	}); err != nil {
		return err
	}
	var tail store.Pos
	if err := l.again(ctx, "find the end of the log", func() (err error) {
		tail, err = l.store.LogTail(ctx)
		return err
	}); err != nil {
		return err
	}
	for {
		if s := l.fold.status.Load(); s.Loaded && !tail.After(s.Pos) {
			l.ticked = nextTick(s.Clock, l.ticked)
			break
		}
		if !pause(ctx, catchUpPoll) {
			return ctx.Err()
		}
	}
	var cp store.Checkpoint
	if err := l.again(ctx, "read the checkpoint", func() (err error) {
		cp, _, err = l.store.Checkpoint(ctx)
		return err
	}); err != nil {
		return err
	}
	l.fold.leading.Store(true) // from here on nothing is lost
	if !l.out.Resume(cp.Cursor.Pos) {
		return l.fold.Reload(ctx, errors.New("more revisions than a standby keeps"))
	}
	return nil
}

// again does what Redis can't do just now once more, and more slowly, until ctx
// ends.
func (l *leader) again(ctx context.Context, what string, do func() error) error {
	wait := writeRetry
	for {
		err := do()
		if judgeWrite(err) != writeAgain {
			return err
		}
		l.log.Debug("not now", "what", what, "error", err)
		if !pause(ctx, wait) {
			return fmt.Errorf("%s: %w", what, err)
		}
		wait = min(2*wait, writeRetryX)
	}
}

// tick appends the time once a second.
func (l *leader) tick(ctx context.Context, lease store.Lease) error {
	beat := time.NewTicker(l.day.Every)
	defer beat.Stop()
	var away outage
	for {
		at := nextTick(l.day.Now(), l.ticked)
		l.tickSeq++
		key := store.BatchKey{Writer: l.writer, Seq: l.tickSeq}
		_, err := l.store.AppendFenced(ctx, lease, key, []faultline.Event{faultline.Tick{At: at}})
		switch {
		case errors.Is(err, faultline.ErrNotLeader):
			return err
		case err == nil:
			l.ticked = at
			away.Over(l.log)
		case ctx.Err() == nil:
			away.Began(l.log, err)
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// appendCatalogue writes into the log what the catalogue says and the map does not.
func (l *leader) appendCatalogue(ctx context.Context, lease store.Lease) error {
	var batches [][]faultline.Event
	if err := l.fold.Do(ctx, func(e engine, _ store.Cursor) {
		batches = catalogueNews(l.catalogue, e.Record, l.day.Now())
	}); err != nil {
		return err
	}
	for _, events := range batches {
		l.catalogueSeq++
		key := store.BatchKey{Writer: l.writer + 1, Seq: l.catalogueSeq}
		if err := l.again(ctx, "append the catalogue", func() error {
			_, err := l.store.AppendFenced(ctx, lease, key, events)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

func (l *leader) release(lease store.Lease) {
	ctx, cancel := context.WithTimeout(context.Background(), writeRetryX)
	defer cancel()
	if err := l.store.Release(ctx, l.holder, lease); err != nil {
		l.log.Warn("the lease could not be let go of; it runs out by itself", "error", err)
	}
}
