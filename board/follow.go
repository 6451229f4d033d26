package board

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"faultline"
	"faultline/trace"
)

// Beginning is the position before the first change there ever was.
const Beginning = "0"

// batch is what one read of the changes brings.
type batch struct {
	restart   bool      // incidents are all there are, and streams start over
	began     time.Time // of the log that these are of; zero: not known
	changes   []faultline.Change
	incidents []faultline.Incident // whole, last revisions
}

// viewed is a newer view.
type viewed struct{ view faultline.View }

// Run follows the source until ctx ends. It returns ctx's error. Failures of the source
// are counted and tried again: what is known goes on being served and says how old it
// is.
func (b *Board) Run(ctx context.Context) error {
	var readers sync.WaitGroup
	defer readers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k := &keeper{board: b, entries: map[string]*Entry{}}
	k.recall()
	// One goroutine alone changes what is known. The readers of the source only hand over
	// what they read, so that a slow read holds up nothing.
	updates, views := make(chan batch), make(chan viewed)
	readers.Go(func() { b.followChanges(ctx, updates) })
	readers.Go(func() { b.followView(ctx, views) })
	if b.cfg.SnapshotFile != "" {
		readers.Go(func() { b.writeSnapshots(ctx) })
	}

	tick := time.NewTicker(b.cfg.Pace.View)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case u := <-updates:
			k.traced(ledTo(u.changes), func() { k.take(u) })
		case v := <-views:
			k.view = v.view
			k.traced(trace.Unpack(v.view.Trace), func() { k.show(nil, false) })
		case <-tick.C:
			k.age()
		}
	}
}

// followChanges reads the stream of changes from its end on. After a failure it goes on
// where it was if nothing can have been lost, else all is read again. Nothing is read
// that was not asked for: when a batch is not taken, the next read waits, and memory
// does not grow.
func (b *Board) followChanges(ctx context.Context, out chan<- batch) {
	position, synced := "", false
	reads := reading{board: b, what: "changes"}
	for ctx.Err() == nil {
		var u batch
		var err error
		if synced {
			u, synced, err = b.readNext(ctx, position)
		} else {
			u, err = b.resync(ctx, position)
			synced = err == nil
		}
		// After a failure it is not known what was missed in between.
		if reads.went(ctx, err) {
			synced = false
			wait(ctx, b.cfg.Pace.Retry)
			continue
		}
		if !u.restart && len(u.changes) == 0 {
			wait(ctx, emptyWait) // a source does not wait at the beginning, nor at what it can't read
			continue
		}
		select {
		case out <- u:
		case <-ctx.Done():
			return
		}
		// The position moves only after the batch was taken: a break before that reads it
		// again.
		if n := len(u.changes); n > 0 {
			position = u.changes[n-1].ID
		} else {
			position = Beginning
		}
	}
}

// readNext waits for changes behind position. Where there was none yet it takes the
// last ones, if those are all. A position that the source has no more (ErrNotFound)
// means that changes were lost in between, and leads to a full read.
func (b *Board) readNext(ctx context.Context, position string) (u batch, synced bool, err error) {
	if position == Beginning {
		u.changes, err = b.cfg.Source.Changes(ctx, "", Recent, 0)
		synced = len(u.changes) < Recent
	} else {
		u.changes, err = b.cfg.Source.Changes(ctx, position, followBatch, followBlock)
		synced = true
	}
	if errors.Is(err, faultline.ErrNotFound) {
		synced, err = false, nil
	}
	if err != nil || !synced {
		return batch{}, false, err
	}
	u.incidents, err = b.wholeOf(ctx, u.changes)
	return u, err == nil, err
}

// resync reads the last changes. If position is among them nothing was lost
// and the later ones are all; else everything is read.
func (b *Board) resync(ctx context.Context, position string) (batch, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	changes, err := b.cfg.Source.Changes(ctx, "", Recent, 0)
	if err != nil {
		return batch{}, err
	}
	at := slices.IndexFunc(changes, func(c faultline.Change) bool { return c.ID == position })
	if position == Beginning && len(changes) < Recent {
		at = 0
	} else if at >= 0 {
		at++
	}
	if at >= 0 {
		u := batch{changes: changes[at:]}
		u.incidents, err = b.wholeOf(ctx, u.changes)
		return u, err
	}
	// Changes first, incidents after: they hold every change above, or later ones.
	incidents, err := b.cfg.Source.Incidents(ctx, MaxIncidents)
	if err == nil && len(incidents) == MaxIncidents {
		incidents, err = b.withOldOpen(ctx, incidents)
	}
	u := batch{restart: true, changes: changes, incidents: incidents}
	if err == nil && b.cfg.Began != nil {
		u.began, err = b.cfg.Began(ctx)
	}
	return u, err
}

// withOldOpen adds the incidents that are older than the newest ones and still open,
// which the view names beside the sites that fail. An outage that lasts for days is
// older than thousands of short ones, and is the one that readers ask about. The bound
// of twice as many holds for a view gone wrong.
func (b *Board) withOldOpen(ctx context.Context, incidents []faultline.Incident) ([]faultline.Incident, error) {
	view, _, err := b.cfg.Source.View(ctx, 0)
	if err != nil {
		return nil, err
	}
	held := map[string]bool{}
	for _, inc := range incidents {
		held[inc.ID] = true
	}
	for _, s := range view.Sites {
		for _, id := range s.Incidents {
			if held[id] || len(held) >= 2*MaxIncidents {
				continue
			}
			held[id] = true
			inc, err := b.incident(ctx, id, 0)
			switch {
			case err == nil:
				incidents = append(incidents, inc)
			case !errors.Is(err, faultline.ErrNotFound):
				return nil, err
			}
		}
	}
	return incidents, nil
}

// wholeOf returns the incidents of changes at their last revisions, with all their
// sites where a change leaves some out. A change of an incident with many sites names
// only some of them, to keep the stream small.
func (b *Board) wholeOf(ctx context.Context, changes []faultline.Change) ([]faultline.Incident, error) {
	last := map[string]int{}
	for i, c := range changes {
		last[c.Incident.ID] = i
	}
	var whole []faultline.Incident
	for i, c := range changes {
		inc := c.Incident
		if last[inc.ID] != i {
			continue
		}
		if len(inc.Sites) < inc.SitesTotal {
			full, err := b.incident(ctx, inc.ID, inc.Revision)
			switch {
			case err == nil:
				inc = full
			case !errors.Is(err, faultline.ErrNotFound): // else what the change says must do
				return nil, err
			}
		}
		whole = append(whole, inc)
	}
	return whole, nil
}

// incident reads one revision from the source, within loadTimeout.
func (b *Board) incident(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	return b.cfg.Source.Incident(ctx, id, revision)
}

// followView reads the newest view once a second. A view replaces the one before it as
// a whole, so a failed read loses nothing and the next one makes up for it.
func (b *Board) followView(ctx context.Context, out chan<- viewed) {
	known := int64(0)
	reads := reading{board: b, what: "view"}
	for ctx.Err() == nil {
		view, version, err := b.readView(ctx, known)
		if !reads.went(ctx, err) && version != known {
			known = version
			select {
			case out <- viewed{view}:
			case <-ctx.Done():
				return
			}
		}
		wait(ctx, b.cfg.Pace.View)
	}
}

// readView reads the view from the source, within loadTimeout.
func (b *Board) readView(ctx context.Context, known int64) (faultline.View, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	return b.cfg.Source.View(ctx, known)
}

// reading follows how one kind of read goes: each failure is counted, the first one and
// the end of them are logged. A source that is away for an hour would else write a line
// each second.
type reading struct {
	board *Board
	what  string
	fails bool
}

// went takes note of a read and reports whether it failed.
func (r *reading) went(ctx context.Context, err error) (failed bool) {
	switch {
	case err == nil && r.fails:
		r.fails = false
		r.board.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "the source is read again", slog.String("read", r.what))
	case err != nil && ctx.Err() == nil: // while stopping it is no failure
		r.board.metrics.failures.WithLabelValues(r.what).Inc()
		if !r.fails {
			r.board.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "the source can't be read; what is known is served on",
				slog.String("read", r.what), slog.Any("error", err))
		}
		r.fails = true
	}
	return err != nil
}

// wait returns after d, or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
