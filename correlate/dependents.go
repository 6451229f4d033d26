package correlate

import "faultline/correlate/cause"

// dependents remembers, for one evaluation, which of the active sites depend on the
// components that were asked for: a search asks for the same ones again and again.
type dependents struct {
	all         []cause.Member
	byComponent map[uint32]stretch // component → its part of all
}

// stretch is a part of a list, from lo up to hi.
type stretch struct{ lo, hi int }

// forget drops the lists; they are made again when they are next asked for. Their memory is
// kept.
func (s *dependents) forget() {
	s.all = s.all[:0]
	if s.byComponent == nil {
		s.byComponent = map[uint32]stretch{}
	}
	clear(s.byComponent)
}

// dependentsOf returns the active sites that depend on a component, ascending. It takes
// the shorter way: over the members, or over what is active.
func (e *Engine) dependentsOf(c uint32) []cause.Member {
	s := &e.s.dependents
	if known, ok := s.byComponent[c]; ok {
		return s.all[known.lo:known.hi]
	}
	lo := len(s.all)
	if members := e.components.rows[c].Members; len(members) <= len(e.s.evidence) {
		for _, id := range members {
			if at := e.s.place(id); at >= 0 {
				s.all = append(s.all, cause.Member{Site: at, Weight: e.weight(id, c)})
			}
		}
	} else {
		for at, id := range e.active[:len(e.s.evidence)] {
			s.all = appendMember(s.all, int32(at), e.sites.rows[id].Deps, c)
		}
	}
	s.byComponent[c] = stretch{lo, len(s.all)}
	return s.all[lo:]
}

// appendMember appends a site as a member of a component that it depends on.
func appendMember(all []cause.Member, at int32, deps []cause.Dep, c uint32) []cause.Member {
	for _, d := range deps {
		if d.C() == c {
			all = append(all, cause.Member{Site: at, Weight: d.W()})
		}
	}
	return all
}

// weight is that of a component for a site, 0 if the site does not depend on it.
func (e *Engine) weight(id, c uint32) float64 {
	return cause.PartOf(e.sites.rows[id].Deps, c)
}
