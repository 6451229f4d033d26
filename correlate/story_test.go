package correlate

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"faultline"
)

// story is what an engine told of a world: every revision, in order.
type story struct {
	engine    *Engine
	revisions []faultline.Incident
	said      [][]byte // the revisions as they were when they were made
}

// play folds events, holding every revision against the contract as it is made.
func play(t *testing.T, e *Engine, evs []faultline.Event) *story {
	t.Helper()
	s := &story{engine: e}
	for _, ev := range evs {
		for _, rev := range e.Fold(ev) {
			s.record(t, rev)
		}
		if _, tick := ev.(faultline.Tick); tick {
			s.checkUpToDate(t)
		}
	}
	for i, rev := range s.revisions {
		if !bytes.Equal(s.said[i], mustJSON(t, rev)) {
			t.Errorf("revision %d of %s was rewritten after it was made", rev.Revision, rev.ID)
		}
	}
	return s
}

// record takes one revision down.
func (s *story) record(t *testing.T, rev faultline.Incident) {
	t.Helper()
	checkShape(t, rev, s.engine.Clock())
	if before := s.of(rev.ID); len(before) > 0 {
		checkSuccession(t, before[len(before)-1], rev)
	} else if rev.Revision != 1 {
		t.Errorf("%s begins with revision %d", rev.ID, rev.Revision)
	}
	s.revisions = append(s.revisions, rev)
	s.said = append(s.said, mustJSON(t, rev))
}

// checkShape holds one revision against what the contract says of every one.
func checkShape(t *testing.T, rev faultline.Incident, now time.Time) {
	t.Helper()
	if !rev.UpdatedAt.Equal(now) {
		t.Errorf("%s: updated at %v, the clock says %v", rev.ID, rev.UpdatedAt, now)
	}
	if rev.Title == "" || rev.SitesTotal != len(rev.Sites) {
		t.Errorf("%s: title %q, %d sites of %d", rev.ID, rev.Title, len(rev.Sites), rev.SitesTotal)
	}
	if rev.Onset.Earliest.After(rev.Onset.At) || rev.Onset.At.After(rev.Onset.Latest) ||
		rev.Onset.At.After(rev.UpdatedAt) {
		t.Errorf("%s: onset %v", rev.ID, rev.Onset)
	}
	if rev.State == faultline.StateResolved &&
		(rev.ResolvedAt == nil || rev.RecoveringAt == nil || rev.ResolvedAt.Before(rev.Onset.At)) {
		t.Errorf("%s: resolved at %v, recovering at %v, onset %v", rev.ID, rev.ResolvedAt, rev.RecoveringAt,
			rev.Onset.At)
	}
	if (rev.State == faultline.StateConfirmed || rev.State == faultline.StateRecovering) && rev.ConfirmedAt == nil {
		t.Errorf("%s is %s and was never confirmed", rev.ID, rev.State)
	}
	if bytes.Contains(mustJSON(t, rev), []byte(`s":null`)) {
		t.Errorf("%s: a list is null: %s", rev.ID, mustJSON(t, rev))
	}
	for _, x := range rev.Sites {
		if x.ProbesFailed > x.Probes {
			t.Errorf("%s: %s failed %d of %d probes", rev.ID, x.Site, x.ProbesFailed, x.Probes)
		}
	}
	if e := rev.Evidence; e.ProbesFailed > e.Probes || e.Reporters > e.Reports {
		t.Errorf("%s: evidence %+v", rev.ID, e)
	}
}

// checkSuccession holds a revision against the one before it: it grows by one, it
// is made for a reason or after a pause, and what was said once stays.
func checkSuccession(t *testing.T, a, b faultline.Incident) {
	t.Helper()
	if b.Revision != a.Revision+1 {
		t.Errorf("%s: revision %d follows %d", a.ID, b.Revision, a.Revision)
	}
	pause := time.Minute
	if b.UpdatedAt.Sub(b.DetectedAt) > time.Hour {
		pause = 5 * time.Minute
	}
	if since := b.UpdatedAt.Sub(a.UpdatedAt); since < pause && !saysMore(a, b) {
		t.Errorf("%s: revision %d says nothing new %v after the one before", b.ID, b.Revision, since)
	}
	if !a.DetectedAt.Equal(b.DetectedAt) {
		t.Errorf("%s: detected at %v, then at %v", a.ID, a.DetectedAt, b.DetectedAt)
	}
	if a.ConfirmedAt != nil && (b.ConfirmedAt == nil || !a.ConfirmedAt.Equal(*b.ConfirmedAt)) {
		t.Errorf("%s: confirmed at %v, then at %v", a.ID, a.ConfirmedAt, b.ConfirmedAt)
	}
}

// saysMore reports whether b may be made at once: state, cause, scope, title,
// statements, onset by more than 10 s or the number failing by more than 10 %.
func saysMore(a, b faultline.Incident) bool {
	was, now := float64(a.Impact.Failing+a.Impact.Joined), float64(b.Impact.Failing+b.Impact.Joined)
	failing := math.Abs(was-now) > 0.1*math.Max(1, was)
	return a.State != b.State || causeOf(a) != causeOf(b) || a.Title != b.Title ||
		a.Scope.Worldwide != b.Scope.Worldwide || !slices.Equal(a.Scope.Countries, b.Scope.Countries) ||
		!slices.Equal(a.Scope.ISPs, b.Scope.ISPs) || !slices.Equal(a.Scope.POPs, b.Scope.POPs) ||
		len(a.Statements) != len(b.Statements) || len(a.Corrections) != len(b.Corrections) ||
		a.Onset.At.Sub(b.Onset.At).Abs() > 10*time.Second || failing
}

// checkUpToDate asks that what was last told of each incident still holds: state
// and cause exactly, the number failing within 10 %.
func (s *story) checkUpToDate(t *testing.T) {
	t.Helper()
	for _, in := range s.engine.incidents {
		published := in.Last
		failing := published.Impact.Failing + published.Impact.Joined
		moved := math.Abs(float64(in.Failing-failing)) > 0.1*math.Max(1, float64(failing))
		if published.State != in.State || causeOf(published) != in.Cause || moved && in.State.Open() {
			t.Errorf("%v: %s is %s, cause %q, %d failing; last published: %s, %q, %d",
				s.engine.Clock(), in.ID, in.State, in.Cause, in.Failing, published.State, causeOf(published), failing)
		}
	}
}

// of returns the revisions of one incident.
func (s *story) of(id string) []faultline.Incident {
	var out []faultline.Incident
	for _, r := range s.revisions {
		if r.ID == id {
			out = append(out, r)
		}
	}
	return out
}

// last returns the newest revision of every incident, in order of appearance.
func (s *story) last() []faultline.Incident {
	var out []faultline.Incident
	for _, r := range s.revisions {
		i := slices.IndexFunc(out, func(o faultline.Incident) bool { return o.ID == r.ID })
		if i < 0 {
			out = append(out, r)
		} else {
			out[i] = r
		}
	}
	return out
}

// published returns the incidents that the world was told of: those once confirmed.
func (s *story) published() []faultline.Incident {
	return slices.DeleteFunc(s.last(), func(in faultline.Incident) bool { return in.ConfirmedAt == nil })
}

// wantNone fails if any incident was confirmed.
func (s *story) wantNone(t *testing.T) {
	t.Helper()
	for _, in := range s.published() {
		t.Errorf("confirmed without cause: %s, %d sites, basis %s", in.Title, in.SitesTotal, in.Basis)
	}
}

// wantOne returns the only confirmed incident, which must have this cause.
func (s *story) wantOne(t *testing.T, cause faultline.Component) faultline.Incident {
	t.Helper()
	published := s.published()
	if len(published) != 1 || causeOf(published[0]) != cause {
		for _, in := range s.last() {
			t.Logf("%s %s: %s, %d sites", in.ID, in.State, in.Title, in.SitesTotal)
		}
		t.Fatalf("%d confirmed incidents, want one of %s", len(published), cause)
	}
	return published[0]
}

// first returns the first revision of an incident in a state.
func (s *story) first(t *testing.T, id string, state faultline.IncidentState) faultline.Incident {
	t.Helper()
	for _, r := range s.of(id) {
		if r.State == state {
			return r
		}
	}
	t.Fatalf("%s was never %s", id, state)
	return faultline.Incident{}
}

// wantOnset asks that the interval holds the truth and the guess is near it.
func wantOnset(t *testing.T, in faultline.Incident, truth time.Time, near time.Duration) {
	t.Helper()
	if truth.Before(in.Onset.Earliest) || truth.After(in.Onset.Latest) || in.Onset.At.Sub(truth).Abs() > near {
		t.Errorf("onset %v, it began at %v", in.Onset, truth)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
