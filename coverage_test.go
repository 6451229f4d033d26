package faultline

import (
	"testing"
	"time"
)

func TestCoverage(t *testing.T) {
	at := time.Date(2021, 6, 8, 9, 47, 0, 0, time.UTC)
	blind, sick, well := VantageStatus{
		State: VantageBlind,
	}, VantageStatus{
		State: VantageSick,
	}, VantageStatus{
		State: VantageOK,
	}
	silent := VantageStatus{State: VantageSilent}
	for name, c := range map[string]struct {
		view     View
		vantages []VantageStatus
		stale    bool
		want     Coverage
	}{
		"all well": {View{AsOf: at, SitesKnown: 10, SitesObserved: 9, Vantages: 2},
			[]VantageStatus{well, well}, false, Coverage{State: Observing, Observed: 9, Known: 10, Vantages: 2}},
		"no vantage": {View{AsOf: at, SitesKnown: 10}, nil, false,
			Coverage{State: Blind, Observed: 0, Known: 10, Vantages: 0}},
		"reports alone": {View{AsOf: at, SitesKnown: 10, SitesObserved: 8}, nil, false,
			Coverage{State: Blind, Observed: 0, Known: 10, Vantages: 0}},
		"every vantage blind": {View{AsOf: at, SitesKnown: 10, SitesObserved: 9, Vantages: 2},
			[]VantageStatus{blind, sick}, false, Coverage{State: Blind, Observed: 0, Known: 10, Vantages: 0}},
		"all that speak are blind": {View{AsOf: at, SitesKnown: 10, SitesObserved: 9, Vantages: 3},
			[]VantageStatus{blind}, false, Coverage{State: Blind, Observed: 0, Known: 10, Vantages: 0}},
		"one blind, and one that sends results and asks for no work": {
			View{AsOf: at, SitesKnown: 10, SitesObserved: 9, Vantages: 2}, []VantageStatus{blind, silent}, false,
			Coverage{State: Impaired, Observed: 9, Known: 10, Vantages: 1}},
		"one blind, and one that was added and never sent anything": {
			View{AsOf: at, SitesKnown: 10, SitesObserved: 9, Vantages: 1}, []VantageStatus{blind, silent}, false,
			Coverage{State: Blind, Observed: 0, Known: 10, Vantages: 0}},
		"one of two blind": {View{AsOf: at, SitesKnown: 10, SitesObserved: 9, Vantages: 2},
			[]VantageStatus{blind, well}, false, Coverage{State: Impaired, Observed: 9, Known: 10, Vantages: 1}},
		"few sites observed": {View{AsOf: at, SitesKnown: 10, SitesObserved: 4, Vantages: 1},
			[]VantageStatus{well}, false, Coverage{State: Impaired, Observed: 4, Known: 10, Vantages: 1}},
		"half of the sites": {View{AsOf: at, SitesKnown: 10, SitesObserved: 5, Vantages: 1}, nil, false,
			Coverage{State: Observing, Observed: 5, Known: 10, Vantages: 1}},
		"old view": {View{AsOf: at, SitesKnown: 10, SitesObserved: 9, Vantages: 2}, nil, true,
			Coverage{State: Blind, Observed: 0, Known: 10, Vantages: 2}},
		"never looked": {View{}, nil, false, Coverage{State: Blind, Observed: 0, Known: 0, Vantages: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			got := CoverageOf(c.view, c.vantages, c.stale)
			if (got.Note == "") != (got.State == Observing) {
				t.Errorf("%s, and its note is %q", got.State, got.Note)
			}
			if got.Note = ""; got != c.want {
				t.Errorf("coverage %+v, want %+v", got, c.want)
			}
		})
	}
}

// A view counts a vantage for 15 minutes after its newest result. One that is blind for longer
// is not among those that it counts, and must not be taken off them.
func TestCoverageWithALongBlindVantage(t *testing.T) {
	at := time.Date(2021, 6, 8, 9, 47, 0, 0, time.UTC)
	well := VantageStatus{State: VantageOK}
	blindFor := func(d time.Duration) VantageStatus {
		return VantageStatus{State: VantageBlind, Since: at.Add(-d)}
	}
	for name, c := range map[string]struct {
		counted  int
		vantages []VantageStatus
		want     CoverageState
		believed int
	}{
		"another one works":              {1, []VantageStatus{blindFor(16 * time.Minute), well}, Impaired, 1},
		"others never asked for work":    {3, []VantageStatus{blindFor(16 * time.Minute)}, Impaired, 3},
		"nothing else is counted":        {0, []VantageStatus{blindFor(16 * time.Minute)}, Blind, 0},
		"it alone was counted, till now": {1, []VantageStatus{blindFor(time.Minute), well}, Blind, 0},
	} {
		t.Run(name, func(t *testing.T) {
			view := View{AsOf: at, SitesKnown: 10, SitesObserved: 9, Vantages: c.counted}
			if got := CoverageOf(view, c.vantages, false); got.State != c.want || got.Vantages != c.believed {
				t.Errorf("coverage %+v, want %s by %d", got, c.want, c.believed)
			}
		})
	}
}
