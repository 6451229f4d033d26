package cause

// oneSiteAnOwner lets, in each window, one site of each owner speak of shared
// components: the one that fails most clearly. The others say nothing of them, however
// many there are. What they have in common, their owner, is weighed by all of them.
func (s *Solver) oneSiteAnOwner() {
	for _, at := range s.followers {
		s.sites[at].follows = 0
	}
	s.followers = s.followers[:0]
	if s.p.Owners == nil {
		return
	}
	for group := range s.p.Owners {
		s.chooseSpeaker(group)
	}
}

// chooseSpeaker finds, for each window, the site of one owner that fails most clearly.
func (s *Solver) chooseSpeaker(group []int32) {
	var lead [Windows]int32
	var of [Windows]*Evidence
	for _, at := range group {
		j := s.facts.Evidence(at)
		for w, first := range of {
			switch {
			case j.L[w] == 0:
			case first == nil:
				lead[w], of[w] = at, j
			case j.L[w] > first.L[w]:
				s.follow(lead[w], w)
				lead[w], of[w] = at, j
			default:
				s.follow(at, w)
			}
		}
	}
}

// follow marks a site as explained by an owner's fault in a window.
func (s *Solver) follow(at int32, w int) {
	if s.sites[at].follows == 0 {
		s.followers = append(s.followers, at)
	}
	s.sites[at].follows |= 1 << w
}

// says is the evidence of a site in a window for or against a component.
func (s *Solver) says(at int32, w int, c uint32) float64 {
	if s.silent(at, w, c) {
		return 0
	}
	return s.facts.Evidence(at).L[w]
}

// silent reports whether another site of its owner speaks for a site about a component. What
// the owner runs is its own, and every site speaks of that.
func (s *Solver) silent(at int32, w int, c uint32) bool {
	return s.follows(at, w) && !s.facts.Kind(c).Own && !s.facts.OwnerRuns(c, at)
}

// follows reports whether another site of its owner speaks for a site.
func (s *Solver) follows(at int32, w int) bool { return s.sites[at].follows>>w&1 == 1 }
