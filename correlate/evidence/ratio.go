package evidence

import (
	"math"

	"faultline/correlate/cause"
)

// bounded is ρ_ε, the log-likelihood ratio when a part ε of sources lies.
func bounded(l, epsilon float64) float64 {
	if l > boundedFrom { // it comes no nearer that could be seen
		return math.Log((1 - epsilon) / epsilon)
	}
	x := math.Exp(l)
	return math.Log(((1-epsilon)*x + epsilon) / (epsilon*x + 1 - epsilon))
}

// trackWeighed is the evidence of a track as last worked out, and of what.
type trackWeighed struct {
	all, allFail float64
	k, m         [Windows]uint8
	l            [Windows]float64
}

// normalFailures is how often a track fails when all is well: the posterior mean
// after so many failures and successes.
func normalFailures(fails, oks float64) float64 {
	credit := PriorOK
	if fails >= flakyFails {
		credit = flakyOK
	}
	return (PriorFail + fails) / (PriorFail + credit + fails + oks)
}

// weigh returns a track's evidence for each window, and whether it has any
// result in reach.
func (t *Track) weigh(v Health, now int64) (ls [Windows]float64, seen bool) {
	k, m := t.Believed(v, now)
	was := &t.weighed
	if t.recent.m[Windows-1] == 0 {
		return ls, false
	}
	allFail, all := t.Fail, t.OK+t.Fail
	for range t.recent.failed {
		allFail++
	}
	for range t.Recent {
		all++
	}
	if was.all != all || was.allFail != allFail {
		*was = trackWeighed{all: all, allFail: allFail}
	}
	for w := range Windows {
		switch {
		case m[w] == 0:
			was.m[w], was.l[w] = 0, 0
		case w > 0 && m[w] == m[w-1]: // the window is longer and holds no more
			was.k[w], was.m[w], was.l[w] = was.k[w-1], was.m[w-1], was.l[w-1]
		case int(was.k[w]) != k[w] || int(was.m[w]) != m[w]:
			was.k[w], was.m[w], was.l[w] = uint8(k[w]), uint8(m[w]), trackEvidence(k[w], m[w], all, allFail)
		}
	}
	return was.l, true
}

// trackEvidence is the evidence of k failures among the m results of a window, of
// all that were seen, of which allFail failed.
func trackEvidence(k, m int, all, allFail float64) float64 {
	fails := allFail - float64(k)
	oks := all - allFail - float64(m-k)
	l := trackRatio(k, m, normalFailures(fails, oks))
	if k == 0 {
		l = min(l, 0) // successes never speak for a failure
	}
	return bounded(everWell(l, oks), vantageEpsilon)
}

// everWell is how much of the evidence for a failure may be believed after so many successes:
// a site that was never seen well can't have failed. A long failure does not make up for what
// was hardly seen, so that each success vouches for no more than a nat.
func everWell(l nats, oks float64) nats {
	if l <= 0 {
		return l
	}
	return min(l*oks/(oks+successesSeen), oks*successNats)
}

// failingLikelihood is ln P(k of m fail | failing), by m and k.
var failingLikelihood = func() (t [RingResults + 1][RingResults + 1]float64) {
	var terms [len(failing)]float64
	for m := range t {
		for k := range m + 1 {
			for i, f := range failing {
				terms[i] = math.Log(f.weight) + float64(k)*math.Log(f.share) + float64(m-k)*math.Log1p(-f.share)
			}
			t[m][k] = cause.LogSumExp(terms[:])
		}
	}
	return t
}()

// trackRatio is ln P(k of m fail | failing) − ln P(k of m fail | healthy at e).
func trackRatio(k, m int, e float64) float64 {
	l := failingLikelihood[m][k] - float64(m-k)*math.Log1p(-e)
	if k > 0 {
		l -= float64(k) * math.Log(e)
	}
	return l
}

// Cautious is the evidence of a track with the upper end (two standard
// deviations) of how often it fails when all is well.
func (t *Track) Cautious(k, m int) float64 {
	fails, oks := t.Fail-float64(k), t.OK-float64(m-k)
	for _, r := range t.Recent {
		if r.Failed() {
			fails++
		} else {
			oks++
		}
	}
	a, b := PriorFail+max(0, fails), cautiousOK+max(0, oks)
	mean := a / (a + b)
	e := min(cautiousMost, mean+2*math.Sqrt(mean*(1-mean)/(a+b+1)))
	l := trackRatio(k, m, e)
	if k == 0 {
		l = min(l, 0) // successes never speak for a failure
	}
	return bounded(everWell(l, max(0, oks)), vantageEpsilon)
}
