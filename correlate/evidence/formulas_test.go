package evidence

import (
	"math"
	"testing"
)

// The formulas of docs/method.md, worked out a second time.
func TestFormulasOfEvidence(t *testing.T) {
	t.Parallel()
	// Beta posteriors: prior 0.5 failures and 30 successes, 8 from the second failure on.
	near(t, "an unknown track", normalFailures(0, 0), 0.5/30.5)
	near(t, "one failure", normalFailures(1, 10), 1.5/41.5)
	near(t, "two failures", normalFailures(2, 10), 2.5/20.5)

	// A failing site fails 95 %, half, or 15 % of its probes.
	const e = 0.02
	failing := math.Log(0.5*0.95*0.95*0.05 + 0.35*0.5*0.5*0.5 + 0.15*0.15*0.15*0.85)
	near(t, "two of three", trackRatio(2, 3, e), failing-2*math.Log(e)-math.Log(1-e))
	healthy := math.Log(0.5*math.Pow(0.05, 4) + 0.35*math.Pow(0.5, 4) + 0.15*math.Pow(0.85, 4))
	near(t, "none of four", trackRatio(0, 4, e), healthy-4*math.Log(1-e))

	// Evidence is scaled by the successes seen, bounded, and never negative for a
	// failure nor positive for a success.
	base := normalFailures(1, 47)
	near(t, "a failure after 47 successes", trackEvidence(1, 1, 49, 2), bounded(trackRatio(1, 1, base)*47/(47+8), 0.01))
	if l := trackEvidence(0, 3, 3, 0); l >= 0 {
		t.Errorf("three successes speak for a failure by %v", l)
	}
	if l := trackEvidence(0, 1, 1000, 998); l > 0 {
		t.Errorf("a success of a dead site speaks for a failure by %v", l)
	}

	// Huber's bound.
	for _, l := range []float64{-3, -0.5, 0.1, 2, 30} {
		x := math.Exp(l)
		near(t, "bounded", bounded(l, 0.02), math.Log((0.98*x+0.02)/(0.02*x+0.98)))
	}
}

// The crowd's negative binomial: dispersion 0.3, severities 0.05, 0.2, 0.6 and 2.
func TestFormulasOfTheCrowd(t *testing.T) {
	t.Parallel()
	const n, mu, extra = 7., 2., 120.
	sum := 0.
	for _, h := range []float64{0.05, 0.2, 0.6, 2} {
		mu1 := mu + extra*h
		sum += math.Exp(n*math.Log(mu1/mu)-(n+1/0.3)*math.Log((1+0.3*mu1)/(1+0.3*mu))) / 4
	}
	near(t, "seven reports, two normal", CrowdRatio(n, mu, extra), math.Log(sum))

	// Over two minutes only those have reported who had a minute's time for it.
	w := WindowOf(2 * minute)
	near(t, "a window of two minutes", CrowdEvidence(7, 0.5, w), bounded(CrowdRatio(7, 0.5*2, 60*0.5*2*2./3), 0.02))
	near(t, "one report", CrowdEvidence(1, 0.001, w), bounded(0.25, 0.02))
	near(t, "two reports", CrowdEvidence(2, 0.001, w), bounded(0.5, 0.02))
	if l := CrowdEvidence(3, 0.001, w); l < 2 {
		t.Errorf("three reports of a silent site weigh %v", l)
	}
	if l := CrowdEvidence(0, 5, w); l >= 0 {
		t.Errorf("the silence of a large site weighs %v", l)
	}
}

// What is learned is forgotten by half in seven days.
func TestFormulasOfBaselines(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * 60 * minute
	tr := &Track{OK: 40, Fail: 8, At: hour}
	tr.Learn(NewResult(hour+week, CodeOK))
	near(t, "successes after a week", tr.OK, 21)
	near(t, "failures after a week", tr.Fail, 4)
	tr.Learn(NewResult(hour, 503)) // an older one comes late
	near(t, "successes", tr.OK, 21)
	near(t, "failures", tr.Fail, 5)
	if tr.At != hour+week {
		t.Errorf("learned up to %v", tr.At)
	}
	for _, c := range []struct {
		ok, fail float64
		want     bool
	}{{5, 5, false}, {5, 5.1, true}, {0, 0, false}, {0, 1, true}} {
		if got := (&Track{OK: c.ok, Fail: c.fail}).Chronic(); got != c.want {
			t.Errorf("%v well and %v failures: chronic %v", c.ok, c.fail, got)
		}
	}
	for _, c := range []struct {
		ok, fail float64
		want     bool
	}{{7, 2, false}, {7, 2.1, true}, {0, 0, false}} {
		if got := (&Track{OK: c.ok, Fail: c.fail}).Flaky(); got != c.want {
			t.Errorf("%v well and %v failures: flaky %v", c.ok, c.fail, got)
		}
	}

	r := Rate{N: 30, T: 60, From: hour}
	r.Advance(5, hour, true)
	if r != (Rate{N: 30, T: 60, From: hour}) {
		t.Errorf("time that did not pass was learned: %+v", r)
	}
	r.Advance(9, hour+week, false)
	if r != (Rate{N: 30, T: 60, From: hour + week}) {
		t.Errorf("a span that is left out: %+v", r)
	}
	r.Advance(5, hour+2*week, true)
	near(t, "reports", r.N, 20)
	near(t, "minutes", r.T, 30+7*24*60)
	near(t, "a rate before anything is known", (&Rate{}).PerMinute(0.3, 20), 0.3)
	near(t, "a rate", (&Rate{N: 30, T: 10}).PerMinute(0.3, 20), (0.3*20+30)/30)
	fresh := Rate{}
	if fresh.Advance(7, hour, true); fresh != (Rate{From: hour}) {
		t.Errorf("before its beginning nothing is known: %+v", fresh)
	}
}
