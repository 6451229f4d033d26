package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"faultline"
	"faultline/store"
	"faultline/trace"
)

// saveRevisions stores what the fold makes, in order and leaving nothing out: the store
// refuses revision n before it has n-1, so that one that is left out would stop the rest.
func (l *leader) saveRevisions(ctx context.Context, lease store.Lease) error {
	for {
		r, number, ok, moved := l.out.Next()
		if !ok {
			select {
			case <-moved:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		span := l.tracer.Child(r.of, "store a revision")
		err := l.retry(ctx, "store a revision", func() error {
			if r.lost {
				return l.store.SaveLost(ctx, lease, r.inc)
			}
			return l.store.SaveRevision(span.Carry(ctx), lease, r.inc)
		})
		span.Set("faultline.incident", r.inc.ID)
		span.Count("faultline.revision", r.inc.Revision)
		span.End()
		switch {
		case err == nil:
			l.m.saved.Inc()
			l.out.Stored(number)
		case outcomeOf(err) == writeBroken:
			if err := l.disagree(ctx, r.inc, number, err); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// revisionKey names one revision of one incident.
type revisionKey struct {
	id       string
	revision int
}

// maxUnfit bounds the revisions that are remembered not to fit; beyond it all
// are forgotten, which costs a fold more.
const maxUnfit = 4096

// disagree handles a revision that does not fit what is stored: the same log
// has been folded in two ways. The fold begins again from the checkpoint, at
// most once for each: what does not fit even then stays as it is stored, and the
// next goes on.
func (l *leader) disagree(ctx context.Context, inc faultline.Incident, number uint64, why error) error {
	l.m.broken.Inc()
	key := revisionKey{inc.ID, inc.Revision}
	again := l.unfit[key]
	l.log.Error("DETERMINISM BROKEN: this node's fold does not fit what is stored",
		"incident", inc.ID, "revision", inc.Revision, "state", inc.State, "error", why, "kept", again)
	if again {
		l.out.Stored(number)
		return nil
	}
	if l.unfit == nil || len(l.unfit) >= maxUnfit {
		l.unfit = map[revisionKey]bool{}
	}
	l.unfit[key] = true
	// The fold's old revisions are void from here on. Waiting for that keeps this loop from
	// storing one of them again.
	began := l.out.Mark()
	if err := l.fold.Reload(ctx, why); err != nil {
		return err
	}
	for {
		_, void, moved := l.out.Through(began)
		if void {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// saveViews stores the newest view. One that can't be stored is not tried again, since the
// next one follows in a second.
func (l *leader) saveViews(ctx context.Context, lease store.Lease) error {
	var traced trace.Context // the tick that the last traced view shows
	for {
		select {
		case v := <-l.views.Get():
			var span *trace.Span
			if v.of != traced {
				traced, span = v.of, l.tracer.Child(v.of, "store the view")
			}
			err := l.store.SaveView(span.Carry(ctx), lease, v.view, v.at)
			span.End()
			if errors.Is(err, faultline.ErrNotLeader) {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// saveCheckpoints stores the fold's state every so often, and trims what of the log no
// checkpoint needs any more. A checkpoint that fails is logged and counted, and the term
// goes on: the log is still there to fold.
func (l *leader) saveCheckpoints(ctx context.Context, lease store.Lease) error {
	beat := time.NewTicker(l.checkpoint)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := l.saveCheckpoint(ctx, lease, settleWait)
		if errors.Is(err, faultline.ErrNotLeader) {
			return err
		}
		// A checkpoint that finds no room must not keep the log from making some.
		trimmed := l.store.Trim(ctx, lease, l.now(), l.headroom.Tight())
		switch err = errors.Join(err, trimmed); {
		case errors.Is(trimmed, faultline.ErrNotLeader):
			return trimmed
		case err != nil && ctx.Err() == nil:
			l.m.cpFailures.Inc()
			l.log.Warn("no checkpoint this time", "error", err)
		}
		l.forgetKeys(ctx)
	}
}

// forgetRetry is how long a Redis that won't forget is left alone.
const forgetRetry = time.Hour

// forgetKeys has Redis rewrite its append-only file after a daily key has expired.
// Pseudonyms can be traced back to people as long as the key of their day exists anywhere,
// and an expired key is still in that file until it is rewritten.
func (l *leader) forgetKeys(ctx context.Context) {
	if l.now().Before(l.forgetAt) {
		return
	}
	did, err := l.store.ForgetKeys(ctx, l.now())
	switch {
	case err != nil && ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded):
		l.forgetAt = l.now().Add(forgetRetry)
		l.m.forgetFailures.Inc()
		l.log.Warn("an expired daily key may still be in Redis' append-only file: it must be rewritten (BGREWRITEAOF)",
			"error", err)
	case did:
		l.log.Info("expired daily keys were removed from Redis' files")
	}
}

// errVoid: the fold has begun again since the checkpoint was encoded.
var errVoid = errors.New("the fold began again meanwhile")

// saveCheckpoint stores the fold's state once every revision that led to it is
// stored: whoever begins from it must not have to make those again. Up to wait may
// pass until the fold is at a good moment for it.
func (l *leader) saveCheckpoint(ctx context.Context, lease store.Lease, wait time.Duration) error {
	// The state is taken first and stored last. In between the fold goes on, and its
	// revisions are waited for only up to the mark.
	enc, err := l.fold.Encode(ctx, wait)
	if err != nil {
		return fmt.Errorf("encode the checkpoint: %w", err)
	}
	cp := store.Checkpoint{Cursor: enc.cursor, State: enc.state, SavedAt: faultline.Millis(enc.began),
		Format: l.format}
	for {
		through, void, moved := l.out.Through(enc.upTo)
		if void {
			return errVoid
		}
		if through {
			break
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := l.store.SaveCheckpoint(ctx, lease, cp); err != nil {
		return fmt.Errorf("store the checkpoint: %w", err)
	}
	l.m.cpBytes.Set(float64(cp.Size()))
	l.m.cpSeconds.Observe(l.now().Sub(enc.began).Seconds())
	return nil
}

// finish ends a term in order when the process is about to end. The fold reads what the API
// has flushed, what it made is stored, then a last checkpoint, and the lease is released. A
// node that starts next begins at the end of the log, and a standby need not wait until the
// lease runs out.
func (l *leader) finish(lease store.Lease, why error) {
	defer l.release(lease)
	defer l.fold.leading.Store(false)
	if errors.Is(why, faultline.ErrNotLeader) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), finishLimit)
	defer cancel()
	if err := l.takeOver(ctx); err != nil {
		l.log.Warn("no last checkpoint: the fold did not reach the end of the log in time", "error", err)
		return
	}
	// The checkpoint waits until all revisions are stored, so that both run at one time.
	saving, stop := context.WithCancel(ctx)
	saved := make(chan error, 1)
	go func() { saved <- l.saveRevisions(saving, lease) }()
	err := l.saveCheckpoint(ctx, lease, 0)
	stop()
	<-saved
	if err != nil {
		l.log.Warn("no last checkpoint; the next start folds the log from the one before", "error", err)
		return
	}
	l.log.Info("last checkpoint stored")
}
