package evidence

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The evidence of a site's own fault takes the upper end of how often it fails.
func TestCautiousEvidence(t *testing.T) {
	t.Parallel()
	tr := &Track{OK: 60, Fail: 2}
	for i := range 5 {
		code := CodeOK
		if i >= 3 {
			code = 503
		}
		tr.Recent = append(tr.Recent, NewResult(int64(i)*minute, code))
	}
	// Of the window's three results two fail: 2 failures and 62 successes came before.
	a, b := 0.5+2, 10+62.
	mean := a / (a + b)
	e := mean + 2*math.Sqrt(mean*(1-mean)/(a+b+1))
	near(t, "two of three", tr.Cautious(2, 3), bounded(trackRatio(2, 3, e)*62/(62+8), 0.01))
	if l := tr.Cautious(0, 3); l > 0 {
		t.Errorf("successes speak for a failure by %v", l)
	}
	ill := &Track{OK: 1, Fail: 500}
	near(t, "at most nine in ten are normal", ill.Cautious(1, 1),
		bounded(math.Min(0, trackRatio(1, 1, 0.9))+math.Max(0, trackRatio(1, 1, 0.9))*1/9, 0.01))
}

// A dead site answers now and then. Half an hour of failures after one such answer is no outage
// of it, however long they are: neither for its component nor for itself.
func TestOneSuccessVouchesForLittle(t *testing.T) {
	t.Parallel()
	const seen = 1
	tr := &Track{OK: seen}
	for i := range int64(RingResults) {
		tr.Recent = append(tr.Recent, NewResult(i*minute, 503))
	}
	if l := trackEvidence(RingResults, RingResults, RingResults+seen, RingResults); l > seen {
		t.Errorf("failures after one success weigh %.1f nats, want at most 1", l)
	}
	if l := tr.Cautious(RingResults, RingResults); l > seen {
		t.Errorf("failures after one success weigh %.1f nats for the site itself, want at most 1", l)
	}
}

// A liar is bounded: whatever the probes of one vantage or the crowd of one site
// amount to, they weigh no more than 4.6 and 3.9 nats.
func TestPropertyEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		now := 100 * minute
		tr := &Track{OK: rapid.Float64Range(0, 1e6).Draw(rt, "ok"), Fail: rapid.Float64Range(0, 1e6).Draw(rt, "fail")}
		for range rapid.IntRange(0, RingResults).Draw(rt, "results") {
			tr.Recent = append(tr.Recent, NewResult(rapid.Int64Range(60*minute, now).Draw(rt, "at"),
				uint16(rapid.SampledFrom([]int{0, 503, 1}).Draw(rt, "code"))))
		}
		slices.Sort(tr.Recent)
		ls, _ := tr.weigh(sick{}, now)
		for w, l := range ls {
			if l < -4.6 || l > 4.6 {
				rt.Fatalf("one vantage weighs %v over window %d", l, w)
			}
		}
		n := rapid.Float64Range(0, 1e7).Draw(rt, "reports")
		mu := rapid.Float64Range(MinRate, 1e5).Draw(rt, "normal")
		if l := bounded(CrowdRatio(n, mu, Surge*mu), crowdEpsilon); !(l >= -3.9 && l <= 3.9) {
			rt.Fatalf("a crowd of %v, %v being normal, weighs %v", n, mu, l)
		}
	})
}

func TestBoundedKeepsWithinItsLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		l, epsilon, want float64
	}{
		{1e6, crowdEpsilon, 3.9}, {-1e6, crowdEpsilon, -3.9},
		{1e6, vantageEpsilon, 4.6}, {-1e6, vantageEpsilon, -4.6},
		{40.5, vantageEpsilon, 4.6}, {39.5, vantageEpsilon, 4.6}, {0, vantageEpsilon, 0}, {0, crowdEpsilon, 0},
		{1, vantageEpsilon, 0.98}, {-1, vantageEpsilon, -0.98},
	} {
		if got := bounded(c.l, c.epsilon); math.Abs(got-c.want) > 0.02 || math.Abs(got) > math.Abs(c.l) {
			t.Errorf("bounded(%v, %v) = %v, want %v", c.l, c.epsilon, got, c.want)
		}
	}
	for l := -50.; l < 50; l += 0.25 {
		if bounded(l+0.25, crowdEpsilon) < bounded(l, crowdEpsilon) {
			t.Errorf("bounded falls at %v", l)
		}
	}
}

func TestTrackRatioSpeaksForWhatItSees(t *testing.T) {
	t.Parallel()
	const healthy, flaky = 0.016, 0.4
	for _, c := range []struct {
		name   string
		k, m   int
		e      float64
		lo, hi float64
	}{
		{"nothing seen", 0, 0, healthy, 0, 0},
		{"one failure", 1, 1, healthy, 2, 6},
		{"three of three", 3, 3, healthy, 8, 20},
		{"three of three, flaky anyway", 3, 3, flaky, 0, 3},
		{"one success", 0, 1, healthy, -3, -0.5},
		{"ten successes", 0, 10, healthy, -20, -2},
		{"half of ten", 5, 10, healthy, 8, 30},
		{"one of thirty", 1, 30, healthy, -10, 0},
	} {
		got := trackRatio(c.k, c.m, c.e)
		if got < c.lo-1e-9 || got > c.hi+1e-9 {
			t.Errorf("%s: %.2f, want within [%v, %v]", c.name, got, c.lo, c.hi)
		}
	}
	for k := range 10 {
		if trackRatio(k+1, 10, healthy) <= trackRatio(k, 10, healthy) {
			t.Errorf("%d of 10 say no more than %d", k+1, k)
		}
	}
}

func TestNoDataIsNoEvidence(t *testing.T) {
	t.Parallel()
	for name, tr := range map[string]*Track{
		"never probed": {}, "probed long ago": {Recent: []Result{NewResult(10*minute, 503)}, OK: 100},
	} {
		if ls, seen := tr.weigh(sick{}, 100*minute); seen || ls != [Windows]float64{} {
			t.Errorf("%s: %v, %v", name, ls, seen)
		}
	}
}

// A short window sees a new failure at once, a long one still weighs what was
// well before it.
func TestWindowsHoldWhatTheyReach(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	tr := &Track{OK: 100}
	for age := 20 * minute; age > 0; age -= minute {
		tr.Recent = append(tr.Recent, NewResult(now-age, CodeOK))
	}
	tr.Recent = append(tr.Recent, NewResult(now-10*second, 503), NewResult(now-5*second, 503))
	ls, seen := tr.weigh(sick{}, now)
	if !seen || ls[0] < 4 || ls[Windows-1] > ls[0]-1 || ls[WindowOf(8*minute)] > ls[WindowOf(2*minute)] {
		t.Errorf("evidence by window: %v", ls)
	}
	k, m := tr.Tally(now)
	if k[0] != 2 || m[0] != 2 || k[WindowOf(4*minute)] != 2 || m[WindowOf(4*minute)] != 6 || m[Windows-1] != 22 {
		t.Errorf("failures %v of %v", k, m)
	}
}

func TestFlakyTracksMuteThemselves(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	recent := []Result{NewResult(now-2*second, 503), NewResult(now-second, 503)}
	weigh := func(ok, fail float64) float64 {
		ls, _ := (&Track{OK: ok, Fail: fail, Recent: recent}).weigh(sick{}, now)
		return ls[0]
	}
	well, flaky, dead, unknown := weigh(200, 0), weigh(150, 50), weigh(0, 200), weigh(0, 0)
	if !(well > 4 && flaky < well-1 && dead < 0.1 && unknown < 0.1) {
		t.Errorf("two failures of a site that is well %.2f, flaky %.2f, dead %.2f, unknown %.2f", well, flaky,
			dead, unknown)
	}
}

func TestCrowdIsWeighedAgainstItsSize(t *testing.T) {
	t.Parallel()
	small, large := 0.001, 10. // reports a minute when well
	if l := CrowdRatio(0, small, Surge*small); l < -0.5 || l > 0 {
		t.Errorf("the silence of a small site weighs %.2f: it is not health", l)
	}
	if l := CrowdRatio(large, large, Surge*large); l > -1 {
		t.Errorf("the usual noise of a large site weighs %.2f", l)
	}
	if l := CrowdRatio(20*large, large, Surge*large); l < 5 {
		t.Errorf("20 times its noise weighs %.2f", l)
	}
}

// The tally of a track holds until a result leaves a window.
func TestTallyHoldsUntilAResultLeaves(t *testing.T) {
	t.Parallel()
	tr := &Track{Recent: []Result{NewResult(0, 503), NewResult(20*second, CodeOK)}}
	for now := 20 * second; now < 40*minute; now += second {
		k, m := tr.Tally(now)
		for w, span := range WindowMS {
			wantK, wantM := 0, 0
			if now <= span {
				wantK, wantM = 1, 1
			}
			if now-20*second <= span {
				wantM++
			}
			if k[w] != wantK || m[w] != wantM {
				t.Fatalf("after %d s window %d has %d failures of %d, want %d of %d", now/second, w, k[w], m[w],
					wantK, wantM)
			}
		}
	}
	if c := tr.counted(); c.failed != 1 || c.lastFail != 0 {
		t.Errorf("%+v", c)
	}
}

// The first failure within a stretch of time, its ends included, and none of when
// the vantage was sick.
func TestFirstFailure(t *testing.T) {
	t.Parallel()
	tr := &Track{Recent: []Result{
		NewResult(10, 503), NewResult(20, CodeOK), NewResult(30, 503), NewResult(40, 503)}}
	for _, c := range []struct{ from, to, want int64 }{
		{10, 40, 10}, {11, 40, 30}, {30, 30, 30}, {31, 39, 0}, {40, 40, 40}, {11, 29, 0},
	} {
		if got := tr.FirstFailure(sick{}, c.from, c.to); got != c.want {
			t.Errorf("from %d to %d: %d, want %d", c.from, c.to, got, c.want)
		}
	}
	if got := tr.FirstFailure(sick{25, 35}, 11, 40); got != 40 {
		t.Errorf("of a vantage that was sick at 30: %d", got)
	}
}
