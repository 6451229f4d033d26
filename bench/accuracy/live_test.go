package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"faultline/scenario"
	"faultline/scenario/accuracy"
)

// smallLive is the outcome of a small world.
func smallLive(t *testing.T, kind string, vantages int) liveOutcome {
	t.Helper()
	s, err := accuracy.DrawLive(accuracy.Live{Kind: kind, Seed: 8, Sites: 200, Vantages: vantages})
	if err != nil {
		t.Fatal(err)
	}
	return newLoop(s, 30*time.Second).run()
}

func TestTheClosedLoopFindsAnOutageTheSameWayTwice(t *testing.T) {
	t.Parallel()
	one := smallLive(t, "step", 3)
	if !one.found || one.after <= 0 || one.after > time.Minute || len(one.wrong) > 0 {
		t.Errorf("%+v", one)
	}
	if two := smallLive(t, "step", 3); two.after != one.after {
		t.Errorf("found after %s, and after %s", one.after, two.after)
	}
}

func TestAWorldThatCannotBeIsRefused(t *testing.T) {
	opt := options{Workers: 1, Closed: liveOptions{Vantages: []int{3}, Sites: []int{5}, Periods: []int{60}, Runs: 1}}
	if err := runLive(t.Context(), opt, io.Discard); err == nil {
		t.Error("a world of five sites is let pass")
	}
	if _, err := accuracy.DrawLive(accuracy.Live{Kind: "rain", Sites: 200, Vantages: 3}); err == nil {
		t.Error("an unknown kind is let pass")
	}
}

func TestEachSiteIsCheckedFromThreeOfManyVantages(t *testing.T) {
	all := []scenario.Vantage{{Vantage: "a"}, {Vantage: "b"}, {Vantage: "c"}, {Vantage: "d"}, {Vantage: "e"}}
	for _, site := range []string{"one.example", "two.example", "three.example"} {
		n := 0
		for i := range all {
			if checks(all, i, site) {
				n++
			}
		}
		if n != copies {
			t.Errorf("%s is checked from %d vantages", site, n)
		}
	}
}

func TestLiveTableAndItsFloor(t *testing.T) {
	slow := &liveRow{Kind: "step", Vantages: 3, Sites: 1552, PeriodS: 60, Runs: 2, Found: 1, Median: 30, P90: 50,
		after: []float64{30}}
	other := &liveRow{Kind: "step", Vantages: 1, Sites: 1552, PeriodS: 60, Runs: 2}
	f, err := readFloor("floor.json")
	if err != nil {
		t.Fatal(err)
	}
	if beyond := f.beyond([]*liveRow{slow, other}); len(beyond) != 2 {
		t.Errorf("%v", beyond)
	}
	text := liveTable([]*liveRow{slow, other})
	if !strings.Contains(text, "| step | 3 | 1552 | 60 s | 2 | 1/2 | 30 s | 50 s | 0 |") ||
		!strings.Contains(text, "| 0/2 | – | – | 0 |") {
		t.Errorf("table:\n%s", text)
	}
}
