package evidence

import (
	"testing"

	"faultline/correlate/cause"
)

// A vantage is ignored from 5 % of unexplained failures on, all of it from 30 %.
func TestTrustInAVantage(t *testing.T) {
	t.Parallel()
	const w = 3
	for name, c := range map[string]struct {
		fails, seen     int
		others, checked int // of another vantage
		want            float64
	}{
		"four failures prove nothing":         {4, 10, 0, 100, 1},
		"five of a hundred":                   {5, 100, 0, 100, 1},
		"17.5 %":                              {35, 200, 0, 200, 0.5},
		"30 %":                                {60, 200, 0, 200, 0},
		"more":                                {150, 200, 0, 200, 0},
		"others see the same":                 {35, 200, 35, 200, 1},
		"others see a third of it":            {70, 200, 25, 200, 0.48708286933869727},
		"alone, and most fails":               {61, 100, 0, 0, 0},
		"alone, and 60 % fail":                {60, 100, 0, 0, 0},
		"alone, and 17.5 % fail":              {35, 200, 0, 0, 0.5},
		"compared with ten sites":             {60, 200, 0, 10, 0},
		"nine sites are none to compare with": {35, 200, 35, 9, 0.5},
	} {
		all := make(Views, 2)
		for id := range uint32(c.fails) {
			all[0][w].fails = append(all[0][w].fails, id)
		}
		all[0][w].seen, all[1][w].seen = c.seen, c.checked
		all[1][w].fails = make([]uint32, c.others)
		near(t, name, all.Trust(0, w, make(town, c.seen)), c.want)
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
		sites := make(town, 100)
		l := View{seen: len(sites)}
		for i := range sites {
			if i < 25 {
				sites[i] = []cause.Dep{cause.NewDep(7, 1)}
			}
			if i < c.on || i >= 25 && i < 25+c.off {
				l.fails = append(l.fails, uint32(i))
			}
		}
		if got := concentrated(l, sites.SeenBy(0, 0, Explained), sites); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A failure says something of the vantage when no other one has seen the site fail
// of late, the site is in no incident and does not fail often.
func TestWhatAFailureSaysOfItsVantage(t *testing.T) {
	t.Parallel()
	w, now := WindowOf(4*minute), 100*minute
	for name, c := range map[string]struct {
		own, other string
		known      Standing
		fail       float64 // learned of the vantage's own track
		seen, want int
	}{
		"failed here alone":            {"oox", "ooo", Unexplained, 0, 1, 1},
		"well":                         {"ooo", "ooo", Unexplained, 0, 1, 0},
		"failed elsewhere as well":     {"oox", "oxo", Unexplained, 0, 1, 0},
		"failed elsewhere long before": {"ooooox", "xooooo", Unexplained, 0, 1, 1},
		"failed elsewhere 4 min ago":   {"ooooox", "oxoooo", Unexplained, 0, 1, 0},
		"in an incident":               {"oox", "ooo", Suspected, 0, 0, 0},
		"often fails":                  {"oox", "ooo", Unexplained, 100, 0, 0},
	} {
		own := probed(0, c.own, now, 60)
		own.Fail = c.fail
		all := make(Views, 2)
		all.File(0, []*Track{own, probed(1, c.other, now, 60)}, c.known, now)
		if got := all[0][w]; got.seen != c.seen || len(got.fails) != c.want {
			t.Errorf("%s: %d of %d sites accuse the vantage, want %d of %d", name, len(got.fails), got.seen, c.want,
				c.seen)
		}
	}
}

// Many failures at one vantage are doubted, whether or not others saw them.
func TestFewFailuresRaiseNoDoubt(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	for fails, want := range map[int]bool{0: false, sickFailures - 1: false, sickFailures: true} {
		all := make(Views, 1)
		for id := range uint32(fails) {
			all.File(id, []*Track{probed(0, "oox", now, 60)}, Unexplained, now)
		}
		if got := all.Doubtful(); got != want {
			t.Errorf("%d failures: doubted %v", fails, got)
		}
	}
}
