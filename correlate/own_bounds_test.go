package correlate

import (
	"math"
	"testing"

	"faultline"
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// Five probed sites that began within three minutes, two minutes ago or more, and
// share nothing known are one incident without a cause.
func TestClusters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		onsets []int64 // seconds ago
		nats   float64
		want   int // clusters
		left   int
	}{
		"five at once":                 {[]int64{200, 200, 200, 200, 200}, 9, 1, 0},
		"four":                         {[]int64{200, 200, 200, 200}, 9, 0, 4},
		"within three minutes":         {[]int64{300, 260, 220, 180, 120}, 9, 1, 0},
		"one of them a second later":   {[]int64{301, 260, 220, 180, 120}, 9, 0, 5},
		"not yet two minutes ago":      {[]int64{119, 119, 119, 119, 119}, 9, 0, 5},
		"two minutes ago":              {[]int64{120, 120, 120, 120, 120}, 9, 1, 0},
		"who fails by reports alone":   {[]int64{200, 200, 200, 200, 200}, failed, 0, 5},
		"five, and another much later": {[]int64{900, 900, 900, 900, 900, 200}, 9, 1, 1},
	} {
		e := settled(60)
		var rest []alone
		for i, ago := range c.onsets {
			id := put(e, string(rune('a'+i))+".example", c.nats)
			rest = append(rest, alone{id: id, odds: float64(3 + i), w: 5, onset: e.clock - ago*second})
		}
		left := e.clusters(rest)
		if len(e.incidents) != c.want || len(left) != c.left {
			t.Errorf("%s: %d incidents, %d left, want %d and %d", name, len(e.incidents), len(left), c.want, c.left)
		}
		for _, in := range e.incidents {
			if in.Cause != "" || len(in.Members) < 5 || in.PeakOdds != 7 || in.LogOdds != 7 {
				t.Errorf("%s: cause %q, %d members, %v nats", name, in.Cause, len(in.Members), in.PeakOdds)
			}
		}
	}
}

// A site that the map misplaces joins an incident that began within 100 s of it, or
// that a tenth of the sites and five at least joined within a minute of it.
func TestTookDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		began  int64 // seconds after the incident's onset
		then   int   // members that fell at that time
		others int
		change func(*member)
		want   bool
	}{
		"together":                      {0, 0, 20, nil, true},
		"100 s later":                   {100, 0, 20, nil, true},
		"101 s later":                   {101, 0, 20, nil, false},
		"100 s before":                  {-100, 0, 20, nil, true},
		"101 s before":                  {-101, 0, 20, nil, false},
		"with five of 25":               {600, 5, 20, nil, true},
		"with four":                     {600, 4, 20, nil, false},
		"with five of fifty":            {600, 5, 45, nil, true},
		"with five of 51":               {600, 5, 46, nil, false},
		"with five adopted ones":        {600, 5, 20, func(m *member) { m.Adopted = true }, false},
		"with five taken over":          {600, 5, 20, func(m *member) { m.Taken = true }, false},
		"with five that nothing probes": {600, 5, 20, func(m *member) { m.Probes = 0 }, false},
	} {
		at := int64(100) * minute
		in := &incident{Onset: [3]int64{at, at, at}}
		on := at + c.began*second
		for i := range c.then + c.others {
			m := member{Site: uint32(i), Probes: 3, Onset: at - hour}
			if i < c.then {
				m.Onset = on + minute - int64(i%2)*2*minute // a minute later or before
			}
			if i < c.then && c.change != nil {
				c.change(&m)
			}
			in.Members = append(in.Members, m)
		}
		if got := in.tookDown([3]int64{on, on, on}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A symptom is among those of an incident if a twentieth of what fails there shows it.
func TestLooksLike(t *testing.T) {
	t.Parallel()
	e := settled(60)
	in := e.open("cdn:x", 0)
	for i := range 20 {
		id := put(e, string(rune('a'+i))+".example", 9)
		m := in.join(id)
		m.Code, m.Onset = 503, e.clock-10*minute
		if i == 0 {
			m.Code = evidence.CodeDNS
		}
	}
	if !e.sharesSymptom(in, cause.ClassDNS) {
		t.Error("one of twenty sites fails by its names")
	}
	if e.sharesSymptom(in, cause.ClassTLS) {
		t.Error("none of them by its certificate")
	}
	if !e.sharesSymptom(in, cause.ClassVague) {
		t.Error("a vague symptom looks like any other")
	}
	probed(e, in.Members[1].Site, "lon-1", "xoox", 180) // the first before it began
	if e.sharesSymptom(in, cause.ClassDNS) {
		t.Error("one of 21 is less than a twentieth")
	}
}

// A crowd that nothing probes rises when it has a quiet past, is ten people or more,
// and says what is wrong.
func TestRises(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		people int
		calm   float64
		class  int
		want   bool
	}{
		"ten people":       {10, 10, cause.ClassEdge, true},
		"nine":             {9, 10, cause.ClassEdge, false},
		"no past":          {10, 9.9, cause.ClassEdge, false},
		"nobody says what": {10, 10, cause.ClassVague, false},
	} {
		e := settled(60)
		id := put(e, "a.example", 0)
		for i := range c.people {
			e.Fold(faultline.Report{At: after(59), Site: "a.example", Reporter: string(rune('a' + i)),
				ASN: uint32(1 + i)})
		}
		e.sites.rows[id].Crowd.Base.T = c.calm
		j := e.evidenceOf(id)
		j.Class = c.class
		if got := e.rises(j); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The odds of a site's own fault are those of its best window, and of no window
// that reaches into what has been published.
func TestOwnOdds(t *testing.T) {
	t.Parallel()
	e := settled(60)
	id := put(e, "a.example", 0)
	tr := probed(e, id, "lon-1", "oooooooooooooxx", 60)
	j, s := e.evidenceOf(id), e.sites.rows[id]
	*j = siteEvidence{id: id}
	odds, w := e.ownOdds(j, s)
	if w != evidence.WindowOf(2*minute) {
		t.Errorf("it shows best in window %d", w)
	}
	near(t, "the two that failed in a row", odds, tr.Cautious(2, 2)-6)
	e.vantages.rows[0].trust = [evidence.Windows]float64{}
	if odds, _ := e.ownOdds(j, s); odds > ownPrior {
		t.Errorf("a vantage without a voice says %v", odds)
	}
	for w := range evidence.Windows {
		j.crowd[w] = 1
	}
	j.crowd[evidence.Windows-1] = 3
	if _, w := e.ownOdds(j, s); w != evidence.Windows-1 {
		t.Errorf("the crowd shows best in window %d", w)
	}
	s.Freed = e.clock - evidence.WindowMS[evidence.Windows-1] + 1
	if _, w := e.ownOdds(j, s); w == evidence.Windows-1 {
		t.Error("what has been told is told again")
	}
	s.Freed--
	if _, w := e.ownOdds(j, s); w != evidence.Windows-1 {
		t.Error("a window that begins as it was freed is its own")
	}
}

// Silence speaks against a failing site, once it is known that people complain at
// all: failures in a row then say less.
func TestSilenceSpeaksAgainstAFailingSite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known float64 // reports that were counted
		want  nats
	}{
		"people are known to complain":      {1, -2},
		"nobody was ever known to complain": {0, 0},
	} {
		e, j, s := failingTwice()
		e.crowdBase.N = c.known
		for w := range evidence.Windows {
			j.crowd[w] = -2
		}
		got, _ := e.sinceItFails(j, s)
		near(t, name, got, s.Tracks[0].Cautious(2, 2)+c.want)
	}
}

// Failures in a row are those of one fault at one vantage: what has been published of a site is
// not told again, and a sick vantage dates nothing.
func TestWhatFailuresInARowMayNotBegin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(e *Engine, s *site, from int64)
		begins bool
	}{
		"a site freed by then": {func(_ *Engine, s *site, from int64) { s.Freed = from }, true},
		"a site freed since":   {func(_ *Engine, s *site, from int64) { s.Freed = from + 1 }, false},
		"a vantage that is sick": {func(e *Engine, s *site, from int64) {
			v := e.vantages.rows[s.Tracks[0].Vantage]
			v.Sick = append(v.Sick, span{from, e.clock})
		}, false},
	} {
		e, j, s := failingTwice()
		c.before(e, s, s.Tracks[0].FailsSince())
		if got, _ := e.sinceItFails(j, s); math.IsInf(got, -1) == c.begins {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// failingTwice is a site of which a vantage has seen two failures in a row, and no more is known.
func failingTwice() (*Engine, *siteEvidence, *site) {
	e := settled(60)
	id := put(e, "a.example", 0)
	probed(e, id, "lon-1", "oooooooooooooxx", 60)
	j := e.evidenceOf(id)
	*j = siteEvidence{id: id}
	return e, j, e.sites.rows[id]
}

// Where nothing probes ten people make a candidate, if they are many for the site.
func TestOwnOddsOfReportsAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		people int
		nats   float64
		want   float64
	}{{10, 3, 3}, {9, 3, 3 - 6}, {10, crowdDown, crowdDown - 6}} {
		e := settled(60)
		id := put(e, "a.example", 0)
		for i := range c.people {
			e.Fold(faultline.Report{At: after(59), Site: "a.example", Reporter: string(rune('a' + i)),
				ASN: uint32(1 + i)})
		}
		j := e.evidenceOf(id)
		for w := range evidence.Windows {
			j.crowd[w] = c.nats
		}
		got, _ := e.ownOdds(j, e.sites.rows[id])
		near(t, "odds", got, c.want)
	}
}
