package correlate

import (
	"fmt"
	"math"
	"testing"

	"faultline"
)

// A registry or an authority that fails for less than three tenths of its sites is
// believed less by 6 nats; everything else fails in part.
func TestAPartOfARegistryIsACoincidenceFirst(t *testing.T) {
	t.Parallel()
	const w = 3
	for _, c := range []struct {
		component faultline.Component
		penalty   float64
	}{{"cdn:a", 0}, {"dns:a", 0}, {"tld:a", 6}, {"ca:a", 6}} {
		for _, sites := range []struct{ failing, well int }{{12, 40}, {20, 20}, {40, 1}} {
			e := settled(60)
			for i := range sites.failing + sites.well {
				l := 0.5
				if i >= sites.failing {
					l = -1
				}
				put(e, fmt.Sprintf("s%d.example", i), l, c.component)
			}
			id, _ := e.components.find(string(c.component))
			e.prepare()
			e.s.dependents.forget()

			p0, sum, q, most := e.leakIn(w), 0., 0., math.Inf(-1)
			for _, part := range qGrid {
				of := func(l float64) float64 {
					x := math.Exp(l) - 1
					return math.Log(1+(1-(1-p0)*(1-part))*x) - math.Log(1+p0*x)
				}
				gain := float64(sites.failing)*of(0.5) + float64(sites.well)*of(-1)
				if part < 0.3 {
					gain -= c.penalty
				}
				if sum += math.Exp(gain) / float64(len(qGrid)); gain > most {
					q, most = part, gain
				}
			}
			what := fmt.Sprint(c.component, sites)
			gotQ, gain := e.exact(id, w)
			near(t, what+" fails at", gotQ, q)
			near(t, what+" gains", gain, math.Log(sum)+e.logPrior())
		}
	}
}

// What is published already pays no prior again.
func TestAToldCauseIsBelieved(t *testing.T) {
	t.Parallel()
	e := settled(60)
	put(e, "a.example", 3, "cdn:a", "dns:a")
	published, _ := e.components.find("cdn:a")
	other, _ := e.components.find("dns:a")
	e.prepare()
	e.s.search.published = []uint32{published}
	near(t, "told", e.priorOf(published), 0)
	near(t, "not told", e.priorOf(other), e.logPrior())
	// It steadies the decision, and what is published of the cause is of the evidence alone.
	near(t, "evidence for what is published", e.evident(published, 9), 9+e.logPrior())
	near(t, "evidence for another", e.evident(other, 9), 9)
}

func TestTheWidestCauseThatFailsInPart(t *testing.T) {
	t.Parallel()
	of := func(q float64, sites int) found { return found{q: q, cover: make([]uint32, sites)} }
	for what, c := range map[string]struct {
		causes []found
		want   int
	}{
		"none":                         {nil, -1},
		"one that fails wholly":        {[]found{of(wholly, 9)}, -1},
		"the first":                    {[]found{of(0.5, 4), of(0.5, 3)}, 0},
		"the second":                   {[]found{of(0.5, 3), of(0.5, 4)}, 1},
		"as wide":                      {[]found{of(0.5, 4), of(0.5, 4)}, 0},
		"a wider one that fails whole": {[]found{of(0.5, 3), of(0.9, 9), of(0.3, 4), of(0.3, 2)}, 2},
	} {
		if got := widest(c.causes); got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
	}
}

// Of two that explain the same equally well, the first is taken: the order is the
// components', and not that of chance.
func TestTheFirstOfTwinsIsPicked(t *testing.T) {
	t.Parallel()
	e := settled(60)
	for i := range 8 {
		put(e, fmt.Sprintf("s%d.example", i), 4, "cdn:b", "cdn:c", faultline.Component(fmt.Sprint("dns:own", i)))
	}
	e.s.dependents.forget()
	e.prepare()
	b, _ := e.components.find("cdn:b")
	c, _ := e.components.find("cdn:c")
	own, _ := e.components.find("dns:own3")
	const most = 1e3 // nothing is known of their gains yet
	candidates := []found{{c: own, w: 3, gain: most}, {c: c, w: 3, gain: most}, {c: b, w: 3, gain: most}}
	if got := e.pick(candidates); got != 1 {
		t.Errorf("candidate %d is picked, of %+v", got, candidates)
	}
	if got := e.pick(candidates[:1]); got != -1 || candidates[0].gain > 0 {
		t.Errorf("one site pays for the prior of a provider: %+v", candidates[0])
	}
	if got := e.pick(nil); got != -1 {
		t.Errorf("none is %d", got)
	}
}

// Of sites that nothing known connects, the probes must see most failing: a crowd that
// points at many confirms nothing by the chance failures of two.
func TestProbesSpeakForSitesWithoutACause(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		failing, well int
		want          bool
	}{"two of forty": {2, 38, false}, "most": {20, 5, true}, "nobody looks": {0, 0, false}} {
		e := settled(60)
		in := e.open(unattributed, 9)
		for i := range c.failing + c.well {
			l := 3.0
			if i >= c.failing {
				l = -3
			}
			in.join(put(e, fmt.Sprintf("s%d.example", i), l))
		}
		if says := e.probeSupport(in); says >= probesAlone != c.want {
			t.Errorf("%s: %v nats", what, says)
		}
	}
}
