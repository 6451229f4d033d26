package cause

import (
	"math"
	"slices"
)

// found is a component that explains what is seen, since one of the windows.
type found struct {
	c            uint32
	w            int
	q            float64 // the likeliest fraction
	gain         nats    // log-odds, the prior included
	cover        []int32 // members whose failure must be accounted for, ascending
	own          []int32 // those of them that nothing else explained when it was found
	alternatives []Alternative
}

// logPrior is the log prior of one component failing just now: one of all, twice
// as unlikely again as the data must overcome, in one of the windows.
func (s *Solver) logPrior() nats { return LogPrior(s.p.Components) }

// LogPrior is that of any one of so many components.
func LogPrior(components int) float64 {
	return -math.Log(float64(components+1)) - priorPenalty - math.Log(Windows)
}

// searchOnce returns the components that explain what nothing explains yet, and
// what nothing that is named does.
func (s *Solver) searchOnce() ([]found, unmapped) {
	causes := s.explainBut(nil)
	if wide := widest(causes); wide >= 0 {
		// What explains most at once may hide others that explain it better together: several
		// narrow ones, or fewer on which all of it depends and that show otherwise as a rule.
		others := s.explainBut([]uint32{causes[wide].c})
		if n := len(others); n > 0 && n != len(causes) && s.total(others) > s.total(causes) {
			causes = others
		}
	}
	return s.compareUnmapped(causes)
}

// widest is the cause with the most failing members if it fails in part, else -1.
func widest(causes []found) int {
	at := -1
	for i, f := range causes {
		if f.q < wholly && (at < 0 || len(f.cover) > len(causes[at].cover)) {
			at = i
		}
	}
	return at
}

// total is how well causes explain what is seen, together.
func (s *Solver) total(causes []found) nats {
	sum := 0.
	s.explainAll(nil, -1)
	for _, f := range causes {
		sum += s.joins(f)
	}
	return sum
}

// joins is what a cause adds to what explains already, published or not, and explains
// by it.
func (s *Solver) joins(f found) nats {
	q, gain := s.exact(f.c, f.w)
	s.explain(f.c, q)
	return s.evident(f.c, gain)
}

// explainBut returns the components that explain best together what is seen,
// without those that were dropped.
func (s *Solver) explainBut(dropped []uint32) []found {
	s.explainAll(nil, -1)
	causes := s.refit(s.explainMore(nil, dropped))
	for range searchRounds {
		if len(s.dropped) == 0 {
			break
		}
		dropped = slices.Concat(dropped, s.dropped)
		causes = s.refit(s.explainMore(causes, dropped))
	}
	return causes
}

// explainMore adds the components that explain best what causes do not, one after
// the other, without those that were dropped.
func (s *Solver) explainMore(causes []found, dropped []uint32) []found {
	candidates := slices.DeleteFunc(s.screen(), func(f found) bool {
		return slices.Contains(dropped, f.c) || slices.ContainsFunc(causes, func(o found) bool { return o.c == f.c })
	})
	for len(causes) < maxCauses && len(candidates) > 0 {
		best := s.pick(candidates)
		if best < 0 {
			break
		}
		f := candidates[best]
		f.cover = s.cover(f.c, f.w)
		candidates = slices.Delete(candidates, best, best+1)
		if !s.enoughAttributed(f) {
			continue
		}
		f, candidates = s.nameCause(f, candidates)
		f.own = s.unexplained(f.cover)
		causes = append(causes, f)
		s.explain(f.c, f.q)
	}
	return causes
}

// exact weighs a component member by member, given what is explained already.
// Healthy members that nothing explains are looked up by bucket.
func (s *Solver) exact(c uint32, w int) (q float64, gain nats) { return s.weighOn(c, w, true) }

// atMost is what exact can come to at most: quiescent members are not asked how well they
// are, see WellOnce.
func (s *Solver) atMost(c uint32, w int) nats {
	_, gain := s.weighOn(c, w, false)
	return gain
}

// weighOn weighs one component in a window over all its members: what fails of it, or all,
// against what is well. Evidence of quiescent members is looked up in a histogram and not
// worked out one by one.
func (s *Solver) weighOn(c uint32, w int, all bool) (q float64, gain nats) {
	gains := NewGains()
	var plain histogram // what nothing explains, and is looked up
	kind := s.facts.Kind(c)
	for _, on := range s.facts.Members(c) {
		at, wt := on.Site, on.Weight
		var l nats
		if all {
			l = s.says(at, w, c)
		} else {
			l = s.healthIn(at, w, c)
		}
		if l == 0 {
			continue
		}
		switch {
		case l > Anomalous:
			l = s.withSymptom(at, l, c)
		case s.sites[at].p0 == 0 && s.unmappedProb == 0 && (wt == 1 || wt == SharedWeight):
			plain[classOf(wt)][bucketOf(l)]++
			continue
		}
		gains.Add(l, s.backgroundProb(at, w), wt)
	}
	sum := gains.sums()
	s.sumGains(&sum, &plain, w)
	if kind.Whole {
		for i, q := range qGrid {
			if q < wholeFrom {
				sum[i] -= wholePenalty
			}
		}
	}
	q, gain = overQ(sum[:])
	return q, gain + s.priorOf(c)
}

// withSymptom is what a failing site says for a component, by how it fails.
func (s *Solver) withSymptom(at int32, l nats, c uint32) nats {
	if s.excluded(at, c) {
		return WellOnce // that its sites fail otherwise shows that this works
	}
	return l + s.facts.Kind(c).Symptoms[s.facts.Evidence(at).Class]
}

// evident is a gain of a component at its full prior: what the evidence alone says. That
// a cause is published already steadies the decision, and is no evidence for it.
func (s *Solver) evident(c uint32, gain nats) nats { return gain - s.priorOf(c) + s.logPrior() }

// priorOf is the log prior of one component: what is published already need not
// be believed again at every evaluation.
func (s *Solver) priorOf(c uint32) nats {
	if slices.Contains(s.p.Published, c) {
		return 0
	}
	return s.logPrior()
}

// pick re-weighs candidates until the best of them is known; gains only shrink
// as more is explained, so that the order of the last evaluation is a bound.
func (s *Solver) pick(candidates []found) int {
	best := -1
	for i := range candidates {
		f := &candidates[i]
		if best >= 0 && f.gain <= candidates[best].gain {
			continue
		}
		if most := s.atMost(f.c, f.w); most <= 0 || best >= 0 && most <= candidates[best].gain {
			f.gain = min(f.gain, most)
			continue
		}
		f.q, f.gain = s.exact(f.c, f.w)
		if f.gain > 0 && (best < 0 || f.gain > candidates[best].gain) {
			best = i
		}
	}
	return best
}

// enoughAttributed reports whether enough of what fails of a component fails because of
// it: most of it, or, where another cause holds many of its members already, a
// fair part of those that the other does not.
func (s *Solver) enoughAttributed(f found) bool {
	attributed := s.attributedCount(f)
	if attributed < float64(MinSites) {
		return false
	}
	if attributed >= minAttributionShare*float64(len(s.accountable(f))) {
		return true
	}
	fails, all := 0., 0.
	for _, on := range s.facts.Members(f.c) {
		j := s.facts.Evidence(on.Site)
		if s.says(on.Site, f.w, f.c) != 0 && s.sites[on.Site].p0 <= ExplainedFrom {
			all++
			if j.L[f.w] > Failed && !s.excluded(on.Site, f.c) {
				fails++
			}
		}
	}
	return f.gain >= asideOdds && fails >= asideSites && fails >= asidePart*all
}

// attributedCount is how many of a cause's failing members, those of one owner taken as one,
// fail because of it rather than of what explains them already.
func (s *Solver) attributedCount(f found) (sum float64) {
	for _, at := range s.accountable(f) {
		without := s.backgroundProb(at, f.w)
		with := 1 - (1-without)*(1-f.q*s.weight(at, f.c))
		sum += (with - without) / with
	}
	return sum
}

// accountable is the failing members of a cause, those of one owner taken as one.
func (s *Solver) accountable(f found) []int32 {
	list := make([]int32, 0, len(f.cover))
	for _, at := range f.cover {
		if !s.silent(at, f.w, f.c) {
			list = append(list, at)
		}
	}
	return list
}
