package correlate

import (
	"cmp"
	"math"
	"slices"

	"faultline"
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// A site's own fault is what remains when no component explains its failure. It
// waits for components to speak first, takes the upper end of how often the site
// fails anyway, and goes to an open incident when it began together with it and
// looks the same: maps are wrong for some sites.

// alone is a site whose failure no component explains: with its log-odds, the window that
// shows it best, and when it began (Unix milliseconds).
type alone struct {
	id    uint32
	odds  float64
	w     int
	onset int64
}

// ownFaults opens and refreshes the incidents of single sites, and of clusters of sites
// that failed at one time and share nothing known. It comes after the search for causes,
// since a site's own fault is what remains.
func (e *Engine) ownFaults() {
	var rest []alone
	// Quiescent sites are probed and well. They are counted without a visit to any of them.
	unexplained, probed := 0., float64(e.s.quiescent)
	for _, at := range e.s.unsettled {
		j := &e.s.evidence[at]
		s := e.sites.rows[j.id]
		if s.Incident != 0 {
			e.refreshOwn(j, s)
			continue
		}
		e.weigh(j)
		if j.Probed {
			probed++
		}
		if slices.Max(j.L[:]) <= failed || e.s.why.Explained(at) {
			continue
		}
		if j.Probed {
			unexplained++ // people alone could make sites look frail
		}
		if j.Probed && e.recentChecks(s).fails < ownFaultFailures {
			continue // sites fail a probe now and then without an outage
		}
		odds, w := e.ownOdds(j, s)
		// An open incident that fails in the same way at the same time is a better
		// explanation than a second fault by chance, even if our list does not place the
		// site on its cause. The prior is taken off, as it is no evidence of the site.
		if odds-ownPrior > adoptEvidence {
			if in := e.adopter(j); in != nil {
				on, _ := e.onsetOf([]uint32{j.id}, e.clock)
				e.enlist(in, j.id, on[1]).Adopted = true
				continue
			}
		}
		if odds >= openOdds {
			a := alone{id: j.id, odds: odds, w: w, onset: e.clock - evidence.WindowMS[w]}
			// The start of the window is only a bound; the fit of the onset says when it
			// began.
			if on, ok := e.onsetOf([]uint32{j.id}, e.clock); ok {
				a.onset = on[1]
			}
			rest = append(rest, a)
		}
	}
	e.learnLeak(unexplained, probed)
	// Clusters first: several sites that fail at once and share nothing known are one
	// incident without a name, and not as many as there are sites.
	for _, a := range e.clusters(rest) {
		e.ownFault(a)
	}
}

// learnLeak follows how many sites fail on their own just now, the share that the search
// must expect without any cause. A fixed value would be wrong for most sets of sites: too
// low, and chance failures look like a shared cause; too high, and small faults are never
// found. Bounds keep a large outage that is not explained yet from teaching that failures
// are normal.
func (e *Engine) learnLeak(unexplained, probed float64) {
	now := (unexplained + 1) / (probed + leakWeight)
	e.leak = min(leakMax, max(leakMin, e.leak+leakPace*(now-e.leak)))
}

// ownFault opens or refreshes the incident of one site. A site that failed within the last
// half hour goes on under its old id.
func (e *Engine) ownFault(a alone) {
	cause := faultline.NewComponent(faultline.KindSite, e.sites.rows[a.id].Name)
	in := e.held(cause)
	switch {
	case in == nil && !e.corroborated(a) && !e.persists(cause, a.odds):
		return
	case in == nil:
		in = e.open(cause, a.odds)
	case in.State == faultline.StateResolved:
		e.reopen(in)
	}
	in.LogOdds, in.PeakOdds = a.odds, max(in.PeakOdds, a.odds)
	if in.member(a.id) == nil {
		e.enlist(in, a.id, a.onset)
	}
	e.fitOnset(in)
}

// corroborated reports whether witnesses of both kinds agree on a site's failure: probes
// from two networks, and people. Then it need not be seen at two evaluations, which saves
// five seconds where a mistake is least likely.
func (e *Engine) corroborated(a alone) bool {
	j, since := e.evidenceOf(a.id), e.clock-evidence.WindowMS[a.w]
	if j.crowd[a.w] <= failed {
		return false
	}
	// Two vantages of one network share its faults and are one witness.
	var first *vantage
	for _, t := range e.sites.rows[a.id].Tracks {
		v := e.vantages.rows[t.Vantage]
		switch {
		case t.FirstFailure(v, since, e.clock) == 0:
		case first == nil:
			first = v
		case !sameNetwork(first, v):
			return true
		}
	}
	return false
}

// clusters opens an unattributed incident for each set of probed sites that failed within a
// short time, and returns the sites that are left. They share something that is on no list:
// the outage is real and is published without a cause rather than with a guess.
func (e *Engine) clusters(rest []alone) []alone {
	// In order of onset, so that each cluster is a run; by id among equals, so that each
	// replay makes the same clusters.
	slices.SortFunc(rest,
		func(a, b alone) int { return cmp.Or(cmp.Compare(a.onset, b.onset), cmp.Compare(a.id, b.id)) })
	var left []alone
	for len(rest) > 0 {
		n := 0
		for n < len(rest) && rest[n].onset-rest[0].onset <= clusterWithin {
			n++
		}
		// Sites that only people report are no part of it, since an army can report any
		// sites at once. What is younger than clusterAge waits: a component may yet explain
		// it.
		candidates := slices.DeleteFunc(slices.Clone(rest[:n]), func(a alone) bool {
			return e.evidenceOf(a.id).probes[a.w] <= failed || e.clock-a.onset < clusterAge
		})
		// Too few begin with this one; it is judged alone, and the next one is tried as the
		// first of a cluster.
		if e.distinctOwners(sitesOf(candidates)) < clusterSites {
			left, rest = append(left, rest[0]), rest[1:]
			continue
		}
		in := e.open(unattributed, candidates[0].odds)
		// The incident is as likely as the surest of its sites.
		for _, a := range candidates {
			in.PeakOdds = max(in.PeakOdds, a.odds)
			e.enlist(in, a.id, a.onset)
		}
		in.LogOdds = in.PeakOdds
		e.fitOnset(in)
		rest = rest[n:]
	}
	return left
}

// sitesOf returns the sites of a list, in its order.
func sitesOf(list []alone) []uint32 {
	ids := make([]uint32, len(list))
	for i, a := range list {
		ids[i] = a.id
	}
	return ids
}

// refreshOwn keeps the odds of a site's own incident up to date, and lets a component's
// incident take it over while it is only a candidate. A confirmed one keeps its name: it
// has been published as the site's own.
func (e *Engine) refreshOwn(j *siteEvidence, s *site) {
	in := e.incident(s.Incident)
	if !in.traits().Own || in.State != faultline.StateCandidate || len(in.Members) > 1 {
		return // of several hosts the search judges together
	}
	in.LogOdds, _ = e.ownOdds(e.weigh(j), s)
	in.PeakOdds = max(in.PeakOdds, in.LogOdds)
	if into := e.adopter(j); into != nil {
		e.merge(in, into)
		e.enlist(into, j.id, in.Onset[1]).Adopted = true
	}
}

// ownOdds is the log-odds (nats) of a site failing by itself, and the window that shows it
// best. How often it fails anyway is taken at its upper end: a single site has few results,
// and an estimate from them that is too low would make each of its usual failures an
// outage.
func (e *Engine) ownOdds(j *siteEvidence, s *site) (float64, int) {
	best, at := e.sinceItFails(j, s)
	// Windows that reach back to before the site left its last incident hold failures that
	// have been published.
	for w := ownStart; w < evidence.Windows && (w == ownStart || e.clock-evidence.WindowMS[w] >= s.Freed); w++ {
		l := e.peopleOf(j, w)
		for _, t := range s.Tracks {
			k, m := t.Believed(e.vantages.rows[t.Vantage], e.clock)
			if m[w] == 0 {
				continue
			}
			// Failures count as far as the vantage is trusted, successes in full: a broken
			// vantage makes sites fail and never makes a failing one work.
			x := t.Cautious(k[w], m[w])
			if x > 0 {
				x *= e.vantages.rows[t.Vantage].trust[w]
			}
			l += x
		}
		if l > best {
			best, at = l, w
		}
	}
	// Without probes the prior stays out: a number of independent people stands
	// in for it.
	if len(s.Tracks) == 0 && s.Crowd != nil {
		if n := e.independent(s.Crowd); n[evidence.WindowOf(agreeSpan)] >= ownCrowdOnly && best > crowdDown {
			return best, at // a candidate at most: nothing probes it
		}
	}
	return min(evidenceMax, best) + ownPrior, at
}

// adopter returns the incident that a site fails together with although its record does not
// name the cause; nil if there is none. Time and symptom must both fit, and the incident
// must be large: two faults at one time are a coincidence that small incidents meet often.
func (e *Engine) adopter(j *siteEvidence) *incident {
	switch {
	// By probes, where there are any. During any large outage people complain of sites that
	// are well.
	case j.Probed && slices.Max(j.probes[ownStart:]) <= failed:
		return nil
	case !j.Probed && !e.rises(j):
		return nil
	}
	on, ok := e.onsetOf([]uint32{j.id}, e.clock)
	if !ok {
		return nil
	}
	for _, in := range e.incidents {
		if !in.State.Open() || in.traits().Own || in.traits().viewers {
			continue
		}
		if max(in.PeakFailing, len(in.Members)) < clusterSites || !in.tookDown(on) && !e.roseWith(in, j.id) {
			continue
		}
		if e.sharesSymptom(in, j.Class) {
			return in
		}
	}
	return nil
}

// roseWith reports whether people began to complain of a site around the onset of an
// incident, whenever its probes began to fail: of a part of the requests they may
// have missed those that did.
func (e *Engine) roseWith(in *incident, id uint32) bool {
	s := e.sites.rows[id]
	if s.Crowd == nil {
		return false
	}
	from, to := in.Onset[0], min(e.clock, in.Onset[2]+roseWithin)
	n := s.Crowd.Between(from, to)
	normal := e.expected(s) * float64(to-from) / float64(minute)
	return n > evidence.FewReports && evidence.CrowdRatio(n, normal, evidence.Surge*normal) >= agreeOdds
}

// tookDown reports whether an incident's cause took sites down around the time that another
// failure began: at its onset, or while it spread. Caches expire at different times, so
// that the sites of one cause may fall over several minutes.
func (in *incident) tookDown(on interval) bool {
	if on[2] >= in.Onset[0]-adoptWithin && on[0] <= in.Onset[2]+adoptWithin {
		return true
	}
	then, all := 0, 0
	for _, m := range in.Members {
		// Only sites that are on the cause for certain and that probes have dated show when
		// it spread.
		if m.Probes == 0 || m.Adopted || m.Taken {
			continue
		}
		all++
		if m.Onset >= on[0]-spreadWithin && m.Onset <= on[2]+spreadWithin {
			then++
		}
	}
	// A few and a part of them: in an outage of a thousand sites three fall in any minute.
	return then >= clusterSites && float64(then) >= spreadPart*float64(all)
}

// rises reports whether the crowd of a site that nothing probes has a quiet past, is many
// now, and says what is wrong. During a large outage people report anything that they try;
// without the three conditions each of those sites would be drawn into it.
func (e *Engine) rises(j *siteEvidence) bool {
	c := e.sites.rows[j.id].Crowd
	return c.Base.T >= evidence.QuietMinutes && j.Class != cause.ClassVague &&
		e.independent(c)[evidence.WindowOf(agreeSpan)] >= ownCrowdOnly
}

// sharesSymptom reports whether a symptom class is among those of an incident, by what its
// sites failed with since they are members. A small part is enough: one fault shows itself
// in several ways, and the question is only whether this way is among them.
func (e *Engine) sharesSymptom(in *incident, class int) bool {
	if class == cause.ClassVague {
		return true
	}
	same, all := 0, 0
	for _, m := range in.Members {
		all++
		if evidence.SymptomClass(m.Code) == class {
			same++
		}
		for _, t := range e.sites.rows[m.Site].Tracks {
			alike, failed := t.FailedLike(class, m.Onset)
			same += alike
			all += failed
		}
	}
	return float64(same) >= adoptLike*float64(all)
}

// posterior is the chance of failure given prior p and evidence l, in nats.
func posterior(p, l float64) float64 {
	x := p * math.Exp(l)
	return x / (x + 1 - p)
}
