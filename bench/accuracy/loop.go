package main

import (
	"container/heap"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/probe"
	"faultline/scenario"
	"faultline/scenario/accuracy"
)

// How long things take between a check and the fold, and back, as they are built: a leader
// stores check requests once a second, a node reads them once a second, and a vantage hears
// of a new list at once. They are what the code of package node and ingest/agent does,
// written down here again; a change there changes the figures only once it is changed here
// too.
const (
	onTheWay      = 40 * time.Millisecond // from a vantage to the log, or to a vantage
	sendPace      = 500 * time.Millisecond
	requestsEvery = time.Second
	repeatList    = 25 * time.Second // a list that has not changed is heard again
	canaryRound   = 150 * time.Millisecond
	canarySpacing = time.Second
	checkWorkers  = 64
	workerTime    = 2 * time.Second
	copies        = 3 // vantages that check a site, where there are more
)

// loop is the closed loop on a virtual clock: schedules, answers, batches, the fold, and its
// check requests back to the schedules. It is one queue of moments, played in their order, so
// a run of an hour takes seconds and is the same each time.
type loop struct {
	scenario accuracy.Scenario
	engine   *correlate.Engine
	internet *scenario.Internet
	vantages []*liveVantage
	now      time.Time
	end      time.Time
	queue    moments
	seq      int
	stored   []faultline.CheckRequest // by the leader
	read     string                   // names of the list that the vantages have
	readAt   time.Time
	done     bool
	outcome  liveOutcome
}

// liveVantage is one vantage with what it has under way.
type liveVantage struct {
	index    int
	inner    *probe.Rehearsal
	woken    time.Time // when it looks at its schedule next
	workers  int
	busy     int
	unsent   []faultline.Probe
	sending  bool
	canaries time.Time // when their last round began
}

// moment is something that happens. seq orders moments of the same time as they were planned.
type moment struct {
	at  time.Time
	seq int
	do  func()
}

// liveOutcome is what came of one world.
type liveOutcome struct {
	found bool
	after time.Duration // from the onset until it was confirmed and named
	wrong []faultline.Component
}

// newLoop makes the world of a scenario: its vantages, each with the sites that it checks,
// and room for as many checks at once as it needs.
func newLoop(s accuracy.Scenario, period time.Duration) *loop {
	l := &loop{scenario: s, engine: correlate.New(config()), internet: s.Spec.Internet(), now: s.Spec.Start,
		end: s.Spec.End}
	var sites []probe.Site
	unprobed := map[string]bool{}
	for _, site := range s.Spec.Sites {
		unprobed[site.Site] = site.Unprobed
	}
	for _, r := range s.Spec.Records() {
		if !unprobed[r.Site] {
			sites = append(sites, probe.Site{Site: r.Site, Components: r.Components})
		}
	}
	for i, v := range s.Spec.Vantages {
		mine := slices.DeleteFunc(slices.Clone(sites),
			func(site probe.Site) bool { return !checks(s.Spec.Vantages, i, site.Site) })
		lv := &liveVantage{index: i, inner: probe.NewRehearsal(v.Vantage, period)}
		lv.workers = max(checkWorkers, int(float64(len(mine))*float64(workerTime)/float64(period)))
		lv.inner.Do(probe.Work{Sites: mine}, l.now)
		l.vantages = append(l.vantages, lv)
	}
	return l
}

// checks reports whether a vantage is one of those that check a site: those whose hash with
// the site is among the highest (rendezvous hashing), as a node shares the work.
func checks(all []scenario.Vantage, i int, site string) bool {
	own, above := xxhash.Sum64String(all[i].Vantage+"|"+site), 0
	for k, v := range all {
		if k != i && xxhash.Sum64String(v.Vantage+"|"+site) > own {
			above++
		}
	}
	return above < copies
}

// run plays the world until its end, or until what was to be found is found. Ticks, storing
// of check requests and reading of them have phases drawn by the scenario's seed, because in
// life they are not in step.
func (l *loop) run() liveOutcome {
	next, stop := iter.Pull2(l.reports())
	defer stop()
	l.people(next)
	rng := rand.New(rand.NewPCG(l.scenario.Seed, 0x11fe))
	l.every(time.Second, func() { l.fold(faultline.Tick{At: l.now}) })
	l.after(time.Duration(rng.Int64N(int64(requestsEvery))),
		func() { l.every(requestsEvery, func() { l.stored = l.engine.CheckRequests() }) })
	l.after(time.Duration(rng.Int64N(int64(requestsEvery))), func() { l.every(requestsEvery, l.note) })
	for _, v := range l.vantages {
		l.wake(v, 0)
	}
	for len(l.queue) > 0 && !l.done && l.queue[0].at.Before(l.end) {
		m := heap.Pop(&l.queue).(moment)
		l.now = m.at
		m.do()
	}
	return l.outcome
}

// reports is the scenario without its probes, because the loop makes those.
func (l *loop) reports() iter.Seq2[time.Time, faultline.Event] {
	spec := l.scenario.Spec
	spec.Sites = slices.Clone(spec.Sites)
	for i := range spec.Sites {
		spec.Sites[i].Unprobed = true
	}
	return spec.Arrivals()
}

// people plans the next event that no vantage makes for when it arrives, and then the one
// after it.
func (l *loop) people(next func() (time.Time, faultline.Event, bool)) {
	at, ev, ok := next()
	if !ok {
		return
	}
	l.at(at, func() {
		l.fold(ev)
		l.people(next)
	})
}

// at plans something for a time; at once if that is past.
func (l *loop) at(t time.Time, do func()) {
	if t.Before(l.now) {
		t = l.now
	}
	l.seq++
	heap.Push(&l.queue, moment{t, l.seq, do})
}

// after plans something for so long from now.
func (l *loop) after(d time.Duration, do func()) { l.at(l.now.Add(d), do) }

// every does something now and then at each interval.
func (l *loop) every(d time.Duration, do func()) {
	do()
	l.after(d, func() { l.every(d, do) })
}

// wake has a vantage look at its schedule after a while, unless it will do so earlier anyway.
func (l *loop) wake(v *liveVantage, in time.Duration) {
	at := l.now.Add(in)
	if v.woken.After(l.now) && !v.woken.After(at) {
		return // it will look before
	}
	v.woken = at
	l.at(at, func() {
		if v.woken.Equal(at) {
			l.dispatch(v)
		}
	})
}

// dispatch begins the checks that are due, as many as there are workers for.
func (l *loop) dispatch(v *liveVantage) {
	v.woken = time.Time{}
	for v.busy < v.workers {
		task, wait, ok := v.inner.Next(l.now)
		if !ok {
			l.wake(v, max(wait, time.Millisecond))
			return
		}
		l.check(v, task)
	}
}

// check makes one check. A failure counts only after a round of the canaries that began after
// it, as in the prober: a vantage that cannot see the internet must not report sites as
// failing.
func (l *loop) check(v *liveVantage, task probe.Task) {
	p, ok := l.internet.Check(task.Site, v.index, l.now)
	if !ok {
		p = faultline.Probe{At: l.now, Site: task.Site, Symptom: faultline.SymptomBlocked}
	}
	v.busy++
	l.after(time.Duration(p.LatencyMS)*time.Millisecond, func() {
		res := probe.Result{Probe: p}
		if !res.Failed() {
			l.finish(v, task, res)
			return
		}
		if round := v.canaries.Add(canarySpacing); v.canaries.Before(l.now) {
			v.canaries = l.now
			if round.After(l.now) {
				v.canaries = round
			}
		}
		l.at(v.canaries.Add(canaryRound), func() { l.finish(v, task, res) })
	})
}

// finish hands the result to the schedule, and queues it for sending if it counts.
func (l *loop) finish(v *liveVantage, task probe.Task, res probe.Result) {
	v.busy--
	if p, counts := v.inner.Finish(task, res, l.now); counts {
		v.unsent = append(v.unsent, p)
		if !v.sending {
			v.sending = true
			l.send(v)
		}
	}
	l.wake(v, 0)
}

// send hands in what there is, and then again at the pace of batches, until there is nothing.
func (l *loop) send(v *liveVantage) {
	if len(v.unsent) == 0 {
		v.sending = false
		return
	}
	batch := v.unsent
	v.unsent = nil
	l.after(onTheWay, func() {
		for _, p := range batch {
			l.fold(p)
		}
	})
	l.after(sendPace, func() { l.send(v) })
}

// note sends the check requests to the vantages when the list has changed, and now and then
// anyway, as the leader does.
func (l *loop) note() {
	names := make([]string, len(l.stored))
	for i, r := range l.stored {
		names[i] = r.Site
	}
	slices.Sort(names)
	list := ""
	for _, n := range names {
		list += n + " "
	}
	if list == l.read && l.now.Sub(l.readAt) < repeatList {
		return
	}
	l.read, l.readAt = list, l.now
	requests := l.stored
	l.after(onTheWay, func() {
		for _, v := range l.vantages {
			v.inner.Do(probe.Work{CheckRequests: requests}, l.now)
			l.wake(v, 0)
		}
	})
}

// fold folds an event and notes what is confirmed.
func (l *loop) fold(ev faultline.Event) {
	for _, in := range l.engine.Fold(ev) {
		if in.ConfirmedAt != nil {
			l.confirmed(in)
		}
	}
}

// confirmed compares a confirmed incident with the truth: it is the fault that was to be
// found, or it is wrong.
func (l *loop) confirmed(in faultline.Incident) {
	c := causeOf(in)
	mine := slices.IndexFunc(l.scenario.Truth, func(f accuracy.Fault) bool { return slices.Contains(f.Accept, c) })
	switch {
	case mine < 0:
		if !slices.Contains(l.outcome.wrong, c) {
			l.outcome.wrong = append(l.outcome.wrong, c)
		}
	case l.scenario.Truth[mine].Demanded:
		l.outcome.found, l.outcome.after, l.done = true, l.now.Sub(l.scenario.Truth[mine].Onset), true
	}
}

// causeOf is the cause of an incident; empty where it has none.
func causeOf(in faultline.Incident) faultline.Component {
	if in.Cause == nil {
		return ""
	}
	return in.Cause.Component
}

// moments is a heap by what happens first.
type moments []moment

func (m moments) Len() int { return len(m) }
func (m moments) Less(i, j int) bool {
	if c := m[i].at.Compare(m[j].at); c != 0 {
		return c < 0
	}
	return m[i].seq < m[j].seq
}
func (m moments) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)   { *m = append(*m, x.(moment)) }
func (m *moments) Pop() any {
	old := *m
	last := old[len(old)-1]
	*m = old[:len(old)-1]
	return last
}
