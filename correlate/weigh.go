package correlate

import (
	"math"
	"slices"

	"faultline"
	"faultline/correlate/cause"
)

// derived holds work lists and caches. All of it can be rebuilt from state: by the
// evaluation that needs it, or while a checkpoint is read.
type derived struct {
	owners      owners            // of sites, by their names
	isIn        []bool            // beside sites
	changes     []changes         // beside sites: what came in since it was weighed, and whether it is quiescent
	newest      []int64           // beside sites: time of the newest result, 0 if that is not known
	evidence    []siteEvidence    // beside active
	spare       []siteEvidence    // what evidence is written to when sites have come in between
	due         []int64           // beside evidence: until then a quiescent site stays so by itself
	unsettled   []int32           // in evidence, ascending: those that are not quiescent
	quiescent   int               // how many are, of those that belong to no incident
	byID        []int32           // site → position in evidence, -1
	weighing    bool              // an evaluation is going on
	capsGen     int               // how often the caps of networks have changed
	trustGen    int               // how often how far vantages are trusted has changed
	forgot      bool              // reports were forgotten since sites were last weighed
	came        bool              // sites have become active since
	byASN       map[uint32]uint32 // networks whose name need not be made to find them
	heads       headcount
	known       knownEvidence
	failingISPs int // networks that fail themselves: their people's word does not count
	regions     []regional
	terms       []float64
	solver      cause.Solver      // keeps its work lists from one search to the next
	why         cause.Explanation // what the last search found
	dependents  dependents
	breadth     breadth
	complaints  []complaints // by network
	watched     watched
	mapped      int // sites of the list of sites
}

// changes says what came in of a site since it was last weighed.
type changes uint8

const (
	newProbe changes = 1 << iota
	newReport
	// quiescent is a site whose probes have all succeeded for as long as they are kept, and
	// of which people say nothing that speaks for a failure. One more success changes
	// nothing of that, so that it is not evaluated again until something else happens;
	// what exactly speaks against its failure is worked out when it is asked for.
	quiescent
	// reportedOn of: people may have reported trouble within ispWindow.
	reportedOn
)

// activate has a site judged, and all of it weighed again.
func (e *Engine) activate(id uint32) { e.note(id, newProbe|newReport) }

// note has a site judged, and weighed again what came in.
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
	s.changes[id] |= what
	if !s.isIn[id] {
		s.isIn[id] = true
		e.active = append(e.active, id)
		s.came = true
	}
}

// invalidate has a site weighed again when it is next weighed.
func (s *derived) invalidate(id uint32) {
	if int(id) < len(s.changes) {
		s.changes[id], s.newest[id] = newProbe|newReport|reportedOn, 0
	}
	s.forgot = true
}

// unsettle ends a site's quiescence: it is looked at when it is next weighed.
func (s *derived) unsettle(id uint32) {
	if int(id) < len(s.changes) && s.changes[id]&quiescent != 0 {
		s.changes[id] &^= quiescent
		s.quiescent--
	}
}

// weighSites weighs every site of which something may come out otherwise than last time.
func (e *Engine) weighSites() {
	s := &e.s
	e.updateTrust()
	if s.came {
		e.admitActive()
	}
	s.unsettled, s.watched, s.quiescent = s.unsettled[:0], watched{}, 0
	gone := false
	for at, id := range e.active {
		if s.changes[id]&(quiescent|newReport) == quiescent && e.clock < s.due[at] && !e.itsTurn(id, false) {
			s.quiescent++
			continue
		}
		j := &s.evidence[at]
		switch {
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
	if (crowd || probes || e.s.forgot || was != j.bound) && s.Crowd.silent() && !j.Probed && !j.bound &&
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

// isQuiescent reports whether nothing speaks for a failure of a site. One that was quiescent is
// made unsettled when a probe of it fails.
func (e *Engine) isQuiescent(s *site, j *siteEvidence, was bool) bool {
	return j.Probed && !j.bound && !j.alarming && (was || s.clean())
}

// clean reports whether no probe of a site failed for as long as they are kept.
func (s *site) clean() bool {
	for _, t := range s.Tracks {
		if t.counted().failed > 0 {
			return false
		}
	}
	return true
}

// probedUntil is how long the newest result of a site stays in reach.
func (e *Engine) probedUntil(id uint32) int64 {
	newest := &e.s.newest[id]
	if *newest == 0 {
		*newest = math.MinInt64 / 2
		for _, t := range e.sites.rows[id].Tracks {
			if n := len(t.Recent); n > 0 {
				*newest = max(*newest, t.Recent[n-1].at())
			}
		}
	}
	return *newest + windowMS[windows-1] + 1
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
		j.tracks.set(struct{}{}, e.weighProbes(s, j), e.s.trustGen)
		j.summed = false
	}
	if !j.now.holds(e.clock, e.s.trustGen) {
		e.findWell(s, j)
	}
	if !j.summed {
		j.summed = true
		for w := range windows {
			crowd := j.crowd[w]
			if j.now.is.well {
				crowd = min(crowd, 0)
			}
			j.L[w] = min(evidenceMax, max(evidenceMin, j.probes[w]+crowd))
		}
	}
	switch {
	case !j.bound && slices.Max(j.L[:]) <= anomalous:
		j.Step = faultline.LayerNone
		j.symptom.set(codeOther, 0, 0)
	case !j.symptom.holds(e.clock, 0):
		code, step, until := s.symptomFor(e.clock)
		j.Step = step
		j.symptom.set(code, until, 0)
	}
	j.Class = symptomClass(j.symptom.is)
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
