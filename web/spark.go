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
func (v *localizer) sparkOf(inc *faultline.Incident, points []point, asOf time.Time) *spark {
	if len(points) == 0 || max(inc.Impact.PeakFailing, inc.Impact.Failing) < sitesCounted {
		return nil
	}
	// Shares are drawn on a scale of 0 to 100 %, so that sparks of one page compare.
	plot := v.plotOf(inc, points, spanOf(inc, points, asOf))
	at := func(p xy) (float64, float64) {
		return p.x * sparkWidth / box, 2 + (sparkHeight-4)*(1-p.y)
	}
	stretches := plot.failing
	if n := len(stretches); n > 0 && len(plot.since) > 0 {
		stretches[n-1] = append(stretches[n-1], plot.since[1])
	}
	drawn := &spark{Label: v.describe(inc, plot.points)}
	var line, area stroke
	for _, stretch := range stretches {
		area.to(at(xy{stretch[0].x, 0}))
		for _, p := range stretch {
			line.to(at(p))
			area.to(at(p))
		}
		last := stretch[len(stretch)-1]
		area.to(at(xy{last.x, 0}))
		line.lift()
		area.lift()
		_, y := at(last)
		drawn.X, drawn.Y = short(last.x*sparkWidth), short(y)
	}
	drawn.Line, drawn.Area = line.String(), area.String()
	return drawn
}

// sparks draws those of the first incidents. One that can't be read whole in time
// is left out: a page never waits for it, and there is no room to say what it
// lacks.
func (v *localizer) sparks(ctx context.Context, incidents []*faultline.Incident, asOf time.Time) map[string]*spark {
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
