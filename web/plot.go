package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Charts are drawn for any width: shapes stretch, text does not. Heights are in
// pixels.
const (
	plotHeight   = 190 // of an incident's chart
	panelHeight  = 120 // of the charts of a day
	recentHeight = 64  // of the chart beside a receipt
	axisHeight   = 24
	box          = 1000. // the side of the box that shapes are drawn in
)

// figure is one idea drawn over time, the same numbers as a table, and what
// happened when.
type figure struct {
	ID          string // within its page
	Title, Desc string // for those who don't see it
	Drawn       bool
	Caption     string
	Note        string // what it lacks
	Marks       []mark
	Columns     []string // of the table, after the time
	Rows        []figureRow

	From, To    int64 // what is shown, in ms of Unix time; 0: no readout
	CSV         string
	Height      int
	Top, Bottom int // of the plot
	Plot        int
	Shapes      []shape
	Gaps        []gap
	Ends        []endLabel
	BandX       string // an interval of time, such as an onset's
	BandWidth   string
	Grid, Ticks []tick
}

type figureRow struct {
	When  moment
	Cells []string
}

type shape struct{ Class, D string }

type tick struct{ At, Label string }

// endLabel names a line where it ends.
type endLabel struct{ Class, Y, Text string }

// frame sets out the plot below rows of marks.
func (f *figure) frame(above, height int) {
	f.Top, f.Plot = above, height
	f.Bottom, f.Height = above+height, above+height+axisHeight
}

// GapLabel is the base of the labels of gaps: above the line in the middle of the plot.
func (f figure) GapLabel() int { return f.Top + f.Plot/2 - 8 }

// scale draws the lines of the axis from 0 to a round number above top, and
// returns where a value lies in the box.
func (f *figure) scale(top int, label func(int) string) func(float64) float64 {
	step, ceiling := nice(top)
	y := func(n float64) float64 { return box * (1 - n/float64(ceiling)) }
	for n := 0; n <= ceiling; n += step {
		f.Grid = append(f.Grid, tick{At: strconv.Itoa(f.Top + int(float64(f.Plot)*y(float64(n))/box)), Label: label(n)})
	}
	return y
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

// stroke is a line that is being drawn, in the box.
type stroke struct {
	b    strings.Builder
	open bool // the next point goes on from the last one
}

// to draws a line to a point, or moves there if the stroke is interrupted: what was not observed is
// a gap.
func (p *stroke) to(x, y float64) {
	verb := "M"
	if p.open {
		verb = "L"
	}
	fmt.Fprintf(&p.b, "%s%s %s", verb, short(box*x), short(y))
	p.open = true
}

// lift leaves a gap: nothing is known there.
func (p *stroke) lift() { p.open = false }

// String is the path in SVG.
func (p *stroke) String() string { return p.b.String() }

// short writes a coordinate with one decimal, which is finer than a pixel and keeps pages small.
func short(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

// percentage writes a share as CSS has it.
func percentage(x float64) string {
	return strconv.FormatFloat(math.Round(x*1e4)/100, 'f', -1, 64) + "%"
}

// span is the stretch of time that a chart shows.
type span struct{ from, to time.Time }

// x is where a time lies, 0 to 1.
func (s span) x(t time.Time) float64 {
	return min(1, max(0, float64(t.Sub(s.from))/float64(s.to.Sub(s.from))))
}

// steps are the distances that the ticks of a time axis may have.
var steps = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute,
	30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
}

// ticks returns at most five ticks of the time axis, in UTC, and what they are
// in.
func (v *localizer) ticks(s span) ([]tick, string) {
	step := steps[len(steps)-1]
	for _, candidate := range steps {
		if s.to.Sub(s.from)/candidate < 5 {
			step = candidate
			break
		}
	}
	unit := "UTC, " + v.day(s.from)
	if step >= 24*time.Hour {
		unit = "UTC"
	} else if from, to := v.day(s.from), v.day(s.to); from != to {
		unit = "UTC, " + v.say("date.span", "From", from, "To", to)
	}
	var ticks []tick
	for t := s.from.UTC().Truncate(step).Add(step); t.Before(s.to); t = t.Add(step) {
		label := t.Format("15:04")
		if step >= 24*time.Hour {
			label = v.say("date.short", "D", strconv.Itoa(t.Day()), "Month", v.months[t.Month()-1])
		}
		if x := s.x(t); x > 0.04 && x < 0.96 && len(ticks) < 8 {
			ticks = append(ticks, tick{At: percentage(x), Label: label})
		}
	}
	return ticks, unit
}
