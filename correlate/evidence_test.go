package correlate

import (
	"math"
	"testing"
)

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
	for name, tr := range map[string]*track{
		"never probed": {}, "probed long ago": {Recent: []result{newResult(10*minute, 503)}, OK: 100},
	} {
		if ls, seen := tr.weigh(&vantage{}, 100*minute); seen || ls != [windows]float64{} {
			t.Errorf("%s: %v, %v", name, ls, seen)
		}
	}
}

// A short window sees a new failure at once, a long one still weighs what was
// well before it.
func TestWindowsHoldWhatTheyReach(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	tr := &track{OK: 100}
	for age := 20 * minute; age > 0; age -= minute {
		tr.Recent = append(tr.Recent, newResult(now-age, codeOK))
	}
	tr.Recent = append(tr.Recent, newResult(now-10*second, 503), newResult(now-5*second, 503))
	ls, seen := tr.weigh(&vantage{}, now)
	if !seen || ls[0] < 4 || ls[windows-1] > ls[0]-1 || ls[windowOf(8*minute)] > ls[windowOf(2*minute)] {
		t.Errorf("evidence by window: %v", ls)
	}
	k, m := tr.tally(now)
	if k[0] != 2 || m[0] != 2 || k[windowOf(4*minute)] != 2 || m[windowOf(4*minute)] != 6 || m[windows-1] != 22 {
		t.Errorf("failures %v of %v", k, m)
	}
}

func TestFlakyTracksMuteThemselves(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	recent := []result{newResult(now-2*second, 503), newResult(now-second, 503)}
	weigh := func(ok, fail float64) float64 {
		ls, _ := (&track{OK: ok, Fail: fail, Recent: recent}).weigh(&vantage{}, now)
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
	if l := crowdRatio(0, small, surge*small); l < -0.5 || l > 0 {
		t.Errorf("the silence of a small site weighs %.2f: it is not health", l)
	}
	if l := crowdRatio(large, large, surge*large); l > -1 {
		t.Errorf("the usual noise of a large site weighs %.2f", l)
	}
	if l := crowdRatio(20*large, large, surge*large); l < 5 {
		t.Errorf("20 times its noise weighs %.2f", l)
	}
}
