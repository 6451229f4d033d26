package correlate

import (
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

// An incident goes from state to state at the thresholds of docs/method.md, to the
// millisecond and to the site.
func TestIncidentsAdvanceAtTheirThresholds(t *testing.T) {
	t.Parallel()
	const candidate, confirmed, recovering = faultline.StateCandidate, faultline.StateConfirmed,
		faultline.StateRecovering
	for name, c := range map[string]struct {
		state            faultline.IncidentState
		failing, peak    int
		low, quiet, wait int64 // since when little, and nothing, of it fails; then so long
		want             faultline.IncidentState
	}{
		"a candidate that fails stays one":           {candidate, 20, 20, 0, 0, hour, candidate},
		"a quiet candidate waits":                    {candidate, 0, 20, 1, 1, 5*minute - 1, candidate},
		"a quiet candidate is retracted at 5 min":    {candidate, 0, 20, 1, 1, 5 * minute, faultline.StateRetracted},
		"one of 20 is quiet enough":                  {candidate, 1, 20, 1, 1, 5 * minute, faultline.StateRetracted},
		"one of 19 is not":                           {candidate, 1, 19, 1, 1, 5 * minute, candidate},
		"below 30 % for less than 3 min":             {confirmed, 5, 20, 1, 0, 3*minute - 1, confirmed},
		"below 30 % for 3 min recovers":              {confirmed, 5, 20, 1, 0, 3 * minute, recovering},
		"30 % is not below":                          {confirmed, 6, 20, 1, 0, 3 * minute, confirmed},
		"nothing for less than 10 min":               {recovering, 0, 20, 1, 1, 10*minute - 1, recovering},
		"nothing for 10 min resolves":                {recovering, 0, 20, 1, 1, 10 * minute, faultline.StateResolved},
		"5 % for 10 min resolves":                    {recovering, 1, 20, 1, 1, 10 * minute, faultline.StateResolved},
		"more does not":                              {recovering, 2, 39, 1, 1, 10 * minute, recovering},
		"a confirmed one may resolve without a word": {confirmed, 0, 20, 1, 1, 10 * minute, faultline.StateResolved},
		"half of the peak again is an outage again":  {recovering, 10, 20, 1, 0, hour, confirmed},
		"less is a recovery still":                   {recovering, 9, 20, 1, 0, hour, recovering},
	} {
		e := settled(60)
		in := e.open("cdn:x", 0)
		in.State, in.Failing, in.PeakFailing = c.state, c.failing, c.peak
		began := e.clock
		if c.low != 0 {
			in.LowSince = began
		}
		if c.quiet != 0 {
			in.QuietSince = began
		}
		e.clock += c.wait
		if e.advance(in); in.State != c.want {
			t.Errorf("%s: %s, want %s", name, in.State, c.want)
		}
		if c.want == recovering && c.state == confirmed && in.Recovering != began {
			t.Errorf("%s: since %v, want %v", name, ms(in.Recovering), ms(began))
		}
		if c.want == faultline.StateRetracted && in.Resolved != e.clock {
			t.Errorf("%s: at %v", name, ms(in.Resolved))
		}
		if c.want == confirmed && c.state == recovering && in.Recovering != 0 {
			t.Errorf("%s: it goes on recovering", name)
		}
	}
}

func TestSinceKeepsTheFirstMoment(t *testing.T) {
	t.Parallel()
	var at int64
	for _, c := range []struct {
		holds     bool
		now, want int64
	}{{false, 10, 0}, {true, 20, 20}, {true, 30, 20}, {false, 40, 0}, {true, 50, 50}} {
		if since(&at, c.holds, c.now); at != c.want {
			t.Errorf("at %d: since %d, want %d", c.now, at, c.want)
		}
	}
}

// All but a part of the sites are back when the last of the others is.
func TestReturnedWhenTheRestIsBack(t *testing.T) {
	t.Parallel()
	in := &incident{}
	for i := range 20 {
		in.Members = append(in.Members, member{Site: uint32(i), Recovered: int64(1000 - 10*i)})
	}
	for _, c := range []struct {
		but  float64
		want int64
	}{{0, 1000}, {0.05, 990}, {0.3, 940}, {1, 810}} {
		if got := in.returned(c.but, 7); got != c.want {
			t.Errorf("all but %v: back at %d, want %d", c.but, got, c.want)
		}
	}
	in.Members[0].Recovered, in.Members[1].Recovered = 0, 0 // two fail on
	if got := in.returned(0.05, 7); got != 980 {
		t.Errorf("two of 20 fail on: back at %d, want 980", got)
	}
	if got := (&incident{Members: []member{{}}}).returned(0.05, 7); got != 7 {
		t.Errorf("nobody is back: %d", got)
	}
}

// An incident begins with what fails at this moment: two sites, and 30 % of those
// that it explains.
func TestIncidentsBeginWithWhatFailsNow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failing, of int
		want        bool
	}{
		"one of one": {1, 1, false}, "two of two": {2, 2, true}, "two of six": {2, 6, true},
		"two of seven": {2, 7, false},
		"three of ten": {3, 10, true}, "three of eleven": {3, 11, false},
	} {
		e := settled(60)
		var ids []uint32
		for i := range c.of {
			id := put(e, string(rune('a'+i))+".example", 5, "cdn:x")
			probed(e, id, "lon-1", map[bool]string{true: "oox", false: "ooo"}[i < c.failing], 60)
			ids = append(ids, id)
		}
		if got := e.failingNow("cdn:x", ids); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	e := settled(60) // where nothing probes, four minutes of people's reports speak
	a, b := put(e, "a.example", 5, "cdn:x"), put(e, "b.example", 5, "cdn:x")
	for _, l := range []struct {
		nats float64
		want bool
	}{{crowdDown, false}, {crowdDown + 0.01, true}} {
		for _, id := range []uint32{a, b} {
			e.evidenceOf(id).crowd[evidence.WindowOf(4*minute)] = l.nats
		}
		if got := e.failingNow("cdn:x", []uint32{a, b}); got != l.want {
			t.Errorf("%v nats of reports: %v", l.nats, got)
		}
	}
}

// A resolved incident is open again when two of the last results of 30 % of its
// probed sites fail, and as many as do not.
func TestRelapse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tracks []string
		want   bool
	}{
		"none":               {[]string{"ooo", "ooo"}, false},
		"one failure each":   {[]string{"oox", "oox"}, false},
		"two of three":       {[]string{"oxx"}, true},
		"one of three sites": {[]string{"oxx", "ooo", "ooo"}, true},
		"one of four":        {[]string{"oxx", "ooo", "ooo", "ooo"}, false},
		"three of ten": {[]string{"oxx", "oxx", "oxx", "ooo", "ooo", "ooo", "ooo", "ooo", "ooo", "ooo"},
			true},
		"what nothing probes, aside":  {[]string{"oxx", "ooo", "ooo", "", ""}, true},
		"what failed before its end":  {[]string{"xxo", "xxo"}, false},
		"who is in another one, too":  {[]string{"oxx!", "ooo", "ooo"}, false},
		"half of what two vantages":   {[]string{"oxx+ooo"}, false},
		"half of what two vantages 2": {[]string{"oxx+oox"}, true},
	} {
		e := settled(60)
		in := e.open("cdn:x", 0)
		in.State, in.Resolved = faultline.StateResolved, e.clock-50*second
		for i, track := range c.tracks {
			id := put(e, string(rune('a'+i))+".example", 5, "cdn:x")
			in.join(id)
			layTracks(e, id, track)
		}
		if got := e.relapsed(in); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// layTracks gives a site the tracks of two vantages, and the mark of another incident.
func layTracks(e *Engine, id uint32, tracks string) {
	vantages := []string{"lon-1", "nyc-1"}
	for v, part := range splitTracks(tracks) {
		switch part {
		case "!":
			e.sites.rows[id].Incident = 99
		case "":
		default:
			probed(e, id, vantages[v], part, 60)
		}
	}
}

// splitTracks reads "oxx+ooo!" as two tracks and a mark.
func splitTracks(s string) []string {
	var out []string
	part := ""
	for _, r := range s {
		switch r {
		case '+':
			out, part = append(out, part), ""
		case '!':
			out, part = append(out, part), "!"
		default:
			part += string(r)
		}
	}
	return append(out, part)
}
