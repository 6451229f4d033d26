package archive

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"faultline"
	"faultline/store/storetest"
)

// A program that is no node reads all incidents: from the files of a directory, which it
// leaves as they are, or from the nodes that run. Where it can't have a file it says so, and
// gives no list without it.
func TestAllIncidentsAreReadByOneThatIsNoNode(t *testing.T) {
	const n = 150 // two files
	h := newHouse(t, storetest.Start(t))
	h.fill(n)
	h.save(incident(n, 1, faultline.StateConfirmed)) // it stays in Redis
	a := h.node(t.TempDir(), h.store)
	dir := a.Archive.cfg.Dir
	borrowed := func(ctx context.Context, dir string) Source {
		from, err := Borrowed(ctx, dir, t.TempDir(), h.store, a.Archive.cfg.Now, slog.New(slog.DiscardHandler))
		ok(t, err)
		return from
	}
	meanwhile := borrowed(t.Context(), dir) // it begins before anything is moved
	before := answers(t, meanwhile, n)
	h.steps(a)
	if got := h.inRedis(); got != 1 {
		t.Fatalf("%d incidents are in Redis", got)
	}
	there, err := os.ReadDir(dir)
	ok(t, err)
	same(t, "moved meanwhile", answers(t, meanwhile, n), before)
	same(t, "from a directory", answers(t, borrowed(t.Context(), dir), n), before)
	after, err := os.ReadDir(dir)
	if ok(t, err); len(after) != len(there) {
		t.Errorf("%d files are in the directory, and there were %d", len(after), len(there))
	}

	ended, end := context.WithCancel(t.Context())
	end()
	lacking := borrowed(ended, t.TempDir())
	if list, err := lacking.Incidents(t.Context(), n); err == nil {
		t.Errorf("%d incidents are given without the archive", len(list))
	}
	if _, err := lacking.Revisions(t.Context(), incident(3, 1, "").ID, 1, 3); err == nil {
		t.Error("revisions are given without the archive")
	}

	ctx, stop := context.WithCancel(t.Context())
	running := make(chan error)
	a.Archive.cfg.Pace = time.Millisecond
	go func() { running <- a.Archive.Run(ctx) }()
	got := answers(t, borrowed(t.Context(), t.TempDir()), n)
	stop()
	ok(t, <-running)
	same(t, "from a node", got, before)
}
