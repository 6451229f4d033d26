package replica

import (
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/pace"
	"faultline/store"
	"faultline/store/storetest"
)

// shown is what readers of one node were told: a board that sees when a test has it look.
type shown struct {
	mu   sync.Mutex
	last []faultline.Incident
}

func (s *shown) show(in faultline.Incident) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = []faultline.Incident{in}
}

func (s *shown) list() ([]faultline.Incident, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, true
}

// showing makes a worker whose readers were told that.
func showing(s *shown) func(*worker) { return func(w *worker) { w.reconciler.list = s.list } }

// pairRig is a rig on a Redis with a replica.
func pairRig(t *testing.T) (*rig, *storetest.Pair) {
	t.Helper()
	p := storetest.StartPair(t)
	options, err := redis.ParseURL(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	return newRigOn(t, p.URL, redis.NewClient(options)), p
}

// replayed is what a fold of the whole log makes, by position of the log.
func (r *rig) replayed() (revisions []faultline.Incident, state string) {
	r.t.Helper()
	e, err := newToy("")(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, ev := range r.logged() {
		revisions = append(revisions, e.Fold(ev)...)
	}
	return revisions, stateOf(e)
}

func stateOf(e Engine) string {
	var all []byte
	next := e.Snapshot()
	for piece := next(); len(piece) > 0; piece = next() {
		all = append(all, piece...)
	}
	return string(all)
}

// lostEnd publishes one revision, then three that a replica lacks, and fails over to it.
// It returns what readers were told last.
func lostEnd(t *testing.T, r *rig, p *storetest.Pair, s *shown) faultline.Incident {
	t.Helper()
	r.append(report())
	pace.Eventually(t, "the report is published", func() bool { return r.stored().Revision == 1 })
	p.Part()
	for n := 2; n <= 4; n++ {
		r.append(report())
		pace.Eventually(t, "the next report is published", func() bool { return r.stored().Revision == n })
	}
	stored := r.stored()
	s.show(stored)
	p.FailOver()
	return stored
}

// What was published of a log that has lost its end is stored again as it was published,
// the incident goes on with the next revision, once, and leader, standby and replay have
// the same state to the byte.
func TestAFailoverThatLosesTheEndOfTheLogTakesNothingBack(t *testing.T) {
	r, p := pairRig(t)
	s := &shown{}
	first := r.start("", showing(s))
	r.leads(first)
	second := r.start("", showing(s), func(w *worker) { w.follows = true })
	stored := lostEnd(t, r, p, s)
	pace.Eventually(t, "it is stored as it was published", func() bool {
		in, err := r.st.Incident(t.Context(), stored.ID, stored.Revision)
		return err == nil && in.Title == stored.Title
	})
	r.append(report())
	pace.Eventually(t, "it goes on", func() bool { return r.stored().Revision == stored.Revision+1 })
	r.leads(first)
	states := map[string]string{}
	pace.Eventually(t, "all have folded to one place", func() bool {
		at := map[string]store.Pos{}
		for name, w := range map[string]*worker{"leader": first, "standby": second} {
			err := w.fold.Do(t.Context(), func(e Engine, c store.Cursor) { states[name], at[name] = stateOf(e), c.Pos })
			if err != nil {
				t.Fatal(err)
			}
		}
		return at["leader"] == at["standby"]
	})
	if states["leader"] != states["standby"] {
		t.Errorf("the leader has %s, the standby %s", states["leader"], states["standby"])
	}
	again, _ := r.replayed()
	for _, want := range again {
		in, err := r.st.Incident(t.Context(), want.ID, want.Revision)
		if err != nil || in.Title != want.Title {
			t.Errorf("a replay says %q of revision %d, stored is %q (%v)", want.Title, want.Revision, in.Title, err)
		}
	}
	said := 0
	for _, ev := range r.logged() {
		if _, ok := ev.(faultline.Published); ok {
			said++
		}
	}
	// Each of the two nodes says it once, and a leader that the failover has unseated says it
	// once more before it goes on.
	if said == 0 || said > 4 {
		t.Errorf("what was published was said %d times", said)
	}
	for _, w := range []*worker{first, second} {
		pace.Eventually(t, "the node finds that the end of the log was lost", func() bool {
			return testutil.ToFloat64(w.fold.m.rolledBack) > 0
		})
		if n := testutil.ToFloat64(w.fold.m.broken); n != 0 {
			t.Errorf("%v revisions do not fit", n)
		}
	}
}

// Where no node says what was published, readers see its number twice with two contents:
// the defence is what the test above is of.
func TestWithoutItsReadersARevisionIsPublishedTwice(t *testing.T) {
	r, p := pairRig(t)
	first := r.start("")
	r.leads(first)
	stored := lostEnd(t, r, p, &shown{})
	pace.Eventually(t, "the end is lost", func() bool { return r.stored().Revision == 1 })
	pace.Eventually(t, "the number of a lost revision is given again", func() bool {
		r.append(report())
		return r.stored().Revision >= 2
	})
	if in, err := r.st.Incident(t.Context(), stored.ID, 2); err != nil || in.Revision != 2 {
		t.Errorf("revision 2: %v, %v", in, err)
	}
}

// A node that starts after the loss, and knows from its disk what readers were told, says so.
func TestANodeThatStartsAfterTheLossSaysWhatWasPublished(t *testing.T) {
	r, p := pairRig(t)
	s := &shown{}
	first := r.start("", showing(s))
	r.leads(first)
	stored := lostEnd(t, r, p, s)
	first.stop()
	next := r.start("", showing(s))
	r.leads(next)
	r.append(report())
	pace.Eventually(t, "the incident goes on", func() bool { return r.stored().Revision > stored.Revision })
	if in, err := r.st.Incident(t.Context(), stored.ID, stored.Revision); err != nil || in.Title != stored.Title {
		t.Errorf("it is stored as %q, %v; published was %q", in.Title, err, stored.Title)
	}
}
