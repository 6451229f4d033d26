package correlate

import (
	"slices"
	"sort"

	"github.com/cespare/xxhash/v2"

	"faultline"
)

// windowOf returns the shortest window that covers age, or the longest.
func windowOf(age int64) int {
	for w, span := range windowMS {
		if age <= span {
			return w
		}
	}
	return windows - 1
}

// result is one probe's outcome: Unix milliseconds, with its symptom's code in
// the low bits.
type result int64

func newResult(at int64, code uint16) result { return result(at<<codeBits | int64(code)) }
func (r result) at() int64                   { return int64(r >> codeBits) }
func (r result) code() uint16                { return uint16(r & (1<<codeBits - 1)) }
func (r result) failed() bool                { return r.code() != codeOK }

// track is what one vantage saw of one site, with what is normal for the two.
type track struct {
	Vantage uint32
	Recent  []result // ascending in time, at most ringResults
	OK      float64  // learned successes, decayed
	Fail    float64  // learned failures, decayed
	At      int64    // of the newest result that was learned

	recent  recent
	weighed trackWeighed
}

// foldProbe takes one probe in. A prober that was refused says nothing.
func (e *Engine) foldProbe(p faultline.Probe) {
	at, ok := e.admit(p.At)
	if !ok {
		return
	}
	id, ok := e.site(p.Site)
	if !ok {
		return
	}
	v, ok := e.vantage(p.Vantage)
	if !ok {
		return
	}
	e.keep(id)
	at = e.onOurClock(e.vantages.rows[v], p.At.UnixMilli(), at)
	s := e.sites.rows[id]
	t := s.track(v)
	symptom := faultline.ProbeSymptom(string(p.Symptom), p.Status)
	r := newResult(at, probeCode(symptom, p.Detail))
	i, repeated := slices.BinarySearchFunc(t.Recent, at, func(r result, at int64) int { return int(r.at() - at) })
	if repeated || (len(t.Recent) == ringResults && i == 0) {
		e.counters.ProbesRepeated++
		return
	}
	e.counters.Probes++
	if symptom == faultline.SymptomBlocked {
		return
	}
	if len(t.Recent) == ringResults {
		if old := t.Recent[0]; (s.Incident == 0 || t.chronic()) && !e.vantages.rows[v].sick(old.at()) {
			t.learn(old)
		}
		t.counted().went(t.Recent[0])
		t.Recent = slices.Delete(t.Recent, 0, 1)
		i--
	}
	if len(t.Recent) == 0 && t.OK+t.Fail == 0 && p.Detail == faultline.DetailAlert && r.failed() {
		t.OK, t.At = alertOK, at
	}
	t.counted().came(r)
	t.Recent = slices.Insert(t.Recent, i, r)
	s.count(at, r.counts())
	e.note(id, newProbe)
	if newest := &e.s.newest[id]; *newest != 0 {
		*newest = max(*newest, at)
	}
	if r.failed() {
		e.s.unsettle(id)
	}
	if s.Incident != 0 {
		e.incident(s.Incident).countProbe(id, v, r)
	}
}

func (s *site) track(v uint32) *track {
	i, ok := slices.BinarySearchFunc(s.Tracks, v, func(t *track, v uint32) int { return int(t.Vantage) - int(v) })
	if !ok {
		s.Tracks = slices.Insert(s.Tracks, i, &track{Vantage: v})
	}
	return s.Tracks[i]
}

// userReport is one counted report.
type userReport struct {
	At      int64
	Network uint32
	Net     uint32 // pseudonym of the prefix, 0 if unknown
	Who     uint64 // pseudonym of the person
	Country country
	Code    uint16
	Held    bool // its site belonged to an incident then: that is what it speaks of
}

// crowd is what people said of one site, with what is normal. A report touches its
// first 64 bytes, a line of the processor's cache, and mostly nothing more.
type crowd struct {
	Recent    []userReport // of trouble: ascending in time, fewer than 2·crowdReports
	Well      []userReport // that it works: ascending in time, fewer than 2·wellReports
	LastAt    int64        // of the newest report of either kind
	Unweighed uint32       // reports that matter since it was last weighed
	Weighed   bool
	alarming  bool // L says in some window that its site fails
	recount   bool // who is counted has changed since they were counted

	Base      rate
	LoudSince int64 // far above normal, whenever it was weighed; 0: it is not
	Reach     int64 // what is older has been forgotten

	L       [windows]float64 // evidence when it was last weighed
	weighed weighed          // for what L was worked out; not part of the state
}

// foldReport takes one report in. One person counts once per site and 10 minutes.
func (e *Engine) foldReport(r faultline.Report) {
	at, ok := e.admit(r.At)
	if !ok {
		return
	}
	if e.clock != 0 {
		e.reportLag.note(e.clock - r.At.UnixMilli())
	}
	id, ok := e.site(r.Site)
	if !ok {
		return
	}
	s := e.sites.rows[id]
	newest := at >= s.lastReport() // asked for long before it is needed: memory is far
	who := xxhash.Sum64String(r.Reporter)
	switch e.repeats.seen(who^(uint64(id)*hashMix), at) {
	case repeated:
		e.counters.ReportsRepeated++
		return
	case full:
		e.counters.Refused++
		return
	}
	n, ok := e.network(r)
	if !ok {
		e.counters.Refused++
		return
	}
	e.counters.Reports++
	if r.Hosting {
		return // machines, not people: counted, and worth nothing
	}
	e.keep(id)
	h := userReport{At: at, Network: n, Who: who, Code: symptomCode(faultline.ReadSymptom(string(r.Symptom))),
		Held: s.Incident != 0}
	if r.Net != "" {
		h.Net = uint32(xxhash.Sum64String(r.Net))
	}
	h.Country = countryOf(r.Country)
	c := e.crowdOf(s)
	c.add(h, newest)
	if h.Code == codeOK {
		if c.alarming { // else there is nothing to take back
			e.note(id, newReport)
		} else {
			e.note(id, 0)
		}
		return
	}
	e.note(id, newReport)
	s.count(at, eventCounts{Reports: 1})
	e.noteComplaint(h)
	if s.Incident != 0 {
		e.incident(s.Incident).countReport(id, h)
	}
	if o := e.networks.rows[n].Incident; o != 0 && o != s.Incident {
		e.incident(o).countReport(id, h)
	}
}

// lastReport is the time of the newest report of a site.
func (s *site) lastReport() int64 {
	if s.Crowd == nil {
		return 0
	}
	return s.Crowd.LastAt
}

// add notes a report, among those of trouble or those that it works. Of one that is
// known to be the newest, as most are, those before it are not looked at.
func (c *crowd) add(h userReport, newest bool) {
	c.LastAt = max(c.LastAt, h.At)
	if h.Code == codeOK {
		c.Well = insert(c.Well, h, newest, wellReports)
	} else {
		c.Recent = insert(c.Recent, h, newest, crowdReports)
	}
	if h.Code != codeOK || c.alarming {
		c.Unweighed++
	}
	c.recount = true
}

// insert puts a report where its time is, and drops the oldest when twice as many
// as are kept have come.
func insert(to []userReport, h userReport, newest bool, keep int) []userReport {
	i := len(to)
	for !newest && i > 0 && to[i-1].At > h.At {
		i--
	}
	if i == len(to) {
		to = append(to, h)
	} else {
		to = slices.Insert(to, i, h)
	}
	if len(to) >= 2*keep {
		to = append(to[:0], to[keep:]...)
	}
	return to
}

// forget drops reports that no window reaches any more.
func (c *crowd) forget(now int64) { c.drop(now - windowMS[windows-1] - lateBound) }

// drop forgets the reports before a time.
func (c *crowd) drop(before int64) {
	c.Reach = max(c.Reach, before)
	for _, kept := range []*[]userReport{&c.Recent, &c.Well} {
		if gone := len(*kept) - len(reportsSince(*kept, before)); gone > 0 {
			*kept, c.recount = slices.Delete(*kept, 0, gone), true
		}
	}
}

// since returns the reports of trouble from a time on.
func (c *crowd) since(from int64) []userReport { return reportsSince(c.Recent, from) }

func reportsSince(reports []userReport, from int64) []userReport {
	return reports[sort.Search(len(reports), func(i int) bool { return reports[i].At >= from }):]
}

// silent reports whether nobody has said anything of late.
func (c *crowd) silent() bool { return c.LastAt < c.Reach }
