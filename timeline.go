package faultline

import (
	"encoding/json"
	"fmt"
	"time"
)

// TimelinePoint is how an incident did in one step of its course. Where nothing was
// observed Observed is 0, and the counts say nothing; likewise for the other sites.
type TimelinePoint struct {
	At                time.Time // the beginning of the step
	State             IncidentState
	Failing, Observed int // of the sites that depend on the cause
	Joined            int
	ElsewhereFailing  int
	ElsewhereObserved int
	Reports           int // in this step
}

// Timeline is the course of an incident, kept with it so that a chart needs no earlier
// revisions: ascending, at most [MaxTimeline] points, thinned as it grows. A step in which
// nothing was evaluated is absent. In JSON a point is a list of numbers.
type Timeline []TimelinePoint

// MaxTimeline bounds the points of a timeline.
const MaxTimeline = 180

// timelineStates are the states as they are written. They are stored: append only.
var timelineStates = []IncidentState{
	StateCandidate, StateConfirmed, StateRecovering, StateResolved, StateMerged, StateRetracted,
}

// timelineNumbers is how many numbers a point is written as.
const timelineNumbers = 8

// MarshalJSON writes each point as [Unix seconds, state, failing, observed, joined,
// elsewhere failing, elsewhere observed, reports].
func (t Timeline) MarshalJSON() ([]byte, error) {
	rows := make([][timelineNumbers]int64, len(t))
	for i, p := range t {
		state := 0
		for n, s := range timelineStates {
			if s == p.State {
				state = n
			}
		}
		rows[i] = [timelineNumbers]int64{p.At.Unix(), int64(state), int64(p.Failing), int64(p.Observed),
			int64(p.Joined),
			int64(p.ElsewhereFailing), int64(p.ElsewhereObserved), int64(p.Reports)}
	}
	return json.Marshal(rows)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Timeline) UnmarshalJSON(text []byte) error {
	var rows [][timelineNumbers]int64
	if err := json.Unmarshal(text, &rows); err != nil {
		return fmt.Errorf("timeline: %w", err)
	}
	*t = nil
	for _, r := range rows {
		if r[1] < 0 || int(r[1]) >= len(timelineStates) {
			return fmt.Errorf("timeline: %d is no state", r[1])
		}
		*t = append(*t, TimelinePoint{At: time.Unix(r[0], 0).UTC(), State: timelineStates[r[1]], Failing: int(r[2]),
			Observed: int(r[3]), Joined: int(r[4]), ElsewhereFailing: int(r[5]), ElsewhereObserved: int(r[6]),
			Reports: int(r[7])})
	}
	return nil
}
