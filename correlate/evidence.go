package correlate

import (
	"math"

	"faultline"
	"faultline/correlate/cause"
)

// Evidence is, per site and onset hypothesis, L = ln P(data | failing since) −
// ln P(data | healthy): probes and crowd apart, each source bounded, their sum
// clamped. No data is exactly 0.

// bounded is ρ_ε, the log-likelihood ratio when a part ε of sources lies.
func bounded(l, epsilon float64) float64 {
	if l > boundedFrom { // it comes no nearer that could be seen
		return math.Log((1 - epsilon) / epsilon)
	}
	x := math.Exp(l)
	return math.Log(((1-epsilon)*x + epsilon) / (epsilon*x + 1 - epsilon))
}

// siteEvidence is what is known of one site at one evaluation.
type siteEvidence struct {
	id uint32
	cause.Evidence
	probes   [windows]float64 // of L, from probes
	crowd    [windows]float64 // of L, from reports
	alarming bool             // the crowd, of a failure, in some window
	bound    bool             // it belonged to an incident when it was weighed
	down     bool             // and that found it failing

	at     int64 // the evaluation that it was last brought up to date in, see weigh
	summed bool  // L is the sum of probes and crowd
	// What holds while nothing new comes in. Of the generation of the trust in vantages are
	// all but the symptom.
	tracks  memo[struct{}] // probes and Probed are as its results say
	now     memo[standing] // by its newest results
	symptom memo[uint16]   // its commonest symptom; Step is of it
	checked memo[int64]    // the incident that found it as it is
}

// standing is how a site does by its newest results.
type standing struct {
	fresh bool // they are of now
	well  bool // all of them succeeded, so that no crowd speaks for its failure
}

// weighProbes adds the evidence of a site's tracks, combined over scope patterns. It
// returns until when that holds if no more results come.
func (e *Engine) weighProbes(s *site, j *siteEvidence) (until int64) {
	j.probes, j.Probed = [windows]float64{}, false
	until = math.MaxInt64
	if len(s.Tracks) == 0 {
		return until
	}
	sc := &e.s
	sc.regions = sc.regions[:0]
	for _, t := range s.Tracks {
		v := e.vantages.rows[t.Vantage]
		ls, seen := t.weigh(v, e.clock)
		if !seen {
			continue
		}
		j.Probed = true
		until = min(until, t.recent.until)
		for w := range ls {
			if ls[w] > 0 {
				ls[w] *= v.trust[w]
			}
		}
		sc.addRegional(v.Region, ls)
	}
	for w := range windows {
		j.probes[w] = sc.overPatterns(w)
	}
	return until
}

// regional is the evidence of the vantages of one region: their sum, and each
// of them.
type regional struct {
	region   uint32
	l        [windows]float64
	vantages [windows]int // vantages with a say
	each     [][windows]float64
}

// addRegional files the evidence of one vantage under its region.
func (s *derived) addRegional(region uint32, ls [windows]float64) {
	r := s.region(region)
	for w, l := range ls {
		r.l[w] += l
		if l != 0 {
			r.vantages[w]++
		}
	}
	r.each = append(r.each, ls)
}

func (s *derived) region(id uint32) *regional {
	for i := range s.regions {
		if s.regions[i].region == id {
			return &s.regions[i]
		}
	}
	if len(s.regions) < cap(s.regions) { // what lies there has lists to use again
		s.regions = s.regions[:len(s.regions)+1]
	} else {
		s.regions = append(s.regions, regional{})
	}
	r := &s.regions[len(s.regions)-1]
	*r = regional{region: id, each: r.each[:0]}
	return r
}

// overPatterns is ln Σ P(pattern) · exp(evidence of the vantages in it).
func (s *derived) overPatterns(w int) float64 {
	sum, regions, vantages := 0., 0, 0
	for i := range s.regions {
		if n := s.regions[i].vantages[w]; n > 0 {
			sum += s.regions[i].l[w]
			regions++
			vantages += n
		}
	}
	if vantages < 2 {
		return sum
	}
	s.terms = append(s.terms[:0], logEverywhere+sum)
	region, one := logPart(&logRegions, oneRegion, regions), logPart(&logVantages, oneVantage, vantages)
	for i := range s.regions {
		r := &s.regions[i]
		if r.vantages[w] == 0 {
			continue
		}
		s.terms = append(s.terms, region+r.l[w])
		for _, ls := range r.each {
			if ls[w] != 0 {
				s.terms = append(s.terms, one+ls[w])
			}
		}
	}
	return cause.LogSumExp(s.terms)
}

// The logarithms of the patterns' parts, by how many regions and vantages share them.
var (
	logEverywhere           = math.Log(everywhere)
	logRegions, logVantages = logParts(oneRegion), logParts(oneVantage)
)

func logParts(whole float64) (t [partsKnown]float64) {
	for n := range t {
		t[n] = math.Log(whole / float64(n))
	}
	return t
}

func logPart(known *[partsKnown]float64, whole float64, n int) float64 {
	if n < len(known) {
		return known[n]
	}
	return math.Log(whole / float64(n))
}

// weigh returns a track's evidence for each window, and whether it has any
// result in reach.
func (t *track) weigh(v *vantage, now int64) (ls [windows]float64, seen bool) {
	k, m := t.believed(v, now)
	was := &t.weighed
	if t.recent.m[windows-1] == 0 {
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
	for w := range windows {
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
	if l > 0 {
		l *= oks / (oks + successesSeen)
	}
	return bounded(l, vantageEpsilon)
}

// failingLikelihood is ln P(k of m fail | failing), by m and k.
var failingLikelihood = func() (t [ringResults + 1][ringResults + 1]float64) {
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

// symptom is the commonest failure of a site of late, the clearer class first
// when it is as common.
func (s *site) symptom(now int64) uint16 {
	code, _, _ := s.symptomFor(now)
	return code
}

// symptomFor also returns the step at which more than half of the failed probes failed,
// and when either may next be another if nothing comes in.
func (s *site) symptomFor(now int64) (best uint16, step faultline.Layer, until int64) {
	var steps [cause.StepOrigin + 1]int
	failures := 0
	var count [1 << codeBits]uint16
	most := uint16(0)
	best, until = codeOther, math.MaxInt64
	vote := func(code uint16) {
		count[code]++
		if n := count[code]; n > most || n == most && symptomClass(code) < symptomClass(best) {
			best, most = code, n
		}
	}
	for _, t := range s.Tracks {
		for _, r := range t.Recent {
			if r.failed() && now-r.at() <= symptomSpan {
				until = min(until, r.at()+symptomSpan+1)
				vote(r.code())
				steps[failedStep(r.code())]++
				failures++
			}
		}
	}
	if s.Crowd != nil && most == 0 { // where a probe failed, what it saw is the symptom, whoever says otherwise
		for _, h := range s.Crowd.since(now - symptomSpan) {
			if h.Code != codeOther {
				until = min(until, h.At+symptomSpan+1)
				vote(h.Code)
			}
		}
	}
	for l, n := range steps {
		if 2*n > failures {
			step = faultline.Layer(l)
		}
	}
	return best, step, until
}
