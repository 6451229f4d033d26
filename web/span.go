package web

import (
	"time"

	"faultline"
)

// span is the stretch of time that a chart shows.
type span struct{ from, to time.Time }

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

// x is where a time lies, 0 to 1.
func (s span) x(t time.Time) float64 {
	return min(1, max(0, float64(t.Sub(s.from))/float64(s.to.Sub(s.from))))
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

// steps are the distances that the ticks of a time axis may have.
var steps = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
}

// ticks returns at most five ticks of the time axis, in UTC, and what they are
// in.
func (s span) ticks() ([]tick, string) {
	step := steps[len(steps)-1]
	for _, candidate := range steps {
		if s.to.Sub(s.from)/candidate < 5 {
			step = candidate
			break
		}
	}
	form, unit := "15:04", "UTC, "+s.from.UTC().Format(formDay)
	if step >= 24*time.Hour {
		form, unit = "2 Jan", "UTC"
	}
	var ticks []tick
	for t := s.from.UTC().Truncate(step).Add(step); t.Before(s.to); t = t.Add(step) {
		if x := s.x(t); x > 0.04 && x < 0.96 && len(ticks) < 8 {
			ticks = append(ticks, tick{At: percentage(x), Label: t.Format(form)})
		}
	}
	return ticks, unit
}
