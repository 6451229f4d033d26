package correlate

import (
	"encoding/binary"

	"faultline"
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// How the rows of the large tables are written in a checkpoint. Whatever a row
// holds that later events may depend on is here; a test fails when a field of one
// is not. Times are written as distances from one another where they are close.

// appendSite writes one site. The members of components are not written: they follow from
// the sites' Deps.
func appendSite(b []byte, s *site) []byte {
	b = appendText(b, s.Name)
	b = appendInt(b, int64(s.Rank))
	b = appendBool(b, s.Mapped)
	b = appendBool(b, s.Observed)
	b = appendUint(b, uint64(len(s.Deps)))
	for _, d := range s.Deps {
		b = appendUint(b, uint64(d))
	}
	b = appendUint(b, uint64(len(s.Tracks)))
	for _, t := range s.Tracks {
		b = appendTrack(b, t)
	}
	b = appendBool(b, s.Crowd != nil)
	if s.Crowd != nil {
		b = appendCrowd(b, s.Crowd)
	}
	b = appendBool(b, s.Tally != nil)
	if s.Tally != nil {
		b = appendCounts(appendCounts(b, s.Tally.Minutes), s.Tally.Hours)
	}
	return appendInt(appendInt(b, s.Incident), s.Freed)
}

// appendCounts writes what was counted of a site by minute or by hour.
func appendCounts(b []byte, kept []eventCounts) []byte {
	b = appendUint(b, uint64(len(kept)))
	for _, h := range kept {
		b = appendInt(b, h.At)
		b = appendUint(appendUint(appendUint(b, uint64(h.Reports)), uint64(h.Probes)), uint64(h.Failed))
	}
	return b
}

// eventCounts reads what appendCounts wrote.
func (r *reading) eventCounts() []eventCounts {
	var kept []eventCounts
	for range r.count() {
		kept = append(kept, eventCounts{At: r.int(), Reports: r.uint32(), Probes: r.uint32(), Failed: r.uint32()})
	}
	return kept
}

// site reads what appendSite wrote. Whether its numbers point to rows that exist is checked
// by readSite, once all tables are known.
func (r *reading) site() site {
	s := site{Name: r.text(), Rank: int32(r.int()), Mapped: r.bool(), Observed: r.bool()}
	if n := r.count(); n > 0 {
		s.Deps = make([]cause.Dep, n)
		for i := range s.Deps {
			s.Deps[i] = cause.Dep(r.uint32())
		}
	}
	for range r.count() {
		s.Tracks = append(s.Tracks, r.track())
	}
	if r.bool() {
		s.Crowd = r.crowd()
	}
	if r.bool() {
		s.Tally = &tally{Minutes: r.eventCounts(), Hours: r.eventCounts()}
	}
	s.Incident, s.Freed = r.int(), r.int()
	return s
}

// appendTrack writes what one vantage saw of a site. Results are kept as times with a code
// in their low bits and follow one another closely, so that the distances fit into a few
// bytes each.
func appendTrack(b []byte, t *evidence.Track) []byte {
	b = appendUint(b, uint64(t.Vantage))
	b = appendUint(b, uint64(len(t.Recent)))
	last := evidence.Result(0)
	for _, r := range t.Recent {
		b, last = appendInt(b, int64(r-last)), r
	}
	return appendInt(appendFloat(appendFloat(b, t.OK), t.Fail), t.At)
}

// track reads what appendTrack wrote.
func (r *reading) track() *evidence.Track {
	t := &evidence.Track{Vantage: r.uint32()}
	last := evidence.Result(0)
	if n := r.count(); n > 0 {
		t.Recent = make([]evidence.Result, n)
		for i := range t.Recent {
			last += evidence.Result(r.int())
			t.Recent[i] = last
		}
	}
	t.OK, t.Fail, t.At = r.float(), r.float(), r.int()
	return t
}

// appendCrowd writes what people said of a site, with the evidence that was last worked out
// of it. A crowd is weighed in turns; without L a node that restarts would weigh it earlier
// than the others, and publish something else.
func appendCrowd(b []byte, c *evidence.Crowd) []byte {
	b = appendReports(appendReports(b, c.Recent), c.Well)
	b = appendRate(b, c.Base)
	b = appendInt(appendInt(b, c.LoudSince), int64(c.Unweighed))
	b = appendInt(appendInt(b, c.LastAt), c.Reach)
	for _, l := range c.L {
		b = appendFloat(b, l)
	}
	return appendBool(b, c.Weighed)
}

// appendReports writes reports in order of time. Who is a hash of 64 bits, which no varint
// would make shorter.
func appendReports(b []byte, reports []evidence.Report) []byte {
	b = appendUint(b, uint64(len(reports)))
	last := int64(0)
	for _, h := range reports {
		b, last = appendInt(b, h.At-last), h.At
		b = appendUint(appendUint(b, uint64(h.Network)), uint64(h.Net))
		b = binary.LittleEndian.AppendUint64(b, h.Who)
		b = append(b, h.Country[:]...)
		b = appendBool(appendUint(b, uint64(h.Code)), h.Held)
	}
	return b
}

// crowd reads what appendCrowd wrote.
func (r *reading) crowd() *evidence.Crowd {
	c := &evidence.Crowd{Recent: r.userReports(), Well: r.userReports()}
	c.Base = r.rate()
	c.LoudSince, c.Unweighed = r.int(), uint32(r.int())
	c.LastAt, c.Reach = r.int(), r.int()
	for w := range c.L {
		c.L[w] = r.float()
	}
	c.Recall()
	c.Weighed = r.bool()
	return c
}

// userReports reads what appendReports wrote.
func (r *reading) userReports() []evidence.Report {
	n := r.count()
	if n == 0 {
		return nil
	}
	reports, last := make([]evidence.Report, n), int64(0)
	for i := range reports {
		reports[i] = r.userReport(&last)
	}
	return reports
}

// userReport reads one report. last is the time of the one before it, from which its own is
// the distance.
func (r *reading) userReport(last *int64) evidence.Report {
	*last += r.int()
	h := evidence.Report{At: *last, Network: r.uint32(), Net: r.uint32(), Who: r.fixed()}
	copy(h.Country[:], r.bytes(uint64(len(h.Country))))
	h.Code, h.Held = uint16(r.uint()), r.bool()
	return h
}

// fixed reads a hash, which no varint would make shorter.
func (r *reading) fixed() uint64 {
	if b := r.bytes(wordBytes); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// appendRate writes what is normal of a site or network.
func appendRate(b []byte, r evidence.Rate) []byte {
	return appendInt(appendFloat(appendFloat(b, r.N), r.T), r.From)
}

// rate reads what appendRate wrote.
func (r *reading) rate() evidence.Rate {
	return evidence.Rate{N: r.float(), T: r.float(), From: r.int()}
}

// appendComponent leaves the members out: they are published by the sites.
func appendComponent(b []byte, c *component) []byte { return appendText(b, string(c.Name)) }

// component reads a name; what kind it is of follows from that.
func (r *reading) component() component { return component{Name: faultline.Component(r.text())} }

// appendNetwork writes one network that reports come from.
func appendNetwork(b []byte, n *network) []byte {
	b = append(appendUint(appendText(b, n.Name), uint64(n.ASN)), n.Country[:]...)
	return appendInt(appendRate(b, n.Base), n.Incident)
}

// network reads what appendNetwork wrote.
func (r *reading) network() network {
	n := network{Name: r.text(), ASN: r.uint32()}
	copy(n.Country[:], r.bytes(uint64(len(n.Country))))
	n.Base, n.Incident = r.rate(), r.int()
	return n
}

// appendRemembered writes that somebody reported a site, of which last is the one before it
// in order of time.
func appendRemembered(b []byte, m, last remembered) []byte {
	return appendInt(binary.LittleEndian.AppendUint64(b, m.key), m.at-last.at)
}

// remembered reads what appendRemembered wrote.
func (r *reading) remembered(last remembered) remembered {
	return remembered{key: r.fixed(), at: last.at + r.int()}
}
