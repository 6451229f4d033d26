package correlate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"faultline"
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// Why the other explanations lost. Sites that fail together share more than their cause, and
// whoever reads the cause asks why it is not one of the others. The answer is in numbers that
// the fold has anyway: how many of a component's sites are well, how many failing sites do
// not depend on it, and at which step their checks failed.

// shared is a component that failing sites of an incident have in common.
type shared struct {
	c     uint32
	sites int // failing sites that depend on it
	// Of those, whose failures prove that it was not this: how they fail lies beyond the
	// step that it serves, before that step, or is an answer of the edge that it is.
	beyond, before, answered int
}

// excluded is how many failing sites prove that it was not this.
func (s *shared) excluded() int { return s.beyond + s.before + s.answered }

// rejected says which other components the failing sites of an incident share, and what
// speaks against each. It is called only when a revision may be made. While the incident
// recovers it stays as it was: that the sites of all of them are well by then says nothing.
func (e *Engine) rejected(in *incident) []faultline.Rejected {
	if !e.s.weighing || in.State != faultline.StateCandidate && in.State != faultline.StateConfirmed ||
		float64(in.Failing) < recoveringPart*float64(in.PeakFailing) {
		return in.Last.Rejected
	}
	failing := in.failingSites()
	list := e.sharedBy(in, failing)
	out := make([]faultline.Rejected, 0, min(len(list), faultline.MaxRejected))
	for i := range list[:cap(out)] {
		out = append(out, e.renderRejected(in, &list[i], len(failing)))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// failingSites are the members of an incident that fail now. Of one on the viewers' side no
// site fails, and they are those that its people miss.
func (in *incident) failingSites() []uint32 {
	var ids []uint32
	for i := range in.Members {
		if m := &in.Members[i]; !m.Left && (m.fails() || in.traits().viewers) {
			ids = append(ids, m.Site)
		}
	}
	return ids
}

// sharedBy lists what failing sites share beside the cause and what may be the cause as well.
// What fits best stands first: what they have in common most and few other sites have.
func (e *Engine) sharedBy(in *incident, failing []uint32) []shared {
	of := map[uint32]*shared{}
	for _, id := range failing {
		step := e.failedStep(in, id)
		for _, d := range e.sites.rows[id].Deps {
			if of[d.C()] == nil {
				of[d.C()] = &shared{c: d.C()}
			}
			e.noteShared(of[d.C()], id, step)
		}
	}
	least := min(len(failing), cause.MinSites)
	var list []shared
	for _, c := range sortedKeys(of) {
		name := e.components.rows[c].Name
		another := slices.ContainsFunc(in.Others, func(o other) bool { return o.Component == name })
		if of[c].sites >= least && name != in.Cause && !another {
			list = append(list, *of[c])
		}
	}
	overlap := func(s shared) float64 {
		return float64(s.sites) / float64(len(failing)+len(e.components.rows[s.c].Members)-s.sites)
	}
	// Equal ones stay in the order in which the fold came to know them, which goes by no name.
	slices.SortStableFunc(list, func(a, b shared) int {
		return cmp.Or(cmp.Compare(overlap(b), overlap(a)),
			cmp.Compare(e.components.rows[a.c].kind.Rank, e.components.rows[b.c].kind.Rank))
	})
	return list
}

// failedStep is the step of a check at which most probes of a failing site failed. On the
// viewers' side probes find the sites well, so that none is known.
func (e *Engine) failedStep(in *incident, id uint32) faultline.Layer {
	if in.traits().viewers {
		return faultline.LayerNone
	}
	_, step, _ := evidence.CommonSymptom(e.sites.rows[id].Tracks, nil, e.clock)
	return step
}

// noteShared counts a failing site of a component, and whether how it fails proves that it was
// not this.
func (e *Engine) noteShared(s *shared, id uint32, step faultline.Layer) {
	s.sites++
	if !e.excludes(s.c, id, step) {
		return
	}
	switch serves := e.components.rows[s.c].kind.Step; {
	case serves == faultline.LayerNone:
		s.answered++ // an edge, or the network of one
	case step > serves:
		s.beyond++
	default:
		s.before++
	}
}

// renderRejected says of one component what speaks against it.
func (e *Engine) renderRejected(in *incident, s *shared, failing int) faultline.Rejected {
	name := e.components.rows[s.c].Name
	out := faultline.Rejected{
		Component: name, Kind: name.Kind(), Name: name.DisplayName(),
		Failing: s.sites, FailingTotal: failing, Excluded: s.excluded(), LogOdds: e.oddsAlone(in, s.c),
	}
	out.Well, out.Observed = e.wellOf(in, s.c)
	because := e.against(s, &out)
	said := make([]string, len(because))
	for i, b := range because {
		out.Because, said[i] = append(out.Because, b.code), b.reason
	}
	out.Reason = strings.Join(said, "; ")
	return out
}

// wellOf counts the sites that depend on a component and of which something is known: those
// that probes find well, and all. Sites that only people speak of count when they belong to
// the incident; that nobody reports another one does not show that it is well.
func (e *Engine) wellOf(in *incident, c uint32) (well, observed int) {
	for _, on := range e.dependentsOf(c) {
		j := &e.s.evidence[on.Site]
		m := in.member(j.id)
		switch failing := m != nil && m.fails() && !m.Left; {
		case failing || j.Probed && j.fails():
			observed++
		case j.Probed:
			well, observed = well+1, observed+1
		}
	}
	return well, observed
}

// oddsAlone are the log-odds of a component by itself, as the search last had them. It weighs
// nothing that an incident explains already, so that the number of the revision before stands
// once the incident is sure of its cause.
func (e *Engine) oddsAlone(in *incident, c uint32) float64 {
	for _, o := range e.s.why.Considered {
		if o.Component == c {
			return round(o.Evident, 1)
		}
	}
	for _, r := range in.Last.Rejected {
		if r.Component == e.components.rows[c].Name {
			return r.LogOdds
		}
	}
	return 0
}

// argument is one thing that speaks against a component.
type argument struct{ code, reason string }

// against lists what speaks against a component, the strongest first: what is proven stands
// before what is counted.
func (e *Engine) against(s *shared, r *faultline.Rejected) []argument {
	var out []argument
	if 2*r.Excluded >= r.Failing {
		out = append(out, e.proof(s, r))
	}
	if float64(r.Well) >= rivalWell*float64(max(r.Observed, 1)) {
		out = append(out, argument{faultline.RejectedSitesWell,
			fmt.Sprintf("%d of %d of its sites are well", r.Well, r.Observed)})
	}
	if missing := r.FailingTotal - r.Failing; missing > 0 {
		out = append(out, argument{faultline.RejectedSitesMissing,
			fmt.Sprintf("%d of %d failing sites do not depend on it", missing, r.FailingTotal)})
	}
	switch {
	case len(out) > 0:
	case r.Observed <= r.Failing:
		out = append(out, argument{faultline.RejectedNoOtherSite,
			"nothing is known of any other site that depends on it"})
	default:
		out = append(out, argument{faultline.RejectedExplainsLess, "it explains the failures less well"})
	}
	return out
}

// proof says what the steps prove at which checks of the failing sites failed.
func (e *Engine) proof(s *shared, r *faultline.Rejected) argument {
	what := "name resolution"
	if e.components.rows[s.c].kind.Step == faultline.LayerSecured {
		what = "the check of the certificate"
	}
	of := fmt.Sprintf("%d of %d failing sites that depend on it", r.Excluded, r.Failing)
	switch {
	case s.answered > 0:
		return argument{faultline.RejectedEdgeAnswered,
			of + " got its answer that the server behind it fails, which proves that it works"}
	case s.beyond >= s.before:
		return argument{faultline.RejectedWorked,
			of + " got further than " + what + ", which proves that it worked"}
	}
	return argument{faultline.RejectedNotReached, of + " failed before " + what}
}
