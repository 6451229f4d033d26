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

// alone is a site whose failure no component explains.
type alone struct {
	id    uint32
	odds  float64
	w     int
	onset int64
}

// ownFaults opens and refreshes the incidents of single sites, and of clusters of
// sites that failed at one time and share nothing known.
func (e *Engine) ownFaults() {
	var rest []alone
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
		if odds-ownPrior > adoptEvidence {
			if in := e.adopter(j); in != nil {
				on, _ := e.onsetOf([]uint32{j.id}, e.clock)
				e.enlist(in, j.id, on[1]).Adopted = true
				continue
			}
		}
		if odds >= openOdds {
			a := alone{id: j.id, odds: odds, w: w, onset: e.clock - evidence.WindowMS[w]}
			if on, ok := e.onsetOf([]uint32{j.id}, e.clock); ok {
				a.onset = on[1]
			}
			rest = append(rest, a)
		}
	}
	e.learnLeak(unexplained, probed)
	for _, a := range e.clusters(rest) {
		e.ownFault(a)
	}
}

// learnLeak follows how many sites fail on their own just now.
func (e *Engine) learnLeak(unexplained, probed float64) {
	now := (unexplained + 1) / (probed + leakWeight)
	e.leak = min(leakMax, max(leakMin, e.leak+leakPace*(now-e.leak)))
}

// ownFault opens or refreshes the incident of one site.
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
// from two networks, and people. Then it need not be seen at two evaluations.
func (e *Engine) corroborated(a alone) bool {
	j, since := e.evidenceOf(a.id), e.clock-evidence.WindowMS[a.w]
	if j.crowd[a.w] <= failed {
		return false
	}
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

// clusters opens an unattributed incident for each set of probed sites that
// failed within a short time, and returns the sites that are left.
func (e *Engine) clusters(rest []alone) []alone {
	slices.SortFunc(rest,
		func(a, b alone) int { return cmp.Or(cmp.Compare(a.onset, b.onset), cmp.Compare(a.id, b.id)) })
	var left []alone
	for len(rest) > 0 {
		n := 0
		for n < len(rest) && rest[n].onset-rest[0].onset <= clusterWithin {
			n++
		}
		candidates := slices.DeleteFunc(slices.Clone(rest[:n]), func(a alone) bool {
			return e.evidenceOf(a.id).probes[a.w] <= failed || e.clock-a.onset < clusterAge
		})
		if e.distinctOwners(sitesOf(candidates)) < clusterSites {
			left, rest = append(left, rest[0]), rest[1:]
			continue
		}
		in := e.open(unattributed, candidates[0].odds)
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

func sitesOf(list []alone) []uint32 {
	ids := make([]uint32, len(list))
	for i, a := range list {
		ids[i] = a.id
	}
	return ids
}

// refreshOwn keeps the odds of a site's own incident up to date.
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

// ownOdds is the log-odds of a site failing by itself, with how often it fails
// anyway taken at its upper end, and the window that shows it best.
func (e *Engine) ownOdds(j *siteEvidence, s *site) (float64, int) {
	best, at := math.Inf(-1), ownStart
	for w := ownStart; w < evidence.Windows && (w == ownStart || e.clock-evidence.WindowMS[w] >= s.Freed); w++ {
		l := j.crowd[w]
		for _, t := range s.Tracks {
			k, m := t.Believed(e.vantages.rows[t.Vantage], e.clock)
			if m[w] == 0 {
				continue
			}
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
	if len(s.Tracks) == 0 && s.Crowd != nil {
		if n := e.independent(s.Crowd); n[evidence.WindowOf(agreeSpan)] >= ownCrowdOnly && best > crowdDown {
			return best, at // a candidate at most: nothing probes it
		}
	}
	return min(evidenceMax, best) + ownPrior, at
}

// adopter returns the incident that a site fails together with although its record
// does not name the cause, if there is one.
func (e *Engine) adopter(j *siteEvidence) *incident {
	switch {
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

// tookDown reports whether an incident's cause took sites down around the time
// that another one began to fail: at its onset, or while it spreads.
func (in *incident) tookDown(on interval) bool {
	if on[2] >= in.Onset[0]-adoptWithin && on[0] <= in.Onset[2]+adoptWithin {
		return true
	}
	then, all := 0, 0
	for _, m := range in.Members {
		if m.Probes == 0 || m.Adopted || m.Taken {
			continue
		}
		all++
		if m.Onset >= on[0]-spreadWithin && m.Onset <= on[2]+spreadWithin {
			then++
		}
	}
	return then >= clusterSites && float64(then) >= spreadPart*float64(all)
}

// rises reports whether the crowd of a site that nothing probes has a quiet past, is
// many now, and says what is wrong: it may rise out of sympathy alone.
func (e *Engine) rises(j *siteEvidence) bool {
	c := e.sites.rows[j.id].Crowd
	return c.Base.T >= evidence.QuietMinutes && j.Class != cause.ClassVague &&
		e.independent(c)[evidence.WindowOf(agreeSpan)] >= ownCrowdOnly
}

// sharesSymptom reports whether a symptom class is among those of an incident, by what
// its sites failed with of late.
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

// posterior is the chance of failure given prior p and evidence l.
func posterior(p, l float64) float64 {
	x := p * math.Exp(l)
	return x / (x + 1 - p)
}
