package correlate

import (
	"math"
	"slices"
)

// scratch is what one evaluation needs and none keeps.
type scratch struct {
	active     []uint32          // sites with probes or reports in reach, ascending after judge
	isIn       []bool            // beside sites
	news       []news            // beside sites: what came in since it was judged, and whether it is calm
	newest     []int64           // beside sites: time of the newest result, 0 if that is not known
	judged     []judged          // beside active
	spare      []judged          // what judged is written to when sites have come in between
	due        []int64           // beside judged: until then a calm site stays so by itself
	stirred    []int32           // in judged, ascending: those that are not calm
	calms      int               // how many are, of those that belong to no incident
	explained  []int32           // in judged: those that some cause explains
	byID       []int32           // site → position in judged, -1
	unnamed    float64           // chance that a site fails by what no map names, while that is weighed
	weighing   bool              // an evaluation is going on
	caps       int               // how often the caps of networks have changed
	moves      int               // how often what vantages say has come to count otherwise
	forgot     bool              // reports were forgotten since sites were last judged
	came       bool              // sites have become active since
	byASN      map[uint32]uint32 // networks whose name need not be made to find them
	heads      headcount
	known      knownEvidence
	mute       int // networks that fail themselves: their people's word does not count
	regions    []regional
	terms      []float64
	search     searchScratch
	standings  standings
	breadth    breadth
	complaints []complaints // by network
	watched    watched
	reports    float64 // a minute over all networks, when all is well
}

// news says what came in of a site since it was last judged.
type news uint8

const (
	newProbe news = 1 << iota
	newReport
	// calm is a site whose probes have all succeeded for as long as they are kept, and
	// of which people say nothing that speaks for a failure. One more success changes
	// nothing of that, so that it is not looked at again until something else happens;
	// what exactly speaks against its failure is worked out when it is asked for.
	calm
	// spoken of: people may have reported trouble within ispWindow.
	spoken
)

// activate has a site judged, and all of it weighed anew.
func (s *scratch) activate(id uint32) { s.note(id, newProbe|newReport) }

// note has a site judged, and weighed anew what came in.
func (s *scratch) note(id uint32, what news) {
	for int(id) >= len(s.isIn) {
		s.isIn = append(s.isIn, make([]bool, 1024)...)
		s.news = append(s.news, make([]news, 1024)...)
		s.newest = append(s.newest, make([]int64, 1024)...)
		s.byID = append(s.byID, slices.Repeat([]int32{-1}, 1024)...)
	}
	if what&newReport != 0 {
		what |= spoken
	}
	s.news[id] |= what
	if !s.isIn[id] {
		s.isIn[id] = true
		s.active = append(s.active, id)
		s.came = true
	}
}

// stir has a site weighed anew when it is next judged.
func (s *scratch) stir(id uint32) {
	if int(id) < len(s.news) {
		s.news[id], s.newest[id] = newProbe|newReport|spoken, 0
	}
	s.forgot = true
}

// rouse ends a site's calm: it is looked at when it is next judged.
func (s *scratch) rouse(id uint32) {
	if int(id) < len(s.news) && s.news[id]&calm != 0 {
		s.news[id] &^= calm
		s.calms--
	}
}

// judge weighs every site of which something may come out otherwise than last time.
func (e *Engine) judge() {
	s := &e.s
	e.voices()
	e.explainNothing()
	if s.came {
		s.admit()
	}
	s.stirred, s.watched, s.calms = s.stirred[:0], watched{}, 0
	gone := false
	for at, id := range s.active {
		if s.news[id]&(calm|newReport) == calm && e.clock < s.due[at] && !e.itsTurn(id, false) {
			s.calms++
			continue
		}
		j := &s.judged[at]
		switch {
		case !e.judgeSite(j):
			s.isIn[id], s.byID[id], gone = false, -1, true // silent for half an hour: it says nothing
		case s.news[id]&calm != 0:
			s.due[at] = e.probedUntil(id)
			s.calms++
		default:
			s.stirred = append(s.stirred, int32(at))
			s.watched.add(j)
		}
	}
	s.watched.probed += s.calms
	s.watched.heard += s.calms
	if gone {
		s.dismiss()
	}
	if gone || s.came {
		s.standings.forget()
	}
	s.forgot, s.came = false, false
}

// admit makes room, in order, for the sites that have become active.
func (s *scratch) admit() {
	slices.Sort(s.active)
	before := s.judged
	list := slices.Grow(s.spare[:0], len(s.active))
	due := make([]int64, len(s.active))
	for at, id := range s.active {
		if was := s.byID[id]; was >= 0 {
			list, due[at] = append(list, before[was]), s.due[was]
		} else {
			list = append(list, judged{id: id})
			s.news[id], s.newest[id] = newProbe|newReport|spoken, 0
		}
	}
	for at, id := range s.active {
		s.byID[id] = int32(at)
	}
	s.judged, s.spare, s.due = list, before, due
}

// dismiss closes the gaps that sites have left which are no longer active.
func (s *scratch) dismiss() {
	kept := 0
	s.stirred = s.stirred[:0]
	for at, id := range s.active {
		if s.byID[id] < 0 {
			continue
		}
		s.active[kept], s.judged[kept], s.due[kept] = id, s.judged[at], s.due[at]
		s.byID[id] = int32(kept)
		if s.news[id]&calm == 0 {
			s.stirred = append(s.stirred, int32(kept))
		}
		kept++
	}
	s.active, s.judged, s.due = s.active[:kept], s.judged[:kept], s.due[:kept]
}

// judgeSite weighs one site, and reports false when it has nothing to say. Only
// that is weighed again which is new, or which time has changed.
func (e *Engine) judgeSite(j *judged) bool {
	s, new := e.sites.rows[j.id], e.s.news[j.id]
	e.s.news[j.id] = new & spoken
	crowd := new&newReport != 0 || e.itsTurn(j.id, j.speaks)
	if crowd {
		e.weighCrowd(s, j)
		j.summed = false
	}
	if new&newProbe != 0 {
		j.stale = true
	}
	if new&(newProbe|newReport) != 0 {
		j.codeUntil, j.lookedUntil = 0, 0
	}
	was := j.bound
	j.bound = s.Incident != 0
	if j.bound && !was {
		m := e.incident(s.Incident).member(j.id)
		j.down = m != nil && m.fails()
	}
	probes := new&newProbe != 0 || e.clock >= j.until || j.moves != e.s.moves
	if probes {
		j.probed = e.clock < e.probedUntil(j.id)
	}
	if (crowd || probes || e.s.forgot || was != j.bound) && s.Crowd.silent() && !j.probed && !j.bound && s.Crowd.Base.T > 0 {
		return false
	}
	if e.isCalm(s, j, new&calm != 0) {
		e.s.news[j.id] |= calm
		return true
	}
	if !j.bound { // else what it does is known
		e.weigh(j)
	}
	return true
}

// isCalm reports whether nothing speaks for a failure of a site. One that was calm is
// roused when a probe of it fails.
func (e *Engine) isCalm(s *site, j *judged, was bool) bool {
	return j.probed && !j.bound && !j.speaks && (was || s.clean())
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
func (e *Engine) weigh(j *judged) *judged {
	if j.at == e.eval || !e.s.weighing {
		return j
	}
	j.at = e.eval
	s := e.sites.rows[j.id]
	if e.s.news[j.id]&newProbe != 0 {
		j.stale = true
		e.s.news[j.id] &^= newProbe
	}
	if j.stale || e.clock >= j.until || j.moves != e.s.moves {
		e.weighProbes(s, j)
		j.moves, j.stale, j.summed = e.s.moves, false, false
	}
	if !j.summed {
		j.summed = true
		for w := range windows {
			j.l[w] = min(evidenceMax, max(evidenceMin, j.probes[w]+j.crowd[w]))
		}
	}
	switch {
	case !j.bound && slices.Max(j.l[:]) <= anomalous:
		j.code, j.codeUntil = codeOther, 0
	case e.clock >= j.codeUntil:
		j.code, j.codeUntil = s.symptomFor(e.clock)
	}
	j.class = symptomClass(j.code)
	return j
}

// judgedAt returns a judged site with what is known of it at this evaluation.
func (e *Engine) judgedAt(at int32) *judged { return e.weigh(&e.s.judged[at]) }
