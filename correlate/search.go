package correlate

import (
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// The search for causes is a package of its own, which knows no engine. Here is what it
// is asked, and what it looks up.

// search returns the components that explain what open incidents do not, and what
// nothing that is named explains.
func (e *Engine) search() cause.Explanation {
	if e.clock < e.stableUntil {
		if x := e.solve(true); len(x.Causes) == 0 && len(x.Unmapped.Sites) == 0 {
			return x
		}
	}
	e.stableUntil = 0
	return e.solve(false)
}

// solve searches beside what open incidents explain. Young ones must win their cause
// again, and may lose it to a better one, unless they are sure of it.
func (e *Engine) solve(sure bool) cause.Explanation {
	e.s.why = e.s.solver.Solve(cause.Problem{
		Facts: facts{e}, Sites: len(e.s.evidence), Components: len(e.components.rows), Unsettled: e.s.unsettled,
		Leak: e.leaks(), Held: e.explaining(sure), Published: e.publishedCauses(), Owners: e.activeOfOwners,
	})
	return e.s.why
}

// explaining is what open incidents explain before anything is searched.
func (e *Engine) explaining(sure bool) []cause.Held {
	var held []cause.Held
	for _, in := range e.incidents {
		if !in.holds(e.clock) || in.traits().viewers {
			continue // a viewer's ISP fails no site
		}
		young := in.young(e.clock) && !sure
		if in.traits().Own && in.State.Open() && e.clock-in.Detected <= renameWithin {
			continue // several such sites may yet have a cause in common
		}
		c, known := e.components.find(string(in.Cause))
		h := cause.Held{Blames: known && !young, Component: c, Fraction: in.heldFraction()}
		for _, m := range in.Members {
			if at := e.s.place(m.Site); at >= 0 && (!young || m.Adopted) {
				h.Sites = append(h.Sites, at)
			}
		}
		held = append(held, h)
	}
	return held
}

// publishedCauses are the causes of confirmed incidents that are open.
func (e *Engine) publishedCauses() []uint32 {
	var published []uint32
	for _, in := range e.incidents {
		if c, ok := e.components.find(string(in.Cause)); ok && in.State.Open() && in.Confirmed != 0 {
			published = append(published, c)
		}
	}
	return published
}

// activeOfOwners yields the active sites of each owner that has several.
func (e *Engine) activeOfOwners(yield func([]int32) bool) {
	var group []int32
	for _, sites := range e.groupsOfOwners() {
		group = group[:0]
		for _, id := range sites {
			if at := e.s.place(id); at >= 0 {
				group = append(group, at)
			}
		}
		if len(group) > 0 && !yield(group) {
			return
		}
	}
}

// leakIn is the chance that a site that was well began to fail on its own within
// a window: sites that fail at one moment do so for one reason.
func (e *Engine) leakIn(w int) float64 {
	return e.leak * min(1, float64(evidence.WindowMS[w]+leakGrace)/float64(evidence.WindowMS[evidence.Windows-1]))
}

// leaks is the chance that a site fails on its own, for each window.
func (e *Engine) leaks() (leaks [evidence.Windows]float64) {
	for w := range leaks {
		leaks[w] = e.leakIn(w)
	}
	return leaks
}

// logPrior is the log prior of one component failing just now.
func (e *Engine) logPrior() nats { return cause.LogPrior(len(e.components.rows)) }

// explained reports whether an active site more likely fails by something that is known
// than not.
func (e *Engine) explained(id uint32) bool {
	at := e.s.place(id)
	return at >= 0 && e.s.why.Explained(at)
}

// facts is what the search looks up in the engine. Evidence is brought up to date when it is first
// asked for, so that an evaluation costs only what it reads.
type facts struct{ e *Engine }

// SameProvider reports whether one of two components is a network of the provider that runs
// the other one. The search then does not treat the two as rival causes.
func (f facts) SameProvider(a, b uint32) bool {
	return f.e.sameProvider(f.e.components.rows[a].Name, f.e.components.rows[b].Name)
}

// Kind returns the kind of a component with what was learned of its outages. It points
// into the engine: the search reads it and does not keep it.
func (f facts) Kind(c uint32) *cause.Kind { return &f.e.components.rows[c].kind.Kind }

// Members returns the active sites that depend on a component, by their positions in
// evidence, ascending. The list is kept from one evaluation to the next while no site comes
// or goes, and must not be written to.
func (f facts) Members(c uint32) []cause.Member { return f.e.dependentsOf(c) }

// Depends returns the components that an active site depends on, with their weights.
func (f facts) Depends(at int32) []cause.Dep { return f.e.sites.rows[f.e.active[at]].Deps }

// Evidence returns the evidence of an active site, and weighs it first if this evaluation
// has not done so yet.
func (f facts) Evidence(at int32) *cause.Evidence { return &f.e.evidenceAt(at).Evidence }

// Number returns the engine's number of an active site. Positions change when sites come
// and go; the number stays, so that an order by it is the same in every fold.
func (f facts) Number(at int32) uint32 { return f.e.active[at] }

// Fronts reports whether a component is a network of the edge in front of an active site.
// Where the edge says that the origin fails, such a component is not to blame.
func (f facts) Fronts(c uint32, at int32) bool { return f.e.fronts(c, f.e.active[at]) }

// OwnerRuns reports whether whoever owns an active site runs a component.
func (f facts) OwnerRuns(c uint32, at int32) bool { return f.e.ownerRuns(c, f.e.active[at]) }

// WellIn reports whether the newest result of a quiescent site lies within window w. All
// results of such a site succeeded, so the time of the newest one is all that has to be
// read, and most sites need not be weighed.
func (f facts) WellIn(at int32, w int) bool {
	return f.e.clock-f.e.s.newest[f.e.active[at]] <= evidence.WindowMS[w]
}

var _ cause.Facts = facts{}
