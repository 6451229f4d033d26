package correlate

import (
	"slices"
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

// What is open already explains its sites: a component that is no longer young by
// how much of it fails, and its members whatever they depend on; a young one must win its
// cause again, and a site's own fault may yet have a cause in common.
func TestOpenIncidentsExplain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause   faultline.Component
		age     int64
		adopted bool
		blames  bool // the component explains its members
		member  bool // the incident explains its member
	}{
		"a young component":         {"cdn:x", 10 * minute, false, false, false},
		"who was adopted by it":     {"cdn:x", 10 * minute, true, false, true},
		"a component of age":        {"cdn:x", 10*minute + 1, false, true, true},
		"a young site":              {"site:a.example", 10 * minute, false, false, false},
		"a site of age":             {"site:a.example", 10*minute + 1, false, false, true},
		"a viewer's network":        {"isp:AS812", hour, false, false, false},
		"a cluster, as it is young": {"", 10 * minute, false, false, false},
	} {
		e := settled(120)
		in := e.open(c.cause, 9)
		in.Detected, in.Fraction = e.clock-c.age, 0.4
		m := put(e, "a.example", 9, "cdn:x")
		in.join(m).Adopted = c.adopted
		blames, member := false, false
		for _, h := range e.explaining(false) {
			blames = blames || h.Blames && h.Fraction == 0.4 && e.components.rows[h.Component].Name == "cdn:x"
			member = member || slices.Equal(h.Sites, []int32{e.s.place(m)})
		}
		if blames != c.blames || member != c.member {
			t.Errorf("%s: the component explains: %v, the incident its member: %v", name, blames, member)
		}
	}
}

// The odds of a site's own candidate follow the evidence; those of what is confirmed
// are its best.
func TestOwnCandidatesAreRefreshed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause faultline.Component
		state faultline.IncidentState
		hosts int
		want  bool
	}{
		"a candidate":            {"site:a.example", faultline.StateCandidate, 1, true},
		"confirmed":              {"site:a.example", faultline.StateConfirmed, 1, false},
		"of several hosts":       {"site:a.example", faultline.StateCandidate, 2, false},
		"a component's incident": {"cdn:x", faultline.StateCandidate, 1, false},
	} {
		e := settled(60)
		in := e.open(c.cause, 3)
		in.State = c.state
		id := put(e, "a.example", 9)
		probed(e, id, "lon-1", "oooooxxx", 30)
		in.join(id)
		if c.hosts > 1 {
			in.join(put(e, "b.example", 9))
		}
		e.sites.rows[id].Incident = in.Ordinal
		odds, _ := e.ownOdds(e.evidenceOf(id), e.sites.rows[id])
		e.refreshOwn(e.evidenceOf(id), e.sites.rows[id])
		if refreshed := in.LogOdds == odds; refreshed != c.want {
			t.Errorf("%s: %v nats, of the evidence %v", name, in.LogOdds, odds)
		}
	}
}

// Reports of one network are set against its usual share.
func TestReportsOfOneNetwork(t *testing.T) {
	t.Parallel()
	e := settled(60)
	id := put(e, "a.example", 0)
	for i, ago := range []int64{61, 60, 30, 0} {
		at, who := ms(e.clock-ago*second), string(rune('a'+i))
		e.Fold(faultline.Report{At: at, Site: "a.example", Reporter: who, ASN: uint32(1 + i%2)})
	}
	e.sites.rows[id].Crowd.Base = evidence.Rate{N: 6e6, T: 1e6}
	e.networks.rows[0].Base, e.networks.rows[1].Base = evidence.Rate{N: 3e6, T: 1e6}, evidence.Rate{N: 1e6, T: 1e6}
	e.reportRate = 4
	at, normal := e.reportsOf([]uint32{id}, everyNetwork, e.clock-minute, e.clock)
	if len(at) != 3 || normal < 5.9 || normal > 6.1 {
		t.Errorf("%d reports within a minute, %v normal", len(at), normal)
	}
	at, normal = e.reportsOf([]uint32{id}, 0, e.clock-minute, e.clock-1)
	if len(at) != 1 || normal < 4.4 || normal > 4.6 {
		t.Errorf("%d reports of the first network before now, %v normal", len(at), normal)
	}
}

// When an incident is over what its sites showed from two minutes before its onset
// until they were back is forgotten; what is still shown stays.
func TestEndedIncidentsAreForgotten(t *testing.T) {
	t.Parallel()
	e := settled(60)
	in := e.open("cdn:x", 0)
	id := put(e, "a.example", 0)
	m := in.join(id)
	m.Onset, m.Recovered = e.clock-20*minute, e.clock-12*minute
	tr := probed(e, id, "lon-1", "ooooooxxxxxxxxxxxxooooooooooooo", 60) // 30 minutes
	e.forget(in)
	oldest, kept := e.clock-30*minute, 0
	for _, r := range tr.Recent {
		if r.At() >= m.Onset-2*minute && r.At() <= m.Recovered {
			t.Errorf("what was seen %d minutes ago is kept", (e.clock-r.At())/minute)
		}
		kept++
	}
	if kept != 31-11 || tr.Recent[0].At() != oldest {
		t.Errorf("%d results are kept, the oldest of %v", kept, ms(tr.Recent[0].At()))
	}
	m.Recovered = e.clock - 5*minute // what is ten minutes old is shown still
	if e.forget(in); len(tr.Recent) != 31-11-2 {
		t.Errorf("%d results are kept", len(tr.Recent))
	}
}

// Hours are published in the first half of each minute.
func TestHoursArePublishedInTheFirstHalfMinute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		into int64
		want int
	}{{0, 1}, {29 * second, 1}, {30 * second, 0}, {59 * second, 0}} {
		e := settled(60)
		e.clock = e.clock/minute*minute + c.into
		e.clock += 10 * minute
		rows := e.appendRows(nil, "a.example", &tally{Hours: []eventCounts{{At: e.clock / hour, Probes: 3}}}, 1, nil)
		if len(rows) != c.want {
			t.Errorf("%d s into a minute %d hours are told", c.into/second, len(rows))
		}
	}
}
