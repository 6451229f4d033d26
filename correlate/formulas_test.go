package correlate

import (
	"math"
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

// A network is worth three people, or four times its usual share of all reports.
func TestCapsFollowTheUsualShare(t *testing.T) {
	t.Parallel()
	e := settled(60)
	for i := range 3 {
		e.Fold(faultline.Report{At: after(60), Site: "a.example", Reporter: string(rune('a' + i)), ASN: uint32(1 + i)})
	}
	if got := evidence.CapOf(e.shareOf(0), 1000); got != evidence.NetworkCap {
		t.Errorf("before anything is known a network is worth %v", got)
	}
	for i, perMinute := range []float64{6, 3, 1} {
		e.networks.rows[i].Base = evidence.Rate{N: perMinute * 1e6, T: 1e6}
	}
	e.reportRate = 10
	for i, want := range []float64{0.6, 0.3, 0.1} {
		if got := e.shareOf(uint32(i)); math.Abs(got-want) > 1e-3 {
			t.Errorf("network %d has a share of %v, want %v", i, got, want)
		}
	}
	if got := evidence.CapOf(e.shareOf(2), 100); math.Abs(got-40) > 0.1 {
		t.Errorf("a tenth of all reports is worth %v of 100, want 40", got)
	}
	if got := evidence.CapOf(e.shareOf(2), 5); got != evidence.NetworkCap {
		t.Errorf("of five reports it is worth %v", got)
	}
}

// Sizes follow rank, hours of the week their share.
func TestFormulasOfSeasonAndSize(t *testing.T) {
	t.Parallel()
	near(t, "the first site", evidence.SizeOf(1), math.Pow(2, -0.55))
	near(t, "the hundredth", evidence.SizeOf(100), math.Pow(101, -0.55))
	near(t, "no rank", evidence.SizeOf(0), math.Pow(20_001, -0.55))
	near(t, "a rank below 0", evidence.SizeOf(-1), math.Pow(20_001, -0.55))

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
	near(t, "expected of a silent site", e.expected(e.sites.rows[id]), 0.3*evidence.SizeOf(100))
	e.sites.rows[id].Crowd = &evidence.Crowd{Base: evidence.Rate{N: 60, T: 100}}
	near(t, "expected of one that is heard", e.expected(e.sites.rows[id]), (0.3*evidence.SizeOf(100)*20+60)/120)
	e.sites.rows[id].Crowd.Base = evidence.Rate{T: 1e9}
	near(t, "never nothing", e.expected(e.sites.rows[id]), evidence.MinRate)
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
	near(t, "in the longest window", e.leakIn(evidence.Windows-1), e.leak)
	near(t, "within a minute", e.leakIn(evidence.WindowOf(minute)), e.leak*2/32)
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
