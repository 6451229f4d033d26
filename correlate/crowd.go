package correlate

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

// itsTurn reports whether the crowd of a site is weighed now whatever it says.
func (e *Engine) itsTurn(id uint32, speaks bool) bool {
	turn := e.clock/evalEvery + int64(id)
	return turn%weighCrowdEvery == 0 && (speaks || turn%(2*weighCrowdEvery) == 0)
}

// weighCrowd adds the evidence of a site's reports.
func (e *Engine) weighCrowd(s *site, j *siteEvidence) {
	c := e.crowdOf(s)
	if c.Weighed && int(c.Unweighed)*crowdGrain <= len(c.Recent) && !e.itsTurn(j.id, c.alarming) {
		j.crowd, j.alarming = c.L, c.alarming
		return
	}
	past := c.quietHistory(e.clock)
	was, now := &c.weighed, weighed{perMinute: rounded(e.expected(s)), capsGen: e.s.capsGen}
	if !c.recount && e.clock < was.until && was.capsGen == now.capsGen {
		now.n, now.until = was.n, was.until
	} else {
		now.n, now.until = e.countReporters(c)
	}
	loud := false
	c.alarming = false
	for w := range windows {
		now.l[w] = was.l[w]
		if was.n[w] != now.n[w] || was.perMinute != now.perMinute {
			now.l[w] = e.s.known.evidence(now.n[w], now.perMinute, w)
		}
		c.L[w] = now.l[w]
		loud = loud || c.L[w] > failed
		if c.L[w] > 0 {
			quiet := max(past, e.quietBefore(c, e.clock-windowMS[w], now.perMinute))
			c.L[w] *= quiet / (quiet + quietMinutes)
			c.alarming = c.alarming || c.L[w] > 0
		}
	}
	since(&c.LoudSince, loud, e.clock)
	*was = now
	c.Unweighed, c.Weighed, c.recount = 0, true, false
	j.crowd, j.alarming = c.L, c.alarming
}

// rounded is a rate to within a fiftieth, as well as any is known: so what it is for
// need not be worked out again each time that something is learned.
func rounded(rate float64) float64 {
	const fine = fractionBits - rateBits // bits that are left out
	return math.Float64frombits((math.Float64bits(rate) + 1<<(fine-1)) &^ (1<<fine - 1))
}

// rises reports whether a crowd is far above normal: then nothing is learned of it.
func (c *crowd) rises(now int64) bool { return c.LoudSince != 0 && now-c.LoudSince < loudNormal }

// quietHistory is how many minutes of quiet are known of a crowd: one that nobody has
// known quiet can't be said to have risen. Who is reported for the first time has
// been quiet until then.
func (c *crowd) quietHistory(now int64) float64 {
	return c.Base.T + float64(max(0, now-learnLag-c.Base.From))/float64(minute)
}

// quietBefore is how many minutes before a time a crowd was as quiet as perMinute has
// it: what is remembered of it is a past, too, before any of it is learned.
func (e *Engine) quietBefore(c *crowd, at int64, perMinute float64) float64 {
	from := max(e.start, c.Reach)
	minutes := float64(at-from) / float64(minute)
	if minutes <= 0 || c.between(from, at) > quietFactor*perMinute*minutes+fewReports {
		return 0
	}
	return minutes
}

// weighed is what the evidence of a crowd was last worked out for: mostly nothing
// has changed when it is evaluated again.
type weighed struct {
	n         [windows]float64 // independent reports
	perMinute float64          // are normal
	l         [windows]float64 // the evidence of that
	until     int64            // n stays the same if nobody says anything
	capsGen   int              // the state of the caps that it was counted by
}

// crowdEvidence is the evidence of n independent reports in a window, where
// perMinute are normal.
func crowdEvidence(n, perMinute float64, w int) float64 {
	l := surgesIn[w].ratio(n, perMinute*float64(windowMS[w])/float64(minute))
	if n <= fewReports {
		l = min(l, fewWorth*n)
	}
	return bounded(l, crowdEpsilon)
}

// knownEvidence remembers what crowdEvidence of a few people is: sites are many, but
// rates are rounded and mostly few complain. Of them, half may be taken back.
type knownEvidence []struct {
	of uint64
	l  float64
}

func (k *knownEvidence) evidence(n, perMinute float64, w int) float64 {
	halves := uint64(2 * n)
	if n >= knownPeople || float64(halves) != 2*n {
		return crowdEvidence(n, perMinute, w)
	}
	if *k == nil {
		*k = make(knownEvidence, 1<<knownBits)
	}
	of := math.Float64bits(perMinute) | halves<<(windowBits+1) | uint64(w)<<1 | 1 // a rounded rate ends in zeros
	at := &(*k)[of*hashMix>>(wordBits-knownBits)]
	if at.of != of {
		at.of, at.l = of, crowdEvidence(n, perMinute, w)
	}
	return at.l
}

// crowdRatio is the log-likelihood ratio of n reports, mu expected when well and
// extra more when fully down; the severity is averaged over.
func crowdRatio(n, mu, extra float64) float64 {
	s := surgesOf(extra / mu)
	return s.ratio(n, mu)
}

// surges is how many times as many reports as when well are expected at each severity.
type surges struct{ rise, log [len(surgeParts)]float64 }

func surgesOf(extra float64) (s surges) {
	for i, h := range surgeParts {
		s.rise[i] = 1 + extra*h
		s.log[i] = math.Log(s.rise[i])
	}
	return s
}

// surgesIn is that for each window, in which not all had the time to report.
var surgesIn = func() (t [windows]surges) {
	for w, span := range windowMS {
		t[w] = surgesOf(surge * float64(span) / (float64(span) + reportLag))
	}
	return t
}()

// ratio is the log-likelihood ratio of n reports where mu are expected when well.
func (s *surges) ratio(n, mu float64) float64 {
	var terms [len(surgeParts)]float64
	for i, rise := range s.rise {
		terms[i] = n*s.log[i] - (n+1/dispersion)*math.Log((1+dispersion*mu*rise)/(1+dispersion*mu)) - logSurgeParts
	}
	return cause.LogSumExp(terms[:])
}
