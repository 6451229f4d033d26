package correlate

import (
	"math"
	"slices"
)

// nameCause picks, among the components that explain the same failures nearly as
// well, the one that a person would name, and lists the rest as alternatives.
func (e *Engine) nameCause(f found, rest []found) (found, []found) {
	best := f
	var others []found
	keep := rest[:0]
	for _, o := range rest {
		like := found{c: o.c, w: f.w, cover: e.cover(o.c, f.w)}
		if jaccard(f.cover, like.cover) < likeness {
			keep = append(keep, o)
			continue
		}
		if like.q, like.gain = e.exact(o.c, f.w); like.gain <= 0 {
			keep = append(keep, o)
			continue
		}
		o = like
		others = append(others, o)
		if o.gain >= nameable*f.gain && e.nearerName(o, best) && e.enoughAttributed(o) {
			best = o
		}
	}
	for _, o := range append(others, f) {
		if gain := e.evident(o.c, o.gain); o.c != best.c && gain >= nameable*e.evident(best.c, best.gain) {
			best.alternatives = append(best.alternatives, alternative{c: o.c, gain: gain, near: o.gain >= nameable*best.gain, same: e.sameMembers(o.c, best.c)})
		}
	}
	return best, keep
}

// nearerName reports whether a person would name a rather than b: what fits the
// symptoms better, else what is nearer to people.
func (e *Engine) nearerName(a, b found) bool {
	if own := e.isOwner(a.c); own != e.isOwner(b.c) {
		// All that fails belongs to one owner, or it does not.
		return own == (len(a.cover) == len(b.cover))
	}
	if fit := e.symptomFit(a) - e.symptomFit(b); math.Abs(fit) > symptomsApart {
		return fit > 0
	}
	return e.kindRank(a.c) < e.kindRank(b.c)
}

// symptomFit is how well the symptoms of a cause's failing sites fit its kind, in
// nats a site.
func (e *Engine) symptomFit(f found) float64 {
	fit := 0.
	for _, id := range f.cover {
		fit += e.components.rows[f.c].kind.symptoms[e.evidenceOf(id).class]
	}
	return fit / float64(max(1, len(f.cover)))
}

func (e *Engine) isOwner(c uint32) bool {
	return e.components.rows[c].kind.own
}

func (e *Engine) kindRank(c uint32) int {
	return e.components.rows[c].kind.rank()
}

// sameMembers reports whether two components have the same members among the
// sites that anything is known of.
func (e *Engine) sameMembers(a, b uint32) bool {
	return slices.EqualFunc(e.dependentsOf(a), e.dependentsOf(b), func(a, b dependent) bool { return a.at == b.at })
}

// jaccard is the overlap of two ascending lists.
func jaccard(a, b []uint32) float64 {
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			both, i, j = both+1, i+1, j+1
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	if union := len(a) + len(b) - both; union > 0 {
		return float64(both) / float64(union)
	}
	return 0
}
