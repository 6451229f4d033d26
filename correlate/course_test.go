package correlate

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"faultline"
)

// The course of an incident comes with each revision, has a point a minute, begins with
// its detection, and ends as the incident does.
func TestAnIncidentKeepsItsCourse(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 60)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 45, symptom: "http_503"}}
	in := w.run(t).wantOne(t, "cdn:x")
	if len(in.Timeline) < 8 {
		t.Fatalf("%d points of an outage of ten minutes", len(in.Timeline))
	}
	first, last := in.Timeline[0], in.Timeline[len(in.Timeline)-1]
	if first.At.After(in.DetectedAt) || in.DetectedAt.Sub(first.At).Minutes() >= 1 || last.State != in.State {
		t.Errorf("detected %s, %s at the end; the course goes from %+v to %+v", in.DetectedAt, in.State, first, last)
	}
	if !slices.IsSortedFunc(in.Timeline, func(a, b faultline.TimelinePoint) int { return a.At.Compare(b.At) }) {
		t.Errorf("%+v", in.Timeline)
	}
	if !slices.ContainsFunc(in.Timeline, func(p faultline.TimelinePoint) bool {
		return p.Failing == in.Impact.PeakFailing && p.Observed > 0 && p.ElsewhereObserved > 0
	}) {
		t.Errorf("no point has the %d sites of the peak: %+v", in.Impact.PeakFailing, in.Timeline)
	}
	text, err := json.Marshal(in.Timeline)
	var back faultline.Timeline
	if err != nil || json.Unmarshal(text, &back) != nil || !reflect.DeepEqual(back, in.Timeline) {
		t.Errorf("%v: %s comes back as %+v", err, text, back)
	}
}

// However long an incident lasts, its course is bounded, keeps the worst and counts every
// report once.
func TestACourseIsThinned(t *testing.T) {
	in := &incident{}
	const minutes = 3 * 24 * 60
	for i := range minutes {
		in.Reports += 2
		r := faultline.Incident{State: faultline.StateConfirmed, Impact: faultline.Impact{Failing: 10, Observed: 40}}
		if i == minutes/3 {
			r.Impact.Failing = 39
		}
		in.noteCourse(int64(i)*minute, &r)
	}
	reports, most := 0, 0
	for _, p := range in.Course {
		reports, most = reports+p.Reports, max(most, p.Failing)
	}
	if n := len(in.Course); n > faultline.MaxTimeline || n < faultline.MaxTimeline/3 || reports != 2*minutes ||
		most != 39 {
		t.Errorf("%d points, %d reports, at most %d failing", len(in.Course), reports, most)
	}
}
