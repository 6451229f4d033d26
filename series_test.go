package faultline_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"faultline"
)

func TestExpectedHighIsTheNinetyNinthPercentile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, mean := range []float64{0.05, 0.7, 4, 60, 900} {
		high := faultline.ExpectedHigh(mean)
		const draws = 200_000
		within := 0
		for range draws {
			// A negative binomial count is a Poisson count whose mean is gamma distributed.
			if poisson(rng, gamma(rng, 1/faultline.ReportDispersion)*mean*faultline.ReportDispersion) <= high {
				within++
			}
		}
		if share := float64(within) / draws; share < 0.988 {
			t.Errorf("mean %g: %.4f of the steps stay within %g", mean, share, high)
		} else if share > 0.9925 && high > 20 {
			t.Errorf("mean %g: %.4f of the steps stay within %g: the band is too wide", mean, share, high)
		}
	}
	if got := faultline.ExpectedHigh(0) + faultline.ExpectedHigh(math.NaN()) + faultline.ExpectedHigh(-1); got != 0 {
		t.Errorf("nothing expected has a band up to %g", got)
	}
}

// gamma draws by Marsaglia and Tsang (2000), for shapes of 1 and more.
func gamma(rng *rand.Rand, shape float64) float64 {
	d := shape - 1.0/3
	for {
		x := rng.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func poisson(rng *rand.Rand, mean float64) float64 {
	if mean > 200 {
		return math.Round(mean + math.Sqrt(mean)*rng.NormFloat64())
	}
	n, p, limit := 0.0, rng.Float64(), math.Exp(-mean)
	for p > limit {
		n++
		p *= rng.Float64()
	}
	return n
}
