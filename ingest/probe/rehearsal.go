package probe

import (
	"time"

	"faultline"
)

// Rehearsal is a vantage without goroutines, sockets and canaries, on a clock that
// is given to it: the schedule of a [Prober] and its doubt of itself. Simulations
// drive it, so that what they measure is decided by the same code. One goroutine
// owns it.
type Rehearsal struct {
	vantage  string
	schedule *Schedule
	doubt    doubt
}

// NewRehearsal returns a vantage that checks nothing until it is told what.
func NewRehearsal(vantage string, period time.Duration) *Rehearsal {
	return &Rehearsal{vantage: vantage, schedule: NewSchedule(period, vantage)}
}

// Do takes in work, as [Prober.Do] does.
func (r *Rehearsal) Do(w Work, now time.Time) {
	if w.Sites != nil {
		r.schedule.Assign(w.Sites, now)
	}
	r.schedule.Request(w.CheckRequests, now)
}

// Next returns the check that is due; false with how long it is until there may be
// one. Whoever takes a task hands its result to Finish.
func (r *Rehearsal) Next(now time.Time) (Task, time.Duration, bool) { return r.schedule.Next(now) }

// Finish takes back a task with its result. It returns the probe, and whether a
// vantage whose canaries are well would hand it in.
func (r *Rehearsal) Finish(t Task, res Result, now time.Time) (faultline.Probe, bool) {
	o := outcomeOf(&res)
	components := r.schedule.Components(res.Probe.Site)
	chronic := r.schedule.Done(res, o, now)
	if !t.Repeat && !t.Neighbour && !chronic && (o == outcomeWell || o == outcomeFailed) {
		r.doubt.see(components, o == outcomeFailed, now)
	}
	res.Probe.Vantage = r.vantage
	return res.Probe, !r.doubt.sick && o != outcomeDeclined
}
