package cause

// hold explains what is held before the search begins.
func (s *Solver) hold(h Held) {
	if h.Blames {
		s.explain(h.Component, h.Fraction)
	}
	for _, at := range h.Sites {
		s.explainSite(at, max(s.sites[at].p0, memberChance))
	}
}

// explain raises the chance of failure of a component's members.
func (s *Solver) explain(c uint32, q float64) {
	for _, on := range s.facts.Members(c) {
		j := &s.sites[on.Site]
		if j.unsettled && s.excluded(on.Site, c) {
			continue
		}
		s.explainSite(on.Site, 1-(1-j.p0)*(1-q*on.Weight))
	}
}

// explainSite sets the chance that a site fails by what is known already.
func (s *Solver) explainSite(at int32, p0 float64) {
	j := &s.sites[at]
	if j.p0 = p0; !j.explained {
		j.explained = true
		s.explained = append(s.explained, at)
	}
}

// explainAll explains what is seen by what is held and by all causes but one.
func (s *Solver) explainAll(causes []found, but int) {
	for _, at := range s.explained {
		s.sites[at].p0 = s.sites[at].held
	}
	for i, f := range causes {
		if i != but {
			s.explain(f.c, f.q)
		}
	}
}

// backgroundProb is the chance that a site fails since a window by anything but the
// cause that is being weighed.
func (s *Solver) backgroundProb(at int32, w int) float64 {
	return 1 - (1-s.p.Leak[w])*(1-s.sites[at].p0)*(1-s.unmappedProb)
}

// cover is the members of a component whose failure since a window must be
// accounted for, ascending.
func (s *Solver) cover(c uint32, w int) []int32 {
	var out []int32
	for _, on := range s.facts.Members(c) {
		if on.Weight <= 0 || !s.sites[on.Site].unsettled {
			continue
		}
		if j := s.facts.Evidence(on.Site); j.L[w] > Failed && !s.excluded(on.Site, c) {
			out = append(out, on.Site)
		}
	}
	return out
}

// excluded reports whether how a site fails proves that a component did not cause it.
func (s *Solver) excluded(at int32, c uint32) bool {
	step := s.facts.Evidence(at).Step
	return s.facts.Kind(c).Excluded(step) || step == StepOrigin && s.facts.Fronts(c, at)
}

// weight is how much a site depends on a component, 0 for not at all.
func (s *Solver) weight(at int32, c uint32) float64 {
	for _, d := range s.facts.Depends(at) {
		if d.C() == c {
			return d.W()
		}
	}
	return 0
}
