package web

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"faultline"
)

// courseOf is the course of an incident in points: what the engine kept step by step,
// and what the incident is as of this revision. A step that is absent was not
// evaluated, and what is drawn has a gap there. The last step is replaced by the
// incident itself, whose numbers are newer.
func courseOf(inc *faultline.Incident) []point {
	step := stepOf(inc.Timeline)
	points := make([]point, 0, len(inc.Timeline)+1)
	for i, p := range inc.Timeline {
		at, unknown := p.At, time.Time{}
		if i > 0 && at.Sub(inc.Timeline[i-1].At) > step {
			unknown = inc.Timeline[i-1].At.Add(step)
		}
		if at.Before(inc.DetectedAt) { // a step is kept by its beginning, before which nothing was known
			at = inc.DetectedAt
		}
		points = append(points, point{At: at, Failing: p.Failing, Observed: p.Observed, State: p.State,
			OthersFailing: p.ElsewhereFailing, Others: p.ElsewhereObserved, Unknown: unknown})
	}
	if last := len(points) - 1; inc.UpdatedAt.After(points[last].At) { // the step that goes on
		unknown := points[last].Unknown
		points[last] = pointOf(inc)
		points[last].Unknown = unknown
	}
	return points
}

// stepOf is how far apart the points of a timeline are where none is absent: the smallest
// distance, and at least a minute. The engine thins the timelines of long incidents, so it is
// not a constant.
func stepOf(t faultline.Timeline) time.Duration {
	step := time.Duration(0)
	for i := 1; i < len(t); i++ {
		if d := t[i].At.Sub(t[i-1].At); d > 0 && (step == 0 || d < step) {
			step = d
		}
	}
	return max(step, time.Minute)
}

// gap is a stretch of time of which a chart knows nothing. It is hatched, and labelled where
// there is room.
type gap struct {
	from, to float64 // 0 to 1
	why      string  // one of the reasons below, as in the words chart.gap_…
	said     string  // the same in words
	X, Width string
	Middle   string // where its label stands
	Label    string // empty: there is no room
}

// Why nothing is known of a time. Each is the end of a message's id, chart.gap_….
const (
	notObserved = "not_observed"
	notStored   = "not_stored"
	notRead     = "not_read"
)

// narrowest is the smallest share of a chart's width that can be seen: about a pixel on a
// phone.
const narrowest = 0.004

// gapOf places a gap, from and to in shares of the width. One that is too narrow to be seen
// is widened, because a reader must not take a missing minute for a steady one.
func (v *localizer) gapOf(from, to float64, why string) gap {
	g := gap{from: from, to: max(to, from+narrowest), why: why}
	g.X, g.Width, g.Middle = percentage(g.from), percentage(g.to-g.from), percentage((g.from+g.to)/2)
	g.said = v.say("chart.gap_" + why)
	if labelLetter*float64(utf8.RuneCountInString(g.said))+labelGap <= (g.to-g.from)*labelPlot {
		g.Label = g.said
	}
	return g
}

// hatched says what the hatching and the dots of a chart mean, where it has any.
// Hatching without an explanation would be taken for a kind of outage.
func (v *localizer) hatched(gaps []gap, unfinished bool) string {
	var why []string
	for _, g := range gaps {
		if !slices.Contains(why, g.said) {
			why = append(why, g.said)
		}
	}
	var notes []string
	if len(why) > 0 {
		notes = append(notes, v.say("chart.gaps", "Why", strings.Join(why, ", ")))
	}
	if unfinished {
		notes = append(notes, v.say("chart.unfinished"))
	}
	return lines(notes...)
}

// coursePlot is the course of an incident as it is drawn, on its page, in a widget and on
// cards alike. Coordinates are 0 to 1 each way, and up is 1, so that each picture scales them
// to its own size.
type coursePlot struct {
	span    span
	shares  bool // 1 is all of the observed sites; else it is top
	top     int
	points  []point
	failing [][]xy // stretches without a gap
	others  [][]xy
	since   []xy // from the last figures to the end of what is shown, of an open incident
	gaps    []gap
}

// plotOf lays out an incident's course in stretches without a gap. There is at least one
// point. The line begins at zero at the onset, although the first point is later: nobody
// observed the climb.
func (v *localizer) plotOf(inc *faultline.Incident, points []point, s span) coursePlot {
	k := coursePlot{span: s, points: thin(s.within(points)), top: 1}
	k.shares = shared(k.points)
	for _, p := range k.points {
		k.top = max(k.top, p.Failing)
	}
	observed := slices.ContainsFunc(k.points, func(p point) bool { return p.Observed > 0 })
	line, others := []xy{{0, 0}, {s.x(inc.Onset.At), 0}}, []xy(nil)
	end := func(at float64) { // of a stretch; what was last known is true until then
		if n := len(line); n > 0 {
			k.failing = append(k.failing, append(line, xy{max(at, line[n-1].x), line[n-1].y}))
		}
		if n := len(others); n > 0 {
			k.others = append(k.others, append(others, xy{max(at, others[n-1].x), others[n-1].y}))
		}
		line, others = nil, nil
	}
	for i, p := range k.points {
		x := s.x(p.At)
		if !p.Unknown.IsZero() {
			from := s.x(p.Unknown)
			end(from)
			k.gaps = append(k.gaps, v.gapOf(from, x, p.why()))
		}
		if observed && p.Observed == 0 {
			end(x)
			to := 1.
			if i+1 < len(k.points) {
				to = s.x(k.points[i+1].At)
			}
			k.gaps = append(k.gaps, v.gapOf(x, to, notObserved))
			continue
		}
		line = append(line, xy{x, k.height(p)})
		switch {
		case p.Others > 0 && k.shares:
			others = append(others, xy{x, p.others()})
		case len(others) > 0: // what is not known is a gap, never a zero
			k.others, others = append(k.others, others), nil
		}
	}
	k.gaps = joinedGaps(v, k.gaps)
	if n := len(line); n > 0 && inc.State.Open() && line[n-1].x < 1-narrowest {
		// Nothing much has changed since, which is less than being counted.
		k.since = []xy{line[n-1], {1, line[n-1].y}}
	}
	end(0)
	return k
}

// height is what of the plot fails at a point.
func (k *coursePlot) height(p point) float64 {
	if k.shares {
		return p.share()
	}
	return float64(p.Failing) / float64(k.top)
}

// joinedGaps makes one of gaps that touch and have one reason. Two of different reasons
// stay apart, since each has its own words.
func joinedGaps(v *localizer, gaps []gap) []gap {
	var joined []gap
	for _, g := range gaps {
		n := len(joined)
		if n > 0 && joined[n-1].why == g.why && g.from <= joined[n-1].to+1e-6 {
			joined[n-1] = v.gapOf(joined[n-1].from, g.to, g.why)
			continue
		}
		joined = append(joined, g)
	}
	return joined
}
