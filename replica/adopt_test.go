package replica

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"faultline"
	"faultline/pace"
	"faultline/store"
)

// outdated writes a checkpoint that no worker can read, and forgets the others.
func (r *rig) outdated() {
	r.t.Helper()
	if err := r.raw.Del(r.t.Context(), "{faultline}:checkpoints:older").Err(); err != nil {
		r.t.Fatal(err)
	}
	if err := r.raw.HSet(r.t.Context(), "{faultline}:checkpoint", "sum", "wrong").Err(); err != nil {
		r.t.Fatal(err)
	}
}

// led has a leader store one revision, a view and a checkpoint, and end.
func (r *rig) led() {
	r.t.Helper()
	w := r.start("")
	r.leads(w)
	r.append(report())
	pace.Eventually(r.t, "the report is published", func() bool { return r.stored().Revision == 1 })
	pace.Eventually(r.t, "the report is in the view", func() bool {
		v, _, err := r.st.View(r.t.Context(), 0)
		return err == nil && v.Counters.Reports == 1
	})
	r.checkpointed()
	w.stop()
}

// Where nothing is left to fold from, the incident goes on with its next revision, and
// what was accepted meanwhile counts.
func TestAFoldWithNoWayBackAdoptsWhatWasPublished(t *testing.T) {
	r := newRig(t)
	r.led()
	r.outdated()
	r.trimmed("1-0")
	r.append(report(), report())
	w := r.start("")
	r.leads(w)
	if n := testutil.ToFloat64(w.fold.m.adoptions); n != 1 {
		t.Errorf("it adopted %v times", n)
	}
	r.append(report())
	pace.Eventually(t, "the incident goes on", func() bool { return r.stored().Revision >= 2 })
	pace.Eventually(t, "every report is counted", func() bool { return r.stored().Title == "4 reports" })
	if n := testutil.ToFloat64(w.fold.m.broken); n != 0 {
		t.Errorf("%v revisions do not fit", n)
	}
	r.reads(w)
	// A second node begins with the same, from the checkpoint or from the adoption.
	other := r.start("", func(w *worker) { w.follows = true })
	r.reads(other)
	r.append(report())
	pace.Eventually(t, "the next report is counted", func() bool { return r.stored().Title == "5 reports" })
	w.stop()
	last := r.start("")
	r.leads(last)
	r.append(report())
	pace.Eventually(t, "a successor goes on", func() bool { return r.stored().Title == "6 reports" })
}

// A node whose own fold is well begins again with the others when one has adopted.
func TestAFoldThatMeetsAnAdoptionBeginsAgainWithIt(t *testing.T) {
	r := newRig(t)
	lease := r.oldLeader()
	w := r.start("", func(w *worker) { w.follows = true })
	r.append(report(), report(), faultline.Tick{At: noon})
	r.reads(w)
	a := faultline.Adopt{At: noon, Counters: faultline.Counters{Reports: 40}, CountedAt: noon.Add(century),
		Incidents: []faultline.Incident{toyRevision(7, 40, "")}}
	r.patiently("adopt", func() error {
		_, err := r.st.Adopt(t.Context(), lease, store.BatchKey{Writer: 9, Seq: 1}, a)
		return err
	})
	r.append(report(), faultline.Tick{At: noon.Add(time.Second)})
	pace.Eventually(t, "it has begun again", w.fold.adoptedHere.Load)
	r.reads(w)
	r.release(lease)
	w.stop()
	next := r.start("")
	r.leads(next)
	next.fold.out.mu.Lock()
	defer next.fold.out.mu.Unlock()
	if n := testutil.ToFloat64(next.fold.m.adoptions); n != 0 {
		t.Errorf("a node that can fold adopted %v times", n)
	}
}

// A checkpoint of another format, or one with a wrong byte, is passed over for an older
// one, and the log since is folded again.
func TestAnUnreadableCheckpointFallsBackToAnOlderOne(t *testing.T) {
	r, newer := newRig(t), new(atomic.Bool)
	first := r.start("", unable(newer))
	r.leads(first)
	r.append(report())
	pace.Eventually(t, "the report is published", func() bool { return r.stored().Revision == 1 })
	pace.Eventually(t, "there are several checkpoints", func() bool {
		all, err := r.st.Generations(t.Context())
		return err == nil && len(all) == 3
	})
	first.stop()
	r.trimmed("1-0")
	if err := r.raw.HSet(t.Context(), "{faultline}:checkpoint", "sum", "wrong").Err(); err != nil {
		t.Fatal(err)
	}
	w := r.start("")
	r.leads(w)
	if n := testutil.ToFloat64(w.fold.m.fallbacks); n != 1 {
		t.Errorf("it fell back %v times", n)
	}
	r.append(report())
	pace.Eventually(t, "the incident goes on", func() bool { return r.stored().Title == "2 reports" })
	if n := testutil.ToFloat64(w.fold.m.adoptions) + testutil.ToFloat64(w.fold.m.broken); n != 0 {
		t.Errorf("it adopted, or revisions did not fit: %v", n)
	}
}

// Releases that write checkpoints of two formats take turns, and neither is stuck: each
// finds one of its own, or adopts.
func TestUpgradeAndDowngrade(t *testing.T) {
	r := newRig(t)
	release := func(format int) func(*worker) {
		return func(w *worker) {
			w.lead.format = format
			w.fold.newEngine = func(cp []byte) (Engine, error) {
				if cp != nil && cp[0] != byte('0'+format) {
					return nil, errOtherVersion
				}
				e, err := newToy("")(cp[min(1, len(cp)):len(cp):len(cp)])
				if cp == nil {
					e, err = newToy("")(nil)
				}
				return formatted{e, format}, err
			}
		}
	}
	for turn, format := range []int{1, 2, 1, 2, 2, 1} {
		r.append(report())
		w := r.start("", release(format))
		r.leads(w)
		r.append(report())
		want := toyRevision(0, 2*turn+2, "").Title
		pace.Eventually(t, want, func() bool { return r.stored().Title == want })
		before, err := r.st.Generations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pace.Eventually(t, "there are new checkpoints", func() bool {
			all, err := r.st.Generations(t.Context())
			return err == nil && len(all) > 0 && (len(before) == 0 || all[0].Name != before[0].Name) &&
				all[0].Format() == format
		})
		w.stop()
		r.trimmed("1-0")
		if n := testutil.ToFloat64(w.fold.m.broken); n != 0 {
			t.Errorf("turn %d: %v revisions do not fit", turn, n)
		}
	}
}

// formatted is an engine whose checkpoints begin with their format.
type formatted struct {
	Engine
	format int
}

func (f formatted) Snapshot() func() []byte {
	next, begun := f.Engine.Snapshot(), false
	return func() []byte {
		if !begun {
			begun = true
			return []byte{byte('0' + f.format)}
		}
		return next()
	}
}
