package correlate

import (
	"cmp"
	"math"
	"slices"

	"faultline"
)

// The cause of what is seen is the set of components that best explains it
// jointly: a noisy-OR over components, each with a failing fraction q that is
// integrated out, over the leak π₀ by which sites fail on their own. It is
// searched greedily by likelihood (as Flock does, CoNEXT 2023), with healthy
// sites as negative evidence and materiality as the gate.

const (
	leakStart = 0.002
	leakMin   = 0.0005
	leakMax   = 0.02
	// anomalous is the evidence from which a site takes part as failing, failed
	// that from which its failure must be accounted for.
	anomalous = 0.5
	failed    = 2.0
	// material: at least so much of what fails of a component must fail because
	// of it, and at least so many sites.
	material      = 0.7
	materialSites = 2.0
	priorPenalty  = 2.0
	maxCauses     = 16
	maxCandidates = 48
	// likeness: two components whose failing members overlap so much are
	// alternatives; the one that a person would name wins unless it explains
	// less than nameable of what the other does.
	likeness = 0.65
	nameable = 0.8
)

// qGrid is the failing fractions that are integrated over.
var qGrid = [...]float64{0.03, 0.06, 0.1, 0.18, 0.3, 0.45, 0.6, 0.75, 0.88, 0.97}

// found is a component that explains what is seen, since one of the windows.
type found struct {
	c            uint32
	w            int
	q            float64 // the likeliest fraction
	gain         float64 // log-odds, the prior included
	cover        []uint32
	alternatives []alternative
}

type alternative struct {
	c    uint32
	gain float64
	same bool // the same members: nothing tells the two apart
}

// Histograms of evidence: half a nat a bucket, for sole and for shared providers.
const (
	bucketWidth = 0.5
	buckets     = int((evidenceMax-evidenceMin)/bucketWidth) + 1
)

type histogram [2][buckets]int32

type searchScratch struct {
	count   []int32 // by component: anomalous sites
	slot    []int32 // by component: its histogram + 1
	touched []uint32
	hist    []histogram
}

func bucketOf(l float64) int { return int((l-evidenceMin)/bucketWidth + 0.5) }

func classOf(w float64) int {
	if w >= 0.8 {
		return 0
	}
	return 1
}

// logPrior is the log prior of one component failing just now: one of all, twice
// as unlikely again as the data must overcome, in one of the windows.
func (e *Engine) logPrior() float64 {
	return -math.Log(float64(len(e.components.rows)+1)) - priorPenalty - math.Log(windows)
}

// search returns the components that explain what open incidents do not.
func (e *Engine) search() []found {
	e.explainOpen()
	candidates := e.screen()
	var causes []found
	for len(causes) < maxCauses && len(candidates) > 0 {
		best := e.pick(candidates)
		if best < 0 {
			break
		}
		f := candidates[best]
		candidates = slices.Delete(candidates, best, best+1)
		if !e.material(f) {
			continue
		}
		f, candidates = e.nameCause(f, candidates)
		causes = append(causes, f)
		e.explain(f.c, f.q)
	}
	return causes
}

// explain raises the chance of failure of a component's members.
func (e *Engine) explain(c uint32, q float64) {
	for _, id := range e.components.rows[c].Members {
		if j := e.judgedSite(id); j != nil {
			j.p0 = 1 - (1-j.p0)*(1-q*e.weight(id, c))
		}
	}
}

// explainOpen starts the explanation from the incidents that are open. Young ones
// must win their cause anew each time, and may lose it to a better one.
func (e *Engine) explainOpen() {
	for _, in := range e.incidents {
		if !in.holds(e.clock) {
			continue
		}
		young := in.young(e.clock)
		if c, ok := e.components.find(string(in.Cause)); ok && !young {
			e.explain(c, in.heldFraction())
		}
		for _, m := range in.Members {
			if j := e.judgedSite(m.Site); j != nil && (!young || m.Adopted) {
				j.p0 = max(j.p0, memberChance)
			}
		}
	}
}

// young reports whether the cause of an incident is still open to doubt.
func (in *incident) young(now int64) bool {
	kind := in.Cause.Kind()
	return in.State.Open() && now-in.Detected <= renameWithin && kind != faultline.KindISP && kind != faultline.KindSite
}

// memberChance is how likely a site that belongs to an open incident fails.
const memberChance = 0.9

func (e *Engine) judgedSite(id uint32) *judged {
	if int(id) >= len(e.s.byID) || e.s.byID[id] < 0 {
		return nil
	}
	return &e.s.judged[e.s.byID[id]]
}

func (e *Engine) weight(id, c uint32) float64 {
	for _, d := range e.sites.rows[id].Deps {
		if d.C == c {
			return d.W
		}
	}
	return 0
}

// screen finds the components that could pay for their prior, each with the
// window that suits it best, by histograms alone: no member list is walked.
func (e *Engine) screen() []found {
	s := &e.s.search
	for len(s.count) < len(e.components.rows) {
		s.count = append(s.count, make([]int32, 256)...)
		s.slot = append(s.slot, make([]int32, 256)...)
	}
	table := e.gainTable()
	best := map[uint32]found{}
	for w := range windows {
		e.fillHistograms(w)
		for _, c := range s.touched {
			slot := s.slot[c]
			s.count[c], s.slot[c] = 0, 0
			if slot == 0 {
				continue
			}
			q, gain := s.hist[slot-1].gain(table)
			gain += e.logPrior()
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

// fillHistograms counts the evidence of one window by component, for those with
// two failing members that nothing explains yet.
func (e *Engine) fillHistograms(w int) {
	s := &e.s.search
	for i := range e.s.judged {
		j := &e.s.judged[i]
		if j.l[w] <= anomalous || j.p0 > 0.5 {
			continue
		}
		for _, d := range e.sites.rows[j.id].Deps {
			if s.count[d.C] == 0 {
				s.touched = append(s.touched, d.C)
			}
			s.count[d.C]++
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
	for i := range e.s.judged {
		j := &e.s.judged[i]
		if j.l[w] == 0 || j.p0 > 0.5 {
			continue
		}
		for _, d := range e.sites.rows[j.id].Deps {
			if slot := s.slot[d.C]; slot != 0 {
				l := j.l[w]
				if l > anomalous {
					l = min(evidenceMax, l+symptomGain[e.components.rows[d.C].Name.Kind()][j.class])
				}
				s.hist[slot-1][classOf(d.W)][bucketOf(l)]++
			}
		}
	}
}

type gains [2][buckets][len(qGrid)]float64

// gainTable holds what one site in a bucket adds to the log-likelihood of a
// component at each q.
func (e *Engine) gainTable() *gains {
	var t gains
	for class, w := range [2]float64{1, sharedWeight} {
		for b := range buckets {
			l := evidenceMin + float64(b)*bucketWidth
			for i, q := range qGrid {
				t[class][b][i] = siteGain(l, e.leak, q*w)
			}
		}
	}
	return &t
}

// siteGain is ln of P(data | p0 and a component failing it by chance p) over
// P(data | p0), for evidence l.
func siteGain(l, p0, p float64) float64 {
	x := math.Expm1(l)
	with := 1 - (1-p0)*(1-p)
	return math.Log1p(with*x) - math.Log1p(p0*x)
}

// gain integrates a histogram over q and returns the likeliest q as well.
func (h *histogram) gain(t *gains) (q, gain float64) {
	var sum [len(qGrid)]float64
	for class := range h {
		for b, n := range h[class] {
			if n == 0 {
				continue
			}
			for i := range sum {
				sum[i] += float64(n) * t[class][b][i]
			}
		}
	}
	return overQ(sum[:])
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

// exact weighs a component member by member, given what is explained already.
func (e *Engine) exact(c uint32, w int) (q, gain float64, cover []uint32) {
	var sum [len(qGrid)]float64
	kind := e.components.rows[c].Name.Kind()
	for _, id := range e.components.rows[c].Members {
		j := e.judgedSite(id)
		if j == nil || j.l[w] == 0 {
			continue
		}
		l, wt := j.l[w], e.weight(id, c)
		if l > anomalous {
			l = min(evidenceMax, l+symptomGain[kind][j.class])
		}
		if j.l[w] > failed {
			cover = append(cover, id)
		}
		for i, q := range qGrid {
			sum[i] += siteGain(l, j.p0, q*wt)
		}
	}
	q, gain = overQ(sum[:])
	return q, gain + e.logPrior(), cover
}

// pick re-weighs candidates until the best of them is known; gains only shrink
// as more is explained, so that the order of the last look is a bound.
func (e *Engine) pick(candidates []found) int {
	best := -1
	for i := range candidates {
		f := &candidates[i]
		if best >= 0 && f.gain <= candidates[best].gain {
			continue
		}
		f.q, f.gain, f.cover = e.exact(f.c, f.w)
		if f.gain > 0 && (best < 0 || f.gain > candidates[best].gain) {
			best = i
		}
	}
	return best
}

// material reports whether enough of what fails of a component fails because of it.
func (e *Engine) material(f found) bool {
	because := 0.
	for _, id := range f.cover {
		j := e.judgedSite(id)
		with := 1 - (1-j.p0)*(1-f.q*e.weight(id, f.c))
		because += (with - j.p0) / with
	}
	return because >= materialSites && because >= material*float64(len(f.cover))
}

// nameCause picks, among the components that explain the same failures nearly as
// well, the one that a person would name, and lists the rest as alternatives.
func (e *Engine) nameCause(f found, rest []found) (found, []found) {
	best := f
	var others []found
	keep := rest[:0]
	for _, o := range rest {
		o.q, o.gain, o.cover = e.exact(o.c, f.w)
		o.w = f.w
		if jaccard(f.cover, o.cover) < likeness || o.gain <= 0 {
			keep = append(keep, o)
			continue
		}
		others = append(others, o)
		if o.gain >= nameable*f.gain && e.kindRank(o.c) < e.kindRank(best.c) && e.material(o) {
			best = o
		}
	}
	for _, o := range append(others, f) {
		if o.c != best.c && o.gain >= nameable*best.gain {
			best.alternatives = append(best.alternatives, alternative{c: o.c, gain: o.gain, same: e.sameMembers(o.c, best.c)})
		}
	}
	return best, keep
}

func (e *Engine) kindRank(c uint32) int {
	return slices.Index(faultline.Kinds, e.components.rows[c].Name.Kind())
}

// sameMembers reports whether two components have the same members among the
// sites that anything is known of.
func (e *Engine) sameMembers(a, b uint32) bool {
	seen := func(c uint32) []uint32 {
		return slices.DeleteFunc(slices.Clone(e.components.rows[c].Members), func(id uint32) bool { return e.judgedSite(id) == nil })
	}
	return slices.Equal(seen(a), seen(b))
}

// jaccard is the overlap of two ascending lists.
func jaccard(a, b []uint32) float64 {
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			both, i, j = both+1, i+1, j+1
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	if union := len(a) + len(b) - both; union > 0 {
		return float64(both) / float64(union)
	}
	return 0
}
