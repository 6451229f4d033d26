package web

import (
	"slices"
	"strconv"
	"time"

	"faultline"
)

// Sizes of a chart in pixels. Labels of marks are placed for the narrowest screen that we
// design for, because what fits there fits everywhere: the server cannot know how wide the
// reader's is.
const (
	rowHeight = 17
	markRows  = 5
	chartDots = 120 // points drawn, and rows of the table beside it
	// Labels of marks are placed for a phone: so many pixels wide is the plot, and a letter.
	labelPlot   = 340.
	labelLetter = 6.1
	labelGap    = 8.
	// The names of two lines need so many pixels between them.
	endApart = 16
)

// mark is something that happened, as a line through the chart with its label, and as
// an item of the list below it.
type mark struct {
	at     time.Time
	Kind   string // onset, said, recovering, resolved
	x      float64
	X      string
	Row    int
	Y      int // of its label's base
	Drawn  bool
	Label  string // in the chart; empty: there is no room
	Anchor string // start or end: on which side of its line the label stands
	DX     int
	Text   string
	When   moment
	Lag    string
}

// chartOf draws what an incident said of itself up to inc: the share of sites on the cause
// that fail, that of all others, and what happened when. Below sitesCounted failing sites
// there is no chart, since one or two lines of a single site say nothing.
func (v *localizer) chartOf(inc *faultline.Incident, points []point, asOf time.Time) figure {
	f := figure{ID: "chart-failing", Title: v.say("chart.failing.title")}
	span := spanOf(inc, points, asOf)
	f.Drawn = len(points) > 0 && max(inc.Impact.PeakFailing, inc.Impact.Failing) >= sitesCounted
	f.Marks = v.marksOf(inc, span, f.Drawn)
	if !f.Drawn {
		return f
	}
	rows := 0
	for _, m := range f.Marks {
		rows = max(rows, m.Row+1)
	}
	f.frame(rows*rowHeight+4, plotHeight)
	f.From, f.To = span.from.UnixMilli(), span.to.UnixMilli()
	f.BandX = percentage(span.x(inc.Onset.Earliest))
	f.BandWidth = percentage(max(span.x(inc.Onset.Latest)-span.x(inc.Onset.Earliest), 0.004))
	plot := v.plotOf(inc, points, span)
	if asOf.After(inc.UpdatedAt) && v.coverage().State == faultline.Blind {
		v.unseenSince(&plot, asOf)
	}
	points = plot.points
	caption := "chart.failing.counted"
	if plot.shares {
		f.Title, caption = v.say("chart.failing.share"), "chart.failing.caption"
	}
	v.drawFailing(&f, inc, &plot)
	f.Note = v.hatched(plot.gaps, len(plot.since) > 0)
	f.Ticks, f.Caption = v.ticks(span)
	f.Caption = v.say(caption, "Unit", f.Caption)
	f.Desc = lines(v.describe(inc, points), v.hatched(plot.gaps, false))
	v.numbersOf(&f, points)
	f.CSV = v.csvPath(inc)
	return f
}

// unseenSince hatches what has passed since the last figures: while nothing is
// observed, no more figures will come of that time. Dots would say that the last
// figures still hold.
func (v *localizer) unseenSince(plot *coursePlot, asOf time.Time) {
	if len(plot.since) > 0 {
		plot.gaps = append(plot.gaps, v.gapOf(plot.since[0].x, plot.span.x(asOf), notObserved))
		plot.since = nil
	}
}

// numbersOf lists the numbers of a chart as a table, for those who do not see it and for
// those who want to copy them. The other sites are listed where any were observed. A dash is
// what is not known.
func (v *localizer) numbersOf(f *figure, points []point) {
	f.Columns = []string{v.say("chart.failing.failing"), v.say("chart.failing.observed")}
	others := slices.ContainsFunc(points, func(p point) bool { return p.Others > 0 })
	if others {
		f.Columns = append(f.Columns, v.say("chart.failing.others_failing"), v.say("chart.failing.others"))
	}
	observed := slices.ContainsFunc(points, func(p point) bool { return p.Observed > 0 })
	count := func(n int, known bool) string {
		if !known {
			return "–"
		}
		return v.number(n)
	}
	for _, p := range points {
		known := p.Observed > 0
		cells := []string{count(p.Failing, known || !observed), count(p.Observed, known)}
		if others {
			cells = append(cells, count(p.OthersFailing, p.Others > 0), count(p.Others, p.Others > 0))
		}
		f.Rows = append(f.Rows, figureRow{When: v.moment(p.At, formSecond), Cells: cells})
	}
}

// drawFailing makes the shapes of the chart. Where the number of observed sites is known for
// all points it draws shares, so that a growing number of observed sites does not look like a
// growing outage; otherwise it draws numbers.
func (v *localizer) drawFailing(f *figure, inc *faultline.Incident, plot *coursePlot) {
	top, label, whole := plot.top, v.number, float64(plot.top)
	if plot.shares {
		top, label, whole = 100, func(n int) string { return strconv.Itoa(n) + " %" }, 100
	}
	y := f.scale(top, label)
	at := func(p xy) (float64, float64) { return p.x, y(whole * p.y) }
	var line, area, others, since stroke
	for _, stretch := range plot.failing {
		area.to(at(xy{stretch[0].x, 0}))
		for _, p := range stretch {
			line.to(at(p))
			area.to(at(p))
		}
		area.to(at(xy{stretch[len(stretch)-1].x, 0}))
		line.lift()
		area.lift()
	}
	for _, stretch := range plot.others {
		for _, p := range stretch {
			others.to(at(p))
		}
		others.lift()
	}
	for _, p := range plot.since {
		since.to(at(p))
	}
	for _, s := range []shape{{"area", area.String()}, {"others", others.String()}, {"failing", line.String()},
		{"failing since", since.String()}} {
		if s.D != "" {
			f.Shapes = append(f.Shapes, s)
		}
	}
	f.Gaps = plot.gaps
	if last := plot.points[len(plot.points)-1]; plot.shares && last.Observed > 0 {
		v.nameLines(f, inc, last, y)
	}
}

// nameLines writes at the end of each line what it is, instead of a legend that the
// reader must match by colour. Two names that would overlap are moved apart. Names
// stand above their lines, and below where there is no room above.
func (v *localizer) nameLines(f *figure, inc *faultline.Incident, last point, y func(float64) float64) {
	at := func(share float64) int { return f.Top + int(float64(f.Plot)*y(100*share)/box) }
	failing := at(last.share()) - 7
	if failing < f.Top+14 { // above the plot are the marks
		failing = at(last.share()) + 17
	}
	if last.Others > 0 {
		others := min(at(last.others())-7, f.Bottom-7)
		if d := others - failing; d > -endApart && d < endApart {
			failing = others - endApart
		}
		f.Ends = append(f.Ends, endLabel{"others", strconv.Itoa(others),
			v.say("chart.end.others", "Share", v.percent(last.others()))})
	}
	f.Ends = append(f.Ends, endLabel{"failing", strconv.Itoa(failing),
		v.say("chart.end.failing", "Share", v.percent(last.share()), "Where", v.onCause(inc.Cause))})
}

// thin keeps at most about chartDots points: the last of each stretch of time, and besides
// every change of state, every gap and the peak. The peak and the turns are what the chart is
// read for.
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
		turn := i == 0 || i == peak || p.State != points[i-1].State || !p.Unknown.IsZero() ||
			(p.Observed == 0) != (points[i-1].Observed == 0) || !last && !points[i+1].Unknown.IsZero()
		if last || turn || points[i+1].At.Sub(from)/stretch != p.At.Sub(from)/stretch {
			kept = append(kept, p)
		}
	}
	return kept
}

// describe says in a sentence what the chart shows, for those who do not see it: onset,
// peak, and the last point. Points at which nothing was observed are left out, or the
// last one might read "0 of 0".
func (v *localizer) describe(inc *faultline.Incident, points []point) string {
	if slices.ContainsFunc(points, func(p point) bool { return p.Observed > 0 }) {
		points = slices.DeleteFunc(slices.Clone(points), func(p point) bool { return p.Observed == 0 })
	}
	peak, last := points[0], points[len(points)-1]
	for _, p := range points {
		if p.Failing > peak.Failing {
			peak = p
		}
	}
	at := func(t time.Time) string { return v.moment(t, formMinute).Text }
	return v.say("chart.failing.desc", "Onset", at(inc.Onset.At),
		"Peak", v.number(peak.Failing), "PeakOf", v.number(peak.Observed), "PeakAt", at(peak.At),
		"Last", v.number(last.Failing), "LastOf", v.number(last.Observed), "LastAt", at(last.At))
}

// spanOf is the time that a chart shows: from shortly before the onset to now, or to shortly
// after the end. It is at least five minutes, because the first minute of an outage has only
// a few points.
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
