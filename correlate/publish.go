package correlate

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

// Revisions are what the world sees of an incident. One is made when what it says
// changes, else at most once a minute, after an hour once in five.

const (
	// twinReason marks components that have the same members, of which nothing can tell the one
	// from the other; otherReason marks one whose explanation is nearly as good. Both are part of
	// the API's answers.
	twinReason  = "same members"
	otherReason = "explains nearly as much"
)

// publish returns the revisions that this evaluation makes, in order of ordinal: whoever
// stores them must see the same order on each node.
func (e *Engine) publish() []faultline.Incident {
	var out []faultline.Incident
	for _, in := range e.incidents {
		// It ended and was published as ended. Statements and corrections that come later
		// make revisions of their own, see reviseNow.
		if in.Last.Revision > 0 && !in.Last.State.Open() && !in.State.Open() && in.Last.State == in.State {
			continue
		}
		// A candidate accuses nobody yet, so that nobody needs to be cleared.
		if in.State.Open() && in.Confirmed != 0 {
			e.exonerate(in)
		}
		if rev, ok := e.revise(in); ok {
			out = append(out, rev)
		}
	}
	return out
}

// revise makes an incident's next revision if one is due: at once when it says something
// new, otherwise after a pause and only if anything differs at all. To list the sites takes
// longest, and is left until a revision may be made.
func (e *Engine) revise(in *incident) (faultline.Incident, bool) {
	now := e.render(in)
	in.noteCourse(e.clock, &now)
	due := in.Last.Revision == 0 || differs(in.Last, now)
	if !due && e.clock-in.LastAt < in.pause(e.clock) {
		return faultline.Incident{}, false
	}
	now.Sites, now.Rejected = e.renderSites(in), e.rejected(in)
	if !due && reflect.DeepEqual(now, sameStamp(in.Last, now)) {
		return faultline.Incident{}, false
	}
	now.Revision = in.Last.Revision + 1
	// The last revision is kept without its timeline, which would double the state of every
	// incident.
	in.Last, in.LastAt = now, e.clock
	now.Timeline = slices.Clone(in.Course)
	return now, true
}

// pause is for how long (milliseconds) an incident whose news are only numbers is not
// published again. Without it each probe would make a revision, and each revision goes to
// every reader and webhook.
func (in *incident) pause(now int64) int64 {
	if now-in.Detected > laterAfter {
		return restateLater
	}
	return restate
}

// sameStamp returns last with the number and time of now. Those differ in any case, and the
// comparison is about the rest.
func sameStamp(last, now faultline.Incident) faultline.Incident {
	last.Revision, last.UpdatedAt = now.Revision, now.UpdatedAt
	return last
}

// differs reports whether b says something that a does not, beyond counts that have moved a
// little. What makes a revision at once is what a reader would act on: state, cause, title,
// an onset that moved, a change of size by a tenth, the scope, statements and corrections.
func differs(a, b faultline.Incident) bool {
	moved := a.Onset.At.Sub(b.Onset.At).Abs() > onsetChange
	down := func(i faultline.Impact) int { return i.Failing + i.Joined }
	count := math.Abs(float64(down(a.Impact)-down(b.Impact))) > failingChange*float64(max(down(a.Impact), 1))
	return a.State != b.State || causeOf(a) != causeOf(b) || a.Title != b.Title || moved || count ||
		a.Scope.Worldwide != b.Scope.Worldwide || !slices.Equal(a.Scope.Countries, b.Scope.Countries) ||
		!slices.Equal(a.Scope.ISPs, b.Scope.ISPs) || len(a.Statements) != len(b.Statements) ||
		len(a.Corrections) != len(b.Corrections)
}

// causeOf is the cause that a revision names, empty if it names none.
func causeOf(in faultline.Incident) faultline.Component {
	if in.Cause == nil {
		return ""
	}
	return in.Cause.Component
}

// render makes a revision of an incident as it is now, but for its number and its sites. It
// only reads: whether the revision is published is decided afterwards.
func (e *Engine) render(in *incident) faultline.Incident {
	out := faultline.Incident{
		ID: in.ID, State: in.State, Basis: in.Basis, Drill: e.cfg.Drill,
		Cause: e.renderCause(in), Scope: e.scope(in), Symptoms: e.symptoms(in),
		Onset:      wholeSeconds(in.Onset),
		DetectedAt: ms(in.Detected), ConfirmedAt: msPtr(in.Confirmed), RecoveringAt: msPtr(in.Recovering),
		ResolvedAt: msPtr(in.Resolved), UpdatedAt: ms(e.clock),
		// Joined sites stand apart, so that failing of observed is a share of sites that
		// are known to depend on the cause.
		Impact: faultline.Impact{
			Failing: in.Failing - in.Joined, Observed: in.Observed, PeakFailing: in.PeakPlaced, Joined: in.Joined,
			ElsewhereFailing: in.ElsewhereFailing, ElsewhereObserved: in.ElsewhereObserved,
		},
		Evidence: faultline.Evidence{
			// What was published before this fold began counts on: a number of people that
			// shrinks after a restart would look like a correction.
			Reports: in.Reports, Reporters: max(min(in.Reports, len(in.Reporters.All)), in.Adopted.Reporters),
			Networks:  max(len(in.Networks), in.Adopted.Networks),
			Countries: nonNil(slices.Clone(in.Countries)), Probes: in.Probes, ProbesFailed: in.ProbesFailed,
		},
		SitesTotal: len(in.Members),
		Exonerated: nonNil(slices.Clone(in.Exonerated)), Statements: nonNil(slices.Clone(in.Statements)),
		Corrections: slices.Clone(in.Corrections),
	}
	// A candidate has no basis yet; what it would be confirmed by is shown.
	if in.Basis == "" {
		out.Basis = e.basis(in)
	}
	for _, v := range in.ByVantage {
		if v.Failed > 0 {
			out.Evidence.Vantages++
		}
	}
	out.Evidence.Vantages = max(out.Evidence.Vantages, in.Adopted.Vantages)
	out.Evidence.Readers = e.readersEvidence(in)
	for i, s := range out.Statements {
		// How long after the onset the provider said so. It is worked out here, since the
		// onset may still move.
		out.Statements[i].LagS = int(s.At.Sub(out.Onset.At) / time.Second)
	}
	if in.MergedInto != "" {
		// A copy: a pointer into the incident would change revisions that are published
		// already.
		into := in.MergedInto
		out.MergedInto = &into
	}
	out.Title, out.Headline = title(out), headline(out)
	return out
}

// wholeSeconds is an onset as it is published, in whole seconds. The earliest time is
// rounded down and the latest up, so that rounding never makes the interval smaller than
// what is known.
func wholeSeconds(on interval) faultline.Onset {
	return faultline.Onset{
		Earliest: ms(on[0]).Truncate(time.Second), At: ms(on[1]).Round(time.Second),
		Latest: ms(on[2] + second - 1).Truncate(time.Second),
	}
}

// nonNil gives an empty list for nil: JSON's null would make each client handle two kinds
// of nothing.
func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// renderCause is the cause as it is published, nil if none is known: how sure it is, and
// what else may explain the failures.
func (e *Engine) renderCause(in *incident) *faultline.Cause {
	if in.Cause == "" {
		return nil
	}
	c := &faultline.Cause{
		Component: in.Cause, Kind: in.Cause.Kind(), Name: in.Cause.DisplayName(),
		LogOdds: round(in.PeakOdds, 1), Alternatives: []faultline.Alternative{},
	}
	// The confidence is shared out among everything that explains the failures nearly as
	// well. What has the same members shares nothing out: it is another name for the same
	// finding.
	weight := 1.
	for _, o := range in.Others {
		if !o.Same && !o.Aka {
			weight += math.Exp(min(0, o.LogOdds-in.PeakOdds))
		}
	}
	c.Confidence = round(confidence(in.PeakOdds)/weight, 2)
	for _, o := range in.Others {
		// A network of the same provider is no other explanation.
		if o.Aka {
			c.Aka = append(c.Aka, o.Component)
			continue
		}
		a := faultline.Alternative{Component: o.Component, Confidence: c.Confidence, Reason: twinReason}
		if !o.Same {
			a.Reason = otherReason
			a.Confidence = round(confidence(in.PeakOdds)*math.Exp(min(0, o.LogOdds-in.PeakOdds))/weight, 2)
		}
		c.Alternatives = append(c.Alternatives, a)
	}
	return c
}

// confidence makes a probability of log-odds (nats). Sites fail less independently than the
// model has it, so that their evidence adds up too fast: temper divides it, and
// mostConfidence keeps it from ever saying that it is certain.
func confidence(odds float64) float64 { return min(mostConfidence, 1/(1+math.Exp(-odds/temper))) }

// round cuts a number to so many decimal digits. A number that moves in its tenth digit
// would be a new revision.
func round(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}

// scope is where an incident is felt: in which countries, or on which network. Of an
// incident on the viewers' side it is the network itself. Of others it is compared between
// vantages, and nothing is said before all of them have checked.
func (e *Engine) scope(in *incident) faultline.Scope {
	sc := faultline.Scope{Countries: []string{}, ISPs: []string{}, POPs: []string{},
		Fraction: round(in.PeakFraction, 2)}
	if in.traits().viewers {
		sc.ISPs = []string{in.Cause.Name()}
		sc.Countries = nonNil(slices.Clone(in.Countries))
		return sc
	}
	if e.clock < in.Onset[2]+scopeAfter {
		return sc
	}
	top := 0.
	for _, v := range in.ByVantage {
		if v.Probes >= feltProbes {
			top = max(top, v.share())
		}
	}
	spared := map[string]bool{}
	for _, v := range in.ByVantage {
		country := e.vantages.rows[v.Vantage].Country
		// Too few results of a vantage say nothing in either direction.
		if v.Probes < feltProbes || country == "" {
			continue
		}
		if v.share() >= feltAtLeast*top {
			if !slices.Contains(sc.Countries, country) {
				sc.Countries = append(sc.Countries, country)
			}
		} else {
			spared[country] = true
		}
	}
	// No country is known that it spares. A list of all countries with a vantage would only
	// say where our vantages are.
	if len(spared) == 0 {
		sc.Worldwide, sc.Countries = true, []string{}
	}
	slices.Sort(sc.Countries)
	return sc
}

// renderSites lists the members, the best known first: readers and titles take the first
// few. Sites without a rank come last, in order of name, so that the order is always the
// same.
func (e *Engine) renderSites(in *incident) []faultline.IncidentSite {
	order := make([]int, len(in.Members))
	for i := range order {
		order[i] = i
	}
	rank := func(i int) int32 {
		if r := e.sites.rows[in.Members[i].Site].Rank; r > 0 {
			return r
		}
		return math.MaxInt32
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)),
			cmp.Compare(e.sites.rows[in.Members[a].Site].Name, e.sites.rows[in.Members[b].Site].Name))
	})
	out := make([]faultline.IncidentSite, 0, len(order))
	for _, i := range order {
		m := in.Members[i]
		x := faultline.IncidentSite{
			Site: e.sites.rows[m.Site].Name, Member: faultline.MemberMap, State: m.State,
			Symptom: evidence.CodeSymptom(m.Code), Onset: ms(m.Onset), RecoveredAt: msPtr(m.Recovered),
			Reports: m.Reports, Probes: m.Probes, ProbesFailed: m.Failed,
		}
		if m.Joined {
			x.Member = faultline.MemberJoined
		}
		// All these reports are of one network. Whoever sees its connections could tell
		// from a small number who made them.
		if in.traits().viewers && m.Reports < fewOfOneNetwork {
			x.Reports = 0
		}
		out = append(out, x)
	}
	return out
}

// exonerate names the sites that people accuse while an incident goes on and that the
// probes find well. In a large outage people blame what they use, and most of it is not
// broken. What has become a member or whose owner fails after all is taken off the list
// again.
func (e *Engine) exonerate(in *incident) {
	in.Exonerated = slices.DeleteFunc(in.Exonerated, func(x faultline.Exonerated) bool {
		id, ok := e.sites.find(x.Site)
		return ok && (in.member(id) != nil || e.ownerFails(id))
	})
	// On one network the sites are well for everybody else, which clears none of them for
	// its subscribers.
	if in.traits().viewers || e.clock < in.Onset[2]+exonerateAfter {
		return
	}
	w := evidence.WindowOf(accusedSpan)
	for _, at := range e.s.unsettled {
		j := &e.s.evidence[at]
		if j.crowd[w] <= failed {
			continue
		}
		j = e.weigh(j)
		s := e.sites.rows[j.id]
		if !j.Probed || j.probes[w] > -failed || s.Incident != 0 || e.ownerFails(j.id) {
			continue
		}
		// Only of sites that are clearly accused: a list of everything that is well would
		// help nobody.
		people, normal := e.independent(s.Crowd)[w], e.expected(s)*float64(evidence.WindowMS[w])/float64(minute)
		if people < max(accusedPeople, accusedRise*normal) || e.recentChecks(s).fails > 0 {
			continue
		}
		x := e.exonerated(in, s)
		named := func(x faultline.Exonerated) bool { return x.Site == s.Name }
		if at := slices.IndexFunc(in.Exonerated, named); at >= 0 {
			in.Exonerated[at] = x
		} else if len(in.Exonerated) < maxExempt {
			in.Exonerated = append(in.Exonerated, x)
		}
	}
}

// exonerated says with numbers why a site is well although people report it: how many
// people on how many networks reported it since the onset, and how many probes of it
// succeeded.
func (e *Engine) exonerated(in *incident, s *site) faultline.Exonerated {
	x := faultline.Exonerated{Site: s.Name}
	people, networks := map[uint64]bool{}, map[uint32]bool{}
	e.eachAccuser(s, in.CountedFrom, func(h *evidence.Report) { people[h.Who], networks[h.Network] = true, true })
	for _, t := range s.Tracks {
		for _, r := range t.Recent {
			if r.At() >= in.CountedFrom && !r.Failed() {
				x.Probes++
			}
		}
	}
	x.Reporters, x.Networks = len(people), len(networks)
	x.Reason = fmt.Sprintf("%s: %d people on %d networks reported it, %d probes of it succeeded",
		wellReason, x.Reporters, x.Networks, x.Probes)
	return x
}

// wellReason opens the reason why a site is not at fault. The pages translate it by this text (web/words), so
// that a change here is one there.
const wellReason = "reports rose, probes clean"
