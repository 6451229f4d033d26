package correlate

import (
	"bytes"
	"testing"
	"time"

	"faultline"
)

// adoption is what a leader appends when it has nothing but what was published.
func adoption(e *Engine, last map[string]faultline.Incident) faultline.Adopt {
	a := faultline.Adopt{At: e.Clock(), Known: len(last), Counters: e.Counters()}
	for _, id := range sortedKeys(last) {
		if in := last[id]; in.State.Open() {
			a.Incidents = append(a.Incidents, in)
		}
	}
	return a
}

// begunAgain folds a world until a minute, then goes on with a fold that has seen
// nothing but what came in the last minutes before, without the list of sites, and what
// was published. It returns what the first said last and what the second said.
func begunAgain(t *testing.T, w *world, at, warm float64) (before map[string]faultline.Incident,
	revs []faultline.Incident) {
	t.Helper()
	first, second := New(Config{}), New(Config{})
	before = map[string]faultline.Incident{}
	var records []faultline.Event
	evs := w.events()
	rest := evs
	for i, ev := range evs {
		if first.Clock().After(after(at)) {
			rest = evs[i:]
			break
		}
		for _, rev := range first.Fold(ev) {
			before[rev.ID] = rev
		}
		if _, ok := ev.(faultline.SiteRecord); ok {
			records = append(records, ev)
		} else if !ev.Time().Before(after(at - warm)) {
			second.Fold(ev)
		}
	}
	second.Fold(adoption(first, before))
	for _, ev := range append(records, rest...) {
		revs = append(revs, second.Fold(ev)...)
	}
	return before, revs
}

// The incident that was open goes on under its id with its next revision, nothing is
// opened beside it, and it ends when it ends.
func TestAFoldThatBeginsAgainGoesOnWithWhatWasPublished(t *testing.T) {
	t.Parallel()
	for name, warm := range map[string]float64{"with the last half hour": 30, "with nothing": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cdnOutage(40)
			w.minutes = 75
			before, revs := begunAgain(t, w, 42, warm)
			var open faultline.Incident
			for _, in := range before {
				if in.State.Open() {
					open = in
				}
			}
			if open.State != faultline.StateConfirmed {
				t.Fatalf("the world is not busy enough: %+v", before)
			}
			next, last := open.Revision+1, faultline.Incident{}
			for _, rev := range revs {
				if rev.ID != open.ID {
					t.Errorf("another incident: %s, %s", rev.Title, rev.State)
					continue
				}
				if rev.Revision != next {
					t.Errorf("revision %d, want %d", rev.Revision, next)
				}
				if rev.Evidence.Reporters < open.Evidence.Reporters || rev.Evidence.Probes < open.Evidence.Probes {
					t.Errorf("revision %d counts less than was published: %+v", rev.Revision, rev.Evidence)
				}
				next, last = rev.Revision+1, rev
			}
			if last.State != faultline.StateResolved || !last.Onset.At.Equal(open.Onset.At) ||
				last.SitesTotal < open.SitesTotal {
				t.Errorf("it ends as %s, began %s, with %d sites", last.State, last.Onset.At, last.SitesTotal)
			}
			straight := cdnOutage(40)
			straight.minutes = 75
			ended := straight.run(t).published()
			if len(ended) != 1 || last.ResolvedAt == nil ||
				ended[0].ResolvedAt.Sub(*last.ResolvedAt).Abs() > 2*time.Minute {
				t.Errorf("it ended at %v, a fold that never stopped says %v", last.ResolvedAt, ended)
			}
		})
	}
}

// What two incidents of one cause were published as becomes one.
func TestAdoptedIncidentsOfOneCauseBecomeOne(t *testing.T) {
	t.Parallel()
	w := cdnOutage(40)
	before, _ := begunAgain(t, w, 42, 0)
	e := New(Config{})
	a := faultline.Adopt{At: after(42)}
	for _, in := range before {
		twin := in
		twin.ID, twin.ConfirmedAt, twin.State = in.ID+"X", nil, faultline.StateCandidate
		a.Incidents = append(a.Incidents, twin, in)
	}
	e.Fold(faultline.Tick{At: after(42)})
	e.Fold(a)
	open, merged := 0, 0
	for _, in := range e.incidents {
		switch {
		case in.State.Open():
			open++
		case in.State == faultline.StateMerged && in.MergedInto+"X" == in.ID:
			merged++
		}
	}
	if open != 1 || merged != 1 {
		t.Errorf("%d are open and %d are merged", open, merged)
	}
	states := map[faultline.IncidentState]int{}
	for _, rev := range e.Fold(faultline.Tick{At: after(42.2)}) {
		states[rev.State]++
	}
	if states[faultline.StateMerged] != 1 {
		t.Errorf("published are %v", states)
	}
}

// A fold that has adopted and one restored from its checkpoint are the same.
func TestAnAdoptingFoldIsItsCheckpoint(t *testing.T) {
	t.Parallel()
	e := eventful(t)
	a := faultline.Adopt{At: e.Clock(), Known: 7, Counters: e.Counters()}
	for _, in := range e.incidents {
		if in.Last.Revision > 0 {
			a.Incidents = append(a.Incidents, in.Last)
		}
	}
	if len(a.Incidents) < 2 {
		t.Fatalf("%d incidents", len(a.Incidents))
	}
	e.Fold(a)
	again := reborn(t, e)
	for i := range 40 {
		tick := faultline.Tick{At: e.Clock().Add(time.Duration(5*i+5) * time.Second)}
		if x, y := e.Fold(tick), again.Fold(tick); !bytes.Equal(mustJSON(t, x), mustJSON(t, y)) {
			t.Fatalf("tick %d: %s\n%s", i, mustJSON(t, x), mustJSON(t, y))
		}
	}
	if !bytes.Equal(e.Checkpoint(), again.Checkpoint()) {
		t.Error("other checkpoints")
	}
}
