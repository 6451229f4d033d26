package correlate

// standing is one judged site that stands on a component.
type standing struct {
	at     int32   // in judged
	weight float64 // of the component for the site
}

// standings remembers, for one evaluation, which of the judged sites stand on the
// components that were asked for: a search asks for the same ones again and again.
type standings struct {
	all []standing
	on  map[uint32]stretch // component → its part of all
}

// stretch is a part of a list, from lo up to hi.
type stretch struct{ lo, hi int }

func (s *standings) forget() {
	s.all = s.all[:0]
	if s.on == nil {
		s.on = map[uint32]stretch{}
	}
	clear(s.on)
}

// judgedOn returns the judged sites that stand on a component, ascending. It takes
// the shorter way: over the members, or over what is judged.
func (e *Engine) judgedOn(c uint32) []standing {
	s := &e.s.standings
	if known, ok := s.on[c]; ok {
		return s.all[known.lo:known.hi]
	}
	lo := len(s.all)
	if members := e.components.rows[c].Members; len(members) <= len(e.s.judged) {
		for _, id := range members {
			if at := e.s.place(id); at >= 0 {
				s.all = append(s.all, standing{at, e.weight(id, c)})
			}
		}
	} else {
		for at, id := range e.s.active[:len(e.s.judged)] {
			for _, d := range e.sites.rows[id].Deps {
				if d.C() == c {
					s.all = append(s.all, standing{int32(at), d.W()})
				}
			}
		}
	}
	s.on[c] = stretch{lo, len(s.all)}
	return s.all[lo:]
}

// cover is the members of a component whose failure since a window must be
// accounted for, ascending.
func (e *Engine) cover(c uint32, w int) []uint32 {
	var out []uint32
	for _, on := range e.judgedOn(c) {
		if id := e.s.active[on.at]; on.weight > 0 && e.s.news[id]&calm == 0 && e.judgedAt(on.at).l[w] > failed {
			out = append(out, id)
		}
	}
	return out
}
