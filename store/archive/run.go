package archive

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"faultline"
	"faultline/atomicfile"
	"faultline/store"
	"faultline/task"
)

const (
	usualPace = 5 * time.Second
	// lendAtOnce is how many files one step puts into Redis for others.
	lendAtOnce = 2
	// sayAgain is how often the same trouble is said.
	sayAgain = time.Minute
	// verifyEvery is how often all files are compared with their names, so that a damaged
	// one is copied again while other nodes have it.
	verifyEvery = 24 * time.Hour
	nodeFile    = "node"
)

// nodeName is what this copy is called among all. It is made up once and kept in the
// directory: a node that restarts is the same one, or its copy would be waited for
// twice.
func nodeName(dir string) (string, error) {
	name := filepath.Join(dir, nodeFile)
	text, err := os.ReadFile(filepath.Clean(name))
	if err == nil && len(text) > 0 && len(text) <= 64 {
		return string(text), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	// At random and not by the host's name: two nodes may run on one host, and containers
	// change theirs.
	made := rand.Text()
	return made, replace(name, []byte(made))
}

// replace writes a small file down whole or not at all.
func replace(name string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), dirMode); err != nil {
		return err
	}
	return atomicfile.Write(name, body)
}

// Run copies what this node lacks, and gives others what they lack, until ctx ends.
// Files go through Redis, because nodes need no way to reach each other.
func (a *Archive) Run(ctx context.Context) error {
	for {
		// The first time at the start, as damage may have come while the node was down.
		if now := a.cfg.Now(); now.Sub(a.verified) >= verifyEvery && a.state.Load() != nil {
			a.verified = now
			a.verify()
		}
		if err := a.step(ctx); err != nil && ctx.Err() == nil {
			a.say("copy", err)
		}
		if !task.Pause(ctx, a.cfg.Pace) {
			return nil
		}
	}
}

// say logs a trouble, at most once a minute.
// A Redis that is away would write the same line at each step.
func (a *Archive) say(what string, err error) {
	now := a.cfg.Now()
	if now.Sub(a.last[what]) < sayAgain {
		return
	}
	a.last[what] = now
	a.cfg.Log.Warn("the archive can't go on", "task", what, "error", err)
}

// step does once what Run does. An error of one part does not stop the others. Who has
// just copied a file can lend it in the same step.
func (a *Archive) step(ctx context.Context) error {
	before := a.state.Load()
	if err := a.sync(ctx, true); err != nil {
		return err
	}
	s := a.state.Load()
	// After sync, which alone knows that a proposal is gone.
	a.discard(before, s)
	err := errors.Join(a.copyMissing(ctx, s), a.lend(ctx, s))
	return errors.Join(err, a.announce(ctx))
}

// discard removes a proposed file that came to nothing: its incidents are in Redis. A
// file that is in the list of the archive is never removed here.
func (a *Archive) discard(before, now *state) {
	if before == nil || before.next == nil {
		return
	}
	name := before.next.Segment.Name
	if slices.ContainsFunc(now.wanted(), func(seg store.Segment) bool { return seg.Name == name }) {
		return
	}
	if err := os.Remove(path(a.cfg.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.cfg.Log.Warn("a file that was proposed for the archive can't be removed", "file", name, "error", err)
	}
}

// copyMissing copies one file from Redis, or asks the other nodes for it. One a step
// keeps the load on Redis low: a new node fills up over minutes.
func (a *Archive) copyMissing(ctx context.Context, s *state) error {
	seg, ok := s.missing()
	if !ok {
		return nil
	}
	file, err := a.cfg.Store.Borrow(ctx, seg)
	if err == nil {
		if err = a.hold(seg, file); err == nil {
			a.m.copied.Inc()
		}
		return err
	}
	if !errors.Is(err, faultline.ErrNotFound) {
		return err
	}
	return a.cfg.Store.WantSegments(ctx, []string{seg.Name}, a.cfg.Now())
}

// lend puts some files that others ask for into Redis. Each file is compared with its
// name before it is lent, so that damage does not spread.
func (a *Archive) lend(ctx context.Context, s *state) error {
	names, err := a.cfg.Store.WantedSegments(ctx)
	if err != nil {
		return err
	}
	lent := 0
	for _, seg := range s.wanted() {
		if lent == lendAtOnce || !s.held[seg.Name] || !slices.Contains(names, seg.Name) {
			continue
		}
		file, err := os.ReadFile(path(a.cfg.Dir, seg.Name))
		if err != nil {
			a.damaged(seg.Name, err)
			continue
		}
		if err := intact(seg, file); err != nil {
			a.damaged(seg.Name, err)
			continue
		}
		if err := a.cfg.Store.Lend(ctx, seg.Name, file); err != nil {
			return err
		}
		lent++
	}
	return nil
}

// announce says that this node is there, and whether it holds the proposed file. The
// leader moves nothing before all nodes that were seen within a day do.
func (a *Archive) announce(ctx context.Context) error {
	s, holds := a.state.Load(), ""
	if s.next != nil && s.held[s.next.Segment.Name] {
		holds = s.next.Segment.Name
	}
	now := a.cfg.Now()
	if holds == a.said && now.Sub(a.last["announced"]) < sayAgain {
		return nil
	}
	if err := a.cfg.Store.SaveHolding(ctx, a.node, holds, now); err != nil {
		return err
	}
	a.said, a.last["announced"] = holds, now
	return nil
}

// Intact compares a file in a directory with its name; it fails with [fs.ErrNotExist]
// where it is not there. The name of a file is the hash of its content.
func Intact(dir string, seg store.Segment) error {
	_, err := local(dir, seg)
	return err
}

// verify compares every file that this node has with its name, puts damaged ones aside and
// returns how many are whole.
func (a *Archive) verify() (whole int) {
	s := a.state.Load()
	if s == nil {
		return 0
	}
	for _, seg := range s.wanted() {
		if !s.held[seg.Name] {
			continue
		}
		if err := Intact(a.cfg.Dir, seg); err != nil {
			a.damaged(seg.Name, err)
			continue
		}
		whole++
	}
	return whole
}
