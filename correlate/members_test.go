package correlate

import (
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

// How a site does is published by the last three results of each vantage that has a
// voice, as far as they reach.
func TestLook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outcomes string
		apart    int64 // seconds
		behind   int64 // the newest result, seconds
		change   func(*vantage, *evidence.Track)
		fails    int
		all      int
	}{
		"three of many":               {"xxxxooo", 60, 0, nil, 0, 3},
		"failures among them":         {"oooxox", 60, 0, nil, 2, 3},
		"seldom looked at":            {"ooxx", 600, 0, nil, 2, 3},
		"four minutes old":            {"ox", 20, 240, nil, 1, 1},
		"older than that":             {"ox", 20, 241, nil, 0, 0},
		"older, but looked at seldom": {"oox", 240, 800, nil, 1, 1},
		"a vantage that is ignored": {"oxx", 60, 0,
			func(v *vantage, _ *evidence.Track) { v.trust[evidence.WindowOf(2*minute)] = 0 }, 0, 0},
		"a vantage that is half trusted": {"oxx", 60, 0,
			func(v *vantage, _ *evidence.Track) { v.trust[evidence.WindowOf(2*minute)] = 0.5 }, 2, 3},
		"a track that always fails":      {"xxx", 60, 0, func(_ *vantage, t *evidence.Track) { t.Fail = 1000 }, 0, 0},
		"one result, and no cadence yet": {"x", 60, 200, nil, 1, 1},
	} {
		e := settled(60)
		id := put(e, "a.example", 0)
		tr := probed(e, id, "lon-1", c.outcomes, c.apart)
		e.clock += c.behind * second
		if c.change != nil {
			c.change(e.vantages.rows[0], tr)
		}
		if got := e.recentChecks(e.sites.rows[id]); got.fails != c.fails || got.all != c.all {
			t.Errorf("%s: %d of %d fail, want %d of %d", name, got.fails, got.all, c.fails, c.all)
		}
	}
	e := settled(60)
	id := put(e, "a.example", 0)
	probed(e, id, "lon-1", "oxxooo", 60)
	probed(e, id, "nyc-1", "oxoooo", 45)
	got := e.recentChecks(e.sites.rows[id])
	if got.lastFail != e.clock-180*second || e.sites.rows[id].backAfter(got.lastFail) != e.clock-135*second ||
		got.fails != 0 || got.all != 6 {
		t.Errorf("%+v; it failed last 180 s ago and was back 135 s ago", got)
	}
	if c := (&evidence.Track{Recent: []evidence.Result{evidence.NewResult(0, 0), evidence.NewResult(90*second, 0),
		evidence.NewResult(100*second, 0)}}).Cadence(); c != 50*second {
		t.Errorf("cadence %d", c)
	}
}

// What becomes of a member by its probes.
func TestMembersByTheirProbes(t *testing.T) {
	t.Parallel()
	const down, degraded, recovered = faultline.SiteDown, faultline.SiteDegraded, faultline.SiteRecovered
	for name, c := range map[string]struct {
		was   faultline.SiteState
		track string
		want  faultline.SiteState
	}{
		"fails on":                        {down, "oxxx", down},
		"half of four":                    {down, "oxx+o", down},
		"less than half":                  {down, "oxo+ooo", degraded},
		"well":                            {down, "xooo", recovered},
		"one failure after it came back":  {recovered, "ooox", recovered},
		"two failures after it came back": {recovered, "ooxx", down},
		"nothing seen":                    {down, "", down},
	} {
		e := settled(60)
		in := e.open("cdn:x", 0)
		in.LastFail = 0
		id := put(e, "a.example", 9)
		m := in.join(id)
		m.State, m.Onset = c.was, e.clock-10*minute
		if c.was == recovered {
			m.Recovered = e.clock - 5*minute
		}
		for v, part := range splitTracks(c.track) {
			if part != "" {
				probed(e, id, []string{"lon-1", "nyc-1"}[v], part, 60)
			}
		}
		e.watchProbes(in, m, e.sites.rows[id])
		if m.State != c.want {
			t.Errorf("%s: %s, want %s", name, m.State, c.want)
		}
		switch {
		case c.want == recovered && c.was == down && m.Recovered != e.clock-150*second:
			t.Errorf("%s: back at %v, between its last failure and its first success it was %v", name, ms(m.Recovered),
				ms(e.clock-150*second))
		case c.want != recovered && m.Recovered != 0:
			t.Errorf("%s: not back, yet back at %v", name, ms(m.Recovered))
		case c.want == down && c.track != "" && in.LastFail != m.LastFail:
			t.Errorf("%s: last failed at %v, the incident at %v", name, ms(m.LastFail), ms(in.LastFail))
		}
	}
}

// What becomes of a member that nothing probes by its reports.
func TestMembersByTheirReports(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		nats  float64
		clean bool
		want  faultline.SiteState
	}{
		"more than 1.5 nats":         {1.51, false, faultline.SiteDown},
		"1.5 nats":                   {1.5, false, faultline.SiteDegraded},
		"half a nat":                 {0.5, false, faultline.SiteDegraded},
		"less than that":             {0.49, false, faultline.SiteRecovered},
		"many, the others are clean": {3, true, faultline.SiteRecovered},
	} {
		e := settled(60)
		in := e.open("cdn:x", 0)
		in.LastFail = 0
		id := put(e, "a.example", 0)
		e.evidenceOf(id).crowd[evidence.WindowOf(4*minute)] = c.nats
		m := in.join(id)
		m.State, m.Onset = faultline.SiteDegraded, e.clock-hour
		if e.watchCrowd(in, m, c.clean); m.State != c.want {
			t.Errorf("%s: %s, want %s", name, m.State, c.want)
		}
		if c.want == faultline.SiteRecovered && m.Recovered != e.clock-2*minute {
			t.Errorf("%s: back at %v", name, ms(m.Recovered))
		}
		if c.want == faultline.SiteDown && (m.LastFail != e.clock-minute || in.LastFail != m.LastFail) {
			t.Errorf("%s: last failed at %v", name, ms(m.LastFail))
		}
	}
}

// What failed a single probe and has been well for three minutes was no part of it.
func TestBlipsAreDropped(t *testing.T) {
	t.Parallel()
	blip := member{Probes: 5, Failed: 1, Reports: evidence.FewReports, State: faultline.SiteRecovered}
	for name, c := range map[string]struct {
		change func(m *member)
		age    int64
		cause  faultline.Component
		stays  bool
	}{
		"a blip":                  {func(*member) {}, 3 * minute, "cdn:x", false},
		"not yet three minutes":   {func(*member) {}, 3*minute - 1, "cdn:x", true},
		"two failures":            {func(m *member) { m.Failed = 2 }, hour, "cdn:x", true},
		"people complain":         {func(m *member) { m.Reports += 100 }, hour, "cdn:x", false},
		"it fails still":          {func(m *member) { m.State = faultline.SiteDown }, hour, "cdn:x", true},
		"nothing probes it":       {func(m *member) { m.Probes = 0 }, hour, "cdn:x", true},
		"it is the whole of it":   {func(*member) {}, hour, "site:a.example", true},
		"no failure was seen yet": {func(m *member) { m.Failed = 0 }, 3 * minute, "cdn:x", false},
	} {
		e := settled(60)
		in := e.open(c.cause, 0)
		id := put(e, "a.example", 0)
		m := in.join(id)
		*m = blip
		m.Site, m.Onset = id, e.clock-c.age
		c.change(m)
		e.sites.rows[id].Incident = in.Ordinal
		in.Reports, in.Probes, in.ProbesFailed = 10+m.Reports, 10+m.Probes, 10+m.Failed
		e.dropBlips(in)
		if got := in.member(id) != nil; got != c.stays || (e.sites.rows[id].Incident != 0) != c.stays {
			t.Errorf("%s: stays %v, want %v", name, got, c.stays)
		}
		if !c.stays && (in.Reports != 10 || in.Probes != 10 || in.ProbesFailed != 10) {
			t.Errorf("%s: %d reports, %d of %d probes are left", name, in.Reports, in.ProbesFailed, in.Probes)
		}
	}
}

// Who depends on the cause and fails joins it, if that is likely enough.
func TestJoining(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		nats     float64
		fraction float64
		other    bool
		want     bool
	}{
		"clear":                     {5, 1, false, true},
		"too little evidence":       {crowdDown, 1, false, false},
		"a posterior of 0.8":        {1.51, 0.48, false, true},
		"less, as less of it fails": {1.51, 0.3, false, false},
		"in another incident":       {5, 1, true, false},
	} {
		e := settled(60)
		in := e.open("cdn:x", 0)
		in.Fraction = c.fraction
		id := put(e, "a.example", c.nats, "cdn:x")
		if c.other {
			e.sites.rows[id].Incident = 99
		}
		e.joinMembers(in)
		if got := in.member(id) != nil; got != c.want {
			t.Errorf("%s: joins %v", name, got)
		}
	}
}

// A site began to fail between its last success and its first failure.
func TestBeganAbout(t *testing.T) {
	t.Parallel()
	e := settled(60)
	id := put(e, "a.example", 0)
	s := e.sites.rows[id]
	if got := e.beganAbout(s, e.clock-5*minute); got != e.clock-5*minute {
		t.Errorf("nobody looked: %v", ms(got))
	}
	probed(e, id, "lon-1", "xoooxx", 60)  // failing since 60 s ago, well 120 s ago
	probed(e, id, "nyc-1", "xooooxx", 40) // failing since 40 s ago, well 80 s ago
	if got, want := e.beganAbout(s, e.clock-230*second), e.clock-70*second; got != want {
		t.Errorf("it began at %v, want %v", ms(got), ms(want))
	}
}

// Impact counts those that the cause could take down, and the others apart.
func TestObserving(t *testing.T) {
	t.Parallel()
	e := settled(60)
	in := e.open("cdn:x", 0)
	var ids []uint32
	for i, l := range []float64{9, 9, -3, 9, -3, -3, 9} { // three on the cause, four elsewhere, one of those a member
		on := faultline.Component("cdn:x")
		if i > 2 {
			on = "cdn:y"
		}
		ids = append(ids, put(e, string(rune('a'+i))+".example", l, on))
	}
	silent := put(e, "silent.example", 0, "cdn:x")
	e.evidenceOf(silent).Probed = false
	people := put(e, "people.example", 0, "cdn:x")
	e.evidenceOf(people).Probed = false
	e.evidenceOf(people).crowd[evidence.WindowOf(8*minute)] = -0.1
	for _, i := range []int{0, 1, 6} {
		in.join(ids[i])
		e.sites.rows[ids[i]].Incident = in.Ordinal
	}
	in.Failing = 3
	for i := range e.s.evidence {
		e.s.watched.add(&e.s.evidence[i])
	}
	e.observe(in, true)
	if in.Observed != 4 || in.ElsewhereObserved != 3 || in.ElsewhereFailing != 1 || in.Fraction != 0.75 {
		t.Errorf("probed: %d observed, elsewhere %d of %d fail, fraction %v", in.Observed, in.ElsewhereFailing,
			in.ElsewhereObserved, in.Fraction)
	}
	in.Observed = 0
	e.observe(in, false)
	if in.Observed != 5 || in.ElsewhereObserved != 3 || in.Fraction != 0.6 {
		t.Errorf("by reports: %d observed, %d elsewhere, fraction %v", in.Observed, in.ElsewhereObserved, in.Fraction)
	}
	if w := e.s.watched; w != (watched{probed: 7, reported: 8, failing: 4}) {
		t.Errorf("watched %+v", w)
	}
}
