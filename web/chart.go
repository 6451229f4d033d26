package web

import (
	"strconv"
	"time"

	"faultline"
)

const (
	rowHeight = 22
	markRows  = 3
	chartDots = 120   // points drawn, and rows of the table beside it
	markEvery = 0.055 // of the width: nearer marks of one row would touch
)

// mark is something that happened, as a numbered line through the chart and as
// an item of the list below it.
type mark struct {
	at    time.Time
	N     int
	Kind  string // onset, said, recovering, resolved
	X     string
	Row   int
	Y     int // of its number
	Drawn bool
	Text  string
	When  moment
	Lag   string
}

// chartOf draws what an incident said of itself up to inc: the number of sites
// failing, and what happened when.
func (v *voice) chartOf(inc *faultline.Incident, points []point, whole bool, asOf time.Time) figure {
	f := figure{ID: "chart-failing", Title: v.say("chart.failing.title")}
	span := spanOf(inc, points, asOf)
	if !whole {
		f.Note = v.say("chart.failing.lacks")
	}
	f.Drawn = len(points) > 0 && max(inc.Impact.PeakFailing, inc.Impact.Failing) >= sitesCounted
	f.Marks = v.marksOf(inc, span, f.Drawn)
	if !f.Drawn {
		return f
	}
	rows := 0
	for _, m := range f.Marks {
		rows = max(rows, m.Row+1)
	}
	f.frame(rows*rowHeight, plotHeight)
	f.BandX = percentage(span.x(inc.Onset.Earliest))
	f.BandWidth = percentage(max(span.x(inc.Onset.Latest)-span.x(inc.Onset.Earliest), 0.004))
	points = thin(span.within(points))
	v.drawFailing(&f, inc, points, span)
	f.Ticks, f.Caption = v.ticks(span)
	f.Caption = v.say("chart.failing.caption", "Unit", f.Caption)
	f.Desc = v.describe(inc, points)
	f.Columns = []string{v.say("chart.failing.failing"), v.say("chart.failing.observed")}
	for _, p := range points {
		f.Rows = append(f.Rows,
			figureRow{When: v.moment(p.At, formSecond), Cells: []string{v.number(p.Failing), v.number(p.Observed)}})
	}
	return f
}

// drawFailing makes the shapes. The line of the observed is left out where they
// are not the denominator of the failing.
func (v *voice) drawFailing(f *figure, inc *faultline.Incident, points []point, s span) {
	top, failing, whole := 1, 1, true
	for _, p := range points {
		top, failing = max(top, p.Failing, p.Observed), max(failing, p.Failing)
		whole = whole && p.Observed >= p.Failing
	}
	if !whole {
		top = failing
	}
	y := f.scale(top, v.number)
	var line, observed stroke
	line.to(s.x(s.from), y(0))
	line.to(s.x(inc.Onset.At), y(0))
	for _, p := range points {
		line.to(s.x(p.At), y(float64(p.Failing)))
		observed.to(s.x(p.At), y(float64(p.Observed)))
	}
	last := points[len(points)-1]
	end := s.x(last.At)
	if inc.State.Open() { // nothing much has changed since
		end = 1
		line.to(1, y(float64(last.Failing)))
		observed.to(1, y(float64(last.Observed)))
	}
	area := line.String() + "L" + short(box*end) + " " + short(y(0)) + "Z"
	f.Shapes = []shape{{"area", area}}
	if whole {
		f.Shapes = append(f.Shapes, shape{"observed", observed.String()})
		at := f.Top + int(plotHeight*y(float64(last.Observed))/box) - 6
		f.Ends = []endLabel{{strconv.Itoa(at), v.say("chart.failing.observed_end")}}
	}
	f.Shapes = append(f.Shapes, shape{"failing", line.String()})
}

// thin keeps at most chartDots points: the last of each stretch of time, and
// besides every change of state and the peak.
func thin(points []point) []point {
	if len(points) <= chartDots {
		return points
	}
	peak := 0
	for i, p := range points {
		if p.Failing > points[peak].Failing {
			peak = i
		}
	}
	from, to := points[0].At, points[len(points)-1].At
	stretch := max(to.Sub(from)/(chartDots-20), time.Second)
	var kept []point
	for i, p := range points {
		last := i == len(points)-1
		turn := i == 0 || i == peak || p.State != points[i-1].State
		if last || turn || points[i+1].At.Sub(from)/stretch != p.At.Sub(from)/stretch {
			kept = append(kept, p)
		}
	}
	return kept
}

// describe says what the chart shows, for those who don't see it.
func (v *voice) describe(inc *faultline.Incident, points []point) string {
	peak := points[0]
	for _, p := range points {
		if p.Failing > peak.Failing {
			peak = p
		}
	}
	last := points[len(points)-1]
	at := func(t time.Time) string { return v.moment(t, formMinute).Text }
	return v.say("chart.failing.desc", "Onset", at(inc.Onset.At),
		"Peak", v.number(peak.Failing), "PeakOf", v.number(peak.Observed), "PeakAt", at(peak.At),
		"Last", v.number(last.Failing), "LastOf", v.number(last.Observed), "LastAt", at(last.At))
}

// spanOf goes from shortly before the onset to now, or to shortly after the end.
func spanOf(inc *faultline.Incident, points []point, asOf time.Time) span {
	from, to := inc.Onset.Earliest, asOf
	if !inc.State.Open() {
		to = inc.UpdatedAt
		if inc.ResolvedAt != nil {
			to = inc.ResolvedAt.Add(to.Sub(*inc.ResolvedAt) / 4)
		}
	}
	if n := len(points); n > 0 && inc.State.Open() && points[n-1].At.After(to) {
		to = points[n-1].At
	}
	if to.Sub(from) < 5*time.Minute {
		to = from.Add(5 * time.Minute)
	}
	// The calm before takes an eighth: room for the labels of the other axis.
	s := span{from: from.Add(-to.Sub(from) / 7), to: to}
	if !inc.State.Open() {
		s.to = to.Add(to.Sub(from) / 20)
	}
	return s
}

// within leaves out what comes after the end; one point beyond it keeps the
// line whole.
func (s span) within(points []point) []point {
	for i, p := range points {
		if p.At.After(s.to) && i > 0 {
			return points[:i]
		}
	}
	return points
}
