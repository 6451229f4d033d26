package correlate

import (
	"math"
	"slices"

	"faultline"
	"faultline/correlate/evidence"
)

// activate puts a site on the list of active ones, and has all of its evidence weighed again.
func (e *Engine) activate(id uint32) { e.note(id, newProbe|newReport) }

// note puts a site on the list of active ones, and says what of it must be weighed again.
func (e *Engine) note(id uint32, what changes) {
	s := &e.s
	for int(id) >= len(s.isIn) {
		s.isIn = append(s.isIn, make([]bool, growBy)...)
		s.changes = append(s.changes, make([]changes, growBy)...)
		s.newest = append(s.newest, make([]int64, growBy)...)
		s.byID = append(s.byID, slices.Repeat([]int32{-1}, growBy)...)
	}
	if what&newReport != 0 {
		what |= reportedOn
	}
	// The four slices grow by growBy at once. One element at a time would copy them for each new
	// site.
	s.changes[id] |= what
	if !s.isIn[id] {
		s.isIn[id] = true
		e.active = append(e.active, id)
		s.came = true
	}
}

// invalidate drops what is cached of a site, because what was seen of it has been forgotten or
// corrected.
func (s *derived) invalidate(id uint32) {
	if int(id) < len(s.changes) {
		s.changes[id], s.newest[id] = newProbe|newReport|reportedOn, 0
	}
	s.forgot = true
}

// unsettle ends a site's quiescence: the next evaluation weighs it.
func (s *derived) unsettle(id uint32) {
	if int(id) < len(s.changes) && s.changes[id]&quiescent != 0 {
		s.changes[id] &^= quiescent
		s.quiescent--
	}
}

// weighSites weighs every site whose evidence may have changed since the last evaluation. It also
// collects the unsettled ones, which are all that the search for causes has to go through.
func (e *Engine) weighSites() {
	s := &e.s
	e.updateTrust()
	if s.came {
		e.admitActive()
	}
	s.unsettled, s.watched, s.quiescent = s.unsettled[:0], watched{}, 0
	gone := false
	for at, id := range e.active {
		// The usual case by far: nothing new has come in and time alone changes nothing before due.
		// What this line costs is what a healthy internet costs.
		if s.changes[id]&(quiescent|newReport) == quiescent && e.clock < s.due[at] && !e.itsTurn(id, false) {
			s.quiescent++
			continue
		}
		j := &s.evidence[at]
		switch {
		// A site that leaves keeps its state. It is only no longer evaluated until something comes
		// in of it.
		case !e.weighSite(j):
			s.isIn[id], s.byID[id], gone = false, -1, true // silent for half an hour: it says nothing
		case s.changes[id]&quiescent != 0:
			s.due[at] = e.probedUntil(id)
			s.quiescent++
		default:
			s.unsettled = append(s.unsettled, int32(at))
			s.watched.add(j)
		}
	}
	s.watched.probed += s.quiescent
	s.watched.reported += s.quiescent
	if gone {
		e.dismiss()
	}
	if gone || s.came {
		s.dependents.forget()
	}
	s.forgot, s.came = false, false
}

// admitActive makes room, in order, for the sites that have become active.
func (e *Engine) admitActive() {
	s := &e.s
	slices.Sort(e.active)
	before := s.evidence
	// Two lists are used in turn, so that no evaluation allocates once both are large enough.
	list := slices.Grow(s.spare[:0], len(e.active))
	due := make([]int64, len(e.active))
	for at, id := range e.active {
		if was := s.byID[id]; was >= 0 {
			list, due[at] = append(list, before[was]), s.due[was]
		} else {
			list = append(list, siteEvidence{id: id})
			s.changes[id], s.newest[id] = newProbe|newReport|reportedOn, 0
		}
	}
	for at, id := range e.active {
		// byID is written after both loops have read the old places.
		s.byID[id] = int32(at)
	}
	s.evidence, s.spare, s.due = list, before, due
}

// dismiss closes the gaps that sites have left which are no longer active.
func (e *Engine) dismiss() {
	s := &e.s
	kept := 0
	s.unsettled = s.unsettled[:0]
	for at, id := range e.active {
		if s.byID[id] < 0 {
			continue
		}
		e.active[kept], s.evidence[kept], s.due[kept] = id, s.evidence[at], s.due[at]
		s.byID[id] = int32(kept)
		if s.changes[id]&quiescent == 0 {
			s.unsettled = append(s.unsettled, int32(kept))
		}
		kept++
	}
	e.active, s.evidence, s.due = e.active[:kept], s.evidence[:kept], s.due[:kept]
}

// weighSite weighs one site, and reports false when it has nothing to say. Only
// that is weighed again which is new, or which time has changed.
func (e *Engine) weighSite(j *siteEvidence) bool {
	s, fresh := e.sites.rows[j.id], e.s.changes[j.id]
	e.s.changes[j.id] = fresh & reportedOn
	// A crowd also changes when its reports leave the window. So each site's crowd is weighed now
	// and then although nothing is new.
	crowd := fresh&newReport != 0 || e.itsTurn(j.id, j.alarming)
	if crowd {
		e.weighCrowd(s, j)
		j.summed = false
	}
	if fresh&(newProbe|newReport) != 0 {
		j.symptom.forget()
		j.checked.forget()
	}
	if fresh&newProbe != 0 {
		j.tracks.forget()
		j.now.forget()
	}
	was := j.bound
	j.bound = s.Incident != 0
	if j.bound && !was {
		m := e.incident(s.Incident).member(j.id)
		j.down = m != nil && m.fails()
	}
	probes := !j.tracks.holds(e.clock, e.s.trustGen)
	if probes {
		j.Probed = e.clock < e.probedUntil(j.id)
	}
	// Without a report, a probe, an incident, and with a baseline that has been learned, the site
	// says nothing at all. It leaves the list of active sites.
	if (crowd || probes || e.s.forgot || was != j.bound) && s.Crowd.Silent() && !j.Probed && !j.bound &&
		s.Crowd.Base.T > 0 {
		return false
	}
	if e.isQuiescent(s, j, fresh&quiescent != 0) {
		e.s.changes[j.id] |= quiescent
		return true
	}
	if !j.bound { // else what it does is known
		e.weigh(j)
	}
	return true
}

// itsTurn reports whether the crowd of a site is weighed in this evaluation even if nothing is new.
// A crowd that speaks for a failure has its turn twice as often.
func (e *Engine) itsTurn(id uint32, speaks bool) bool {
	// The id staggers the sites, so that each evaluation weighs an equal part of them.
	turn := e.clock/evalEvery + int64(id)
	return turn%evidence.WeighCrowdEvery == 0 && (speaks || turn%(2*evidence.WeighCrowdEvery) == 0)
}

// weighCrowd brings the evidence of a site's reports up to date.
func (e *Engine) weighCrowd(s *site, j *siteEvidence) {
	c := e.crowdOf(s)
	if !c.GrownLittle() || e.itsTurn(j.id, c.Alarming()) {
		e.s.weigher.Crowd(c, e.expected(s), networkLabels{e}, e.s.capsGen, e.start, e.clock)
	}
	j.crowd, j.alarming = c.L, c.Alarming()
}

// networkLabels are the networks of reports, for the count of people.
type networkLabels struct{ e *Engine }

// Count returns how many networks the fold has numbered, from 0 on.
func (n networkLabels) Count() int { return len(n.e.networks.rows) }

// Usual returns the share of all reports, between 0 and 1, that comes from a network when
// nothing fails. More than that from one network speaks for its people and not for the site.
func (n networkLabels) Usual(network uint32) share { return n.e.shareOf(network) }

// Failing returns how many networks have an open incident of their own. While it is 0, no
// network has to be asked with Fails.
func (n networkLabels) Failing() int { return n.e.s.failingISPs }

// Fails reports whether a network belongs to an open incident of its own. Its people then
// report every site that they miss, which says nothing of the sites.
func (n networkLabels) Fails(network uint32) bool { return n.e.networks.rows[network].Incident != 0 }

// independent is how many people complain of a site in each window, less those who report that it
// works.
func (e *Engine) independent(c *evidence.Crowd) [evidence.Windows]float64 {
	n, _ := e.s.weigher.People(c, networkLabels{e}, e.clock)
	return n
}

// isQuiescent reports whether nothing speaks for a failure of a site. One that was quiescent is
// made unsettled when a probe of it fails.
func (e *Engine) isQuiescent(s *site, j *siteEvidence, was bool) bool {
	return j.Probed && !j.bound && !j.alarming && (was || s.clean())
}

// asked is what the weighing of probes needs to know of a vantage.
func (e *Engine) asked(id uint32) evidence.Vantage {
	v := e.vantages.rows[id]
	return evidence.Vantage{Health: v, Region: v.Region, Trust: &v.trust}
}

// symptom is the commonest failure of a site of late, as its code.
func (s *site) symptom(now int64) uint16 {
	code, _, _ := evidence.CommonSymptom(s.Tracks, s.Crowd, now)
	return code
}

// clean reports whether no probe of a site failed for as long as they are kept.
func (s *site) clean() bool {
	for _, t := range s.Tracks {
		if t.Failures() > 0 {
			return false
		}
	}
	return true
}

// probedUntil is how long the newest result of a site stays in reach.
func (e *Engine) probedUntil(id uint32) int64 {
	newest := &e.s.newest[id]
	if *newest == 0 {
		// Half, so that adding a window to it cannot overflow.
		*newest = math.MinInt64 / 2
		for _, t := range e.sites.rows[id].Tracks {
			if n := len(t.Recent); n > 0 {
				*newest = max(*newest, t.Recent[n-1].At())
			}
		}
	}
	return *newest + evidence.WindowMS[evidence.Windows-1] + 1
}

// weigh brings what is known of a site up to date with this evaluation, if it is not
// yet. After an evaluation, everything stays as it found it.
func (e *Engine) weigh(j *siteEvidence) *siteEvidence {
	if j.at == e.eval || !e.s.weighing {
		return j
	}
	j.at = e.eval
	s := e.sites.rows[j.id]
	if e.s.changes[j.id]&newProbe != 0 {
		j.tracks.forget()
		j.now.forget()
		e.s.changes[j.id] &^= newProbe
	}
	if !j.tracks.holds(e.clock, e.s.trustGen) {
		var until int64
		j.probes, j.Probed, until = e.s.weigher.Probes(s.Tracks, e.asked, e.clock)
		j.tracks.set(struct{}{}, until, e.s.trustGen)
		j.summed = false
	}
	if !j.now.holds(e.clock, e.s.trustGen) {
		e.findWell(s, j)
	}
	if !j.summed {
		j.summed = true
		for w := range evidence.Windows {
			// Probes and people are independent given the state of the site, so their
			// log-likelihood ratios add up. The bounds keep any one source from deciding alone.
			crowd := j.crowd[w]
			if j.now.is.well {
				crowd = min(crowd, 0)
			}
			j.L[w] = min(evidenceMax, max(evidenceMin, j.probes[w]+crowd))
		}
	}
	switch {
	// A site that nothing accuses has no symptom. Finding the commonest one would cost more than
	// all else here.
	case !j.bound && slices.Max(j.L[:]) <= anomalous:
		j.Step = faultline.LayerNone
		j.symptom.set(evidence.CodeOther, 0, 0)
	case !j.symptom.holds(e.clock, 0):
		code, step, until := evidence.CommonSymptom(s.Tracks, s.Crowd, e.clock)
		j.Step = step
		j.symptom.set(code, until, 0)
	}
	j.Class = evidence.SymptomClass(j.symptom.is)
	return j
}

// findWell asks whether a site has just been probed and all of its newest results
// succeeded. Then people who report it are worth nothing: what probes can check is not
// decided by a crowd, which anybody can be. A result that is older says nothing of now.
func (e *Engine) findWell(s *site, j *siteEvidence) {
	checks := e.recentChecks(s)
	now, until := standing{fresh: checks.all > 0 && e.clock-checks.newest <= freshFor}, checks.until
	if now.fresh {
		now.well, until = checks.fails == 0, min(until, checks.newest+freshFor+1)
	}
	// The sum depends on it: reports count only while the probes do not contradict them.
	if now.well != j.now.is.well {
		j.summed = false
	}
	j.now.set(now, until, e.s.trustGen)
}

// evidenceAt returns an active site with what is known of it at this evaluation.
func (e *Engine) evidenceAt(at int32) *siteEvidence { return e.weigh(&e.s.evidence[at]) }

// evidenceOf returns what is known of a site, nil if it is not active.
func (e *Engine) evidenceOf(id uint32) *siteEvidence {
	if at := e.s.place(id); at >= 0 {
		return e.evidenceAt(at)
	}
	return nil
}

// place is where a site stands in evidence, -1 if it does not.
func (s *derived) place(id uint32) int32 {
	if int(id) >= len(s.byID) {
		return -1
	}
	return s.byID[id]
}
