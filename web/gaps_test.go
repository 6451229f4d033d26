package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"faultline"
)

// nobodySees is what is known while nothing is observed.
type nobodySees struct{ nobody }

func (nobodySees) Coverage() faultline.Coverage { return faultline.Coverage{State: faultline.Blind} }

// holedIncident has a course in which two minutes were not evaluated and, later, three were
// blind.
func holedIncident() faultline.Incident {
	inc := incidentOf([]point{{At: start.Add(22 * time.Second), Failing: 90, Observed: 140}})
	inc.Cause = &faultline.Cause{Component: "cdn:fastly", Kind: faultline.KindCDN, Name: "Fastly"}
	for i := range 30 {
		p := faultline.TimelinePoint{At: start.Add(time.Duration(i) * time.Minute), State: faultline.StateConfirmed,
			Failing: 90 + i%3, Observed: 140, ElsewhereFailing: 2, ElsewhereObserved: 2000}
		switch {
		case i >= 6 && i < 16:
			continue
		case i >= 20 && i < 23:
			p.Failing, p.Observed, p.ElsewhereFailing, p.ElsewhereObserved = 0, 0, 0, 0
		}
		inc.Timeline = append(inc.Timeline, p)
	}
	inc.UpdatedAt = start.Add(29*time.Minute + 10*time.Second)
	inc.Impact.Failing, inc.Impact.Observed, inc.Impact.PeakFailing = 92, 140, 92
	return inc
}

// Where nothing was evaluated or observed, an incident's chart has a gap, on its page as on
// its card; minutes that are blind are no zeros and do not turn shares into counts.
func TestAnIncidentsChartHasItsGaps(t *testing.T) {
	v, inc := english(t), holedIncident()
	points := courseOf(&inc)
	c := v.chartOf(&inc, points, inc.UpdatedAt.Add(40*time.Second))
	if len(c.Gaps) != 2 || c.Gaps[0].why != notObserved || c.Gaps[0].Label != "not observed" {
		t.Fatalf("gaps: %+v", c.Gaps)
	}
	if c.Title != "Share of sites failing" || !strings.Contains(c.Note, "Hatched: not observed.") ||
		!strings.Contains(c.Note, "Dotted: still being counted.") || !strings.Contains(c.Desc, "Hatched") {
		t.Errorf("%q %q %q", c.Title, c.Note, c.Desc)
	}
	for _, s := range c.Shapes {
		if (s.Class == "failing" || s.Class == "others") && strings.Count(s.D, "M") != 3 {
			t.Errorf("%s goes over a gap: %s", s.Class, s.D)
		}
	}
	blind := 0
	for _, r := range c.Rows {
		if r.Cells[0] == "–" && r.Cells[1] == "–" && r.Cells[3] == "–" {
			blind++
		}
	}
	if blind != 3 {
		t.Errorf("%d minutes have no numbers, want 3", blind)
	}
	v.cfg.Source = nobodySees{}
	c = v.chartOf(&inc, points, inc.UpdatedAt.Add(40*time.Second))
	if n := len(c.Gaps); n != 3 || c.Gaps[2].why != notObserved || strings.Contains(c.Note, "still being counted") {
		t.Errorf("while nothing is observed: %q, %+v", c.Note, c.Gaps)
	}
	if c = v.chartOf(&inc, points, inc.UpdatedAt); len(c.Gaps) != 2 {
		t.Errorf("a page of one revision draws what holds now: %+v", c.Gaps)
	}
	k := newTestCards(t)
	svg := string(v.incidentCard(&inc, points).draw(k.letters, false).svg("en"))
	if !strings.Contains(svg, ">not observed<") {
		t.Errorf("the card does not name its gap")
	}
}

// forgetful has the first revisions of an incident, and no others.
type forgetful struct {
	nobody
	first []faultline.Incident
}

func (f forgetful) Revisions(_ context.Context, _ string, after, _ int) ([]faultline.Incident, error) {
	return f.first[min(after, len(f.first)):], nil
}

// What could not be read is not joined by a line to what could.
func TestUnreadRevisionsAreAGap(t *testing.T) {
	v := english(t)
	inc := incidentOf([]point{{At: start.Add(20 * time.Minute), Failing: 90, Observed: 140}})
	first := inc
	first.Revision, first.UpdatedAt = 1, start.Add(22*time.Second)
	v.charts = newTimelines(forgetful{first: []faultline.Incident{first}})
	inc.Revision, inc.DetectedAt = 50, start.Add(22*time.Second)
	points, whole := v.charts.told(t.Context(), &inc)
	c := v.chartOf(&inc, points, inc.UpdatedAt)
	if whole || len(c.Gaps) != 1 || c.Gaps[0].why != notRead || !strings.Contains(c.Note, "could not be read") {
		t.Errorf("%t %+v %q", whole, c.Gaps, c.Note)
	}
}
