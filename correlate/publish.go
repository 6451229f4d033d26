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
	twinReason  = "same members"
	otherReason = "explains nearly as much"
)

// publish returns the revisions that this evaluation makes, in order of ordinal.
func (e *Engine) publish() []faultline.Incident {
	var out []faultline.Incident
	for _, in := range e.incidents {
		if in.Last.Revision > 0 && !in.Last.State.Open() && !in.State.Open() && in.Last.State == in.State {
			continue
		}
		if in.State.Open() && in.Confirmed != 0 {
			e.exonerate(in)
		}
		if rev, ok := e.revise(in); ok {
			out = append(out, rev)
		}
	}
	return out
}

// revise makes an incident's next revision if one is due.
func (e *Engine) revise(in *incident) (faultline.Incident, bool) {
	now := e.render(in)
	in.noteCourse(e.clock, &now)
	due := in.Last.Revision == 0 || differs(in.Last, now)
	if !due && e.clock-in.LastAt < in.pause(e.clock) {
		return faultline.Incident{}, false
	}
	now.Sites = e.renderSites(in)
	if !due && reflect.DeepEqual(now, sameStamp(in.Last, now)) {
		return faultline.Incident{}, false
	}
	now.Revision = in.Last.Revision + 1
	in.Last, in.LastAt = now, e.clock
	now.Timeline = slices.Clone(in.Course)
	return now, true
}

// pause is for how long nothing is said again of an incident that says nothing new.
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

// differs reports whether b says something else than a.
func differs(a, b faultline.Incident) bool {
	moved := a.Onset.At.Sub(b.Onset.At).Abs() > onsetMoves
	down := func(i faultline.Impact) int { return i.Failing + i.Joined }
	count := math.Abs(float64(down(a.Impact)-down(b.Impact))) > failingMoves*float64(max(down(a.Impact), 1))
	return a.State != b.State || causeOf(a) != causeOf(b) || a.Title != b.Title || moved || count ||
		a.Scope.Worldwide != b.Scope.Worldwide || !slices.Equal(a.Scope.Countries, b.Scope.Countries) ||
		!slices.Equal(a.Scope.ISPs, b.Scope.ISPs) || len(a.Statements) != len(b.Statements) ||
		len(a.Corrections) != len(b.Corrections)
}

func causeOf(in faultline.Incident) faultline.Component {
	if in.Cause == nil {
		return ""
	}
	return in.Cause.Component
}

// render says all that is known of an incident now but for its sites, which take
// the longest; the revision is still 0.
func (e *Engine) render(in *incident) faultline.Incident {
	out := faultline.Incident{
		ID: in.ID, State: in.State, Basis: in.Basis, Drill: e.cfg.Drill,
		Cause: e.renderCause(in), Scope: e.scope(in), Symptoms: e.symptoms(in),
		Onset:      wholeSeconds(in.Onset),
		DetectedAt: ms(in.Detected), ConfirmedAt: msPtr(in.Confirmed), RecoveringAt: msPtr(in.Recovering),
		ResolvedAt: msPtr(in.Resolved), UpdatedAt: ms(e.clock),
		Impact: faultline.Impact{
			Failing: in.Failing - in.Joined, Observed: in.Observed, PeakFailing: in.PeakPlaced, Joined: in.Joined,
			ElsewhereFailing: in.ElsewhereFailing, ElsewhereObserved: in.ElsewhereObserved,
		},
		Evidence: faultline.Evidence{
			Reports: in.Reports, Reporters: max(min(in.Reports, len(in.Reporters.All)), in.Adopted.Reporters),
			Networks:  max(len(in.Networks), in.Adopted.Networks),
			Countries: nonNil(slices.Clone(in.Countries)), Probes: in.Probes, ProbesFailed: in.ProbesFailed,
		},
		SitesTotal: len(in.Members),
		Exonerated: nonNil(slices.Clone(in.Exonerated)), Statements: nonNil(slices.Clone(in.Statements)),
		Corrections: slices.Clone(in.Corrections),
	}
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
		out.Statements[i].LagS = int(s.At.Sub(out.Onset.At) / time.Second)
	}
	if in.MergedInto != "" {
		into := in.MergedInto
		out.MergedInto = &into
	}
	out.Title, out.Headline = title(out), headline(out)
	return out
}

// wholeSeconds tells an onset no more exactly than it is known; the interval grows
// by the rounding.
func wholeSeconds(on interval) faultline.Onset {
	return faultline.Onset{
		Earliest: ms(on[0]).Truncate(time.Second), At: ms(on[1]).Round(time.Second),
		Latest: ms(on[2] + second - 1).Truncate(time.Second),
	}
}

func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func (e *Engine) renderCause(in *incident) *faultline.Cause {
	if in.Cause == "" {
		return nil
	}
	c := &faultline.Cause{
		Component: in.Cause, Kind: in.Cause.Kind(), Name: in.Cause.DisplayName(),
		LogOdds: round(in.PeakOdds, 1), Alternatives: []faultline.Alternative{},
	}
	weight := 1.
	for _, o := range in.Others {
		if !o.Same && !o.Aka {
			weight += math.Exp(min(0, o.LogOdds-in.PeakOdds))
		}
	}
	c.Confidence = round(confidence(in.PeakOdds)/weight, 2)
	for _, o := range in.Others {
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

// confidence tempers log-odds: the evidence of sites is not as independent as the
// model has it.
func confidence(odds float64) float64 { return min(mostConfidence, 1/(1+math.Exp(-odds/temper))) }

func round(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}

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
	top := mostSeen(in.ByVantage)
	spared := map[string]bool{}
	for _, v := range in.ByVantage {
		country := e.vantages.rows[v.Vantage].Country
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
	if len(spared) == 0 {
		sc.Worldwide, sc.Countries = true, []string{}
	}
	slices.Sort(sc.Countries)
	return sc
}

// symptoms is what members show, each site one vote.
func (e *Engine) symptoms(in *incident) []faultline.SymptomShare {
	count := map[uint16]int{}
	for _, m := range in.Members {
		count[evidence.PlainCode(m.Code)]++
	}
	out := []faultline.SymptomShare{}
	for _, code := range sortedKeys(count) {
		out = append(out, faultline.SymptomShare{Symptom: evidence.CodeSymptom(code),
			Share: round(float64(count[code])/float64(len(in.Members)), 2)})
	}
	slices.SortStableFunc(out, func(a, b faultline.SymptomShare) int { return cmp.Compare(b.Share, a.Share) })
	return out
}

// renderSites lists the members, the best known first.
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
		if in.traits().viewers && m.Reports < fewOfOneNetwork {
			x.Reports = 0
		}
		out = append(out, x)
	}
	return out
}

// exonerate names the sites that are accused while an incident rages and that
// the probes find well.
func (e *Engine) exonerate(in *incident) {
	in.Exonerated = slices.DeleteFunc(in.Exonerated, func(x faultline.Exonerated) bool {
		id, ok := e.sites.find(x.Site)
		return ok && (in.member(id) != nil || e.ownerFails(id))
	})
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

// exonerated says with numbers why a site is well although people report it: what they
// and the probes said since the onset.
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

// wellReason opens the reason why a site is not at fault.
const wellReason = "reports rose, probes clean"
