package evidence

import (
	"math"

	"faultline/correlate/cause"
)

// The crowd is judged by a negative binomial on independent reporters, with the
// alternative scaled by the size of the site: the silence of a small site is not
// health.

var (
	logSurgeParts = math.Log(float64(len(surgeParts)))
)

// rounded is a rate to within a fiftieth, as well as any is known: so what it is for
// need not be worked out again each time that something is learned.
func rounded(rate float64) float64 {
	const fine = fractionBits - rateBits // bits that are left out
	return math.Float64frombits((math.Float64bits(rate) + 1<<(fine-1)) &^ (1<<fine - 1))
}

// CrowdEvidence is the evidence of n independent reports in a window, where
// perMinute are normal.
func CrowdEvidence(n, perMinute float64, w int) float64 {
	l := surgesIn[w].ratio(n, perMinute*float64(WindowMS[w])/float64(minute))
	if n <= FewReports {
		l = min(l, fewWorth*n)
	}
	return bounded(l, crowdEpsilon)
}

// knownEvidence remembers results of [CrowdEvidence] for few people: sites are many, but
// rates are rounded and mostly few complain. A person may count for a half.
type knownEvidence []struct {
	of uint64
	l  float64
}

// evidence is CrowdEvidence, remembered for small numbers of people. Most crowds have one
// of few sizes and rates, and the sum behind each is costly.
func (k *knownEvidence) evidence(n, perMinute float64, w int) float64 {
	halves := uint64(2 * n)
	if n >= knownPeople || float64(halves) != 2*n {
		return CrowdEvidence(n, perMinute, w)
	}
	if *k == nil {
		*k = make(knownEvidence, 1<<knownBits)
	}
	of := math.Float64bits(perMinute) | halves<<(windowBits+1) | uint64(w)<<1 | 1 // a rounded rate ends in zeros
	at := &(*k)[of*hashMix>>(wordBits-knownBits)]
	if at.of != of {
		at.of, at.l = of, CrowdEvidence(n, perMinute, w)
	}
	return at.l
}

// CrowdRatio is the log-likelihood ratio of n reports, mu expected when well and
// extra more when fully down; the severity is averaged over.
func CrowdRatio(n, mu, extra float64) float64 {
	s := surgesOf(extra / mu)
	return s.ratio(n, mu)
}

// surges is how many times as many reports as when well are expected at each severity.
type surges struct{ rise, log [len(surgeParts)]float64 }

// surgesOf works out how much each severity of a failure adds to the usual rate.
func surgesOf(extra float64) (s surges) {
	for i, h := range surgeParts {
		s.rise[i] = 1 + extra*h
		s.log[i] = math.Log(s.rise[i])
	}
	return s
}

// surgesIn is that for each window, in which not all had the time to report.
var surgesIn = func() (t [Windows]surges) {
	for w, span := range WindowMS {
		t[w] = surgesOf(Surge * float64(span) / (float64(span) + ReportLag))
	}
	return t
}()

// ratio is the log-likelihood ratio of n reports where mu are expected when well.
func (s *surges) ratio(n, mu float64) float64 {
	var terms [len(surgeParts)]float64
	for i, rise := range s.rise {
		terms[i] = n*s.log[i] - (n+1/Dispersion)*math.Log((1+Dispersion*mu*rise)/(1+Dispersion*mu)) - logSurgeParts
	}
	return cause.LogSumExp(terms[:])
}
