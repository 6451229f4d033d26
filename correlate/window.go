package correlate

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"

	"faultline"
)

// The windows that onset hypotheses are weighed over: "since 15 s, 30 s, …, 32
// minutes". A short one sees a new failure at once, a long one hears a monitor
// that looks every 10 or 20 minutes.
const windows = 8

var windowMS = [windows]int64{15 * second, 30 * second, minute, 2 * minute, 4 * minute, 8 * minute, 16 * minute, 32 * minute}

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

const codeBits = 10

func newResult(at int64, code uint16) result { return result(at<<codeBits | int64(code)) }
func (r result) at() int64                   { return int64(r >> codeBits) }
func (r result) code() uint16                { return uint16(r & (1<<codeBits - 1)) }
func (r result) failed() bool                { return r.code() != codeOK }

// ringResults bounds the results that a track keeps; older ones are learned.
const ringResults = 32

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
	r := newResult(at, symptomCode(symptom))
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
	t.counted().came(r)
	t.Recent = slices.Insert(t.Recent, i, r)
	s.count(at, r.heard())
	e.s.note(id, newProbe)
	if r.failed() {
		e.s.rouse(id)
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

// heard is one counted report.
type heard struct {
	At      int64
	Network uint32
	Net     uint32 // pseudonym of the prefix, 0 if unknown
	Who     uint64 // pseudonym of the person
	Country [2]byte
	Code    uint16
}

// crowdReports are the newest reports of trouble that a site keeps in sight, and
// at most twice as many. Its evidence is bounded long before.
const crowdReports = 2048

// crowd is what people said of one site, with what is normal.
type crowd struct {
	Recent []heard // of trouble: ascending in time, fewer than 2·crowdReports
	Base   rate
	Loud   bool  // far above normal when last weighed: nothing is learned
	Heard  bool  // of trouble, since it was last weighed
	LastAt int64 // of the newest report, "works for me" included
	Reach  int64 // what is older has been forgotten

	L       [windows]float64 // evidence when it was last weighed
	Weighed bool
	weighed weighed // for what L was worked out; not part of the state
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
	who := xxhash.Sum64String(r.Reporter)
	switch e.repeats.seen(who^(uint64(id)*0x9e3779b97f4a7c15), at) {
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
	s := e.sites.rows[id]
	h := heard{At: at, Network: n, Who: who, Code: symptomCode(faultline.ReadSymptom(string(r.Symptom)))}
	if r.Net != "" {
		h.Net = uint32(xxhash.Sum64String(r.Net))
	}
	if len(r.Country) == len(h.Country) {
		copy(h.Country[:], r.Country)
	}
	e.crowdOf(s).add(h)
	if h.Code == codeOK {
		e.s.note(id, 0)
		return
	}
	s.count(at, heardOf{Reports: 1})
	e.complain(n, at)
	e.s.note(id, newReport)
	if s.Incident != 0 {
		e.incident(s.Incident).countReport(id, h)
	}
	if o := e.networks.rows[n].Incident; o != 0 && o != s.Incident {
		e.incident(o).countReport(id, h)
	}
}

// add notes a report; of one that says that the site works only its time counts.
func (c *crowd) add(h heard) {
	c.LastAt = max(c.LastAt, h.At)
	if h.Code == codeOK {
		return
	}
	c.Heard, c.weighed.until = true, 0
	i := len(c.Recent)
	for i > 0 && c.Recent[i-1].At > h.At {
		i--
	}
	c.Recent = slices.Insert(c.Recent, i, h)
	if len(c.Recent) >= 2*crowdReports {
		c.Recent = append(c.Recent[:0], c.Recent[crowdReports:]...)
	}
}

// forget drops reports that no window reaches any more.
func (c *crowd) forget(now int64) { c.drop(now - windowMS[windows-1] - lateBound) }

// drop forgets the reports before a time.
func (c *crowd) drop(before int64) {
	c.Reach = max(c.Reach, before)
	if gone := len(c.Recent) - len(c.since(before)); gone > 0 {
		c.Recent, c.weighed.until = slices.Delete(c.Recent, 0, gone), 0
	}
}

// since returns the reports of trouble from a time on.
func (c *crowd) since(from int64) []heard {
	i, _ := slices.BinarySearchFunc(c.Recent, from, func(h heard, from int64) int { return cmp.Compare(h.At, from) })
	return c.Recent[i:]
}

// silent reports whether nobody has said anything of late.
func (c *crowd) silent() bool { return c.LastAt < c.Reach }
