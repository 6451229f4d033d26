package cause

import (
	"cmp"
	"maps"
	"slices"
)

// buckets is how many rows a histogram of evidence has.
const buckets = int((EvidenceMax-EvidenceMin)/bucketWidth) + 1

// histogram counts sites by their evidence, half a nat a bucket, for sole and for shared
// providers.
type histogram [2][buckets]int32

// bucketOf is the row of a value, rounded to the nearest.
func bucketOf(l float64) int { return int((l-EvidenceMin)/bucketWidth + 0.5) }

// Sole reports whether a provider of a weight counts as the only one of its kind.
func Sole(weight float64) bool { return weight >= soleFrom }

// classOf is 0 for the only provider of a kind and 1 for one of several: their weights
// differ too much for one histogram.
func classOf(weight float64) int {
	if Sole(weight) {
		return 0
	}
	return 1
}

// screen finds the components that could pay for their prior, each with the
// window that suits it best, by histograms alone: no member list is walked.
func (s *Solver) screen() []found {
	for len(s.count) < s.p.Components {
		s.count = append(s.count, make([]int32, growBy)...)
		s.slot = append(s.slot, make([]int32, growBy)...)
	}
	best := map[uint32]found{}
	for w := range Windows {
		s.fillHistograms(w)
		for _, c := range s.touched {
			slot := s.slot[c]
			s.count[c], s.slot[c] = 0, 0
			if slot == 0 {
				continue
			}
			h, prior := &s.hist[slot-1], s.priorOf(c)
			if _, most := s.gain(h, w); most+prior <= 0 {
				continue // nor with its healthy members, who speak against it
			}
			if !s.addHealthy(h, c, w, prior) {
				continue
			}
			q, gain := s.gain(h, w)
			gain += prior
			if old, ok := best[c]; gain > 0 && (!ok || gain > old.gain) {
				best[c] = found{c: c, w: w, q: q, gain: gain}
			}
		}
		s.touched = s.touched[:0]
	}
	out := make([]found, 0, len(best))
	for _, c := range slices.Sorted(maps.Keys(best)) {
		out = append(out, best[c])
	}
	slices.SortStableFunc(out, func(a, b found) int { return cmp.Compare(b.gain, a.gain) })
	out = out[:min(len(out), maxCandidates)]
	s.consider(out)
	return out
}

// consider notes what the first screening of a search found, before anything that the search
// finds explains a part of it.
func (s *Solver) consider(candidates []found) {
	if len(s.considered) > 0 {
		return
	}
	for _, f := range candidates {
		s.considered = append(s.considered, Considered{Component: f.c, Evident: s.evident(f.c, f.gain)})
	}
}

// fillHistograms counts the evidence of failure since one window by component, for
// those with two failing members that nothing explains yet.
func (s *Solver) fillHistograms(w int) {
	s.countAnomalous(w)
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
	for _, at := range s.rising[w] {
		for _, d := range s.facts.Depends(at) {
			slot, l := s.slot[d.C()], s.says(at, w, d.C())
			if slot == 0 || l == 0 {
				continue
			}
			if l > Anomalous {
				l = min(EvidenceMax, s.withSymptom(at, l, d.C()))
			}
			s.hist[slot-1][classOf(d.W())][bucketOf(l)]++
		}
	}
}

// countAnomalous counts, by component, the failing sites since a window that may fail
// because of it.
func (s *Solver) countAnomalous(w int) {
	for _, at := range s.rising[w] {
		j := s.facts.Evidence(at)
		if j.L[w] <= Anomalous {
			continue
		}
		for _, d := range s.facts.Depends(at) {
			if s.excluded(at, d.C()) || s.silent(at, w, d.C()) {
				continue
			}
			if s.count[d.C()] == 0 {
				s.touched = append(s.touched, d.C())
			}
			s.count[d.C()]++
		}
	}
}

// addHealthy counts the members of a component that are well, until they have said
// enough against it.
func (s *Solver) addHealthy(h *histogram, c uint32, w int, prior nats) bool {
	for i, on := range s.facts.Members(c) {
		if i%healthyAtOnce == healthyAtOnce-1 {
			if _, most := s.gain(h, w); most+prior <= 0 {
				return false
			}
		}
		if l := s.healthIn(on.Site, w, c); l < 0 && s.sites[on.Site].p0 <= ExplainedFrom {
			h[classOf(on.Weight)][bucketOf(l)]++
		}
	}
	return true
}

// healthIn is the evidence of one site, in one window, about a component. A quiescent site
// has the evidence of a single success.
func (s *Solver) healthIn(at int32, w int, c uint32) nats {
	switch j := &s.sites[at]; {
	case j.unsettled:
		return s.says(at, w, c)
	case j.follows != 0 && s.says(at, w, c) == 0:
		return 0
	case s.facts.WellIn(at, w):
		return WellOnce
	}
	return 0
}

// tableOfGains is what one site in a bucket of evidence adds to the log-likelihood of a
// component at each q, by class of weight. What has not been worked out in this
// search is not known.
type tableOfGains struct {
	known [2][buckets]bool
	of    [2][buckets][len(qGrid)]float64
}

// classWeights are the weights that classes stand for.
var classWeights = [2]float64{1, SharedWeight}

// bucketGains looks up what a site in a bucket adds.
func (s *Solver) bucketGains(w, class, b int) *[len(qGrid)]float64 {
	t := &s.table[w]
	if !t.known[class][b] {
		t.known[class][b] = true
		l := EvidenceMin + float64(b)*bucketWidth
		one := NewGains()
		one.Add(l, s.p.Leak[w], classWeights[class])
		t.of[class][b] = one.sums()
	}
	return &t.of[class][b]
}

// gain integrates a histogram over q and returns the likeliest q as well.
func (s *Solver) gain(h *histogram, w int) (q float64, gain nats) {
	var sum [len(qGrid)]float64
	s.sumGains(&sum, h, w)
	return overQ(sum[:])
}

// sumGains adds what the sites of a histogram add at each q.
func (s *Solver) sumGains(sum *[len(qGrid)]float64, h *histogram, w int) {
	for class := range h {
		for b, n := range h[class] {
			if n == 0 {
				continue
			}
			each := s.bucketGains(w, class, b)
			for i := range sum {
				sum[i] += float64(n) * each[i]
			}
		}
	}
}
