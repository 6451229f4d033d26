package web

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"faultline"
)

var start = time.Date(2021, 6, 8, 9, 47, 0, 0, time.UTC)

// nobody is a Source that has nothing, for pages whose words alone are tested.
type nobody struct{ Source }

func (nobody) Coverage() faultline.Coverage { return faultline.Coverage{State: faultline.Observing} }
func (nobody) View() faultline.View         { return faultline.View{} }

// localizerIn returns the localizer that pages of a language are written with.
func localizerIn(t *testing.T, lang string) *localizer {
	t.Helper()
	w, err := New(
		Config{Source: nobody{}, Door: struct{ Door }{}, Keys: struct{ Keys }{}, Now: func() time.Time { return start },
			Lookup: func(string) (faultline.SiteRecord, error) {
				return faultline.SiteRecord{},
					faultline.ErrNotFound
			}},
	)
	if err != nil {
		t.Fatal(err)
	}
	if w.localizers[lang] == nil {
		t.Fatalf("nobody speaks %s", lang)
	}
	return w.localizers[lang]
}

func english(t *testing.T) *localizer { return localizerIn(t, "en") }

// incidentOf is an incident with revisions whose points are given.
func incidentOf(points []point) faultline.Incident {
	last := points[len(points)-1]
	peak := 0
	for _, p := range points {
		peak = max(peak, p.Failing)
	}
	return faultline.Incident{ID: "inc_1", Revision: len(points), State: faultline.StateConfirmed,
		Onset: faultline.Onset{
			Earliest: start.Add(-10 * time.Second),
			At:       start,
			Latest:   start.Add(10 * time.Second),
		},
		DetectedAt: points[0].At, ConfirmedAt: &points[0].At, UpdatedAt: last.At,
		Impact: faultline.Impact{Failing: last.Failing, Observed: last.Observed, PeakFailing: peak}}
}

func TestThinKeepsWhatMatters(t *testing.T) {
	var points []point
	for i := range 2_000 {
		p := point{
			At:       start.Add(time.Duration(i) * time.Minute),
			Failing:  50,
			Observed: 100,
			State:    faultline.StateConfirmed,
		}
		if i == 777 {
			p.Failing = 99
		}
		if i > 1_500 {
			p.State = faultline.StateRecovering
		}
		points = append(points, p)
	}
	kept := thin(points)
	if len(kept) > chartDots+10 {
		t.Errorf("%d points are kept", len(kept))
	}
	has := map[time.Time]bool{}
	for i, p := range kept {
		has[p.At] = true
		if i > 0 && !p.At.After(kept[i-1].At) {
			t.Errorf("point %d is out of order", i)
		}
	}
	for name, i := range map[string]int{"first": 0, "peak": 777, "turn": 1501, "last": 1999} {
		if !has[points[i].At] {
			t.Errorf("the %s point is lost", name)
		}
	}
}

func TestAxes(t *testing.T) {
	for top, want := range map[int][2]int{1: {1, 1}, 3: {1, 3}, 4: {1, 4}, 7: {2, 8}, 140: {50, 150}, 154: {50, 200},
		200: {50, 200}, 1156: {500, 1500}} {
		if step, ceiling := nice(top); step != want[0] || ceiling != want[1] {
			t.Errorf("axis over %d: steps of %d up to %d, want %v", top, step, ceiling, want)
		}
	}
	for _, d := range []time.Duration{5 * time.Minute, 38 * time.Minute, 82 * time.Minute, 7 * time.Hour,
		50 * time.Hour, 30 * 24 * time.Hour} {
		ticks, unit := english(t).ticks(span{start, start.Add(d)})
		if len(ticks) < 2 || len(ticks) > 5 || unit[:3] != "UTC" {
			t.Errorf("over %s: %v %q", d, ticks, unit)
		}
	}
}

func TestMarksDoNotTouch(t *testing.T) {
	points := []point{
		{At: start.Add(22 * time.Second), Failing: 10, Observed: 40},
		{At: start.Add(90 * time.Minute), Failing: 131, Observed: 140},
	}
	inc := incidentOf(points)
	for i := range 9 { // more than are marked
		inc.Statements = append(
			inc.Statements,
			faultline.SaidStatement{At: start.Add(time.Duration(i*20) * time.Minute), Status: "in_progress"},
		)
	}
	c := english(t).chartOf(&inc, points, points[1].At)
	if len(c.Marks) != 2+statementsMarked || c.Marks[0].Text != "Began" ||
		c.Marks[1].Text != "The provider said: in progress" {
		t.Fatalf("marks: %+v", c.Marks)
	}
	drawn := onlyDrawn(c.Marks)
	for i, m := range drawn {
		for _, other := range drawn[:i] {
			if m.Label != "" && other.Label != "" && m.Row == other.Row && overlap(m, other) {
				t.Errorf("%q and %q touch", m.Label, other.Label)
			}
		}
	}
	if drawn[0].Label != "Began 09:46:50 to 09:47:10" {
		t.Errorf("the band is called %q", drawn[0].Label)
	}
	if len(drawn) != 7 { // the last statement lies beyond what is shown
		t.Errorf("%d marks are drawn", len(drawn))
	}
}

func onlyDrawn(marks []mark) (drawn []mark) {
	for _, m := range marks {
		if m.Drawn {
			drawn = append(drawn, m)
		}
	}
	return drawn
}

// overlap reports whether two labels of one row touch on a phone.
func overlap(a, b mark) bool {
	ends := func(m mark) (from, to float64) {
		wide := labelLetter * float64(utf8.RuneCountInString(m.Label))
		if from = m.x*labelPlot + float64(m.DX); m.Anchor == "end" {
			from -= wide
		}
		return from, from + wide
	}
	fromA, toA := ends(a)
	fromB, toB := ends(b)
	return fromA < toB && fromB < toA
}

// The chart draws shares with the other sites' in the same plot, names its lines, and
// marks by name when the provider admits it; without a denominator it draws numbers.
func TestChartNamesItsLines(t *testing.T) {
	points := []point{
		{At: start.Add(22 * time.Second), Failing: 10, Observed: 140, OthersFailing: 2, Others: 2000},
		{At: start.Add(38 * time.Minute), Failing: 70, Observed: 140, OthersFailing: 3, Others: 2000},
	}
	inc := incidentOf(points)
	inc.Cause = &faultline.Cause{Component: "cdn:fastly", Kind: faultline.KindCDN, Name: "Fastly"}
	inc.Statements = []faultline.SaidStatement{{At: start.Add(11 * time.Minute), Status: "investigating"}}
	c := english(t).chartOf(&inc, points, points[1].At.Add(time.Minute))
	var said []string
	for _, e := range c.Ends {
		said = append(said, e.Text)
	}
	for _, m := range c.Marks {
		said = append(said, m.Label)
	}
	for _, want := range []string{"50 % of sites on Fastly", "under 1 % of other sites",
		"Fastly admits it, 11 min later"} {
		if !slices.Contains(said, want) {
			t.Errorf("no %q in %q", want, said)
		}
	}
	if len(c.Shapes) != 4 || c.Shapes[1].Class != "others" || c.Shapes[3].Class != "failing since" ||
		len(c.Columns) != 4 {
		t.Errorf("%+v %q", c.Shapes, c.Columns)
	}
	points[0].Failing, points[0].Observed = 10, 3 // by reports alone
	if c := english(t).chartOf(&inc, points, points[1].At); len(c.Ends) != 0 || c.Title != "Sites failing" {
		t.Errorf("%q %+v", c.Title, c.Ends)
	}
}

func TestChartOfOneSiteIsAList(t *testing.T) {
	points := []point{{At: start, Failing: 1, Observed: 1}}
	inc := incidentOf(points)
	if c := english(t).chartOf(&inc, points, start); c.Drawn || len(c.Marks) != 2 {
		t.Errorf("%+v", c)
	}
}

func TestWordsForNumbers(t *testing.T) {
	v := english(t)
	for d, want := range map[time.Duration]string{0: "0 s", 21400 * time.Millisecond: "21 s",
		59600 * time.Millisecond: "1 min", 38*time.Minute + 12*time.Second: "38 min",
		59*time.Minute + 40*time.Second: "1 h", 72 * time.Minute: "1 h 12 min", 24 * time.Hour: "1 d",
		76 * time.Hour: "3 d 4 h", -time.Second: "0 s"} {
		if got := v.lasting(d); got != want {
			t.Errorf("%s is written %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 36734: "36,734", 1234567: "1,234,567",
		-1234: "-1,234", -123: "-123"} {
		if got := v.number(n); got != want {
			t.Errorf("%d is written %q", n, got)
		}
	}
	for p, want := range map[float64]string{0: "0 %", 0.004: "under 1 %", 0.97: "97 %", 0.998: "over 99 %",
		1: "100 %"} {
		if got := v.percent(p); got != want {
			t.Errorf("%v is written %q", p, got)
		}
	}
}

// teller has revisions to read, and may stop in the middle.
type teller struct {
	Source
	read atomic.Int64
	most int // revisions at once
	err  error
}

func (s *teller) Revisions(_ context.Context, _ string, after, limit int) ([]faultline.Incident, error) {
	var read []faultline.Incident
	for n := after + 1; n <= after+min(limit, s.most); n++ {
		s.read.Add(1)
		read = append(read, faultline.Incident{Revision: n, Impact: faultline.Impact{Failing: n}})
	}
	return read, s.err
}

// A chart that lacks what came before still ends with what is.
func TestChartEndsWithWhatIs(t *testing.T) {
	inc := incidentOf(
		[]point{{At: start, Failing: 131, Observed: 140}, {At: start.Add(time.Hour), Failing: 48, Observed: 140}},
	)
	inc.Revision, inc.Impact.Failing = 90, 48
	lines := newTimelines(&teller{most: 60, err: errors.New("slow")})
	points, whole := lines.told(t.Context(), &inc)
	if last := points[len(points)-1]; whole || len(points) != 61 || last.Failing != 48 ||
		!last.At.Equal(inc.UpdatedAt) {
		t.Errorf("%d points, the last of them %+v", len(points), last)
	}
	inc.Revision = 60
	again, _ := lines.upTo(t.Context(), &inc)
	inc.Revision = 90
	if again[59].Failing != 60 {
		t.Error("what is read for one chart is kept for others")
	}
	v := english(t)
	v.charts = newTimelines(&teller{most: 60, err: errors.New("slow")})
	if drawn := v.sparks(t.Context(), []*faultline.Incident{&inc}, inc.UpdatedAt); len(drawn) > 0 {
		t.Error("a spark is drawn of what was not read whole")
	}
	kept := inc
	kept.Timeline = faultline.Timeline{{At: start, Failing: 131, Observed: 140}, {At: start.Add(time.Minute)},
		{At: start.Add(2 * time.Minute), Failing: 120, Observed: 140}}
	course, whole := v.charts.told(t.Context(), &kept)
	if !whole || len(course) != 3 || !course[2].At.Equal(kept.UpdatedAt) {
		t.Errorf("a course that was kept with the incident is read elsewhere: %+v", course)
	}
	f := v.chartOf(&kept, append(course[:2:2], point{At: start.Add(2 * time.Minute), Failing: 120, Observed: 140}),
		kept.UpdatedAt)
	for _, s := range f.Shapes {
		if s.Class == "failing" && strings.Count(s.D, "M") != 2 {
			t.Errorf("a minute in which nothing was observed is no gap: %s", s.D)
		}
	}
	v.charts = newTimelines(&teller{most: 90})
	if drawn := v.sparks(t.Context(), []*faultline.Incident{&inc}, inc.UpdatedAt); drawn[inc.ID] == nil {
		t.Error("no spark is drawn of what was read whole")
	}
}

// The course of an incident begins with the whole minute in which it was detected; its
// chart does not, for then its line would run backwards from the onset.
func TestAChartDoesNotRunBackwards(t *testing.T) {
	minute := time.Date(2021, 6, 8, 9, 47, 0, 0, time.UTC)
	inc := faultline.Incident{DetectedAt: minute.Add(22 * time.Second), UpdatedAt: minute.Add(2 * time.Minute),
		Onset: faultline.Onset{At: minute.Add(5 * time.Second)},
		Timeline: faultline.Timeline{{At: minute, Failing: 46, Observed: 76},
			{At: minute.Add(time.Minute), Failing: 76, Observed: 76}}}
	before := inc.Onset.At
	for _, p := range courseOf(&inc) {
		if p.At.Before(before) {
			t.Errorf("%s comes after %s", p.At, before)
		}
		before = p.At
	}
}
