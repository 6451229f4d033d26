package cause

// Solver keeps the work lists of one search for the next one, so that a search
// allocates little. The zero value is ready; one goroutine uses it at a time.
type Solver struct {
	p     Problem
	facts Facts

	sites        []reasoning // beside the problem's sites
	explained    []int32     // of them, those that something explains
	followers    []int32     // of them, those that another site of their owner speaks for
	unmappedProb float64     // chance that a site fails by what no map names, while that is weighed

	considered []Considered // what the first screening of a search found
	dropped    []uint32     // causes that the last refit found needless
	count      []int32      // by component: anomalous sites
	slot       []int32      // by component: its histogram + 1
	touched    []uint32
	hist       []histogram
	table      [Windows]tableOfGains
	rising     [Windows][]int32 // sites that nothing explains, with evidence of failure
}

// reasoning is what a search notes of one site.
type reasoning struct {
	p0        float64 // chance that it fails by a cause that is known already
	held      float64 // of it, by what is held
	explained bool    // some cause explains it: it is in the list of those
	unsettled bool    // it is in the problem's list of those
	follows   uint8   // a bit for each window in which another site of its owner speaks for both
}

// Solve explains what is seen.
func Solve(p Problem) Explanation { return new(Solver).Solve(p) }

// Solve explains what is seen. The explanation is good until the next call.
func (s *Solver) Solve(p Problem) Explanation {
	s.begin(p)
	causes, t := s.searchOnce()
	out := Explanation{solver: s, Causes: make([]Cause, 0, len(causes)), Considered: s.considered}
	for _, f := range causes {
		out.Causes = append(out.Causes, Cause{
			Component: f.c, Window: f.w, Q: f.q, Gain: f.gain, Evident: s.evident(f.c, f.gain),
			Sites: s.numbers(f.cover), Own: s.numbers(f.own), Alternatives: f.alternatives,
		})
	}
	out.Unmapped = Unmapped{Sites: s.numbers(t.sites), Window: t.w, Gain: t.gain, Lead: t.lead}
	for _, at := range p.Unsettled {
		s.sites[at].unsettled = false
	}
	return out
}

// begin forgets the last search and notes what is known at the start of this one.
func (s *Solver) begin(p Problem) {
	s.p, s.facts = p, p.Facts
	s.considered = nil
	for _, at := range s.explained {
		s.sites[at].p0, s.sites[at].held, s.sites[at].explained = 0, 0, false
	}
	s.explained = s.explained[:0]
	if more := p.Sites - len(s.sites); more > 0 {
		s.sites = append(s.sites, make([]reasoning, more)...)
	}
	for _, at := range p.Unsettled {
		s.sites[at].unsettled = true
	}
	for _, h := range p.Held {
		s.hold(h)
	}
	for _, at := range s.explained {
		s.sites[at].held = s.sites[at].p0
	}
	s.oneSiteAnOwner()
	s.findRising()
}

// findRising lists the sites with evidence of failure. Nothing speaks for a failure of
// those that are settled.
func (s *Solver) findRising() {
	for w := range Windows {
		s.table[w].known = [2][buckets]bool{}
		s.rising[w] = s.rising[w][:0]
	}
	for _, at := range s.p.Unsettled {
		if s.sites[at].p0 > ExplainedFrom {
			continue
		}
		for w, l := range s.facts.Evidence(at).L {
			if bucketOf(l) > bucketOf(0) {
				s.rising[w] = append(s.rising[w], at)
			}
		}
	}
}

// numbers are sites by the caller's numbers.
func (s *Solver) numbers(sites []int32) []uint32 {
	if len(sites) == 0 {
		return nil
	}
	out := make([]uint32, len(sites))
	for i, at := range sites {
		out[i] = s.facts.Number(at)
	}
	return out
}
