package replica

import (
	"faultline/store"
	"fmt"
	"testing"

	"faultline"
)

func made(id string, revision, sites int) faultline.Incident {
	return faultline.Incident{ID: id, Revision: revision, Sites: make([]faultline.IncidentSite, sites)}
}

// pos is a position of the log, which the test spells right.
func pos(text string) store.Pos {
	p, err := store.ParsePos(text)
	if err != nil {
		panic(err)
	}
	return p
}

func held(o *outbox) (names []string) {
	for _, r := range o.items {
		names = append(names, fmt.Sprintf("%s@%d", r.inc.ID, r.inc.Revision))
	}
	return names
}

func TestOutboxHandsOutInOrderAndOnlyTheOldestIsStored(t *testing.T) {
	o := newOutbox(100)
	if _, _, ok, _ := o.Next(); ok {
		t.Fatal("an empty outbox has one")
	}
	_, _, _, moved := o.Next()
	o.Add(source{pos: pos("1-0")}, []faultline.Incident{made("a", 1, 0), made("b", 1, 0)}, false)
	select {
	case <-moved:
	default:
		t.Fatal("nobody was told")
	}
	r, first, ok, _ := o.Next()
	if !ok || r.inc.ID != "a" || r.pos != pos("1-0") {
		t.Fatalf("got %v", r)
	}
	o.Stored(first + 1) // not the oldest: somebody else's number
	o.Stored(first)
	o.Stored(first) // twice
	if got := fmt.Sprint(held(o)); got != "[b@1]" {
		t.Errorf("holds %s", got)
	}
}

func TestOutboxThroughIsVoidAfterReset(t *testing.T) {
	o := newOutbox(100)
	o.Add(source{pos: pos("1-0")}, []faultline.Incident{made("a", 1, 0)}, false)
	m := o.Mark()
	if through, void, _ := o.Through(m); through || void {
		t.Errorf("through %v, void %v before it was stored", through, void)
	}
	_, n, _, _ := o.Next()
	o.Stored(n)
	if through, void, _ := o.Through(m); !through || void {
		t.Errorf("through %v, void %v once it was stored", through, void)
	}
	o.Add(source{pos: pos("2-0")}, []faultline.Incident{made("a", 2, 0)}, false)
	m = o.Mark()
	o.Reset()
	if through, void, _ := o.Through(m); through || !void {
		t.Errorf("through %v, void %v although it was forgotten", through, void)
	}
}

func TestOutboxResumeDropsWhatTheCheckpointCovers(t *testing.T) {
	o := newOutbox(100)
	for i := 8; i <= 12; i++ {
		o.Add(source{pos: pos(fmt.Sprintf("%d-0", i))}, []faultline.Incident{made("a", i, 0)}, false)
	}
	if !o.Resume(pos("9-5")) {
		t.Error("something is lost that never was")
	}
	if got := fmt.Sprint(held(o)); got != "[a@10 a@11 a@12]" { // 10 is behind 9: no strings are compared
		t.Errorf("holds %s", got)
	}
}

func TestOutboxKnowsWhatItLost(t *testing.T) {
	o := newOutbox(10)
	for i := 1; i <= 5; i++ {
		o.Add(source{pos: pos(fmt.Sprintf("%d-0", i))}, []faultline.Incident{made("a", i, 3)}, false) // 4 each: two fit
	}
	if got := fmt.Sprint(held(o)); got != "[a@4 a@5]" {
		t.Fatalf("holds %s", got)
	}
	if crowded, _ := o.Crowded(); !crowded {
		t.Error("8 of 10 are no crowd")
	}
	if o.Resume(pos("2-9")) {
		t.Error("the revision at 3-0 is lost, the checkpoint at 2-9 does not cover it")
	}
	if !o.Resume(pos("3-0")) {
		t.Error("the checkpoint at 3-0 covers what was lost")
	}
	o.Add(source{pos: pos("6-0")}, []faultline.Incident{made("a", 6, 100)}, false)
	if got := fmt.Sprint(held(o)); got != "[a@6]" { // one is held however large it is
		t.Errorf("holds %s", got)
	}
}

func TestOutboxOfALeaderLosesNothing(t *testing.T) {
	o := newOutbox(2)
	for i := 1; i <= 5; i++ {
		o.Add(source{pos: pos(fmt.Sprintf("%d-0", i))}, []faultline.Incident{made("a", i, 0)}, true)
	}
	if got := len(held(o)); got != 5 || !o.Resume(pos("")) {
		t.Errorf("holds %d of 5", got)
	}
}
