package correlate

import (
	"testing"
	"time"

	"faultline"
)

// A page that was down, or a leader that began late, tells later what was said in time.
func TestALateStatementBelongsToItsIncident(t *testing.T) {
	t.Parallel()
	_, s, in := midOutage(t)
	for n, back := range []time.Duration{6 * time.Minute, 20 * time.Minute, 50 * time.Minute} {
		st := faultline.Statement{
			At: in.Onset.Earliest.Add(-back), Component: "cdn:x", Source: "page", Status: "investigating",
			Text: "Errors: look.",
		}
		if revs := s.engine.Fold(st); len(revs) != 1 || len(revs[0].Statements) != n+1 {
			t.Errorf("of %s before the onset: %+v", back, revs)
		}
	}
	old := faultline.Statement{At: in.Onset.Earliest.Add(-61 * time.Minute), Component: "cdn:x", Source: "page",
		Status: "update"}
	if revs := s.engine.Fold(old); len(revs) != 0 {
		t.Errorf("of more than an hour before the onset: %+v", revs)
	}
}

// An edit is a revision of the same statement.
func TestAnEditedStatementTakesTheOldOnesPlace(t *testing.T) {
	t.Parallel()
	_, s, in := midOutage(t)
	st := faultline.Statement{At: in.DetectedAt, Component: "cdn:x", Source: "page", Status: "investigating",
		Text: "Errors: one."}
	s.engine.Fold(st)
	st.Text, st.Status = "Errors: two.", "identified"
	revs := s.engine.Fold(st)
	if len(revs) != 1 || len(revs[0].Statements) != 1 || revs[0].Statements[0].Text != st.Text ||
		revs[0].Statements[0].Status != st.Status {
		t.Errorf("an edit made %+v", revs)
	}
	if revs := s.engine.Fold(st); len(revs) != 0 {
		t.Errorf("the same edit again made %+v", revs)
	}
	st.Text = "Another: of that moment."
	if revs := s.engine.Fold(st); len(revs) != 1 || len(revs[0].Statements) != 2 {
		t.Errorf("a statement under another title made %+v", revs)
	}
}

// What is said long after the end and of something else leaves a closed incident alone.
func TestAStatementLongAfterTheEndSpeaksOfSomethingElse(t *testing.T) {
	t.Parallel()
	s := wave(40).run(t)
	published := s.published()
	in := published[len(published)-1]
	if in.ResolvedAt == nil {
		t.Fatalf("%s is not over", in.ID)
	}
	say := func(after time.Duration, status, text string) int {
		return len(s.engine.Fold(faultline.Statement{
			At: in.ResolvedAt.Add(after), Component: "cdn:x", Source: "page", Status: status, Text: text,
		}))
	}
	for _, c := range []struct {
		after        time.Duration
		status, text string
		want         int
	}{
		{time.Minute, "scheduled", "Maintenance: next week.", 0},
		{-2 * time.Minute, "scheduled", "Maintenance: next week.", 0},
		{-2 * time.Minute, "in_progress", "Maintenance: a router.", 0},
		{-time.Minute, "monitoring", "Errors: a fix is out.", 1},
		{5 * time.Minute, "resolved", "Errors: over.", 1},
	} {
		if got := say(c.after, c.status, c.text); got != c.want {
			t.Errorf("%s, %s after the end, makes %d revisions", c.text, c.after, got)
		}
	}
	tickAt(s.engine, in.ResolvedAt.Add(5*time.Hour))
	for text, want := range map[string]int{
		"Maintenance: next week.": 0, "We plan maintenance next week.": 0, "Errors: what went wrong.": 1,
		"Slow logins: over.": 0,
	} {
		if got := say(5*time.Hour, "update", text); got != want {
			t.Errorf("%s, five hours after the end, makes %d revisions", text, got)
		}
	}
}

// A page without titles speaks of one thing at a time: the first end that it tells is the
// end of what it spoke of, however late, and a second one is of something else.
func TestAPageWithoutTitlesTellsTheEndOnce(t *testing.T) {
	t.Parallel()
	s := wave(40).run(t)
	published := s.published()
	in := published[len(published)-1]
	say := func(at time.Time, status, text string) int {
		return len(s.engine.Fold(faultline.Statement{
			At: at, Component: "cdn:x", Source: "page", Status: status, Text: text,
		}))
	}
	if got := say(in.ResolvedAt.Add(-time.Minute), "monitoring", "A fix is out."); got != 1 {
		t.Fatalf("what is said during the incident makes %d revisions", got)
	}
	tickAt(s.engine, in.ResolvedAt.Add(5*time.Hour))
	end := in.ResolvedAt.Add(5 * time.Hour)
	if got := say(end, "update", "We look at something else."); got != 0 {
		t.Errorf("another subject makes %d revisions", got)
	}
	if got := say(end, "resolved", "It is over."); got != 1 {
		t.Errorf("the end makes %d revisions", got)
	}
	tickAt(s.engine, end.Add(time.Hour))
	if got := say(end.Add(time.Hour), "resolved", "That is over too."); got != 0 {
		t.Errorf("a second end makes %d revisions", got)
	}
}

func tickAt(e *Engine, at time.Time) { e.Fold(faultline.Tick{At: at}) }
