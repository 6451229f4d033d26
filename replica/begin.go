package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"faultline"
	"faultline/store"
)

// errNoWayBack: there is neither a checkpoint that can be read and that the log goes on
// from, nor the whole log. A leader must adopt what was published.
var errNoWayBack = errors.New("there is nothing to begin from")

// beginning is what a fold begins from.
type beginning struct {
	what   string // for the log
	eng    Engine
	cursor store.Cursor
	warm   *warmUp
}

// beginning finds the newest thing that this node can fold from: a checkpoint, an
// adoption, or the start of the log. What can't be used is named once a minute.
// The order is from the least to the most that is lost. A Redis that is away ends the
// search with its error instead of going on to an older beginning, which would be taken
// although a newer one exists.
func (f *folder) beginning(ctx context.Context) (beginning, error) {
	adopt, adoptedAt, adopted, err := f.store.Adoption(ctx)
	if err != nil {
		return beginning{}, fmt.Errorf("look for an adoption: %w", err)
	}
	// A fold that meets this adoption later knows by it that it has begun from it already.
	f.adopted = adoptedAt
	all, err := f.store.Generations(ctx)
	if err != nil {
		return beginning{}, fmt.Errorf("look for checkpoints: %w", err)
	}
	var unfit []error
	for _, g := range all {
		if adopted && !g.Pos.IsZero() && adoptedAt.After(g.Pos) {
			continue // the fold that it is of has ended
		}
		from, err := f.fromCheckpoint(ctx, g)
		if err == nil {
			f.note(unfit)
			return from, nil
		}
		if errors.Is(err, faultline.ErrUnavailable) {
			return beginning{}, err
		}
		unfit = append(unfit, err)
	}
	if adopted {
		from, err := f.fromAdoption(ctx, adopt, adoptedAt)
		if err == nil || errors.Is(err, faultline.ErrUnavailable) {
			f.note(unfit)
			return from, err
		}
		unfit = append(unfit, err)
	} else if from, err := f.fromStart(ctx); err == nil || errors.Is(err, faultline.ErrUnavailable) {
		f.note(unfit)
		return from, err
	} else {
		unfit = append(unfit, err)
	}
	return beginning{}, fmt.Errorf("%w: %w", errNoWayBack, errors.Join(unfit...))
}

// note logs and counts checkpoints that could not be used, once a better beginning has
// replaced them.
func (f *folder) note(unfit []error) {
	if len(unfit) == 0 {
		return
	}
	f.m.fallbacks.Inc()
	f.log.Warn("the newest checkpoint can't be used; the fold begins from an older state and reads on from there",
		"error", errors.Join(unfit...))
}

// fromCheckpoint restores an engine from one generation of checkpoints. Whether the log
// still goes on from its position is asked before the state is read, which may be large,
// and again with what its head says.
func (f *folder) fromCheckpoint(ctx context.Context, g store.Generation) (beginning, error) {
	if err := f.store.Follows(ctx, g.Pos); err != nil {
		return beginning{}, fmt.Errorf("the log does not go on from checkpoint %s: %w", g.Name, err)
	}
	cp, err := f.store.ReadGeneration(ctx, g)
	if err != nil {
		return beginning{}, err
	}
	if err := f.store.FollowsCursor(ctx, cp.Cursor); err != nil { // its head may say otherwise than the pointer
		return beginning{}, fmt.Errorf("the log does not go on from checkpoint %s: %w", g.Name, err)
	}
	eng, err := f.newEngine(cp.Whole())
	if err != nil {
		return beginning{}, fmt.Errorf("restore checkpoint %s of %s: %w", g.Name, cp.SavedAt, err)
	}
	return beginning{what: "checkpoint " + g.Name, eng: eng, cursor: cp.Cursor}, nil
}

// fromAdoption begins before an adoption, so that what was accepted while nobody folded
// counts. The engine is empty until then: what it makes on the way is thrown away (see
// warmUp), because it knows nothing of what was published.
func (f *folder) fromAdoption(ctx context.Context, a faultline.Adopt, at store.Pos) (beginning, error) {
	from, err := store.ParsePos(a.From)
	if err != nil {
		return beginning{}, fmt.Errorf("the adoption at %s: %w", at, err)
	}
	if err := f.store.Follows(ctx, from); err != nil {
		return beginning{}, fmt.Errorf("the log does not go on from the adoption at %s: %w", at, err)
	}
	eng, err := f.newEngine(nil)
	if err != nil {
		return beginning{}, err
	}
	counted, _ := store.ParsePos(a.CountedTo) // what it does not say is not known
	return beginning{what: "adoption at " + at.String(), eng: eng, cursor: store.Cursor{Pos: from},
		warm: &warmUp{from: from, until: at, countedTo: counted, countedAt: a.CountedAt}}, nil
}

// fromStart begins with the whole log, if it is that of the incidents that are stored. A
// log that is younger than an open incident has lost its beginning, even if Redis knows
// nothing of a trim: a fold of it would leave that incident open without end.
func (f *folder) fromStart(ctx context.Context) (beginning, error) {
	if err := f.store.Follows(ctx, store.Pos{}); err != nil {
		return beginning{}, fmt.Errorf("the log has lost its beginning: %w", err)
	}
	start, err := f.store.LogStart(ctx)
	if err != nil {
		return beginning{}, err
	}
	list, err := published(ctx, f.store)
	if err != nil {
		return beginning{}, err
	}
	for _, in := range list {
		if in.State.Open() && !in.Drill && in.DetectedAt.Before(start.Add(-epochSlack)) {
			return beginning{}, fmt.Errorf("the log began at %s, and %s is open since %s", start, in.ID, in.DetectedAt)
		}
	}
	eng, err := f.newEngine(nil)
	return beginning{what: "the start of the log", eng: eng}, err
}

// epochSlack is how far an incident may lie before the log that it is of: clocks differ.
const epochSlack = 15 * time.Minute

// warmUp is a fold on its way to the adoption that it begins with. What it makes until then
// is not published. A nil *warmUp is a fold that has arrived.
type warmUp struct {
	from, until store.Pos
	// What the adoption's counters count: all up to a position of the log, or, where that
	// is not known, up to a time.
	countedTo store.Pos
	countedAt time.Time
	base      faultline.Counters // of the fold when it had come there
	based     bool
}

// countFrom notes what the fold has counted before the first batch that the adoption's
// counters do not count. What is counted from there on is added to them, so that the
// published totals neither jump back nor count anything twice.
func (w *warmUp) countFrom(pos store.Pos, eng Engine) {
	if w == nil || w.based {
		return
	}
	counted := pos.After(w.countedTo)
	if w.countedTo.IsZero() {
		counted = pos.Time().After(w.countedAt)
	}
	if counted {
		w.base, w.based = eng.Counters(), true
	}
}

// rows leaves out the minutes and hours that the fold has seen only a part of. Rows are
// absolute: half a minute's count would replace the whole one that is stored.
func (w *warmUp) rows(rows []faultline.SeriesRow) []faultline.SeriesRow {
	if w == nil {
		return rows
	}
	since := w.from.Time()
	if w.countedAt.After(since) {
		since = w.countedAt.Add(-forgetMinute)
	}
	var kept []faultline.SeriesRow
	for _, r := range rows {
		if r.Point.At.After(since) && r.Point.At.After(w.from.Time()) {
			kept = append(kept, r)
		}
	}
	return kept
}

// meet is what a fold does when it comes to an adoption. One that was on its way there has
// arrived; any other begins again with it, so that all folds are the same. It returns the
// event to fold, with the counters put right.
func (f *folder) meet(ctx context.Context, a faultline.Adopt, at store.Pos) (faultline.Event, error) {
	w := f.warm
	if w == nil && at.After(f.adopted) {
		_, newest, there, err := f.store.Adoption(ctx)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errReload, err)
		}
		if there && newest.Compare(at) >= 0 {
			return nil, fmt.Errorf("%w: a leader has adopted what was published", errReload)
		}
	}
	if w != nil && w.until.After(at) {
		return faultline.Tick{}, nil // an older one, which the newer one replaces
	}
	if w != nil {
		now := f.eng.Counters()
		a.Counters = plus(a.Counters, now, w.base)
		f.warm = nil
	}
	f.adoptedHere.Store(true)
	f.log.Info("incidents are taken over as they were published", "position", at, "incidents", len(a.Incidents))
	return a, nil
}

// plus adds to a what b has counted since base.
func plus(a, b, base faultline.Counters) faultline.Counters {
	a.Reports += b.Reports - base.Reports
	a.ReportsRepeated += b.ReportsRepeated - base.ReportsRepeated
	a.Probes += b.Probes - base.Probes
	a.ProbesRepeated += b.ProbesRepeated - base.ProbesRepeated
	a.Late += b.Late - base.Late
	a.Future += b.Future - base.Future
	a.Refused += b.Refused - base.Refused
	return a
}
