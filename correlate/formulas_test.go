package correlate

import (
	"math"
	"testing"

	"faultline"
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
	near(t, "seven reports, two normal", crowdRatio(n, mu, extra), math.Log(sum))

	// Over two minutes only those have reported who had a minute's time for it.
	w := windowOf(2 * minute)
	near(t, "a window of two minutes", crowdEvidence(7, 0.5, w), bounded(crowdRatio(7, 0.5*2, 60*0.5*2*2./3), 0.02))
	near(t, "one report", crowdEvidence(1, 0.001, w), bounded(0.25, 0.02))
	near(t, "two reports", crowdEvidence(2, 0.001, w), bounded(0.5, 0.02))
	if l := crowdEvidence(3, 0.001, w); l < 2 {
		t.Errorf("three reports of a silent site weigh %v", l)
	}
	if l := crowdEvidence(0, 5, w); l >= 0 {
		t.Errorf("the silence of a large site weighs %v", l)
	}
}

// A network is worth three people, or four times its usual share of all reports.
func TestCapsFollowTheUsualShare(t *testing.T) {
	t.Parallel()
	e := settled(60)
	for i := range 3 {
		e.Fold(faultline.Report{At: after(60), Site: "a.example", Reporter: string(rune('a' + i)), ASN: uint32(1 + i)})
	}
	if got := e.capOf(0, 1000); got != networkCap {
		t.Errorf("before anything is known a network is worth %v", got)
	}
	for i, perMinute := range []float64{6, 3, 1} {
		e.networks.rows[i].Base = rate{N: perMinute * 1e6, T: 1e6}
	}
	e.reportRate = 10
	for i, want := range []float64{0.6, 0.3, 0.1} {
		if got := e.shareOf(uint32(i)); math.Abs(got-want) > 1e-3 {
			t.Errorf("network %d has a share of %v, want %v", i, got, want)
		}
	}
	if got := e.capOf(2, 100); math.Abs(got-40) > 0.1 {
		t.Errorf("a tenth of all reports is worth %v of 100, want 40", got)
	}
	if got := e.capOf(2, 5); got != networkCap {
		t.Errorf("of five reports it is worth %v", got)
	}
}

// What is learned is forgotten by half in seven days.
func TestFormulasOfBaselines(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * 60 * minute
	tr := &track{OK: 40, Fail: 8, At: hour}
	tr.learn(newResult(hour+week, codeOK))
	near(t, "successes after a week", tr.OK, 21)
	near(t, "failures after a week", tr.Fail, 4)
	tr.learn(newResult(hour, 503)) // an older one comes late
	near(t, "successes", tr.OK, 21)
	near(t, "failures", tr.Fail, 5)
	if tr.At != hour+week {
		t.Errorf("learned up to %v", ms(tr.At))
	}
	for _, c := range []struct {
		ok, fail float64
		want     bool
	}{{5, 5, false}, {5, 5.1, true}, {0, 0, false}, {0, 1, true}} {
		if got := (&track{OK: c.ok, Fail: c.fail}).chronic(); got != c.want {
			t.Errorf("%v well and %v failures: chronic %v", c.ok, c.fail, got)
		}
	}
	for _, c := range []struct {
		ok, fail float64
		want     bool
	}{{7, 2, false}, {7, 2.1, true}, {0, 0, false}} {
		if got := (&track{OK: c.ok, Fail: c.fail}).flaky(); got != c.want {
			t.Errorf("%v well and %v failures: flaky %v", c.ok, c.fail, got)
		}
	}

	r := rate{N: 30, T: 60, From: hour}
	r.advance(5, hour, true)
	if r != (rate{N: 30, T: 60, From: hour}) {
		t.Errorf("time that did not pass was learned: %+v", r)
	}
	r.advance(9, hour+week, false)
	if r != (rate{N: 30, T: 60, From: hour + week}) {
		t.Errorf("a span that is left out: %+v", r)
	}
	r.advance(5, hour+2*week, true)
	near(t, "reports", r.N, 20)
	near(t, "minutes", r.T, 30+7*24*60)
	near(t, "a rate before anything is known", (&rate{}).perMinute(0.3, 20), 0.3)
	near(t, "a rate", (&rate{N: 30, T: 10}).perMinute(0.3, 20), (0.3*20+30)/30)
	fresh := rate{}
	if fresh.advance(7, hour, true); fresh != (rate{From: hour}) {
		t.Errorf("before its beginning nothing is known: %+v", fresh)
	}
}

// Sizes follow rank, hours of the week their share.
func TestFormulasOfSeasonAndSize(t *testing.T) {
	t.Parallel()
	near(t, "the first site", sizeOf(1), math.Pow(2, -0.55))
	near(t, "the hundredth", sizeOf(100), math.Pow(101, -0.55))
	near(t, "no rank", sizeOf(0), math.Pow(20_001, -0.55))
	near(t, "a rank below 0", sizeOf(-1), math.Pow(20_001, -0.55))

	g := &globalBase{N: 4_000, Mass: 8_000}
	near(t, "scale", g.scale(), (0.3*2_000+4_000)/(2_000+8_000))
	at := int64(1_000) * hour // an hour of the week
	near(t, "an hour that nothing is known of", g.season(at), 1)
	g.Hours[hourOfWeek(at)] = hourBase{N: 1_500, Mass: 1_000}
	near(t, "a busy hour", g.season(at), (500+1_500)/(500+1_000*g.scale()))
	g.Hours[hourOfWeek(at)] = hourBase{N: 1e9, Mass: 1}
	near(t, "at most eightfold", g.season(at), 8)
	g.Hours[hourOfWeek(at)] = hourBase{N: 0, Mass: 1e9}
	near(t, "at least an eighth", g.season(at), 1./8)
	if a, b := hourOfWeek(0), hourOfWeek(167*hour+59*minute); a != 0 || b != 167 || hourOfWeek(168*hour) != 0 {
		t.Errorf("hours %d and %d", a, b)
	}

	e := settled(60)
	id := put(e, "a.example", 0)
	e.sites.rows[id].Rank = 100
	near(t, "expected of a silent site", e.expected(e.sites.rows[id]), 0.3*sizeOf(100))
	e.sites.rows[id].Crowd = &crowd{Base: rate{N: 60, T: 100}}
	near(t, "expected of one that is heard", e.expected(e.sites.rows[id]), (0.3*sizeOf(100)*20+60)/120)
	e.sites.rows[id].Crowd.Base = rate{T: 1e9}
	near(t, "never nothing", e.expected(e.sites.rows[id]), minRatePerMin)
}

// The leak follows the share of sites that fail on their own, slowly, in bounds.
func TestFormulasOfTheLeak(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	near(t, "at first", e.leak, 0.002)
	e.learnLeak(4, 500)
	near(t, "five of a thousand", e.leak, 0.002+0.02*(0.005-0.002))
	for range 2_000 {
		e.learnLeak(1e6, 500)
	}
	near(t, "at most", e.leak, 0.02)
	for range 2_000 {
		e.learnLeak(0, 1e9)
	}
	near(t, "at least", e.leak, 0.0005)
	near(t, "in the longest window", e.leakIn(windows-1), e.leak)
	near(t, "within a minute", e.leakIn(windowOf(minute)), e.leak*2/32)
	near(t, "within 15 seconds", e.leakIn(0), e.leak*1.25/32)
}

// The prior, the posterior, confidence.
func TestFormulasOfIncidents(t *testing.T) {
	t.Parallel()
	e := settled(60)
	for _, c := range []string{"cdn:a", "cdn:b", "cdn:c"} {
		put(e, c[4:]+".example", 0, faultline.Component(c))
	}
	near(t, "prior", e.logPrior(), -math.Log(4)-2-math.Log(8))
	near(t, "posterior", posterior(0.3, 2), 0.3*math.Exp(2)/(0.3*math.Exp(2)+0.7))
	near(t, "confidence", confidence(6), 1/(1+math.Exp(-2)))
	near(t, "confidence at most", confidence(100), 0.99)
	near(t, "round", round(2.345, 1), 2.3)
	near(t, "round", round(-1.25, 1), -1.3)
}
