package correlate

import (
	"math"
	"slices"
)

// The cause of what is seen is the set of components that best explains it
// jointly: a noisy-OR over components, each with a failing fraction q that is
// integrated out, over the leak π₀ by which sites fail on their own. It is
// searched greedily by likelihood (as Flock does, CoNEXT 2023), with healthy
// sites as negative evidence and materiality as the gate.

// found is a component that explains what is seen, since one of the windows.
type found struct {
	c            uint32
	w            int
	q            float64  // the likeliest fraction
	gain         float64  // log-odds, the prior included
	cover        []uint32 // members whose failure must be accounted for, ascending
	own          []uint32 // those of them that nothing else explained when it was found
	alternatives []alternative
}

type alternative struct {
	c    uint32
	gain float64
	near bool // it may as well be the cause, whatever is published
	same bool // the same members: nothing tells the two apart
}

// logPrior is the log prior of one component failing just now: one of all, twice
// as unlikely again as the data must overcome, in one of the windows.
func (e *Engine) logPrior() float64 {
	return -math.Log(float64(len(e.components.rows)+1)) - priorPenalty - math.Log(windows)
}

// searchOnce returns the components that explain what nothing explains yet, and
// what nothing that is named does.
func (e *Engine) searchOnce() ([]found, unmappedCause) {
	for _, at := range e.s.explained {
		e.s.evidence[at].held = e.s.evidence[at].p0
	}
	e.prepare()
	causes := e.explainBut(nil)
	if wide := widest(causes); wide >= 0 {
		// What explains most at once may hide several that explain it better.
		if more := e.explainBut([]uint32{causes[wide].c}); len(more) > len(causes) && e.total(more) > e.total(causes) {
			causes = more
		}
	}
	return e.compareUnmapped(causes)
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
func (e *Engine) total(causes []found) float64 {
	sum := 0.
	e.explainAll(nil, -1)
	for _, f := range causes {
		sum += e.joins(f)
	}
	return sum
}

// joins is what a cause adds to what explains already, published or not, and explains
// by it.
func (e *Engine) joins(f found) float64 {
	q, gain := e.exact(f.c, f.w)
	e.explain(f.c, q)
	return gain - e.priorOf(f.c) + e.logPrior()
}

// explainBut returns the components that explain best together what is seen,
// without those that were dropped.
func (e *Engine) explainBut(dropped []uint32) []found {
	e.explainAll(nil, -1)
	causes := e.refit(e.explainMore(nil, dropped))
	for range searchRounds {
		if len(e.s.search.dropped) == 0 {
			break
		}
		dropped = slices.Concat(dropped, e.s.search.dropped)
		causes = e.refit(e.explainMore(causes, dropped))
	}
	return causes
}

// explainMore adds the components that explain best what causes do not, one after
// the other, without those that were dropped.
func (e *Engine) explainMore(causes []found, dropped []uint32) []found {
	candidates := slices.DeleteFunc(e.screen(), func(f found) bool {
		return slices.Contains(dropped, f.c) || slices.ContainsFunc(causes, func(o found) bool { return o.c == f.c })
	})
	for len(causes) < maxCauses && len(candidates) > 0 {
		best := e.pick(candidates)
		if best < 0 {
			break
		}
		f := candidates[best]
		f.cover = e.cover(f.c, f.w)
		candidates = slices.Delete(candidates, best, best+1)
		if !e.enoughAttributed(f) {
			continue
		}
		f, candidates = e.nameCause(f, candidates)
		f.own = e.unexplained(f.cover)
		causes = append(causes, f)
		e.explain(f.c, f.q)
	}
	return causes
}

// exact weighs a component member by member, given what is explained already.
// Healthy members that nothing explains are looked up by bucket.
func (e *Engine) exact(c uint32, w int) (q, gain float64) { return e.weighOn(c, w, true) }

// atMost is what exact can come to at most: quiescent members are not asked how well they
// are, see wellOnce.
func (e *Engine) atMost(c uint32, w int) float64 {
	_, gain := e.weighOn(c, w, false)
	return gain
}

func (e *Engine) weighOn(c uint32, w int, all bool) (q, gain float64) {
	gains := newSiteGains()
	var plain histogram // what nothing explains, and is looked up
	kind := e.components.rows[c].kind
	for _, on := range e.dependentsOf(c) {
		j, wt := &e.s.evidence[on.at], on.weight
		var l float64
		if all {
			l = e.weigh(j).says(w, kind)
		} else {
			l = e.healthIn(on.at, w, kind)
		}
		if l == 0 {
			continue
		}
		switch {
		case l > anomalous && kind.excluded(j.step):
			l = wellOnce // that its sites fail otherwise shows that this works
		case l > anomalous:
			l += kind.symptoms[j.class]
		case j.p0 == 0 && e.s.unmappedProb == 0 && (wt == 1 || wt == sharedWeight):
			plain[classOf(wt)][bucketOf(l)]++
			continue
		}
		gains.add(l, e.backgroundProb(j, w), wt)
	}
	sum := gains.sums()
	e.sumGains(&sum, &plain, w)
	if kind.whole {
		for i, q := range qGrid {
			if q < wholeFrom {
				sum[i] -= wholePenalty
			}
		}
	}
	q, gain = overQ(sum[:])
	return q, gain + e.priorOf(c)
}

// evident is a gain of a component at its full prior: what the evidence alone says. That
// a cause is published already steadies the decision, and is no evidence for it.
func (e *Engine) evident(c uint32, gain nats) nats { return gain - e.priorOf(c) + e.logPrior() }

// priorOf is the log prior of one component: what is published already need not
// be believed again at every evaluation.
func (e *Engine) priorOf(c uint32) float64 {
	if slices.Contains(e.s.search.published, c) {
		return 0
	}
	return e.logPrior()
}

// pick re-weighs candidates until the best of them is known; gains only shrink
// as more is explained, so that the order of the last evaluation is a bound.
func (e *Engine) pick(candidates []found) int {
	best := -1
	for i := range candidates {
		f := &candidates[i]
		if best >= 0 && f.gain <= candidates[best].gain {
			continue
		}
		if most := e.atMost(f.c, f.w); most <= 0 || best >= 0 && most <= candidates[best].gain {
			f.gain = min(f.gain, most)
			continue
		}
		f.q, f.gain = e.exact(f.c, f.w)
		if f.gain > 0 && (best < 0 || f.gain > candidates[best].gain) {
			best = i
		}
	}
	return best
}

// enoughAttributed reports whether enough of what fails of a component fails because of
// it: most of it, or, where another cause holds many of its members already, a
// fair part of those that the other does not.
func (e *Engine) enoughAttributed(f found) bool {
	attributed := e.attributedCount(f)
	if attributed < float64(minAttributedSites) {
		return false
	}
	if attributed >= minAttributionShare*float64(len(e.accountable(f))) {
		return true
	}
	fails, all := 0., 0.
	kind := e.components.rows[f.c].kind
	for _, on := range e.dependentsOf(f.c) {
		if j := e.evidenceAt(on.at); j.says(f.w, kind) != 0 && j.p0 <= explainedFrom {
			all++
			if j.l[f.w] > failed && !e.components.rows[f.c].kind.excluded(j.step) {
				fails++
			}
		}
	}
	return f.gain >= asideOdds && fails >= asideSites && fails >= asidePart*all
}

// attributedCount is how many of a cause's failing members, those of one owner taken as one,
// fail because of it rather than of what explains them already.
func (e *Engine) attributedCount(f found) (sum float64) {
	for _, j := range e.accountable(f) {
		id := j.id
		without := e.backgroundProb(j, f.w)
		with := 1 - (1-without)*(1-f.q*e.weight(id, f.c))
		sum += (with - without) / with
	}
	return sum
}

// accountable is the failing members of a cause, those of one owner taken as one.
func (e *Engine) accountable(f found) []*siteEvidence {
	kind := e.components.rows[f.c].kind
	list := make([]*siteEvidence, 0, len(f.cover))
	for _, id := range f.cover {
		if j := e.evidenceOf(id); !j.silent(f.w, kind) {
			list = append(list, j)
		}
	}
	return list
}
