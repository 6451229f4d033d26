package probe

import (
	"time"

	"faultline"
)

// A vantage at which unrelated sites fail at once is sick, even if it reaches the
// canaries: what it reports says more about itself than about them. Its results are
// withheld until that is over. Fewer than doubtSites checks say nothing; two spans are
// looked back on.
const (
	doubtSpan    = 30 * time.Second // two of them are looked back on
	doubtSites   = 20               // fewer tell nothing
	doubtShare   = 0.3              // of them fail
	relatedShare = 0.6              // of the failures share one component: it is that
)

// doubt counts what a vantage has found lately, to decide whether it is what fails. One
// goroutine owns it.
type doubt struct {
	began    time.Time
	now, old tally
	sick     bool
	since    time.Time
}

// tally counts the checks of one span of time. by tells whether the failures have a component in
// common.
type tally struct {
	checks, fails int
	by            map[faultline.Component]int // failures
}

// see takes in one check, with what its site depends on. The caller leaves out repeats,
// which would count one failure twice, and sites that always fail.
func (d *doubt) see(components []faultline.Component, failed bool, now time.Time) {
	d.turn(now)
	d.now.checks++
	if failed {
		d.now.fails++
		if d.now.by == nil {
			d.now.by = make(map[faultline.Component]int)
		}
		for _, c := range components {
			if budgeted(c) {
				d.now.by[c]++
			}
		}
	}
	d.judge(now)
}

// turn begins a new span when the present one is over. Two are kept, so that a judgement never
// rests on a span that has only just begun.
func (d *doubt) turn(now time.Time) {
	for now.Sub(d.began) >= doubtSpan {
		d.old, d.now = d.now, tally{}
		if d.began = d.began.Add(doubtSpan); now.Sub(d.began) >= 2*doubtSpan {
			d.began = now
		}
	}
}

// judge decides whether this vantage is what fails: many sites fail there at once, and nothing that
// they depend on explains it.
func (d *doubt) judge(now time.Time) {
	checks, fails := d.now.checks+d.old.checks, d.now.fails+d.old.fails
	sick := checks >= doubtSites && float64(fails) > doubtShare*float64(checks) && !d.related(fails)
	if sick != d.sick {
		d.sick, d.since = sick, now
	}
}

// related reports whether one component has most of the failures: then that component
// fails, and the vantage is right.
func (d *doubt) related(fails int) bool {
	most := 0
	for c, n := range d.now.by {
		most = max(most, n+d.old.by[c])
	}
	for c, n := range d.old.by {
		most = max(most, n+d.now.by[c])
	}
	return float64(most) >= relatedShare*float64(fails)
}

// Health is what these checks say of the vantage, with since when.
func (d *doubt) Health() Health {
	if d.sick {
		return Health{State: faultline.VantageSick, Since: d.since, Why: "unrelated sites fail here at once"}
	}
	return Health{State: faultline.VantageOK, Since: d.since}
}
