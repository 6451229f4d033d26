package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"faultline"
	"faultline/store"
	"faultline/task"
)

const (
	// reconcileEvery is how often a node compares what was published to its readers with
	// what Redis knows. It does so only when its fold has begun again: as long as a fold
	// goes on, nothing that it published can be missing.
	reconcileEvery = 2 * time.Second
	// reconcileWait bounds how long a leader waits to know what was published to its readers: the
	// snapshot on its disk is read meanwhile. A leader that never knows must lead all the
	// same, so the wait ends.
	reconcileWait = 2 * time.Second
	// reconcileReach is how old the last revision of an incident may be of which Redis knows
	// nothing. What is older may have been dropped on purpose.
	reconcileReach = 48 * time.Hour
)

// reconciler sees to it that nothing that readers were shown is taken back in silence. A replica
// that takes over without the end of the log, or a disk that lost it, lacks revisions that
// nodes have shown. Each node writes into the log what it has shown beyond what is stored
// (see [faultline.Published]), and all folds go on from there.
type reconciler struct {
	store  *store.Store
	fold   *folder
	list   func() ([]faultline.Incident, bool) // nil: there are no readers
	writer *store.Writer
	m      *metrics
	log    *slog.Logger
	clock  func() time.Time
}

// Run compares whenever the fold has begun again, until ctx ends. Only then may something
// be missing: as long as a fold goes on, the log has all that it read.
func (t *reconciler) Run(ctx context.Context) error {
	begun := uint64(0)
	for task.Pause(ctx, reconcileEvery) {
		now := t.fold.begun.Load()
		if t.list == nil || now == begun || !t.fold.status.Load().Loaded || t.fold.Failed() != nil {
			continue
		}
		if _, known := t.list(); !known {
			continue
		}
		if err := t.say(ctx); err != nil {
			t.log.Warn("what readers were shown could not be compared with Redis; trying again", "error", err)
			continue
		}
		begun = now
	}
	return nil
}

// before appends what was published, and a leader calls it before it appends its first tick.
// From the first tick on folds make new revisions; without what was published they would give
// numbers that readers have already seen to other contents.
func (t *reconciler) before(ctx context.Context, retry func(context.Context, string, func() error) error) error {
	if t == nil || t.list == nil {
		return nil
	}
	for wait := reconcileWait; wait > 0; wait -= catchUpPoll {
		if _, known := t.list(); known {
			break
		}
		if !task.Pause(ctx, catchUpPoll) {
			return ctx.Err()
		}
	}
	return retry(ctx, "compare what readers were shown", func() error { return t.say(ctx) })
}

// say appends what was shown beyond what is stored. Several nodes may append the same: the
// fold takes what it does not know, and the rest changes nothing.
func (t *reconciler) say(ctx context.Context) error {
	list, _ := t.list()
	// Only what the store lacks is appended: most restarts find that nothing is missing.
	lost, err := t.store.Lost(ctx, list, t.clock().Add(-reconcileReach))
	if err != nil {
		return err
	}
	for part := range slices.Chunk(lost, faultline.MaxAdopted) {
		if err := t.append(ctx, part); err != nil {
			return fmt.Errorf("say what was published: %w", err)
		}
		t.m.regained.Add(float64(len(part)))
		t.log.Warn("readers were shown more than Redis knows: the fold goes on from what was published",
			"incidents", len(part), "first", part[0].ID, "revision", part[0].Revision)
	}
	return nil
}

// append writes incidents into the log, in as many entries as they need: one incident may
// have thousands of sites, and an entry has a limit.
func (t *reconciler) append(ctx context.Context, list []faultline.Incident) error {
	err := t.writer.Send(func(key store.BatchKey) error {
		_, err := t.store.Append(ctx, key,
			[]faultline.Event{faultline.Published{At: faultline.Millis(t.clock()), Incidents: list}})
		return err
	})
	if !errors.Is(err, store.ErrTooLarge) {
		return err
	}
	if len(list) == 1 {
		t.log.Warn("an incident is too large to be taken over", "incident", list[0].ID)
		return nil
	}
	half := len(list) / 2
	if err := t.append(ctx, list[:half]); err != nil {
		return err
	}
	return t.append(ctx, list[half:])
}
