package archive

import (
	"bytes"
	"context"
	"testing"
	"time"

	"faultline"
	"faultline/pace"
	"faultline/store"
	"faultline/store/storetest"
)

// A backup has the incidents of the archive as well, whether or not its directory has the
// files: those are asked for from the nodes. All answers are the same after a restore.
func TestABackupHasTheArchive(t *testing.T) {
	const n = 20
	h := newHouse(t, storetest.Start(t))
	h.fill(n)
	a := h.node(t.TempDir(), h.store)
	ok(t, a.Archive.step(t.Context()))
	before := answers(t, a, n)
	var first, since bytes.Buffer
	ok(t, store.Backup(t.Context(), h.url, nil, &first)) // nothing is in the archive yet
	h.steps(a)
	if err := store.Backup(t.Context(), h.url, nil, &since); err == nil {
		t.Fatal("a backup without the archive was written")
	}
	since.Reset()
	local := Reader(a.Archive.cfg.Dir, h.store, a.Archive.cfg.Now)
	ok(t, store.BackupSince(t.Context(), h.url, local, bytes.NewReader(first.Bytes()), &since))
	restored(t, "moved since", n, before, first.Bytes(), since.Bytes())

	// From another machine: the node that runs lends what is asked for.
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	a.Archive.cfg.Pace = time.Millisecond
	go func() { ended <- a.Archive.Run(ctx) }()
	var whole, later bytes.Buffer
	ok(t, store.Backup(t.Context(), h.url, Reader(t.TempDir(), h.store, a.Archive.cfg.Now), &whole))
	stop()
	ok(t, <-ended)
	restored(t, "whole", n, before, whole.Bytes())

	// What the base has of the archive is not written again.
	ok(t, store.BackupSince(t.Context(), h.url, local, bytes.NewReader(whole.Bytes()), &later))
	if later.Len() > whole.Len()/5 {
		t.Errorf("%d bytes of %d have changed", later.Len(), whole.Len())
	}
	restored(t, "nothing new", n, before, whole.Bytes(), later.Bytes())
}

// restored restores backups into an empty Redis, compares its answers, and moves its
// incidents into the archive again.
func restored(t *testing.T, what string, n int, want string, whole []byte, then ...[]byte) {
	t.Helper()
	url := storetest.Start(t)
	if len(then) > 0 {
		ok(t, store.Restore(t.Context(), url, bytes.NewReader(whole), bytes.NewReader(then[0])))
	} else {
		ok(t, store.Restore(t.Context(), url, bytes.NewReader(whole)))
	}
	h := &house{t: t, url: url, store: open1(t, url)}
	a := h.node(t.TempDir(), h.store)
	same(t, what, answers(t, a, n), want)
	pace.Eventually(t, "the lease is free", func() (free bool) {
		var err error
		h.lease, free, err = h.store.Acquire(t.Context(), "b", time.Hour, now)
		ok(t, err)
		return free
	})
	h.steps(a)
	if got := h.inRedis(); got != 0 {
		t.Errorf("%s: %d incidents stay in Redis", what, got)
	}
	same(t, what+", moved again", answers(t, a, n), want)
}

// An incident of one file may have as many revisions as it likes.
func TestManyRevisionsAreMoved(t *testing.T) {
	h := newHouse(t, storetest.Start(t))
	for n := 1; n <= 300; n++ {
		state := faultline.StateConfirmed
		if n == 300 {
			state = faultline.StateResolved
		}
		h.save(incident(0, n, state))
	}
	a := h.node(t.TempDir(), h.store)
	want, err := a.Revisions(t.Context(), incident(0, 1, "").ID, 100, 227)
	ok(t, err)
	h.steps(a)
	got, err := a.Revisions(t.Context(), incident(0, 1, "").ID, 100, 227)
	ok(t, err)
	if len(got) != 128 || len(want) != 128 || h.inRedis() != 0 || got[127].Revision != want[127].Revision {
		t.Errorf("%d of %d revisions, %d incidents in Redis", len(got), len(want), h.inRedis())
	}
}
