package history

import (
	"slices"
	"time"

	"faultline"
)

// Then is what Faultline said of every incident once it had published so many revisions:
// the last one of each incident, the newest first. 0 is before it said anything.
func (r Replay) Then(revisions int) []faultline.Incident {
	var last []faultline.Incident
	seen := map[string]bool{}
	for i := min(revisions, len(r.Revisions)) - 1; i >= 0; i-- {
		if inc := r.Revisions[i]; !seen[inc.ID] {
			seen[inc.ID] = true
			last = append(last, inc)
		}
	}
	slices.SortStableFunc(last, func(a, b faultline.Incident) int { return b.DetectedAt.Compare(a.DetectedAt) })
	return last
}

// Clock is when so many revisions had been published; before the first it is the onset.
func (r Replay) Clock(revisions int) time.Time {
	if revisions < 1 || len(r.Revisions) == 0 {
		return r.Spec.Onset
	}
	return r.Revisions[min(revisions, len(r.Revisions))-1].UpdatedAt
}

// Confirmed is how many revisions there were when the outage was first confirmed; 0 if it
// never was.
func (r Replay) Confirmed() int {
	for i, inc := range r.Revisions {
		if inc.ID == r.Score.Incident && inc.ConfirmedAt != nil {
			return i + 1
		}
	}
	return 0
}

// Said is what providers had said by a time, with how many seconds after the onset.
func (r Replay) Said(by time.Time) []faultline.SaidStatement {
	said := []faultline.SaidStatement{}
	for _, st := range r.Spec.Statements {
		if !st.At.After(by) {
			said = append(said, faultline.SaidStatement{At: st.At.UTC(), Status: st.Status, Source: st.Source,
				Text: st.Text, LagS: int(st.At.Sub(r.Spec.Onset) / time.Second)})
		}
	}
	return said
}
