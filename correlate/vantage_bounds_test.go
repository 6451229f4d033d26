package correlate

import (
	"fmt"
	"testing"
)

// Stretches in which a vantage failed itself and that lie within a minute are one.
func TestSickSpans(t *testing.T) {
	t.Parallel()
	v := &vantage{}
	v.sicken(10*minute-2*minute, 10*minute)
	v.sicken(12*minute-2*minute, 12*minute)
	v.sicken(15*minute+1-2*minute, 15*minute+1)
	if len(v.Sick) != 2 || v.Sick[0] != (span{8 * minute, 12 * minute}) {
		t.Fatalf("spans %v", v.Sick)
	}
	for at, want := range map[int64]bool{
		8*minute - 1: false, 8 * minute: true, 12 * minute: true, 12*minute + 1: false, 15*minute + 1: true,
		15*minute + 2: false,
	} {
		if v.sick(at) != want {
			t.Errorf("at %d ms sick: %v, want %v", at, !want, want)
		}
	}
	for i := range int64(2 * sickSpans) {
		v.sicken(hour+i*10*minute-2*minute, hour+i*10*minute)
	}
	if len(v.Sick) != sickSpans || v.Sick[sickSpans-1].To != hour+(2*sickSpans-1)*10*minute {
		t.Errorf("%d spans are kept, the last to %d", len(v.Sick), v.Sick[len(v.Sick)-1].To)
	}
}

// A vantage is ignored from 5 % of unexplained failures on, all of it from 30 %.
func TestVoice(t *testing.T) {
	t.Parallel()
	const w = 3
	for name, c := range map[string]struct {
		fails, seen   int
		others, looks int // of another vantage
		want          float64
	}{
		"four failures prove nothing":         {4, 10, 0, 100, 1},
		"five of a hundred":                   {5, 100, 0, 100, 1},
		"17.5 %":                              {35, 200, 0, 200, 0.5},
		"30 %":                                {60, 200, 0, 200, 0},
		"more":                                {150, 200, 0, 200, 0},
		"others see the same":                 {35, 200, 35, 200, 1},
		"others see a third of it":            {70, 200, 25, 200, 0.48708286933869727},
		"alone, and most fails":               {61, 100, 0, 0, 0},
		"alone, and 60 % fail":                {60, 100, 0, 0, 1},
		"compared with ten looks":             {60, 200, 0, 10, 0},
		"nine looks are none to compare with": {60, 200, 0, 9, 1},
	} {
		e := settled(60)
		all := make([][windows]vantageView, 2)
		for i := range c.seen {
			id := put(e, fmt.Sprintf("s%d.example", i), 0)
			probed(e, id, "lon-1", "o", 60)
			if i < c.fails {
				all[0][w].fails = append(all[0][w].fails, id)
			}
		}
		all[0][w].seen, all[1][w].seen = c.seen, c.looks
		all[1][w].fails = make([]uint32, c.others)
		near(t, name, e.trustIn(all, 0, w), c.want)
	}
}

// Failures at one vantage that a few components hold are no fault of it.
func TestConcentrated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		on, off int // failures on the component, and elsewhere
		want    bool
	}{
		"all on one": {20, 0, true}, "few elsewhere": {20, 4, true}, "as many elsewhere": {20, 20, false},
		"nothing in common": {0, 20, false},
	} {
		e := settled(60)
		l := vantageView{}
		var seen []uint32
		for i := range 100 {
			var id uint32
			if i < 25 {
				id = put(e, fmt.Sprintf("s%d.example", i), 0, "cdn:x")
			} else {
				id = put(e, fmt.Sprintf("s%d.example", i), 0)
			}
			seen = append(seen, id)
			if i < c.on || i >= 25 && i < 25+c.off {
				l.fails = append(l.fails, id)
			}
		}
		l.seen = len(seen)
		if got := e.concentrated(l, seen); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A failure says something of the vantage when no other one has seen the site fail
// of late, the site is in no incident and does not fail often.
func TestLookAt(t *testing.T) {
	t.Parallel()
	w := windowOf(4 * minute)
	for name, c := range map[string]struct {
		own, other string
		apart      int64
		change     func(*site)
		seen, fail int
	}{
		"failed here alone":            {"oox", "ooo", 60, nil, 1, 1},
		"well":                         {"ooo", "ooo", 60, nil, 1, 0},
		"failed elsewhere as well":     {"oox", "oxo", 60, nil, 1, 0},
		"failed elsewhere long before": {"ooooox", "xooooo", 60, nil, 1, 1},
		"failed elsewhere 4 min ago":   {"ooooox", "oxoooo", 60, nil, 1, 0},
		"in an incident":               {"oox", "ooo", 60, func(s *site) { s.Incident = 1 }, 0, 0},
		"often fails":                  {"oox", "ooo", 60, func(s *site) { s.Tracks[0].Fail = 100 }, 0, 0},
	} {
		e := settled(60)
		id := put(e, "a.example", 0)
		probed(e, id, "lon-1", c.own, c.apart)
		probed(e, id, "nyc-1", c.other, c.apart)
		if c.change != nil {
			c.change(e.sites.rows[id])
		}
		all := make([][windows]vantageView, 2)
		if e.fileChecks(id, all); all[0][w].seen != c.seen || len(all[0][w].fails) != c.fail {
			t.Errorf("%s: %d of %d looks fail, want %d of %d", name, len(all[0][w].fails), all[0][w].seen,
				c.fail, c.seen)
		}
	}
}
