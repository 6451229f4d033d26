package correlate

import (
	"testing"
	"time"

	"faultline"
)

// wave is a CDN that fails from minute 35 to 41 and again so many minutes after
// it came back.
func wave(again float64) *world {
	w := quietTown(40, int(41+again+25))
	for _, from := range []float64{35, 41 + again} {
		w.faults = append(w.faults, fault{sites: w.on("cdn:x"), from: from, to: from + 6, symptom: "http_503"})
	}
	return w
}

// What recurs within 30 minutes of its end is the same incident again, at once.
func TestWhatRecursWithinHalfAnHourIsTheSame(t *testing.T) {
	t.Parallel()
	s := wave(20).runPublished(t)
	in := s.wantOne(t, "cdn:x")
	first := s.first(t, in.ID, faultline.StateResolved)
	if first.ResolvedAt.Sub(after(41)).Abs() > 3*time.Minute {
		t.Errorf("first resolved at %v", first.ResolvedAt)
	}
	if in.State != faultline.StateResolved || in.ResolvedAt.Sub(after(67)).Abs() > 3*time.Minute {
		t.Errorf("%s, resolved at %v", in.State, in.ResolvedAt)
	}
	for _, r := range s.revisions {
		if r.Revision == 1 && r.Impact.Failing == 0 {
			t.Errorf("%v: %s begins with nothing failing", r.UpdatedAt, r.Title)
		}
	}
	reopened := false
	for _, r := range s.of(in.ID)[first.Revision:] {
		if r.State == faultline.StateConfirmed {
			reopened = true
			if r.ResolvedAt != nil || r.RecoveringAt != nil {
				t.Errorf("open again, yet resolved at %v", r.ResolvedAt)
			}
			if late := r.UpdatedAt.Sub(after(61)); late > 2*time.Minute {
				t.Errorf("open again %v after it failed again", late)
			}
			break
		}
	}
	if !reopened {
		t.Error("it was never open again")
	}
}

func TestWhatRecursLaterIsAnother(t *testing.T) {
	t.Parallel()
	s := wave(40).runPublished(t)
	published := s.published()
	if len(published) != 2 || published[0].ID == published[1].ID || causeOf(published[0]) != causeOf(published[1]) {
		t.Fatalf("%d incidents, want two of cdn:x", len(published))
	}
	wantOnset(t, published[0], after(35), time.Minute)
	wantOnset(t, published[1], after(81), time.Minute)
	wantFinal(t, s, published[0])
	now := faultline.Statement{At: s.engine.Clock(), Component: "cdn:x", Source: "status page", Status: "resolved",
		Text: "All is well."}
	if revs := s.engine.Fold(now); len(revs) != 1 || revs[0].ID != published[1].ID || len(revs[0].Statements) != 1 {
		t.Errorf("a statement on the later one made %+v", revs)
	}
	remark := faultline.Correction{At: s.engine.Clock(), Incident: published[0].ID, By: "ops",
		Text: "It was a bad push."}
	if revs := s.engine.Fold(remark); len(revs) != 1 || revs[0].Revision != published[0].Revision+1 ||
		revs[0].State != faultline.StateResolved {
		t.Errorf("a remark on the earlier one made %+v", revs)
	}
}

// wantFinal asks that an incident was left alone half an hour after its end: only
// statements and corrections may revise it then.
func wantFinal(t *testing.T, s *story, in faultline.Incident) {
	t.Helper()
	for _, r := range s.of(in.ID) {
		if in.ResolvedAt == nil || r.UpdatedAt.After(in.ResolvedAt.Add(30*time.Minute)) {
			t.Errorf("revision %d at %v, resolved at %v", r.Revision, r.UpdatedAt, in.ResolvedAt)
		}
	}
}

// Failing for two minutes in four is one incident that does not open and shut.
func TestFlappingIsOneIncident(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 75)
	for from := 35.; from < 60; from += 4 {
		w.faults = append(w.faults, fault{sites: w.on("cdn:x"), from: from, to: from + 2, symptom: "http_503"})
	}
	s := w.runPublished(t)
	in := s.wantOne(t, "cdn:x")
	resolved := 0
	for _, r := range s.of(in.ID) {
		if r.State == faultline.StateResolved {
			resolved++
		}
	}
	if resolved != 1 || in.ResolvedAt.Sub(after(61)).Abs() > 3*time.Minute {
		t.Errorf("resolved %d times, last at %v", resolved, in.ResolvedAt)
	}
}

func TestTwoAtOnceAreTwo(t *testing.T) {
	t.Parallel()
	w := quietTown(80, 44)
	w.faults = []fault{
		{sites: w.on("cdn:x"), from: 35, to: 50, symptom: "http_503"},
		{sites: w.on("dns:q"), from: 36, to: 50, symptom: "dns"},
	}
	published := w.runPublished(t).published()
	if len(published) != 2 || causeOf(published[0]) != "cdn:x" || causeOf(published[1]) != "dns:q" {
		for _, in := range published {
			t.Error(in.Title)
		}
		t.Fatalf("%d incidents, want cdn:x and dns:q", len(published))
	}
	if published[0].ID == published[1].ID {
		t.Error("two incidents of one id")
	}
	wantOnset(t, published[0], after(35), time.Minute)
	wantOnset(t, published[1], after(36), time.Minute)
}
