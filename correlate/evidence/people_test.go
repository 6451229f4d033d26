package evidence

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Independent reports are counted by window, newest first.
func TestIndependentReportsByWindow(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	c := &Crowd{}
	for _, ago := range []int64{241, 240, 61, 60, 15, 0} {
		c.Add(Report{At: now - ago*second, Net: uint32(ago + 1), Who: uint64(ago), Code: 503}, false)
	}
	from := people{count: 1, shares: map[uint32]float64{0: 0}}
	n, until := new(headcount).countIndependent(c.Recent, math.Inf(1), from, now)
	if want := [Windows]float64{2, 2, 3, 3, 3, 3, 3, 3}; n != want {
		t.Errorf("of one network %v, want %v", n, want)
	}
	if until != now+1 { // the one of 15 s ago leaves the first window
		t.Errorf("holds for %d ms", until-now)
	}
}

// Those whom a site works for are counted as far as they matter: it comes to the same
// as counting all of them.
func TestPropertyOfThoseWhoTakeItBack(t *testing.T) {
	t.Parallel()
	heads, from, now := new(headcount), people{count: 12}, 100*minute
	rapid.Check(t, func(rt *rapid.T) {
		c := &Crowd{}
		for range rapid.IntRange(0, 60).Draw(rt, "reports") {
			c.Add(Report{
				At:      now - rapid.Int64Range(-10, 40*60).Draw(rt, "ago")*second,
				Network: rapid.Uint32Range(0, 11).Draw(rt, "network"),
				Net:     rapid.Uint32Range(0, 30).Draw(rt, "prefix"),
				Code:    rapid.SampledFrom([]uint16{CodeOK, 503}).Draw(rt, "code"),
			}, false)
		}
		got, until := heads.countReporters(c, from, now)
		all, allUntil := heads.countIndependent(c.Recent, math.Inf(1), from, now)
		well, wellUntil := heads.countIndependent(c.Well, math.Inf(1), from, now)
		for w := range Windows {
			if want := all[w] - min(well[w], wellShare*all[w]); got[w] != want {
				rt.Fatalf("window %d: %v people, want %v of %v and %v", w, got[w], want, all[w], well[w])
			}
		}
		if until > allUntil || until < min(allUntil, wellUntil) {
			rt.Errorf("holds until %d, those of trouble until %d, the others %d", until, allUntil, wellUntil)
		}
	})
}

// What is remembered of a crowd's evidence is what it would be worked out to be.
func TestPropertyKnownEvidence(t *testing.T) {
	t.Parallel()
	var known knownEvidence
	rapid.Check(t, func(rt *rapid.T) {
		rate := rounded(math.Exp(rapid.Float64Range(-9, 6).Draw(rt, "ln rate")))
		n := float64(rapid.IntRange(0, 4*knownPeople).Draw(rt, "halves")) / 2
		if rapid.Bool().Draw(rt, "a part of one") {
			n += 0.4
		}
		w := rapid.IntRange(0, Windows-1).Draw(rt, "window")
		for range 2 {
			if got, want := known.evidence(n, rate, w), CrowdEvidence(n, rate, w); got != want {
				rt.Fatalf("%v people, %v a minute, window %d: %v, want %v", n, rate, w, got, want)
			}
		}
	})
}

func TestPropertyRatesAreRoundedToAFiftieth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rate := math.Exp(rapid.Float64Range(-9, 9).Draw(rt, "ln rate"))
		if r := rounded(rate); math.Abs(r-rate) > rate/50 || rounded(r) != r {
			rt.Errorf("%v became %v", rate, r)
		}
	})
}

// People of a network that fails itself say nothing of sites; a network is worth as many
// people as its usual share of all reports, and at least a few.
func TestWhoCounts(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	for name, c := range map[string]struct {
		reports int
		from    people
		want    float64
	}{
		"each of a network of his own":   {50, people{count: 50, shares: map[uint32]float64{}}, 50},
		"half of the networks fail":      {50, people{count: 50, failed: evenOf(50)}, 25},
		"one network":                    {50, people{count: 1, shares: map[uint32]float64{0: 0.01}}, NetworkCap},
		"one with a tenth of the people": {50, people{count: 1, shares: map[uint32]float64{0: 0.1}}, 20},
	} {
		crowd := &Crowd{}
		for i := range c.reports {
			crowd.Add(Report{At: now - second, Network: uint32(i % c.from.count), Code: 503}, false)
		}
		if n, _ := new(Weigher).People(crowd, c.from, now); n[0] != c.want {
			t.Errorf("%s: %v people, want %v", name, n[0], c.want)
		}
	}
}

func evenOf(n uint32) map[uint32]bool {
	of := map[uint32]bool{}
	for i := uint32(0); i < n; i += 2 {
		of[i] = true
	}
	return of
}
