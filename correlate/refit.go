package correlate

import "slices"

// A greedy search begins with what explains most at once, and that may be a part
// of a huge component that several smaller causes fill. So each cause is weighed
// again beside all the others, and dropped when it has nothing of its own to say.

// refit drops the causes that the others make needless, the one with the smallest share first,
// and says again what each of the rest explains.
func (e *Engine) refit(causes []found) []found {
	e.s.search.dropped = e.s.search.dropped[:0]
	if len(causes) < 2 {
		return causes
	}
	for range refitRounds {
		least, part := -1, 1.
		for i := range causes {
			e.explainAll(causes, i)
			f := causes[i]
			f.q, f.gain = e.exact(f.c, f.w)
			share := e.attributedCount(f) / float64(max(1, len(e.accountable(f))))
			if (f.gain <= 0 || !e.enoughAttributed(f)) && (least < 0 || share < part) {
				least, part = i, share
			}
		}
		if least < 0 {
			break
		}
		e.s.search.dropped = append(e.s.search.dropped, causes[least].c)
		causes = slices.Delete(causes, least, least+1)
	}
	e.explainAll(nil, -1)
	for i := range causes {
		f := &causes[i]
		f.own = e.unexplained(f.cover)
		e.explain(f.c, f.q)
	}
	return causes
}

// explainAll explains what is seen by what is open and by all causes but one.
func (e *Engine) explainAll(causes []found, but int) {
	for _, at := range e.s.explained {
		e.s.evidence[at].p0 = e.s.evidence[at].held
	}
	for i, f := range causes {
		if i != but {
			e.explain(f.c, f.q)
		}
	}
}

// unexplained returns those of some sites whose failure nothing explains yet.
func (e *Engine) unexplained(ids []uint32) []uint32 {
	return slices.DeleteFunc(slices.Clone(ids), func(id uint32) bool { return e.evidenceOf(id).p0 > explainedFrom })
}
