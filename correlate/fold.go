package correlate

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"faultline"
	"faultline/correlate/evidence"
)

// foldProbes takes in what a probe stands for: of a run, each of its results for itself, so that a
// run weighs what its results would have weighed at its place in the log.
func (e *Engine) foldProbes(p faultline.Probe) {
	if p.Run == nil { // as nearly always: it is not copied once more
		e.foldProbe(p)
		return
	}
	for one := range p.Results() {
		e.foldProbe(one)
	}
}

// foldProbe takes one probe in. A probe that was refused (by a firewall, or as too many)
// says nothing of whether the site works for people; it is counted and not weighed.
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
	// Before it is compared with other vantages' results, or one wrong clock would move the
	// onset of every incident that it sees.
	at = e.onOurClock(e.vantages.rows[v], p.At.UnixMilli(), at)
	s := e.sites.rows[id]
	t := s.track(v)
	symptom := faultline.ProbeSymptom(string(p.Symptom), p.Status)
	r := evidence.NewResult(at, evidence.ProbeCode(p))
	// One result a vantage and moment: an agent that hands in a batch twice must not count
	// twice.
	if !t.Takes(at) {
		e.counters.ProbesRepeated++
		return
	}
	e.counters.Probes++
	if symptom == faultline.SymptomBlocked {
		return
	}
	// The oldest result leaves the windows and becomes part of what is normal, unless it is
	// of an outage: what was learned during one would be expected as normal after it.
	if t.Full() {
		old := t.Shift()
		if (s.Incident == 0 || t.Chronic()) && !e.vantages.rows[v].SickAt(old.At()) {
			t.Learn(old)
		}
	}
	// An alert of another program comes only when something fails. Its site counts as
	// having been well until then, or a first failure would look like the only thing that
	// ever happened.
	if len(t.Recent) == 0 && t.OK+t.Fail == 0 && p.Detail == faultline.DetailAlert && r.Failed() {
		t.OK, t.At = evidence.AlertOK, at
	}
	t.Add(r)
	s.count(at, countsOf(r))
	e.note(id, newProbe)
	// 0 means that it is worked out when it is next asked for.
	if newest := &e.s.newest[id]; *newest != 0 {
		*newest = max(*newest, at)
	}
	if r.Failed() {
		e.s.unsettle(id)
	}
	if s.Incident != 0 {
		e.incident(s.Incident).countProbe(id, v, r)
	}
}

// track is what a vantage saw of a site, made when it is first asked for. Tracks are kept
// in order of vantage, so that checkpoints and sums are the same on each node.
func (s *site) track(v uint32) *evidence.Track {
	i, ok := slices.BinarySearchFunc(s.Tracks, v, func(t *evidence.Track, v uint32) int {
		return int(t.Vantage) - int(v)
	})
	if !ok {
		s.Tracks = slices.Insert(s.Tracks, i, &evidence.Track{Vantage: v})
	}
	return s.Tracks[i]
}

// foldReport takes one report in. One person counts once per site and 10 minutes, however
// often they send.
//
// The order of the checks is load-bearing. A repeat is refused before its network is
// numbered, or one person could fill the table of networks. When the memory of who reported
// what is full, what comes is refused too: without it one person would count without end. A
// report of a site whose incident is known is marked as held: it counts for that incident,
// and not for the reporter's network, whose own incident it may be evidence of otherwise.
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
	h := evidence.Report{At: at, Network: n, Who: who, Held: s.Incident != 0,
		Code: evidence.SymptomCode(faultline.ReadSymptom(string(r.Symptom)))}
	if r.Net != "" {
		h.Net = uint32(xxhash.Sum64String(r.Net))
	}
	h.Country = countryOf(r.Country)
	c := e.crowdOf(s)
	c.Add(h, newest)
	if h.Code == evidence.CodeOK {
		if c.Alarming() { // else there is nothing to take back
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

// lastReport is the time of the newest report of a site, in Unix milliseconds, 0 if there
// was none.
func (s *site) lastReport() int64 {
	if s.Crowd == nil {
		return 0
	}
	return s.Crowd.LastAt
}
