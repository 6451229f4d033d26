package main

import (
	"testing"
	"time"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/infra"
	"faultline/scenario"
)

// played folds a scenario as a drill does, with a tick before the events of each
// second, and returns the last state of every incident, in order of appearance.
func played(t *testing.T, s scenario.Spec) []faultline.Incident {
	t.Helper()
	known, err := infra.FoldProviders()
	if err != nil {
		t.Fatal(err)
	}
	engine := correlate.New(correlate.Config{Drill: true, Providers: known})
	place := map[string]int{}
	var last []faultline.Incident
	fold := func(ev faultline.Event) {
		for _, in := range engine.Fold(ev) {
			if i, ok := place[in.ID]; ok {
				last[i] = in
				continue
			}
			place[in.ID] = len(last)
			last = append(last, in)
		}
	}
	fold(faultline.Epoch{At: s.Start, Epoch: "01F7NDRILL"})
	clock := s.Start
	for at, ev := range s.Arrivals() {
		for ; clock.Before(at); clock = clock.Add(time.Second) {
			fold(faultline.Tick{At: clock})
		}
		fold(ev)
	}
	return last
}

func TestFastlyScenarioIsOneIncident(t *testing.T) {
	s, err := scenario.Builtin("fastly-2021-06-08")
	if err != nil {
		t.Fatal(err)
	}
	var confirmed []faultline.Incident
	for _, in := range played(t, s) {
		if in.ConfirmedAt != nil {
			confirmed = append(confirmed, in)
		}
	}
	if len(confirmed) != 1 {
		t.Fatalf("%d confirmed incidents", len(confirmed))
	}
	in := confirmed[0]
	if in.Title != "Fastly-fronted sites, 503, began ~09:47 UTC" || in.Cause == nil ||
		in.Cause.Component != "cdn:fastly" {
		t.Errorf("%s: %+v", in.Title, in.Cause)
	}
	if in.State != faultline.StateResolved || in.ResolvedAt == nil || in.ResolvedAt.Sub(s.Onset) < 70*time.Minute {
		t.Errorf("%s, resolved %v", in.State, in.ResolvedAt)
	}
	if in.ConfirmedAt.Before(s.Onset) || in.ConfirmedAt.Sub(s.Onset) > 90*time.Second {
		t.Errorf("confirmed %v after onset", in.ConfirmedAt.Sub(s.Onset))
	}
	if s.Onset.Before(in.Onset.Earliest) || s.Onset.After(in.Onset.Latest) {
		t.Errorf("onset from %v to %v", in.Onset.Earliest, in.Onset.Latest)
	}
	if !in.Drill || !in.Scope.Worldwide || len(in.Statements) != len(s.Statements) {
		t.Errorf("drill %v, scope %+v, %d statements", in.Drill, in.Scope, len(in.Statements))
	}
	want := 0
	for _, r := range s.Records() {
		for _, c := range r.Components {
			if c == "cdn:fastly" {
				want++
			}
		}
	}
	if in.SitesTotal != want {
		t.Errorf("%d sites, want %d", in.SitesTotal, want)
	}
}
