package web

import (
	"context"
	"time"

	"faultline"
)

const (
	// sparksDrawn is how many incidents of one page have a spark chart, and
	// sparksLimit what reading them may take together.
	sparksDrawn = 12
	sparksLimit = 200 * time.Millisecond
)

// spark is the number of failing sites in the width of a word. The numbers stand
// beside it.
type spark struct {
	Label      string
	Area, Line string
	X, Y       string // of the last point
}

// Width and height of the box that a spark is drawn in.
const (
	sparkWidth  = 120.
	sparkHeight = 32.
)

// sparkOf draws an incident's failing sites since shortly before its onset; nil
// where sites can't be counted.
func (v *voice) sparkOf(inc *faultline.Incident, points []point, asOf time.Time) *spark {
	if len(points) == 0 || max(inc.Impact.PeakFailing, inc.Impact.Failing) < sitesCounted {
		return nil
	}
	s := spanOf(inc, points, asOf)
	points = thin(s.within(points))
	// Shares are drawn on a scale of 0 to 100 %, so that sparks of one page compare.
	height, top := func(p point) float64 { return float64(p.Failing) }, 1.
	for _, p := range points {
		top = max(top, float64(p.Failing))
	}
	if shared(points) {
		height, top = point.share, 1
	}
	y := func(value float64) float64 { return 2 + (sparkHeight-4)*(1-value/top) }
	var line stroke
	at := func(x, value float64) { line.to(x*sparkWidth/box, y(value)) }
	at(0, 0)
	at(s.x(inc.Onset.At), 0)
	for _, p := range points {
		at(s.x(p.At), height(p))
	}
	last, end := points[len(points)-1], s.x(points[len(points)-1].At)
	if inc.State.Open() {
		end = 1
		at(1, height(last))
	}
	return &spark{
		Label: v.describe(inc, points), Line: line.String(),
		Area: line.String() + "L" + short(end*sparkWidth) + " " + short(sparkHeight-2) + "Z",
		X:    short(end * sparkWidth), Y: short(y(height(last))),
	}
}

// sparks draws those of the first incidents. One that can't be read whole in time
// is left out: a page never waits for it, and there is no room to say what it
// lacks.
func (v *voice) sparks(ctx context.Context, incidents []*faultline.Incident, asOf time.Time) map[string]*spark {
	ctx, cancel := context.WithTimeout(ctx, sparksLimit)
	defer cancel()
	drawn := map[string]*spark{}
	for i, inc := range incidents {
		if i == sparksDrawn {
			break
		}
		if points, whole := v.charts.upTo(ctx, inc); whole {
			drawn[inc.ID] = v.sparkOf(inc, points, asOf)
		}
	}
	return drawn
}
