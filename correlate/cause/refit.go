package cause

import "slices"

// A greedy search begins with what explains most at once, and that may be a part
// of a huge component that several smaller causes fill. So each cause is weighed
// again beside all the others, and dropped when it has nothing of its own to say.

// refit drops the causes that the others make needless, the one with the smallest share first,
// and says again what each of the rest explains.
func (s *Solver) refit(causes []found) []found {
	s.dropped = s.dropped[:0]
	if len(causes) < 2 {
		return causes
	}
	for range refitRounds {
		least, part := -1, 1.
		for i := range causes {
			s.explainAll(causes, i)
			f := causes[i]
			f.q, f.gain = s.exact(f.c, f.w)
			share := s.attributedCount(f) / float64(max(1, len(s.accountable(f))))
			if (f.gain <= 0 || !s.enoughAttributed(f)) && (least < 0 || share < part) {
				least, part = i, share
			}
		}
		if least < 0 {
			break
		}
		s.dropped = append(s.dropped, causes[least].c)
		causes = slices.Delete(causes, least, least+1)
	}
	s.explainAll(nil, -1)
	for i := range causes {
		f := &causes[i]
		f.own = s.unexplained(f.cover)
		s.explain(f.c, f.q)
	}
	return causes
}

// unexplained returns those of some sites whose failure nothing explains yet.
func (s *Solver) unexplained(sites []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(sites), func(at int32) bool { return s.sites[at].p0 > ExplainedFrom })
}
