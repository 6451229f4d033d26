package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"faultline"
	"faultline/store"
	"faultline/task"
)

const (
	// One file has at most so many incidents and revisions, and about so many bytes of
	// JSON before compression. One incident is never divided.
	// A file is held in memory and goes through Redis whole, which bounds it.
	fileIncidents = 128
	fileRevisions = 4_096
	filePlain     = 32 << 20
	// scanAtOnce of the oldest incidents are read at once, and at most scanMost of them.
	scanAtOnce = 64
	scanMost   = 1_024
	// A file that is not full is written once its oldest incident has waited for this
	// part of Keep, or for lazyMost.
	// Many small files would make reading slow: each that may have an id is opened.
	lazyPart = 10
	lazyMost = 30 * 24 * time.Hour
	// stuckAfter steps a proposal is made again whose file this node can't get.
	stuckAfter = 24
	// afterError is how many steps are left out after one that failed.
	afterError = 11
)

// Mover is what only a leader may do. Each of its writes carries the fence, so that a
// leader that was deposed meanwhile moves nothing.
type Mover interface {
	Propose(ctx context.Context, p store.Proposal) error
	Move(ctx context.Context, p store.Proposal) error
}

// Lead moves incidents into the archive until ctx ends. It fails with
// [faultline.ErrNotLeader] once another node leads. Every node runs Run besides, which
// copies the files.
func (a *Archive) Lead(ctx context.Context, m Mover) error {
	without := 0 // steps in which something was proposed that this node has not
	for {
		err := a.advance(ctx, m, &without)
		if errors.Is(err, faultline.ErrNotLeader) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			a.cfg.Log.Warn("no incident was moved into the archive this time", "error", err)
			// A minute with the usual pace, together with the pause below.
			task.Pause(ctx, afterError*a.cfg.Pace)
		}
		if !task.Pause(ctx, a.cfg.Pace) {
			return nil
		}
	}
}

// advance does one step: it proposes a file, or moves the incidents of one that all
// nodes hold out of Redis. Between the two steps the incidents are in both places, so a
// crash loses nothing.
func (a *Archive) advance(ctx context.Context, m Mover, without *int) error {
	s := a.state.Load()
	if a.cfg.Keep <= 0 || s == nil {
		return nil
	}
	p, proposed, err := a.cfg.Store.Proposed(ctx)
	if err != nil {
		return err
	}
	if proposed && !s.held[p.Segment.Name] {
		*without++
	} else {
		*without = 0
	}
	// Two minutes with the usual pace. The node that wrote the file may be gone for good;
	// its incidents are still in Redis.
	if !proposed || *without >= stuckAfter {
		return a.propose(ctx, m)
	}
	// Nodes that were seen within a day: one that is gone for longer must not hold up the
	// archive.
	nodes, err := a.cfg.Store.Holdings(ctx, a.cfg.Now())
	if err != nil || nodes[a.node] != p.Segment.Name { // this node's own copy above all
		return err
	}
	// As it lies on the disk: once the incidents are moved, no other copy may be left.
	if err := Intact(a.cfg.Dir, p.Segment); err != nil {
		a.damaged(p.Segment.Name, err)
		return nil
	}
	for _, holds := range nodes {
		if holds != p.Segment.Name {
			return nil // not yet
		}
	}
	if err := m.Move(ctx, p); errors.Is(err, store.ErrChanged) {
		return nil // another is proposed in the next step
	} else if err != nil {
		return err
	}
	a.m.moved.Add(float64(len(p.Moves)))
	a.cfg.Log.Info("incidents were moved into the archive", "incidents", len(p.Moves), "file", p.Segment.Name)
	return a.sync(ctx, true)
}

// propose writes a file of the oldest incidents, if there are enough, and proposes it.
func (a *Archive) propose(ctx context.Context, m Mover) error {
	list, err := a.pick(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	file, seg, err := encode(list)
	if err != nil {
		return fmt.Errorf("write a file of the archive: %w", err)
	}
	if seg.Bytes > store.MaxSegmentBytes {
		return fmt.Errorf("%s and what goes with it take %d bytes: they stay in Redis", list[0].ID, seg.Bytes)
	}
	// On this node's disk before it is proposed, so that there is a copy from the first
	// moment on.
	if err := a.hold(seg, file); err != nil {
		return fmt.Errorf("write a file of the archive: %w", err)
	}
	p := store.Proposal{Segment: seg}
	for _, w := range list {
		p.Moves = append(p.Moves, store.MovedIncident{ID: w.ID, Last: w.Last})
	}
	if err := m.Propose(ctx, p); err != nil {
		return err
	}
	return a.sync(ctx, true)
}

// pick reads the incidents that are to be moved: over, older than Keep, and older than
// the log, so that no fold of it makes one of them again.
func (a *Archive) pick(ctx context.Context) ([]written, error) {
	now := a.cfg.Now()
	before := now.Add(-a.cfg.Keep)
	if begins, err := a.cfg.Store.LogBegins(ctx); err != nil {
		return nil, err
	} else if begins.Before(before) {
		before = begins
	}
	waits := now // since when the oldest of them could have been moved
	var list []written
	revisions, bytes := 0, 0
	// Some of the oldest may be open or revised of late. They are skipped, so that they
	// do not hold up those behind them.
	for skip := 0; skip < scanMost; skip += scanAtOnce {
		oldest, err := a.cfg.Store.Oldest(ctx, before, skip, scanAtOnce)
		if err != nil {
			return nil, err
		}
		for i := range oldest {
			in := &oldest[i]
			if in.State.Open() || !in.UpdatedAt.Before(before) {
				continue
			}
			w := written{entry: entry{ID: in.ID, OnsetMS: in.Onset.At.UnixMilli(), Last: in.Revision}}
			if w.revisions, w.Recorded, err = a.cfg.Store.PlainRevisions(ctx, in.ID, in.Revision); err != nil {
				return nil, err
			}
			list = append(list, w)
			if in.UpdatedAt.Before(waits) {
				waits = in.UpdatedAt
			}
			revisions, bytes = revisions+len(w.revisions), bytes+w.size()
			// A full file is written at once; only one that is not full waits.
			if len(list) == fileIncidents || revisions >= fileRevisions || bytes >= filePlain {
				return list, nil
			}
		}
		if len(oldest) < scanAtOnce {
			break
		}
	}
	if lazy := min(a.cfg.Keep/lazyPart, lazyMost); waits.Add(a.cfg.Keep).After(now.Add(-lazy)) {
		return nil, nil // a file for a few is written once they have waited
	}
	return list, nil
}

// size is how many bytes of JSON an incident has.
func (w written) size() (n int) {
	for _, r := range w.revisions {
		n += len(r.JSON)
	}
	return n
}
