package correlate

import (
	"cmp"
	"math"
	"slices"
)

// Histograms of evidence: half a nat a bucket, for sole and for shared providers.
const (
	buckets = int((evidenceMax-evidenceMin)/bucketWidth) + 1
)

type histogram [2][buckets]int32

type searchScratch struct {
	dropped   []uint32 // causes that the last refit found needless
	published []uint32 // causes of confirmed incidents that are open
	count     []int32  // by component: anomalous sites
	slot      []int32  // by component: its histogram + 1
	touched   []uint32
	hist      []histogram
	table     [windows]gains
	rising    [windows][]int32 // in evidence: sites that nothing explains, with evidence of failure
}

func bucketOf(l float64) int { return int((l-evidenceMin)/bucketWidth + 0.5) }

func classOf(w float64) int {
	if w >= soleFrom {
		return 0
	}
	return 1
}

// screen finds the components that could pay for their prior, each with the
// window that suits it best, by histograms alone: no member list is walked.
func (e *Engine) screen() []found {
	s := &e.s.search
	for len(s.count) < len(e.components.rows) {
		s.count = append(s.count, make([]int32, growSearchBy)...)
		s.slot = append(s.slot, make([]int32, growSearchBy)...)
	}
	best := map[uint32]found{}
	for w := range windows {
		e.fillHistograms(w)
		for _, c := range s.touched {
			slot := s.slot[c]
			s.count[c], s.slot[c] = 0, 0
			if slot == 0 {
				continue
			}
			h, prior := &s.hist[slot-1], e.priorOf(c)
			if _, most := e.gain(h, w); most+prior <= 0 {
				continue // nor with its healthy members, who speak against it
			}
			if !e.addHealthy(h, c, w, prior) {
				continue
			}
			q, gain := e.gain(h, w)
			gain += prior
			if old, ok := best[c]; gain > 0 && (!ok || gain > old.gain) {
				best[c] = found{c: c, w: w, q: q, gain: gain}
			}
		}
		s.touched = s.touched[:0]
	}
	out := make([]found, 0, len(best))
	for _, c := range sortedKeys(best) {
		out = append(out, best[c])
	}
	slices.SortStableFunc(out, func(a, b found) int { return cmp.Compare(b.gain, a.gain) })
	return out[:min(len(out), maxCandidates)]
}

// fillHistograms counts the evidence of failure since one window by component, for
// those with two failing members that nothing explains yet.
func (e *Engine) fillHistograms(w int) {
	s := &e.s.search
	for _, i := range s.rising[w] {
		j := &e.s.evidence[i]
		if j.l[w] <= anomalous {
			continue
		}
		for _, d := range e.sites.rows[j.id].Deps {
			kind := e.components.rows[d.C()].kind
			if kind.excluded(j.step) || j.says(w, kind) == 0 {
				continue
			}
			if s.count[d.C()] == 0 {
				s.touched = append(s.touched, d.C())
			}
			s.count[d.C()]++
		}
	}
	slots := int32(0)
	for _, c := range s.touched {
		if s.count[c] >= 2 {
			slots++
			s.slot[c] = slots
		}
	}
	for len(s.hist) < int(slots) {
		s.hist = append(s.hist, histogram{})
	}
	clear(s.hist[:slots])
	if slots == 0 {
		return
	}
	for _, i := range s.rising[w] {
		j := &e.s.evidence[i]
		for _, d := range e.sites.rows[j.id].Deps {
			slot, kind := s.slot[d.C()], e.components.rows[d.C()].kind
			l := j.says(w, kind)
			if slot == 0 || l == 0 {
				continue
			}
			switch {
			case l > anomalous && kind.excluded(j.step):
				l = wellOnce
			case l > anomalous:
				l = min(evidenceMax, l+kind.symptoms[j.class])
			}
			s.hist[slot-1][classOf(d.W())][bucketOf(l)]++
		}
	}
}

// addHealthy counts the members of a component that are well, until they have said
// enough against it.
func (e *Engine) addHealthy(h *histogram, c uint32, w int, prior float64) bool {
	kind := e.components.rows[c].kind
	for i, on := range e.dependentsOf(c) {
		if i%healthyAtOnce == healthyAtOnce-1 {
			if _, most := e.gain(h, w); most+prior <= 0 {
				return false
			}
		}
		if l := e.healthIn(on.at, w, kind); l < 0 && e.s.evidence[on.at].p0 <= explainedFrom {
			h[classOf(on.weight)][bucketOf(l)]++
		}
	}
	return true
}

// healthIn is the evidence of an active site in a window about a component of a kind;
// for a quiescent one that of a single success.
func (e *Engine) healthIn(at int32, w int, kind *traits) float64 {
	switch id := e.active[at]; {
	case e.s.changes[id]&quiescent == 0:
		return e.evidenceAt(at).says(w, kind)
	case e.s.evidence[at].follows != 0 && e.s.evidence[at].says(w, kind) == 0:
		return 0
	case e.clock-e.s.newest[id] <= windowMS[w]:
		return wellOnce
	}
	return 0
}

// gains is what one site in a bucket of evidence adds to the log-likelihood of a
// component at each q, by class of weight. What has not been worked out in this
// search is not known.
type gains struct {
	known [2][buckets]bool
	of    [2][buckets][len(qGrid)]float64
}

// classWeights are the weights that classes stand for.
var classWeights = [2]float64{1, sharedWeight}

// prepare sets up what one search looks things up in.
func (e *Engine) prepare() {
	s := &e.s.search
	s.published = s.published[:0]
	for _, in := range e.incidents {
		if c, ok := e.components.find(string(in.Cause)); ok && in.State.Open() && in.Confirmed != 0 {
			s.published = append(s.published, c)
		}
	}
	e.oneSiteAnOwner()
	for w := range windows {
		s.table[w].known = [2][buckets]bool{}
		s.rising[w] = s.rising[w][:0]
	}
	for _, at := range e.s.unsettled { // nothing speaks for a failure of the others
		if e.s.evidence[at].p0 > explainedFrom {
			continue
		}
		for w, l := range e.evidenceAt(at).l {
			if bucketOf(l) > bucketOf(0) {
				s.rising[w] = append(s.rising[w], at)
			}
		}
	}
}

// bucketGains looks up what a site in a bucket adds.
func (e *Engine) bucketGains(w, class, b int) *[len(qGrid)]float64 {
	t := &e.s.search.table[w]
	if !t.known[class][b] {
		t.known[class][b] = true
		l := evidenceMin + float64(b)*bucketWidth
		one := newSiteGains()
		one.add(l, e.leakIn(w), classWeights[class])
		t.of[class][b] = one.sums()
	}
	return &t.of[class][b]
}

// product is a sum of logarithms: what they are of is multiplied until it grows too
// large or too small, as a logarithm takes as long as many products.
type product struct{ of, log float64 }

func (p *product) add(ratio float64) {
	p.of *= ratio
	if p.of > productMost || p.of < productLeast {
		p.log, p.of = p.log+math.Log(p.of), 1
	}
}

func (p *product) sum() float64 { return p.log + math.Log(p.of) }

// siteGains adds up, for each q, ln of P(data | p0 and a component failing it by
// chance q·weight) over P(data | p0).
type siteGains struct {
	with    [len(qGrid)]product
	without product
}

func newSiteGains() (g siteGains) {
	for i := range g.with {
		g.with[i].of = 1
	}
	g.without.of = 1
	return g
}

// add adds a site with evidence l.
func (g *siteGains) add(l, p0, weight float64) {
	x := math.Exp(l) - 1
	for i, q := range qGrid {
		g.with[i].add(1 + (1-(1-p0)*(1-q*weight))*x)
	}
	g.without.add(1 + p0*x)
}

// sums returns, for each q, what was added.
func (g *siteGains) sums() (sum [len(qGrid)]float64) {
	without := g.without.sum()
	for i := range sum {
		sum[i] = g.with[i].sum() - without
	}
	return sum
}

// gain integrates a histogram over q and returns the likeliest q as well.
func (e *Engine) gain(h *histogram, w int) (q, gain float64) {
	var sum [len(qGrid)]float64
	e.sumGains(&sum, h, w)
	return overQ(sum[:])
}

// sumGains adds what the sites of a histogram add at each q.
func (e *Engine) sumGains(sum *[len(qGrid)]float64, h *histogram, w int) {
	for class := range h {
		for b, n := range h[class] {
			if n == 0 {
				continue
			}
			each := e.bucketGains(w, class, b)
			for i := range sum {
				sum[i] += float64(n) * each[i]
			}
		}
	}
}

func overQ(sum []float64) (q, gain float64) {
	best := 0
	for i := range sum {
		if sum[i] > sum[best] {
			best = i
		}
	}
	return qGrid[best], logSumExp(sum) - math.Log(float64(len(sum)))
}
