package cause

import (
	"math"
	"slices"
)

// nameCause picks, among the components that explain the same failures nearly as
// well, the one that a person would name, and lists the rest as alternatives.
func (s *Solver) nameCause(f found, rest []found) (found, []found) {
	best := f
	var others []found
	keep := rest[:0]
	for _, o := range rest {
		like := found{c: o.c, w: f.w, cover: s.cover(o.c, f.w)}
		if jaccard(f.cover, like.cover) < likeness {
			keep = append(keep, o)
			continue
		}
		if like.q, like.gain = s.exact(o.c, f.w); like.gain <= 0 {
			keep = append(keep, o)
			continue
		}
		o = like
		others = append(others, o)
		if o.gain >= nameable*f.gain && s.nearerName(o, best) && s.enoughAttributed(o) {
			best = o
		}
	}
	for _, o := range append(others, f) {
		if gain := s.evident(o.c, o.gain); o.c != best.c && gain >= nameable*s.evident(best.c, best.gain) {
			best.alternatives = append(best.alternatives, Alternative{
				Component: o.c, Evident: gain, Near: o.gain >= nameable*best.gain, Same: s.sameMembers(o.c, best.c),
			})
		}
	}
	return best, keep
}

// nearerName reports whether a person would name a rather than b: what fits the
// symptoms better, else what is nearer to people.
func (s *Solver) nearerName(a, b found) bool {
	kind, other := s.facts.Kind(a.c), s.facts.Kind(b.c)
	if kind.Own != other.Own {
		// All that fails belongs to one owner, or it does not.
		return kind.Own == (len(a.cover) == len(b.cover))
	}
	if s.facts.SameProvider(a.c, b.c) {
		return kind.Rank < other.Rank // one is the other's network, whatever the symptoms
	}
	if fit := s.symptomFit(a) - s.symptomFit(b); math.Abs(fit) > symptomsApart {
		return fit > 0
	}
	return kind.Rank < other.Rank
}

// symptomFit is how well the symptoms of a cause's failing sites fit its kind, in
// nats a site.
func (s *Solver) symptomFit(f found) float64 {
	fit := 0.
	kind := s.facts.Kind(f.c)
	for _, at := range f.cover {
		fit += kind.Symptoms[s.facts.Evidence(at).Class]
	}
	return fit / float64(max(1, len(f.cover)))
}

// sameMembers reports whether two components have the same members among the
// sites that anything is known of.
func (s *Solver) sameMembers(a, b uint32) bool {
	return slices.EqualFunc(s.facts.Members(a), s.facts.Members(b), func(a, b Member) bool { return a.Site == b.Site })
}

// jaccard is the overlap of two ascending lists.
func jaccard(a, b []int32) float64 {
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
