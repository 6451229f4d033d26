package cause

import (
	"math"
	"slices"
)

// What fails together may depend on something that no map names. Of so many sites
// some share a provider by chance, and the more popular it is the more of them. So
// what was found is weighed against one thing more that all sites might depend on,
// and yields to it where it explains less.

// unmapped is sites that fail since one window because of something that no map
// names.
type unmapped struct {
	sites []int32
	w     int
	gain  float64 // log-odds, the prior included
	lead  float64 // how much more it explains than the named causes do
}

// compareUnmapped weighs what was found against something that no map names, and returns
// what is left to the named causes, and to that. Named causes that would not stand
// beside it are as likely at most as all of them are more likely than it.
func (s *Solver) compareUnmapped(causes []found) ([]found, unmapped) {
	named := s.total(causes)
	t, kept, all := s.explainUnmapped(causes)
	switch {
	case t.gain > 0 && all > named:
		causes, t.lead = kept, all-named
	default:
		for i := range causes {
			if f := &causes[i]; t.gain > 0 && !slices.ContainsFunc(kept, func(k found) bool { return k.c == f.c }) {
				f.gain = min(f.gain, named-all)
			}
		}
		t = unmapped{}
	}
	s.explainAll(causes, -1)
	if t.gain > 0 {
		for _, at := range s.p.Unsettled {
			if j := s.facts.Evidence(at); j.Probed && j.L[t.w] > Failed && s.sites[at].p0 <= ExplainedFrom {
				t.sites = append(t.sites, at)
			}
		}
	}
	return causes, t
}

// explainUnmapped explains what is seen by something that no map names, in the window that
// suits it best, and by those of the causes that have something to say beside it.
func (s *Solver) explainUnmapped(causes []found) (t unmapped, kept []found, all float64) {
	best := 0.
	s.explainAll(nil, -1)
	ws := s.windowsToCompare(causes)
	if len(ws) == 0 {
		return t, nil, 0
	}
	quiet := s.sampleQuiescent()
	for _, w := range ws {
		if q, gain := s.weighUnmapped(w, quiet); gain > t.gain {
			t.w, t.gain, best = w, gain, q
		}
	}
	if t.gain <= 0 {
		return t, nil, 0
	}
	s.unmappedProb = best
	defer func() { s.unmappedProb = 0 }()
	all = t.gain
	for _, f := range causes {
		if _, gain := s.exact(f.c, f.w); s.evident(f.c, gain) > 0 && s.enoughAttributed(f) {
			all += s.joins(f)
			kept = append(kept, f)
		}
	}
	return t, kept, all
}

// windowsToCompare are those that causes were found in or, if none was, those in
// which many sites fail.
func (s *Solver) windowsToCompare(causes []found) []int {
	var ws []int
	for _, f := range causes {
		ws = append(ws, f.w)
	}
	if len(causes) == 0 {
		for w := range Windows {
			if len(s.rising[w]) >= ClusterSites {
				ws = append(ws, w)
			}
		}
	}
	slices.Sort(ws)
	return slices.Compact(ws)
}

// weighUnmapped weighs the hypothesis that all sites depend on one thing more that the
// map does not name, of which a part q fails, the likeliest. To have picked that
// costs half the logarithm of the sites (Schwarz 1978).
func (s *Solver) weighUnmapped(w int, quiet sample) (q float64, gain nats) {
	fails := 0.
	for _, at := range s.rising[w] {
		if s.saysUnmapped(at, w) > Failed {
			fails++
		}
	}
	if fails < ClusterSites {
		return 0, 0
	}
	seen := s.addUnexplained(0, w, s.p.Unsettled, 1)
	seen = s.addUnexplained(seen, w, quiet.sites, quiet.each)
	q, gain = fails/seen, s.logPrior()-unmappedPenalty-math.Log(seen)/2
	for _, at := range s.p.Unsettled {
		if l := s.saysUnmapped(at, w); l > 0 {
			gain += gainAt(q, l, s.backgroundProb(at, w))
		}
	}
	if gain <= 0 {
		return 0, 0 // nor with those that are well, who speak against it
	}
	for _, at := range s.p.Unsettled {
		if l := s.saysUnmapped(at, w); l < 0 {
			gain += gainAt(q, l, s.backgroundProb(at, w))
		}
	}
	for _, at := range quiet.sites {
		if l := s.saysUnmapped(at, w); l != 0 {
			gain += quiet.each * gainAt(q, l, s.backgroundProb(at, w))
		}
	}
	return q, gain
}

// addUnexplained adds to a count the sites that say something in a window and that nothing
// explains, each of which stands for so many.
func (s *Solver) addUnexplained(seen float64, w int, sites []int32, each float64) float64 {
	for _, at := range sites {
		if s.saysUnmapped(at, w) != 0 && s.sites[at].p0 <= ExplainedFrom {
			seen += each
		}
	}
	return seen
}

// saysUnmapped is the evidence of a site in a window for or against something that no
// map names. People alone say nothing of that: they could name any sites.
func (s *Solver) saysUnmapped(at int32, w int) nats {
	j := s.facts.Evidence(at)
	if !j.Probed || s.follows(at, w) {
		return 0
	}
	return j.L[w]
}

// sample is some of the sites of which nothing speaks for a failure, each of which stands
// for so many.
type sample struct {
	sites []int32
	each  float64
}

// sampleQuiescent takes every so many of the quiescent sites, at most healthySample, to
// stand for all of them. Which ones follows from their order alone, so that each replay
// takes the same.
func (s *Solver) sampleQuiescent() (out sample) {
	quiescent := s.p.Sites - len(s.p.Unsettled)
	step := 1 + quiescent/healthySample
	n := 0
	for at := range s.sites[:s.p.Sites] {
		if s.sites[at].unsettled {
			continue
		}
		if n%step == 0 {
			out.sites = append(out.sites, int32(at))
		}
		n++
	}
	out.each = float64(n) / float64(max(1, len(out.sites)))
	return out
}

// gainAt is what a site adds to Gains for one q, of a component that is all of a site.
func gainAt(q, l, p0 float64) float64 {
	x := math.Expm1(l)
	return math.Log((1 + (1-(1-p0)*(1-q))*x) / (1 + p0*x))
}
