package replica

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"faultline"
	"faultline/pace"
	"faultline/store"
)

// The old leader folded, and was gone before it stored anything: the standby
// has made the same revisions and stores all of them.
func TestStandbyStoresWhatTheOldLeaderDidNot(t *testing.T) {
	r := newRig(t)
	old := r.oldLeader()
	w := r.start("")
	for i := range 3 {
		r.append(report(), faultline.Tick{At: noon.Add(time.Duration(i) * time.Second)})
	}
	r.reads(w)
	if inc := r.stored(); inc.Revision != 0 {
		t.Fatalf("a standby has stored revision %d", inc.Revision)
	}
	r.release(old)
	pace.Eventually(t, "all revisions are stored", func() bool { return r.stored().Revision == 3 })
	for n, title := range map[int]string{1: "1 reports", 2: "2 reports", 3: "3 reports"} {
		if inc, err := r.st.Incident(t.Context(), "inc_TOY", n); err != nil || inc.Title != title {
			t.Errorf("revision %d: %q, %v", n, inc.Title, err)
		}
	}
}

// A standby that had to drop revisions gets them back from the checkpoint.
func TestStandbyThatLostRevisionsFoldsAgain(t *testing.T) {
	r := newRig(t)
	old := r.oldLeader()
	w := r.start("", func(w *worker) { w.fold.out.limit = 4 })
	for i := range 20 {
		r.append(report(), faultline.Tick{At: noon.Add(time.Duration(i) * time.Second)})
	}
	r.reads(w)
	r.release(old)
	pace.Eventually(t, "all revisions are stored", func() bool { return r.stored().Revision == 20 })
}

// A checkpoint waits for the revisions that led to it: who begins from it never
// makes those again.
func TestCheckpointNeverRunsAheadOfTheRevisions(t *testing.T) {
	r := newRig(t)
	w := r.start("", func(w *worker) { w.follows = true })
	r.append(report(), faultline.Tick{At: noon})
	r.reads(w)
	lease := r.oldLeader()
	soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := w.lead.saveCheckpoint(soon, lease, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a revision that is not stored: %v", err)
	}
	if _, ok, err := r.st.Checkpoint(t.Context()); ok || err != nil {
		t.Fatalf("there is a checkpoint: %v, %v", ok, err)
	}
	_, number, _, _ := w.fold.out.Next()
	w.fold.out.Stored(number)
	r.patiently("checkpoint", func() error { return w.lead.saveCheckpoint(t.Context(), lease, 0) })
	if cp, ok, err := r.st.Checkpoint(t.Context()); !ok || err != nil || cp.Cursor.Pos != w.fold.status.Load().Pos {
		t.Errorf("once it is stored: %v, %v, %s", ok, err, cp.Cursor.Pos)
	}
}

// heraldEngine tells when its checkpoint is encoded.
type heraldEngine struct {
	Engine
	encoded chan struct{}
}

func (e heraldEngine) Snapshot() func() []byte {
	defer close(e.encoded)
	return e.Engine.Snapshot()
}

// A fold that began again while its checkpoint waited must not be stored.
func TestCheckpointOfAFoldThatBeganAgainIsVoid(t *testing.T) {
	r := newRig(t)
	encoded := make(chan struct{})
	w := r.start("", func(w *worker) {
		w.follows = true
		w.fold.newEngine = func(cp []byte) (Engine, error) {
			e, err := newToy("")(cp)
			return heraldEngine{e, encoded}, err
		}
	})
	r.append(report(), faultline.Tick{At: noon})
	r.reads(w)
	lease, saved := r.oldLeader(), make(chan error, 1)
	go func() { saved <- w.lead.saveCheckpoint(t.Context(), lease, 0) }()
	<-encoded
	if err := w.fold.Reload(t.Context(), errors.New("a test says so")); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-saved:
		if !errors.Is(err, errVoid) {
			t.Errorf("it ended with %v", err)
		}
	case <-pace.Expiry(t.Context(), 10*time.Second):
		t.Error("it waits for revisions that are forgotten")
	}
	if _, ok, err := r.st.Checkpoint(t.Context()); ok || err != nil {
		t.Errorf("there is a checkpoint: %v, %v", ok, err)
	}
}

// A leader's fold waits for the revisions to be stored instead of dropping any.
func TestLeadersFoldWaitsWhileTooManyRevisionsDo(t *testing.T) {
	const revisions, limit = 40, 8
	r := newRig(t)
	for i := range revisions {
		r.append(report(), faultline.Tick{At: noon.Add(time.Duration(i) * time.Second)})
	}
	w := r.start("", func(w *worker) {
		w.follows, w.fold.out.limit = true, limit
		w.fold.leading.Store(true)
	})
	for n := 1; n <= revisions; n++ {
		pace.Eventually(t, "there is another one", func() bool { return w.fold.out.Len() > 0 })
		if n == 1 {
			pace.Eventually(t, "the outbox is crowded", func() bool { return w.fold.out.Len() > limit/2 })
		}
		if waiting := w.fold.out.Len(); waiting > limit/2+1 {
			t.Fatalf("%d revisions wait", waiting)
		}
		rev, number, _, _ := w.fold.out.Next()
		if rev.inc.Revision != n {
			t.Fatalf("revision %d follows %d", rev.inc.Revision, n-1)
		}
		w.fold.out.Stored(number)
	}
}

func TestRevisionThatDoesNotFitIsLoggedAndKept(t *testing.T) {
	r := newRig(t)
	old := r.oldLeader()
	r.patiently("store", func() error {
		return r.st.SaveRevision(t.Context(), old, toyRevision(1, 1,
			" by another fold"))
	})
	w := r.start("")
	r.append(report(), faultline.Tick{At: noon})
	r.append(report(), faultline.Tick{At: noon.Add(time.Second)})
	r.reads(w)
	r.release(old)
	pace.Eventually(t, "the next revision is stored", func() bool { return r.stored().Revision == 2 })
	if n := testutil.ToFloat64(w.lead.m.broken); n != 2 { // told, folded again, told again
		t.Errorf("told %v times", n)
	}
	if inc, err := r.st.Incident(t.Context(), "inc_TOY", 1); err != nil || inc.Title != "1 reports by another fold" {
		t.Errorf("revision 1 is %q now, %v", inc.Title, err)
	}
}

func TestLeaderStepsDownWhenAnotherHasTheFence(t *testing.T) {
	r := newRig(t)
	// Only the write of a tick can tell it.
	w := r.start("", func(w *worker) { w.lead.ttl, w.lead.checkpoint = time.Minute, time.Hour })
	r.leads(w)
	if err := r.raw.Del(t.Context(), "{faultline}:lease").Err(); err != nil {
		t.Fatal(err)
	}
	r.oldLeader() // in spite of its name a newer one
	pace.Eventually(t, "it leads no longer", func() bool { return testutil.ToFloat64(w.lead.m.leader) == 0 })
	before := len(r.logged())
	r.append(report())
	r.reads(w)
	if after := len(r.logged()); after != before+1 {
		t.Errorf("%d events were written by a leader that is none", after-before-1)
	}
}

func TestTicksOfASlowClockStandStill(t *testing.T) {
	r := newRig(t)
	ahead := faultline.Millis(time.Now().Add(time.Hour))
	r.append(faultline.Tick{At: ahead})
	w := r.start("")
	r.leads(w)
	pace.Eventually(t, "it has ticked", func() bool {
		events := r.logged()
		last, ok := events[len(events)-1].(faultline.Tick)
		return ok && len(events) >= 4 && last.At.Equal(ahead)
	})
}

func TestCatalogueIsWrittenOnce(t *testing.T) {
	r := newRig(t)
	catalogue := func(w *worker) {
		w.lead.catalogue = []faultline.SiteRecord{{Site: "a.com", Rank: 1}, {Site: "b.com", Rank: 2}}
	}
	records := func() (n int) {
		for _, ev := range r.logged() {
			if _, ok := ev.(faultline.SiteRecord); ok {
				n++
			}
		}
		return n
	}
	first := r.start("", catalogue)
	pace.Eventually(t, "the catalogue is in the log", func() bool { return records() == 2 })
	first.stop()
	second := r.start("", catalogue, func(w *worker) { w.lead.catalogue[1].Rank = 3 })
	r.leads(second)
	pace.Eventually(t, "what has changed is in the log", func() bool { return records() == 3 })
	if rec, ok := second.fold.sites.Lookup("a.com"); !ok || rec.Rank != 1 {
		t.Errorf("the map says %v, %v", rec, ok)
	}
	second.stop()
	if n := records(); n != 3 {
		t.Errorf("%d records", n)
	}
}

func TestEndInOrderLeavesACheckpointAndNoLease(t *testing.T) {
	r := newRig(t)
	w := r.start("", func(w *worker) { w.lead.checkpoint = time.Hour; w.lead.ttl = time.Minute })
	r.leads(w)
	r.append(report(), faultline.Tick{At: time.Now()})
	r.append(report())
	var tail store.Pos
	r.patiently("tail", func() (err error) { tail, err = r.st.LogTail(t.Context()); return err })
	w.stop()
	cp, ok, err := r.st.Checkpoint(t.Context())
	if err != nil || !ok || tail.After(cp.Cursor.Pos) {
		t.Fatalf("checkpoint %v at %s, the log ends at %s: %v", ok, cp.Cursor.Pos, tail, err)
	}
	e, err := newToy("")(cp.Whole())
	if err != nil || e.(*toyEngine).Reports != 2 {
		t.Errorf("it has folded %v, %v", e, err)
	}
	if inc := r.stored(); inc.Revision < e.(*toyEngine).Revision {
		t.Errorf("revision %d of %d is stored", inc.Revision, e.(*toyEngine).Revision)
	}
	r.oldLeader() // gets the lease at once
}

// A Redis that came back empty is refused, also by a node that starts then, until a
// person has it taken.
func TestARedisThatCameBackEmptyIsRefused(t *testing.T) {
	r := newRig(t)
	file := filepath.Join(t.TempDir(), "log.json")
	remembering := func(w *worker) {
		known, err := OpenKnownLog(file)
		if err != nil {
			t.Fatal(err)
		}
		w.fold.known = known
	}
	w := r.start("", remembering)
	r.leads(w)
	r.append(report())
	r.reads(w)
	if err := r.raw.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	refused := func(w *worker) {
		t.Helper()
		pace.Eventually(t, "it refuses", func() bool { return errors.Is(w.fold.Failed(), ErrOtherLog) })
		if epoch, err := r.st.OpenLog(t.Context()); err != nil || epoch != "" {
			t.Errorf("there is a log: %q, %v", epoch, err)
		}
	}
	refused(w)
	w.stop()
	again := r.start("", remembering)
	refused(again)
	if err := again.fold.known.Forget(); err != nil {
		t.Fatal(err)
	}
	r.leads(again)
	r.append(report(), faultline.Tick{At: time.Now()})
	pace.Eventually(t, "its incident is stored", func() bool { return r.stored().Title == "1 reports" })
	// Another Redis than the known one is refused, too.
	if err := r.raw.Set(t.Context(), "{faultline}:epoch", "01J00000000000000000000000", 0).Err(); err != nil {
		t.Fatal(err)
	}
	pace.Eventually(t, "it refuses", func() bool { return errors.Is(again.fold.Failed(), ErrOtherLog) })
}

// A log that has lost its end, by a replica that took over without it, is folded again
// from a checkpoint that it goes on from, so that all nodes are the same.
func TestALogThatHasLostItsEndIsFoldedAgain(t *testing.T) {
	r := newRig(t)
	w := r.start("", func(w *worker) { w.lead.checkpoint = time.Hour })
	r.leads(w)
	r.append(report())
	pace.Eventually(t, "it is counted", func() bool { return r.stored().Title == "1 reports" })
	follower := r.start("", func(w *worker) { w.follows = true })
	r.append(report(), report()) // which are lost
	r.reads(follower)
	r.reads(w)
	end := follower.fold.status.Load().Pos
	entries, err := r.raw.XRevRange(t.Context(), "{faultline}:log", "+", "-").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries[:3] { // the reports, and a tick or two
		if err := r.raw.XDel(t.Context(), "{faultline}:log", entry.ID).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if end.IsZero() {
		t.Fatal("nothing was read")
	}
	reports := 0
	for _, ev := range r.logged() {
		if _, ok := ev.(faultline.Report); ok {
			reports++
		}
	}
	for name, of := range map[string]*worker{"the leader": w, "a follower": follower} {
		pace.Eventually(t, name+" has counted what the log holds", func() bool {
			var counted int64 = -1
			err := of.fold.Do(t.Context(), func(e Engine, _ store.Cursor) { counted = e.Counters().Reports })
			return err == nil && counted == int64(reports)
		})
	}
}
