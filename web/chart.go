package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"faultline"
)

// The chart is drawn for any width: shapes stretch, text does not. Heights are
// in pixels.
const (
	plotHeight = 190
	axisHeight = 24
	rowHeight  = 22
	markRows   = 3
	box        = 1000. // the side of the box that shapes are drawn in
	chartDots  = 120   // points drawn, and rows of the table beside it
	markEvery  = 0.055 // of the width: nearer marks of one row would touch
)

// chart is the number of sites failing over the time of an incident, the same
// numbers as a table, and what happened when.
type chart struct {
	ID          string // of the incident: ids within a page of several charts
	Title, Desc string
	Drawn       bool
	Height      int
	Top         int // of the plot, below the marks
	Bottom      int
	Plot        int
	Area, Line  string // of the failing
	Observed    string
	ObservedAt  string // the height of the line's end
	BandX       string // the onset's interval
	BandWidth   string
	Grid, Ticks []tick
	Marks       []mark
	Unit        string
	Note        string
	Rows        []chartRow
	Now         bool // the line goes on
}

type tick struct{ At, Label string }

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

type chartRow struct {
	When              moment
	Failing, Observed string
}

// chartOf draws what an incident said of itself up to inc.
func chartOf(inc *faultline.Incident, points []point, whole bool, asOf time.Time) chart {
	c := chart{ID: inc.ID, Plot: plotHeight, Now: inc.State.Open()}
	c.Title = "Sites failing over time"
	span := spanOf(inc, points, asOf)
	if !whole {
		c.Note = "Not all revisions of this incident could be read just now: the chart lacks some of them."
	}
	c.Drawn = len(points) > 0 && max(inc.Impact.PeakFailing, inc.Impact.Failing) >= sitesCounted
	c.Marks = marksOf(inc, span, c.Drawn)
	if !c.Drawn {
		return c
	}
	rows := 0
	for _, m := range c.Marks {
		rows = max(rows, m.Row+1)
	}
	c.Top = rows * rowHeight
	c.Bottom, c.Height = c.Top+plotHeight, c.Top+plotHeight+axisHeight
	c.BandX = percentage(span.x(inc.Onset.Earliest))
	c.BandWidth = percentage(max(span.x(inc.Onset.Latest)-span.x(inc.Onset.Earliest), 0.004))
	points = thin(span.within(points))
	c.draw(inc, points, span)
	c.Ticks, c.Unit = span.ticks()
	c.Desc = describe(inc, points)
	for _, p := range points {
		c.Rows = append(c.Rows, chartRow{When: momentOf(p.At, "2 Jan 15:04:05 UTC"), Failing: number(p.Failing), Observed: number(p.Observed)})
	}
	return c
}

// draw makes the shapes. The line of the observed is left out where they are
// not the denominator of the failing.
func (c *chart) draw(inc *faultline.Incident, points []point, s span) {
	top, whole := 1, true
	for _, p := range points {
		top = max(top, p.Failing, p.Observed)
		whole = whole && p.Observed >= p.Failing
	}
	if !whole {
		top = 1
		for _, p := range points {
			top = max(top, p.Failing)
		}
	}
	step, ceiling := nice(top)
	y := func(n int) float64 { return box * (1 - float64(n)/float64(ceiling)) }
	var line, observed strings.Builder
	fmt.Fprintf(&line, "M%.1f %.1f", box*s.x(s.from), y(0))
	fmt.Fprintf(&line, "L%.1f %.1f", box*s.x(inc.Onset.At), y(0))
	for i, p := range points {
		fmt.Fprintf(&line, "L%.1f %.1f", box*s.x(p.At), y(p.Failing))
		fmt.Fprintf(&observed, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[i == 0], box*s.x(p.At), y(p.Observed))
	}
	last := points[len(points)-1]
	end := s.x(last.At)
	if c.Now { // nothing much has changed since
		end = 1
		fmt.Fprintf(&line, "L%.1f %.1f", box, y(last.Failing))
		fmt.Fprintf(&observed, "L%.1f %.1f", box, y(last.Observed))
	}
	c.Line = line.String()
	c.Area = fmt.Sprintf("%sL%.1f %.1fZ", c.Line, box*end, y(0))
	if whole {
		c.Observed = observed.String()
		c.ObservedAt = strconv.Itoa(c.Top + int(plotHeight*y(last.Observed)/box) - 6)
	}
	for n := 0; n <= ceiling; n += step {
		at := c.Top + int(plotHeight*y(n)/box)
		c.Grid = append(c.Grid, tick{At: strconv.Itoa(at), Label: number(n)})
	}
}

// nice returns the step of an axis from 0 over top, and where it ends.
func nice(top int) (step, ceiling int) {
	step = 1
	for _, f := range []int{1, 2, 5} {
		for m := 1; m <= 10_000_000; m *= 10 {
			if s := f * m; s*4 >= top && (step*4 < top || s < step) {
				step = s
			}
		}
	}
	return step, (top + step - 1) / step * step
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
func describe(inc *faultline.Incident, points []point) string {
	peak := points[0]
	for _, p := range points {
		if p.Failing > peak.Failing {
			peak = p
		}
	}
	last := points[len(points)-1]
	return fmt.Sprintf("From none before %s, the number of failing sites rises to %s of %s at %s; at %s it is %s of %s.",
		inc.Onset.At.UTC().Format(formMinute), number(peak.Failing), number(peak.Observed), peak.At.UTC().Format(formMinute),
		last.At.UTC().Format(formMinute), number(last.Failing), number(last.Observed))
}

func percentage(x float64) string {
	return strconv.FormatFloat(math.Round(x*1e4)/100, 'f', -1, 64) + "%"
}
