package web

import (
	"context"
	"math"
	"strconv"
	"time"

	"faultline"
)

// seriesLimit bounds the reading of one series for a page. Series are in Redis and not in
// memory; when it is slow the page comes without the chart.
// Readers notice a page that is slower than that, and the chart is not what they came
// for.
const seriesLimit = 250 * time.Millisecond

// What the charts of a site and of a component show: the last day, in points of five minutes.
const (
	dayShown = 24 * time.Hour
	dayStep  = 5 * time.Minute
)

// seriesOf reads a series. It reports false where there is none: the page says so and
// draws nothing. A series of one point is none: there is no line between one point and
// nothing.
func (w *Web) seriesOf(ctx context.Context, of string, step time.Duration, from,
	to time.Time) (faultline.Series, bool) {
	if w.cfg.Series == nil {
		return faultline.Series{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, seriesLimit)
	defer cancel()
	s, err := w.cfg.Series.Series(ctx, of, int(step.Seconds()), from.UTC().Truncate(step), to)
	return s, err == nil && len(s.Points) > 1 && s.StepS > 0
}

// stepFor is the step at which a stretch of time is drawn in some hundred points. The
// steps are those at which the store keeps series: a minute, five minutes and an hour.
// Finer steps than the screen has pixels would only make the page larger.
func stepFor(d time.Duration) time.Duration {
	switch {
	// 240 points at most, then 432.
	case d <= 4*time.Hour:
		return time.Minute
	case d <= 36*time.Hour:
		return dayStep
	}
	return time.Hour
}

// reportsFigure draws what people reported over the band that a quiet day stays within. A
// step that is still filling is dashed, because its count would look like a recovery. What is
// not known is a gap. The same numbers stand in a table beside the chart and in a sentence
// for those who do not see it.
func (v *localizer) reportsFigure(s faultline.Series, id string, shown span, height int) figure {
	f := figure{ID: id, Title: v.say("chart.reports.title"), Drawn: true}
	f.frame(14, height)
	f.From, f.To = shown.from.UnixMilli(), shown.to.UnixMilli()
	// The scale is at least 1, so that a day without a report is no division by zero.
	top, sum, peak := 1., 0, s.Points[0]
	for _, p := range s.Points {
		if !p.State.Counted() {
			continue
		}
		top = max(top, float64(p.Reports), p.ExpectedHigh)
		sum += p.Reports
		if p.Reports > peak.Reports {
			peak = p
		}
	}
	y := f.scale(int(math.Ceil(top)), v.number)
	var band, line, filling stroke
	// The band is one closed area: it begins and ends on the base line.
	band.to(shown.x(s.Points[0].At), y(0))
	for i, p := range s.Points {
		band.to(shown.x(p.At), y(p.ExpectedHigh))
		if drawn(p) {
			line.to(shown.x(p.At), y(float64(p.Reports)))
		} else if p.State == faultline.PointUnfinished && i > 0 && drawn(s.Points[i-1]) {
			filling.to(shown.x(s.Points[i-1].At), y(float64(s.Points[i-1].Reports)))
			filling.to(shown.x(p.At), y(float64(p.Reports)))
		} else {
			line.lift() // what is not known is a gap, never a zero
		}
		if i == len(s.Points)-1 {
			band.to(shown.x(p.At), y(0))
		}
	}
	f.Shapes = []shape{{"expected", band.String() + "Z"}, {"reports", line.String()}}
	if filling.String() != "" {
		f.Shapes = append(f.Shapes, shape{"reports since", filling.String()})
	}
	f.Gaps = v.gapsOf(s, shown, func(p faultline.SeriesPoint) bool { return p.State.Counted() })
	f.Note = v.hatched(f.Gaps, filling.String() != "")
	ticks, unit := v.ticks(shown)
	f.Ticks = ticks
	f.Caption = v.say("chart.reports.caption", "Step", v.lasting(time.Duration(s.StepS)*time.Second), "Unit", unit)
	f.Desc = lines(v.count("chart.reports.desc", sum, "Peak", v.number(peak.Reports), "At",
		v.moment(peak.At, formMinute).Text, "High", v.upTo(peak.ExpectedHigh)), v.hatched(f.Gaps, false))
	f.Columns = []string{v.say("chart.reports.reports"), v.say("chart.reports.expected")}
	for _, p := range s.Points {
		reports := "–"
		if drawn(p) {
			reports = v.number(p.Reports)
		}
		f.Rows = append(f.Rows,
			figureRow{When: v.moment(p.At, formMinute), Cells: []string{reports, v.upTo(p.ExpectedHigh)}})
	}
	return f
}

// drawn reports whether a step is drawn: one that is still filling would plunge.
func drawn(p faultline.SeriesPoint) bool {
	return p.State.Counted() && p.State != faultline.PointUnfinished
}

// gapsOf are the stretches of which nothing is known, those with one reason joined. A
// reader must be able to tell "nobody looked" from "it is not stored". The last step is
// left out while it is unfinished: it may be too short to have seen anything. A step
// that begins before what is shown and reaches into it still counts.
func (v *localizer) gapsOf(s faultline.Series, shown span, known func(faultline.SeriesPoint) bool) []gap {
	step := time.Duration(s.StepS) * time.Second
	var gaps []gap
	for _, p := range s.Points {
		if known(p) || p.State == faultline.PointUnfinished ||
			p.At.Before(shown.from) && !p.At.Add(step).After(shown.from) {
			continue
		}
		why := notObserved
		if p.State == faultline.PointNotStored {
			why = notStored
		}
		gaps = append(gaps, v.gapOf(shown.x(p.At), shown.x(p.At.Add(step)), why))
	}
	return joinedGaps(v, gaps)
}

// upTo writes the upper end of the band of a quiet day, rounded up, since nobody reports half
// a time.
func (v *localizer) upTo(x float64) string {
	return v.say("number.up_to", "N", v.number(int(math.Ceil(x))))
}

// shareFigure draws a share of some whole over time: n of of, in per cent. Where the
// whole is zero there is a gap, never a zero: nothing was observed there. id is the
// chart's id in the page, words the beginning of its messages. One type draws both
// charts, so that they look alike and a fault is mended once.
type shareFigure struct {
	id, words string
	n, of     func(faultline.SeriesPoint) int
}

// probesShare is the share of the probes of a site that failed. membersShare is the share of
// a component's observed sites that fail.
var (
	probesShare = shareFigure{"chart-probes", "chart.probes",
		func(p faultline.SeriesPoint) int { return p.ProbesFailed },
		func(p faultline.SeriesPoint) int { return p.Probes }}
	membersShare = shareFigure{"chart-members", "chart.members",
		func(p faultline.SeriesPoint) int { return p.SitesFailing },
		func(p faultline.SeriesPoint) int { return p.Sites }}
)

// draw makes the chart, its table and its description. It reports false where there is
// nothing to draw. A stretch between two gaps is drawn as one line with an area below
// it. A step that is still filling is dashed, as in the chart of reports.
func (k shareFigure) draw(v *localizer, s faultline.Series, shown span) (figure, bool) {
	f := figure{ID: k.id, Title: v.say(k.words + ".title"), Drawn: true}
	f.frame(14, panelHeight)
	f.From, f.To = shown.from.UnixMilli(), shown.to.UnixMilli()
	f.Columns = []string{v.say(k.words + ".n"), v.say(k.words + ".of")}
	y := f.scale(100, func(n int) string { return strconv.Itoa(n) + " %" })
	var line, area stroke
	var stretch []faultline.SeriesPoint
	share := func(p faultline.SeriesPoint) float64 { return min(100, 100*float64(k.n(p))/float64(k.of(p))) }
	draw := func() { // of a stretch without gaps
		for i, p := range stretch {
			if i == 0 {
				area.to(shown.x(p.At), y(0))
			}
			area.to(shown.x(p.At), y(share(p)))
			line.to(shown.x(p.At), y(share(p)))
		}
		if n := len(stretch); n > 0 {
			area.to(shown.x(stretch[n-1].At), y(0))
		}
		area.lift()
		line.lift()
		stretch = nil
	}
	worst, found := faultline.SeriesPoint{}, false
	var filling stroke
	for i, p := range s.Points {
		if p.State == faultline.PointUnfinished && k.of(p) > 0 && i > 0 && k.of(s.Points[i-1]) > 0 &&
			drawn(s.Points[i-1]) {
			filling.to(shown.x(s.Points[i-1].At), y(share(s.Points[i-1])))
			filling.to(shown.x(p.At), y(share(p)))
		}
		cells := []string{"–", "–"}
		if k.of(p) > 0 && drawn(p) {
			stretch, cells = append(stretch, p), []string{v.number(k.n(p)), v.number(k.of(p))}
			if !found || share(p) > share(worst) {
				worst, found = p, true
			}
		} else {
			draw()
		}
		f.Rows = append(f.Rows, figureRow{When: v.moment(p.At, formMinute), Cells: cells})
	}
	draw()
	if !found {
		return figure{}, false
	}
	f.Shapes = []shape{{"area", area.String()}, {"failing", line.String()}}
	if filling.String() != "" {
		f.Shapes = append(f.Shapes, shape{"failing since", filling.String()})
	}
	f.Gaps = v.gapsOf(s, shown, func(p faultline.SeriesPoint) bool { return p.State.Counted() && k.of(p) > 0 })
	f.Note = v.hatched(f.Gaps, filling.String() != "")
	ticks, unit := v.ticks(shown)
	f.Ticks, f.Caption = ticks, v.say(k.words+".caption", "Step", v.lasting(time.Duration(s.StepS)*time.Second),
		"Unit", unit)
	f.Desc = v.say(k.words+".desc", "N", v.number(k.n(worst)), "Of", v.number(k.of(worst)), "At",
		v.moment(worst.At, formMinute).Text)
	return f, true
}
