package correlate

import (
	"fmt"
	"testing"

	"faultline"
)

// fiveVantages see the same sites from five countries.
func fiveVantages() []faultline.Vantage {
	return append(threeVantages(),
		faultline.Vantage{Vantage: "fra-1", ASN: 51167, Country: "DE"},
		faultline.Vantage{Vantage: "par-1", ASN: 12876, Country: "FR"})
}

// A few vantages that invent an outage confirm nothing, whoever says the same, although
// probes of the others fail by chance now and then: what the others see is judged over all
// that depends on the cause, and not over the sites that failed.
func TestChanceFailuresElsewhereMakeNoWitnessOfALie(t *testing.T) {
	t.Parallel()
	for name, vantages := range map[string][]faultline.Vantage{
		"one of three": threeVantages(), "two of five": fiveVantages(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				w := quietTown(150, 45)
				w.seed, w.noise, w.vantages = seed, 0.02, vantages
				w.grumble(2)
				liar := []string{"nyc-1"}
				if len(vantages) > 3 {
					liar = append(liar, "par-1")
				}
				w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 45, symptom: "http_503", vantages: liar}}
				w.said = liars{people: 200, networks: 30, each: 3, sites: w.on("cdn:x"), from: 35, to: 40,
					symptom: "http_503"}.reports()
				if published := w.run(t).published(); len(published) > 0 {
					t.Errorf("seed %d: %q is confirmed", seed, published[0].Title)
				}
			}
		})
	}
}

// What chance has fail at a vantage makes it no witness, and neither does a few checks of a
// site or two.
func TestWhoFeelsAFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		probes, failed int
		chance         float64
		want           bool
	}{
		"the first check fails":        {1, 1, 0.016, true},
		"two of two":                   {2, 2, 0.032, true},
		"one of ten":                   {10, 1, 0.16, false},
		"three of a hundred":           {100, 3, 1.6, false},
		"ten of a hundred":             {100, 10, 1.6, true},
		"none":                         {10, 0, 0.16, false},
		"fewer than chance would have": {100, 1, 1.6, false},
	} {
		s := sight{seenFrom{Probes: c.probes, Failed: c.failed}, c.chance}
		if got := s.feels(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Whom the share of a vantage is measured by has checked as much as the others.
func TestSharesAreMeasuredByWhoChecksMuch(t *testing.T) {
	t.Parallel()
	by := []sight{{seenFrom: seenFrom{Probes: 60, Failed: 12}}, {seenFrom: seenFrom{Probes: 6, Failed: 6}}}
	if got := mostSeen(by); got != 0.2 {
		t.Errorf("beside a monitor that sends alerts alone: %v", got)
	}
	if got := mostSeen(by[1:]); got != 1 {
		t.Errorf("of the monitor itself: %v", got)
	}
	if got := mostSeen([]sight{{seenFrom: seenFrom{Probes: feltProbes - 1, Failed: 1}}}); got != 0 {
		t.Errorf("of too few checks: %v", got)
	}
}

// However many sites depend on a cause, a bounded number of them tells who sees it.
func TestWhoSeesAFaultIsToldByABoundedNumberOfSites(t *testing.T) {
	t.Parallel()
	e := settled(60)
	for i := range 2*maxObserved - 1 {
		put(e, fmt.Sprintf("s%d.example", i), 5, "cdn:x")
	}
	if n := len(e.observedOf(e.open("cdn:x", 0))); n > maxObserved || n < maxObserved/2 {
		t.Errorf("%d sites, want at most %d", n, maxObserved)
	}
}
