package correlate

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"faultline"
)

// lostTail folds a world until a minute, and once more from a state of before without what
// came since: what a failover to a server without the log's end leaves. It returns what
// was published, the fold without the end, and what comes next.
func lostTail(t *testing.T, w *world, kept, lost float64) (map[string]faultline.Incident, *Engine, []faultline.Event) {
	t.Helper()
	whole, short := New(Config{}), New(Config{})
	last := map[string]faultline.Incident{}
	evs := w.events()
	for i, ev := range evs {
		if !whole.Clock().After(after(kept)) {
			short.Fold(ev)
		} else if whole.Clock().After(after(lost)) {
			return last, short, evs[i:]
		}
		for _, rev := range whole.Fold(ev) {
			last[rev.ID] = rev
		}
	}
	t.Fatal("the world ends before")
	return nil, nil, nil
}

// The end of a log is lost at different moments of an outage: before the incident was
// found, after it, after its end. It goes on under its id from the revision after the
// published one, no other of its cause is open beside it, two nodes that say what was
// published are as one, and a restart does not matter.
func TestAFoldThatLostTheEndGoesOnFromWhatWasPublished(t *testing.T) {
	t.Parallel()
	for name, at := range map[string][2]float64{
		"before it was found": {39.5, 44}, "after it was found": {42, 44}, "with its end": {58, 66},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cdnOutage(40)
			w.minutes = 90
			published, e, rest := lostTail(t, w, at[0], at[1])
			if len(published) == 0 {
				t.Fatal("nothing was published")
			}
			p := faultline.Published{At: after(at[1])}
			for _, id := range sortedKeys(published) {
				p.Incidents = append(p.Incidents, published[id])
			}
			next := map[string]int{}
			for _, in := range e.Fold(p) {
				next[in.ID] = in.Revision + 1
			}
			if len(next) == 0 {
				t.Fatal("nothing was lost")
			}
			if again := e.Fold(p); len(again) != 0 {
				t.Errorf("said again, it makes %d revisions", len(again))
			}
			restarted, err := Restore(Config{}, e.Checkpoint())
			if err != nil {
				t.Fatal(err)
			}
			for _, ev := range rest {
				revs, same := e.Fold(ev), restarted.Fold(ev)
				if len(revs) != len(same) {
					t.Fatalf("a fold that was restored makes %d revisions, not %d", len(same), len(revs))
				}
				for _, rev := range revs {
					want, known := next[rev.ID]
					if before := published[rev.ID].Revision; known && rev.Revision != want || !known &&
						rev.Revision <= before {
						t.Errorf("%s: revision %d, want %d", rev.ID, rev.Revision, max(want, before+1))
					}
					next[rev.ID] = rev.Revision + 1
				}
				openOnce(t, e)
			}
			if !bytes.Equal(e.Checkpoint(), restarted.Checkpoint()) {
				t.Error("a fold that was restored has another state")
			}
			for _, in := range e.incidents {
				if in.State.Open() {
					t.Errorf("%s is still %s", in.ID, in.State)
				}
			}
		})
	}
}

// A fold that found the outage anew before it was told what was published says in one step
// that its own incident is merged: at no moment are readers shown two open ones of a cause.
func TestAnIncidentFoundAnewIsSaidToBeMergedAtOnce(t *testing.T) {
	t.Parallel()
	w := cdnOutage(40)
	w.minutes = 90
	published, e, rest := lostTail(t, w, 39.5, 44)
	shown := map[string]faultline.Incident{}
	for i := 0; len(shown) == 0; i++ {
		for _, rev := range e.Fold(rest[i]) {
			shown[rev.ID] = rev
		}
	}
	p := faultline.Published{At: e.Clock()}
	for _, id := range sortedKeys(published) {
		in := published[id]
		in.ID = "inc_01HR9HSPH48G0JRMKSS4HKW5NJ" // it was found at another moment
		p.Incidents = append(p.Incidents, in)
	}
	for _, rev := range e.Fold(p) {
		if before := shown[rev.ID].Revision; before > 0 && rev.Revision != before+1 {
			t.Errorf("%s: revision %d after %d", rev.ID, rev.Revision, before)
		}
		shown[rev.ID] = rev
	}
	if len(shown) < 2 {
		t.Fatalf("%d incidents: nothing was found anew", len(shown))
	}
	open := 0
	for _, in := range shown {
		if in.State.Open() {
			open++
		}
	}
	if open != 1 {
		t.Errorf("%d open incidents are shown", open)
	}
}

// Two failovers may leave a fold with an incident that was merged, as readers were told since, into
// one that the fold does not know. The sites go over to that one: held by none they would join it
// a second time, and no checkpoint of such a state can be restored.
func TestSitesOfAnIncidentThatIsMergedGoOverToTheOther(t *testing.T) {
	t.Parallel()
	w := cdnOutage(40)
	w.minutes = 90
	e, own := New(Config{}), faultline.Incident{}
	rest := w.events()
	for ; own.State != faultline.StateConfirmed; rest = rest[1:] {
		for _, rev := range e.Fold(rest[0]) {
			own = rev
		}
	}
	other := own
	other.ID, other.Revision = "inc_01HR9HSPH48G0JRMKSS4HKW5NJ", 1
	other.DetectedAt = own.DetectedAt.Add(-time.Second)
	own.Revision, own.State, own.MergedInto = own.Revision+1, faultline.StateMerged, &other.ID
	e.Fold(faultline.Published{At: e.Clock(), Incidents: []faultline.Incident{other, own}})
	for _, ev := range rest[:len(rest)/4] {
		e.Fold(ev)
		in := e.byID(other.ID)
		if ids := in.sites(); len(ids) != len(slices.Compact(slices.Clone(ids))) {
			t.Fatalf("at %v it has a site twice: %v", e.Clock(), ids)
		}
		for _, id := range in.sites() {
			if holds := e.sites.rows[id].Incident; in.State.Open() && holds != in.Ordinal {
				t.Fatalf("at %v one of its sites is held by %d", e.Clock(), holds)
			}
		}
	}
	if _, err := Restore(Config{}, e.Checkpoint()); err != nil {
		t.Error(err)
	}
}

// A site that another incident held when it was taken over is no second member later.
func TestASiteIsAMemberOnce(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	id := put(e, "a.example", 0)
	in := &incident{Ordinal: 1, State: faultline.StateConfirmed}
	e.incidents = append(e.incidents, in)
	in.join(id).Reports = 7
	if m := e.enlist(in, id, e.clock); len(in.Members) != 1 || m.Reports != 7 || e.sites.rows[id].Incident != 1 {
		t.Errorf("%d members, held by %d: %+v", len(in.Members), e.sites.rows[id].Incident, m)
	}
}

// openOnce fails where two open incidents have one cause.
func openOnce(t *testing.T, e *Engine) {
	t.Helper()
	open := map[faultline.Component]string{}
	for _, in := range e.incidents {
		if !in.State.Open() || in.Cause == unattributed {
			continue
		}
		if other := open[in.Cause]; other != "" {
			t.Fatalf("%s and %s are open for %s", other, in.ID, in.Cause)
		}
		open[in.Cause] = in.ID
	}
}
