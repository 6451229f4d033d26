package cause

import (
	"math"
	"testing"
)

// The formulas of docs/method.md, worked out a second time.
func TestFormulasOfGains(t *testing.T) {
	t.Parallel()
	// So many that their product is no float any more.
	for _, sites := range []float64{1, 3, 1000} {
		gains := NewGains()
		for range int(sites) {
			gains.Add(3, 0.01, 0.5)
			gains.Add(-9, 0.01, 0.5)
		}
		x, y := math.Exp(3)-1, math.Exp(-9)-1
		for i, q := range qGrid {
			with := 1 - 0.99*(1-q*0.5)
			near(t, "gain of sites", gains.sums()[i]/sites,
				math.Log(1+with*x)-math.Log(1+0.01*x)+math.Log(1+with*y)-math.Log(1+0.01*y))
		}
	}
	q, gain := overQ([]float64{0, 1, 2, 5, 4, 3, 2, 1, 0, 0})
	sum := 0.
	for _, v := range []float64{0, 1, 2, 5, 4, 3, 2, 1, 0, 0} {
		sum += math.Exp(v) / 10
	}
	near(t, "the likeliest q", q, 0.18)
	near(t, "gain over q", gain, math.Log(sum))
	near(t, "a sum of logarithms", LogSumExp([]float64{math.Log(1), math.Log(2), math.Log(3)}), math.Log(6))
	near(t, "of very small numbers", LogSumExp([]float64{-2000, -2000}), -2000+math.Ln2)
}

// Noisy-OR, and the prior.
func TestFormulasOfCauses(t *testing.T) {
	t.Parallel()
	s := ready(&town{groups: []group{{n: 1, on: "cdn:a"}, {n: 1, on: "cdn:b"}, {n: 1, on: "cdn:c"}}})
	near(t, "prior", s.logPrior(), -math.Log(4)-2-math.Log(8))
	s.sites[0].p0 = 0.2
	s.explain(0, 0.6)
	near(t, "explained", s.sites[0].p0, 1-0.8*0.4)
	near(t, "otherwise", s.backgroundProb(0, Windows-1), 1-(1-0.002)*(1-0.68))
}
