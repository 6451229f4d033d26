package correlate

// dependent is one active site that depends on a component.
type dependent struct {
	at     int32   // in evidence
	weight float64 // of the component for the site
}

// dependents remembers, for one evaluation, which of the active sites depend on the
// components that were asked for: a search asks for the same ones again and again.
type dependents struct {
	all         []dependent
	byComponent map[uint32]stretch // component → its part of all
}

// stretch is a part of a list, from lo up to hi.
type stretch struct{ lo, hi int }

func (s *dependents) forget() {
	s.all = s.all[:0]
	if s.byComponent == nil {
		s.byComponent = map[uint32]stretch{}
	}
	clear(s.byComponent)
}

// dependentsOf returns the active sites that depend on a component, ascending. It takes
// the shorter way: over the members, or over what is active.
func (e *Engine) dependentsOf(c uint32) []dependent {
	s := &e.s.dependents
	if known, ok := s.byComponent[c]; ok {
		return s.all[known.lo:known.hi]
	}
	lo := len(s.all)
	if members := e.components.rows[c].Members; len(members) <= len(e.s.evidence) {
		for _, id := range members {
			if at := e.s.place(id); at >= 0 {
				s.all = append(s.all, dependent{at, e.weight(id, c)})
			}
		}
	} else {
		for at, id := range e.active[:len(e.s.evidence)] {
			for _, d := range e.sites.rows[id].Deps {
				if d.C() == c {
					s.all = append(s.all, dependent{int32(at), d.W()})
				}
			}
		}
	}
	s.byComponent[c] = stretch{lo, len(s.all)}
	return s.all[lo:]
}

// cover is the members of a component whose failure since a window must be
// accounted for, ascending.
func (e *Engine) cover(c uint32, w int) []uint32 {
	var out []uint32
	for _, on := range e.dependentsOf(c) {
		if id := e.active[on.at]; on.weight > 0 && e.s.changes[id]&quiescent == 0 && e.evidenceAt(on.at).l[w] > failed && !e.components.rows[c].kind.excluded(e.s.evidence[on.at].step) {
			out = append(out, id)
		}
	}
	return out
}
