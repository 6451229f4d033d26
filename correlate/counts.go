package correlate

import (
	"slices"

	"faultline/correlate/evidence"
)

// What an incident counts, it counts since the onset that it publishes. When that
// moves, the counts are made again from what is remembered of its sites.

// countSince makes an incident count from another time on.
func (e *Engine) countSince(in *incident, from int64) {
	before := in.CountedFrom
	if from == before {
		return
	}
	in.CountedFrom = from
	// Rings hold only the newest results. Counting again from a ring that has wrapped would publish
	// fewer probes than before, so then only the difference is applied.
	if !e.remembers(in, from) {
		e.shiftCounts(in, before, from)
		return
	}
	// All counts begin at nought together: people, networks and countries are sets, from which
	// nothing can be subtracted.
	in.Reports, in.Probes, in.ProbesFailed = 0, 0, 0
	in.Reporters, in.Networks, in.Countries, in.ByVantage = people{}, nil, nil, nil
	for i := range in.Members {
		m := &in.Members[i]
		m.Reports, m.Probes, m.Failed = 0, 0, 0
		e.countMember(in, m.Site)
	}
}

// countMember counts everything that is remembered of one member.
func (e *Engine) countMember(in *incident, id uint32) {
	s := e.sites.rows[id]
	for _, t := range s.Tracks {
		for _, r := range t.Recent {
			if !in.traits().viewers {
				in.countProbe(id, t.Vantage, r)
			}
		}
	}
	if s.Crowd == nil {
		return
	}
	for _, h := range s.Crowd.Recent {
		// An incident of an internet provider counts the reports of its own customers alone.
		if !in.traits().viewers || e.networks.rows[h.Network].Incident == in.Ordinal {
			in.countReport(id, h)
		}
	}
}

// remembers reports whether everything that was seen of an incident's sites since a
// time is still at hand.
func (e *Engine) remembers(in *incident, from int64) bool {
	isp := in.traits().viewers
	for i := range in.Members {
		s := e.sites.rows[in.Members[i].Site]
		if !isp && s.Incident != in.Ordinal || s.Crowd != nil && s.Crowd.Reach > from {
			return false
		}
		for _, t := range s.Tracks {
			if !isp && len(t.Recent) == evidence.RingResults && t.Recent[0].At() > from {
				return false
			}
		}
	}
	return true
}

// shiftCounts takes away what was counted between two times, as far as it is
// remembered, or adds it.
func (e *Engine) shiftCounts(in *incident, before, from int64) {
	sign, lo, hi := -1, before, from
	if from < before {
		sign, lo, hi = 1, from, before
	}
	for i := range in.Members {
		m := &in.Members[i]
		s := e.sites.rows[m.Site]
		if s.Incident != in.Ordinal {
			continue
		}
		if s.Crowd != nil {
			n := sign * (len(evidence.ReportsSince(s.Crowd.Recent, lo)) - len(
				evidence.ReportsSince(s.Crowd.Recent, hi)))
			// What was published may include reports that are no longer remembered; a count must
			// not fall below nought.
			n = max(n, -m.Reports)
			m.Reports, in.Reports = m.Reports+n, max(0, in.Reports+n)
		}
		for _, t := range s.Tracks {
			at := slices.IndexFunc(in.ByVantage, func(v seenFrom) bool { return v.Vantage == t.Vantage })
			if at < 0 {
				continue
			}
			in.shiftProbes(m, &in.ByVantage[at], t.Recent, lo, hi, sign)
		}
	}
}

// shiftProbes adds the probes of [lo, hi) to all counts, or takes them away from them.
func (in *incident) shiftProbes(m *member, v *seenFrom, recent []evidence.Result, lo, hi int64, sign int) {
	for _, r := range recent {
		if r.At() >= lo && r.At() < hi {
			in.shiftProbe(m, v, r, sign)
		}
	}
}

// shiftProbe adds one probe to all counts, or takes it away from them.
func (in *incident) shiftProbe(m *member, v *seenFrom, r evidence.Result, sign int) {
	if m.Probes+sign < 0 || r.Failed() && m.Failed+sign < 0 {
		return
	}
	in.Probes, m.Probes, v.Probes = in.Probes+sign, m.Probes+sign, v.Probes+sign
	if r.Failed() {
		in.ProbesFailed, m.Failed, v.Failed = in.ProbesFailed+sign, m.Failed+sign, v.Failed+sign
	}
}
