package correlate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

func TestChangePoint(t *testing.T) {
	t.Parallel()
	ok := func(at int64) mark { return mark{at, -4} }
	bad := func(at int64) mark { return mark{at, 4} }
	for name, c := range map[string]struct {
		marks []mark
		want  [3]int64 // earliest, likeliest, latest
	}{
		"well, then failing":     {[]mark{ok(10), ok(20), bad(40), bad(50)}, [3]int64{20, 30, 40}},
		"in any order":           {[]mark{bad(50), ok(20), bad(40), ok(10)}, [3]int64{20, 30, 40}},
		"failing from the first": {[]mark{bad(10), bad(20)}, [3]int64{0, 5, 10}},
		"one blip long before":   {[]mark{bad(10), ok(20), ok(30), ok(40), bad(60), bad(80)}, [3]int64{40, 50, 60}},
		"many sites close in":    {[]mark{ok(10), ok(30), bad(31), bad(34), bad(60)}, [3]int64{30, 30, 31}},
		"weak words widen it":    {[]mark{ok(10), {20, -1}, {30, 1}, bad(40)}, [3]int64{10, 25, 40}},
		"success among failures": {[]mark{ok(10), bad(20), bad(30), ok(40), bad(50), bad(60)}, [3]int64{10, 15, 20}},
	} {
		if got := changePoint(c.marks, 0); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// seenTogether folds what one vantage saw of some sites, a letter a minute up to
// minute 60: o is well, x has failed. It returns the sites.
func seenTogether(e *Engine, tracks []string) []uint32 {
	ids := make([]uint32, len(tracks))
	for j := range tracks[0] {
		at := after(60 - float64(len(tracks[0])-1-j))
		e.Fold(faultline.Tick{At: at})
		for i, outcomes := range tracks {
			p := faultline.Probe{At: at, Site: fmt.Sprint("s", i), Vantage: "lon-1", Symptom: "ok"}
			if outcomes[j] == 'x' {
				p.Symptom = "timeout"
			}
			e.Fold(p)
			ids[i], _ = e.sites.find(p.Site)
		}
	}
	return ids
}

func TestOnsetOfProbes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tracks         []string
		earliest, late float64 // minutes
	}{
		"between the last success and the first failure": {[]string{"oooooooooooooooooxxxx"}, 56, 57},
		"a blip long before is none":                     {[]string{"oooxooooooooooooxxxxx"}, 55, 56},
		"two sites close it in": {[]string{"oooooooooooooooooxxxx", "ooooooooooooooooooxxx"},
			56, 58},
		"what is well tells nothing": {[]string{"oooooooooooooooooxxxx", "ooooooooooooooooooooo"},
			56, 57},
	} {
		e := New(Config{})
		on, ok := e.onsetOf(seenTogether(e, c.tracks), e.clock)
		if !ok || ms(on[1]).Before(after(c.earliest)) || ms(on[1]).After(after(c.late)) || on[0] > on[1] ||
			on[1] > on[2] {
			t.Errorf("%s: onset %v to %v, at %v; want within minutes %v and %v", name, ms(on[0]), ms(on[2]), ms(on[1]),
				c.earliest, c.late)
		}
	}
	e := New(Config{})
	if on, ok := e.onsetOf(seenTogether(e, []string{"ooooooooooooooooooooo"}), e.clock); ok {
		t.Errorf("an onset of what never failed: %v", on)
	}
}

func TestCrowdOnsetAllowsForTheTimeThatPeopleTake(t *testing.T) {
	t.Parallel()
	var at []int64
	for i := range int64(60) {
		at = append(at, 20*minute+i*5*second) // 12 a minute from minute 20
	}
	on, ok := (&Engine{}).crowdOnset(at, 0.1, 0, 25*minute)
	if !ok || on[0] > 19*minute || on[2] < 19*minute || on[2] > 21*minute || on[1] < 18*minute || on[1] > 20*minute {
		t.Errorf("onset %v, %v; reports rose at minute 20", on, ok)
	}
	if _, ok := (&Engine{}).crowdOnset(nil, 0.1, 0, 25*minute); ok {
		t.Error("an onset without a report")
	}
}

// A site that began to fail long before the others, or was never well, does not date what they
// began to fail of. Where too few others are there to tell, nothing is left out.
func TestOneSiteThatFailedBeforeDoesNotDateTheRest(t *testing.T) {
	t.Parallel()
	const minutes, failing = 30, 8
	well := strings.Repeat("o", minutes)
	from := func(before int) string { return well[before+failing:] + strings.Repeat("x", before+failing) }
	all := from(0)
	most := all[:minutes-3] + "oxx"
	many := all[:minutes-6] + "oxxxox"
	for name, c := range map[string]struct {
		alone []string
		date  bool // the others alone date it
	}{
		"five minutes before":      {[]string{from(5)}, true},
		"a quarter of an hour":     {[]string{from(15)}, true},
		"never well":               {[]string{strings.Repeat("x", minutes)}, true},
		"never well, but for luck": {[]string{strings.Repeat("x", 9) + "o" + strings.Repeat("x", minutes-10)}, true},
		"two of six":               {[]string{from(8), from(8)}, true},
		"at the same time":         {[]string{from(0)}, true},
		"half of all":              {[]string{from(8), from(8), from(8), from(8)}, false},
	} {
		sites := slices.Concat(c.alone, []string{all, most, many, all})
		// Sites that are well, or it were the vantage that fails.
		e, others := New(Config{}), slices.Repeat([]string{well}, 40)
		ids := seenTogether(e, slices.Concat(sites, others))[:len(sites)]
		on, ok := e.onsetOf(ids, e.clock)
		right := !ms(on[1]).Before(after(60-failing)) && !ms(on[0]).After(after(60-failing+1))
		if !ok || right != c.date {
			t.Errorf("%s: onset %v to %v, at %v; the others began in the minute before %v", name, ms(on[0]), ms(on[2]),
				ms(on[1]), after(60-failing+1))
		}
	}
}

// Ahead of the others is whoever failed most often by then, on tracks that can be believed, as
// long as it and its like are few of those that fail.
func TestWhoIsAheadOfTheOthers(t *testing.T) {
	t.Parallel()
	const until = 53 // minutes; all tracks end at minute 60
	late, early := "oooooooooooooxxxxxxx", "ooooooooooxxxxxxxxxx"
	for name, c := range map[string]struct {
		tracks []string
		want   int // -1: nobody
	}{
		"one of four":                    {[]string{late, early, late, late}, 1},
		"nobody":                         {[]string{late, late, late, late}, -1},
		"one failure is too few":         {[]string{late, "ooooooooooxooxxxxxxx", late, late}, -1},
		"two are enough":                 {[]string{late, "ooooooooooxxoxxxxxxx", late, late}, 1},
		"the one that failed more often": {[]string{late, "ooooooooxxxxxxxxxxxx", late, late, early, late}, 1},
		"half of them are the onset":     {[]string{early, late, early, late}, -1},
		"of sites that never failed":     {[]string{late, early, "oooooooooooooooooooo", "oooooooooooooooooooo"}, -1},
		"one that was never well":        {[]string{late, strings.Repeat("x", 20), late, late}, 1},
	} {
		e, others := New(Config{}), slices.Repeat([]string{strings.Repeat("o", 20)}, 40)
		ids := seenTogether(e, slices.Concat(c.tracks, others))[:len(c.tracks)]
		site, ok := e.ahead(ids, 0, after(until).UnixMilli())
		if got := slices.Index(ids, site); ok != (c.want >= 0) || ok && got != c.want {
			t.Errorf("%s: %d, %v, want %d", name, got, ok, c.want)
		}
	}
}

// People who have complained for as long as the fit reaches do not date an outage that comes on top
// of them; an outage at the beginning of its reach keeps its onset.
func TestABrigadeBeforeDoesNotDateAnOutage(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	from, to := int64(0), 25*minute
	for name, c := range map[string]struct {
		brigade int64 // a report each so many seconds all the time
		began   int64
	}{
		"an hour of a brigade":    {1, 20 * minute},
		"a brigade of a few":      {6, 20 * minute},
		"nobody before":           {0, 20 * minute},
		"begun as the fit begins": {0, 2 * minute},
	} {
		var at []int64
		for s := int64(1); c.brigade > 0 && s*second < to; s += c.brigade {
			at = append(at, s*second)
		}
		for s := c.began; s < to; s += second / 5 {
			at = append(at, s)
		}
		on, ok := e.crowdOnset(at, 0.3, from, to)
		if late := on[1] + int64(evidence.ReportLag) - c.began; !ok || late < -minute || late > minute {
			t.Errorf("%s: dated %d s from when it began", name, late/second)
		}
	}
}
