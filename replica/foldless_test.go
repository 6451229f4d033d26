package replica

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"faultline"
	"faultline/pace"
	"faultline/store"
)

var errOtherVersion = errors.New("the checkpoint is of another version")

// unable makes a worker whose engine can't be restored while broken is set.
func unable(broken *atomic.Bool) func(*worker) {
	return func(w *worker) {
		w.fold.newEngine = func(cp []byte) (Engine, error) {
			if broken.Load() && cp != nil {
				return nil, errOtherVersion
			}
			return newToy("")(cp)
		}
	}
}

// trimmed makes the log one that has lost its beginning.
func (r *rig) trimmed(at string) {
	r.t.Helper()
	if err := r.raw.Set(r.t.Context(), "{faultline}:log:floor", at, 0).Err(); err != nil {
		r.t.Fatal(err)
	}
}

// patient makes a worker that does not adopt for as long as a test takes.
func patient(w *worker) { w.lead.ttl = time.Hour }

// checkpointed waits until there is a checkpoint.
func (r *rig) checkpointed() {
	r.t.Helper()
	pace.Eventually(r.t, "there is a checkpoint", func() bool {
		_, found, err := r.st.Checkpoint(r.t.Context())
		return err == nil && found
	})
}

// noFold waits until a worker says that it has none, by its metric.
func noFold(t *testing.T, w *worker) {
	t.Helper()
	pace.Eventually(t, "it has no fold", func() bool { return testutil.ToFloat64(w.fold.m.failed) == 1 })
}

// A node that can't read the checkpoint, one of another version say, leaves the lease to
// those that can, and says why it is not ready.
func TestANodeWithoutAFoldDoesNotTakeTheLease(t *testing.T) {
	r, broken := newRig(t), new(atomic.Bool)
	broken.Store(true)
	first := r.start("")
	r.leads(first)
	r.checkpointed()
	first.stop()
	r.trimmed("1-0")
	foldless := r.start("", unable(broken), patient)
	noFold(t, foldless)
	watch := &watcher{store: foldless.fold.store, fold: foldless.fold, m: foldless.fold.m, now: time.Now}
	watch.poll(t.Context())
	if err := watch.Ready(); err == nil || !strings.Contains(err.Error(), errOtherVersion.Error()) {
		t.Errorf("it says %v", err)
	}
	able := r.start("")
	r.leads(able)
	able.stop()
	broken.Store(false) // it is upgraded, say
	r.leads(foldless)
	if n := testutil.ToFloat64(foldless.fold.m.failed); n != 0 {
		t.Errorf("its metric says %v", n)
	}
}

// A leader whose fold must begin again, and can't, gives the lease to one that can.
func TestALeaderThatLosesItsFoldReleasesTheLease(t *testing.T) {
	r, broken := newRig(t), new(atomic.Bool)
	w := r.start("", unable(broken), func(w *worker) { w.lead.ttl = time.Minute })
	r.leads(w)
	r.checkpointed()
	r.trimmed("1-0")
	broken.Store(true)
	if err := w.fold.Reload(t.Context(), errors.New("a test says so")); err != nil {
		t.Fatal(err)
	}
	noFold(t, w)
	r.leads(r.start(""))
}

// A checkpoint whose log is gone can't be gone on from: that is said, and not tried
// again without a pause.
func TestACheckpointWithoutItsLogIsNoFold(t *testing.T) {
	r := newRig(t)
	lease := r.oldLeader()
	r.append(report(), faultline.Tick{At: noon})
	r.append(report())
	old := store.Checkpoint{State: [][]byte{[]byte("{}")}, SavedAt: noon}
	r.patiently("checkpoint", func() error { return r.st.SaveCheckpoint(t.Context(), lease, old) })
	r.trimmed("99999999999999-0")
	w := r.start("", patient)
	noFold(t, w)
	if err := w.fold.Failed(); !errors.Is(err, store.ErrTrimmed) {
		t.Errorf("it says %v", err)
	}
}
