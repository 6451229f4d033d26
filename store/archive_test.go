package store

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"faultline"

	"github.com/redis/go-redis/v9"
)

// testArchive moves an incident, and gives a file from one node to another.
func testArchive(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	for n := range 3 {
		ok(t, f.SaveRevision(ctx, l, incident(n, 1)))
	}
	p := Proposal{Segment: Segment{Name: "a", Bytes: 600_000, Incidents: 2},
		Moves: []MovedIncident{{incident(0, 1).ID, 1}, {incident(1, 1).ID, 1}}}
	wantErr(t, f.Move(ctx, l, p), ErrChanged) // it was not proposed
	ok(t, f.Propose(ctx, l, p))
	got, there, err := f.Proposed(ctx)
	ok(t, err)
	equal(t, there, true)
	equal(t, got, p)
	ok(t, f.SaveRevision(ctx, l, incident(1, 2)))
	before := f.contents(t)
	wantErr(t, f.Move(ctx, l, p), ErrChanged)
	delete(before, keyArchiveNext) // it came to nothing
	f.unchanged(t, before)

	p.Moves[1].Last = 2
	ok(t, f.Propose(ctx, l, p))
	ok(t, f.Move(ctx, l, p))
	ok(t, f.Move(ctx, l, p)) // the answer was lost
	_, err = f.Incident(ctx, incident(1, 1).ID, 0)
	wantErr(t, err, faultline.ErrNotFound)
	left, err := f.Incidents(ctx, 10)
	ok(t, err)
	equal(t, len(left), 1)
	segments, err := f.Segments(ctx)
	ok(t, err)
	equal(t, segments, map[string]Segment{"a": p.Segment})
	next := f.succeed(t, "b")
	wantErr(t, f.Propose(ctx, l, p), faultline.ErrNotLeader)
	wantErr(t, f.Move(ctx, l, p), faultline.ErrNotLeader)
	ok(t, f.Propose(ctx, next, p))

	_, err = f.Borrow(ctx, p.Segment)
	wantErr(t, err, faultline.ErrNotFound)
	ok(t, f.WantSegments(ctx, []string{"a"}, f.now))
	wanted, err := f.WantedSegments(ctx)
	ok(t, err)
	equal(t, wanted, []string{"a"})
	file := bytes.Repeat([]byte("faultline."), 60_000)
	ok(t, f.Lend(ctx, "a", file))
	lent, err := f.Borrow(ctx, p.Segment)
	ok(t, err)
	equal(t, bytes.Equal(lent, file), true)
}

// testArchiveOfOneMoment: a file that is moved while the archive is read is in what is read,
// as proposed or as one of the archive's. A node removes a file that is neither.
func testArchiveOfOneMoment(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	ok(t, f.SaveRevision(ctx, l, incident(0, 1)))
	p := Proposal{Segment: Segment{Name: "a", Bytes: 600_000, Incidents: 1},
		Moves: []MovedIncident{{incident(0, 1).ID, 1}}}
	ok(t, f.Propose(ctx, l, p))
	between := &afterEach{do: sync.OnceFunc(func() { ok(t, f.Move(ctx, l, p)) })}
	f.reads.AddHook(between)
	files, next, err := f.Archive(ctx)
	ok(t, err)
	if _, moved := files["a"]; !moved && next == nil {
		t.Error("the file is in neither place")
	}
	files, next, err = f.Archive(ctx)
	ok(t, err)
	if _, moved := files["a"]; !moved || next != nil {
		t.Errorf("after the move: %v, %v", files, next)
	}
}

// afterEach does something after each command, and after each group of commands.
type afterEach struct{ do func() }

func (a *afterEach) DialHook(next redis.DialHook) redis.DialHook { return next }

func (a *afterEach) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		defer a.do()
		return next(ctx, cmd)
	}
}

func (a *afterEach) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		defer a.do()
		return next(ctx, cmds)
	}
}

// testHoldings: what a node says counts for a day, and there is room for so many nodes.
func testHoldings(t *testing.T, f *fixture) {
	ctx := t.Context()
	for n := range maxArchiveNodes {
		ok(t, f.SaveHolding(ctx, fmt.Sprint(n), "a", f.now))
	}
	wantErr(t, f.SaveHolding(ctx, "new", "a", f.now), ErrTooLarge)
	later := f.now.Add(archiveNodeLife + time.Second)
	ok(t, f.SaveHolding(ctx, "new", "a", later))
	nodes, err := f.Holdings(ctx, later)
	ok(t, err)
	equal(t, nodes, ArchiveNodes{"new": "a"})
}
