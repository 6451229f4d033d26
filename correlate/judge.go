package correlate

import "slices"

// scratch is what one evaluation needs and none keeps.
type scratch struct {
	active    []uint32 // sites with probes or reports in reach, ascending after judge
	isIn      []bool   // beside sites
	news      []news   // beside sites: what came in since it was judged
	judged    []judged
	spare     []judged          // what judged is written to when sites have come in between
	byID      []int32           // site → position in judged, -1
	caps      int               // how often the caps of networks have changed
	moved     bool              // what vantages say counts otherwise than when last judged
	forgot    bool              // reports were forgotten since sites were last judged
	came      bool              // sites have become active since
	byASN     map[uint32]uint32 // networks whose name need not be made to find them
	perNet    []uint16
	netHits   []uint32
	perPrefix map[uint32]uint8
	regions   []regional
	terms     []float64
	search    searchScratch
	standings standings
	breadth   breadth
	watched   watched
	reports   float64 // a minute over all networks, when all is well
}

// news says what came in of a site since it was last judged.
type news uint8

const (
	newProbe news = 1 << iota
	newReport
)

// activate has a site judged, and all of it weighed anew.
func (s *scratch) activate(id uint32) { s.note(id, newProbe|newReport) }

// note has a site judged, and weighed anew what came in.
func (s *scratch) note(id uint32, what news) {
	for int(id) >= len(s.isIn) {
		s.isIn = append(s.isIn, make([]bool, 1024)...)
		s.news = append(s.news, make([]news, 1024)...)
		s.byID = append(s.byID, slices.Repeat([]int32{-1}, 1024)...)
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
		s.news[id] = newProbe | newReport
	}
	s.forgot = true
}

// judge weighs every site that anything was heard of. What was found out about a
// site last time is kept for as long as it must come out the same.
func (e *Engine) judge() {
	s := &e.s
	e.voices()
	slices.Sort(s.active)
	before, list := s.judged, s.judged[:0]
	if s.came {
		list, s.spare = s.spare[:0], before
	}
	kept := s.active[:0]
	s.watched = watched{}
	for _, id := range s.active {
		new := s.news[id]
		if at := s.byID[id]; at < 0 {
			list, new = append(list, judged{id: id}), newProbe|newReport
		} else {
			list = append(list, before[at])
		}
		j := &list[len(list)-1]
		if !e.judgeSite(j, new) {
			s.isIn[id], s.byID[id] = false, -1 // silent for half an hour: it says nothing
			list = list[:len(list)-1]
			continue
		}
		s.news[id] = 0
		s.byID[id] = int32(len(kept))
		s.watched.add(j)
		kept = append(kept, id)
	}
	if s.came || len(kept) < len(s.active) {
		s.standings.forget()
	}
	s.active, s.judged = kept, list
	s.moved, s.forgot, s.came = false, false, false
}

// judgeSite weighs one site, and reports false when it has nothing to say. Only
// that is weighed again which is new, or which time has changed.
func (e *Engine) judgeSite(j *judged, new news) bool {
	s := e.sites.rows[j.id]
	again := false
	if new&newProbe != 0 || e.clock >= j.until || e.s.moved {
		e.weighProbes(s, j)
		again = true
	}
	if new&newReport != 0 || (e.clock/evalEvery+int64(j.id))%weighCrowdEvery == 0 {
		e.weighCrowd(s, j)
		again = true
	}
	bound := s.Incident != 0
	if (again || e.s.forgot || bound != j.bound) && s.Crowd.silent() && !j.probed && !bound && s.Crowd.Base.T > 0 {
		return false
	}
	if again {
		for w := range windows {
			j.l[w] = min(evidenceMax, max(evidenceMin, j.probes[w]+j.crowd[w]))
		}
	}
	j.p0, j.bound = 0, bound
	switch {
	case !bound && slices.Max(j.l[:]) <= anomalous:
		j.code, j.codeUntil = codeOther, 0
	case new != 0 || e.clock >= j.codeUntil:
		j.code, j.codeUntil = s.symptomFor(e.clock)
	}
	j.class = symptomClass(j.code)
	return true
}
