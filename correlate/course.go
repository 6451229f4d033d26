package correlate

import "faultline"

// The course of an incident is kept with it, a point a minute and fewer as it grows, so
// that its chart needs no earlier revision. Nothing of it has a say in what is concluded.

// noteCourse writes down how an incident does now.
func (in *incident) noteCourse(now int64, r *faultline.Incident) {
	in.CourseStep = max(in.CourseStep, minute)
	p := faultline.TimelinePoint{
		At: ms(now - now%in.CourseStep), State: r.State,
		Failing: r.Impact.Failing, Observed: r.Impact.Observed, Joined: r.Impact.Joined,
		ElsewhereFailing: r.Impact.ElsewhereFailing, ElsewhereObserved: r.Impact.ElsewhereObserved,
		Reports: max(0, in.Reports-in.CourseReports),
	}
	in.CourseReports = in.Reports
	last := len(in.Course) - 1
	if last >= 0 && !in.Course[last].At.Before(p.At) {
		in.Course[last] = oneStep(in.Course[last], p)
		return
	}
	in.Course = append(in.Course, p)
	if len(in.Course) > faultline.MaxTimeline {
		in.thinCourse()
	}
}

// thinCourse makes the steps twice as long.
func (in *incident) thinCourse() {
	in.CourseStep *= 2
	var thinned faultline.Timeline
	for _, p := range in.Course {
		at := p.At.UnixMilli()
		p.At = ms(at - at%in.CourseStep)
		if last := len(thinned) - 1; last >= 0 && !thinned[last].At.Before(p.At) {
			thinned[last] = oneStep(thinned[last], p)
		} else {
			thinned = append(thinned, p)
		}
	}
	in.Course = thinned
}

// oneStep makes two points of one step one: that at which more failed, with the reports
// of both and the state of the later one.
func oneStep(earlier, later faultline.TimelinePoint) faultline.TimelinePoint {
	worse := later
	if earlier.Failing > later.Failing {
		worse = earlier
	}
	worse.At, worse.State, worse.Reports = earlier.At, later.State, earlier.Reports+later.Reports
	return worse
}
