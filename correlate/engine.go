package correlate

import (
	"iter"
	"slices"
	"time"

	"faultline"
)

// Config is what an engine needs to know besides its input.
type Config struct {
	// Drill marks every incident as part of a drill.
	Drill bool
	// Providers says which networks providers run for themselves; nil: nothing is known of
	// any. Whoever folds the same log needs the same table, or the incidents differ.
	Providers *faultline.Providers
}

// Engine folds events into incidents. One goroutine owns it. The zero value is
// not usable; see [New] and [Restore].
type Engine struct {
	cfg Config
	state
	snap *snapshot // under way, if there is one
	s    derived
}

// New returns an engine that has seen nothing.
func New(cfg Config) *Engine { return &Engine{cfg: cfg, state: newState()} }

// Fold applies one event and returns the revisions that it made, each a whole
// incident. Evidence is weighed when a tick is read; statements and corrections
// revise the incidents that they speak of at once.
func (e *Engine) Fold(ev faultline.Event) []faultline.Incident {
	if changesMuch(ev) {
		e.completeSnapshot()
	}
	switch v := ev.(type) {
	case faultline.Report:
		e.foldReport(v)
	case faultline.Probe:
		e.foldProbes(v)
	case faultline.Readers:
		e.foldReaders(v)
	case faultline.SiteRecord:
		e.foldSite(v)
	case faultline.Vantage:
		e.foldVantage(v)
	case faultline.Statement:
		return e.foldStatement(v)
	case faultline.Correction:
		return e.foldCorrection(v)
	case faultline.Tick:
		return e.tick(v.At.UnixMilli())
	// The epoch is part of every id, so that two logs never give the same ids.
	case faultline.Epoch:
		e.epoch = v.Epoch
	case faultline.Adopt:
		e.adopt(v)
	case faultline.Published:
		return e.goOnFrom(v)
	}
	return nil
}

// changesMuch reports whether an event may change more of the state than the rows
// of a few sites and what only grows. Those come seldom. Of a tick that matters
// only if evidence is weighed.
func changesMuch(ev faultline.Event) bool {
	switch ev.(type) {
	case faultline.Report, faultline.Probe, faultline.Readers, faultline.SiteRecord, faultline.Tick:
		return false
	}
	return true
}

// tick moves the clock, which never goes back, and weighs the evidence when it
// is due.
func (e *Engine) tick(now int64) []faultline.Incident {
	if now <= e.clock {
		return nil
	}
	if e.start == 0 {
		e.start = now
	}
	e.clock = now
	if now < e.eval+evalEvery {
		return nil
	}
	e.completeSnapshot()
	e.eval, e.s.weighing = now, true
	defer func() { e.s.weighing = false }()
	// The order of the steps is the method: clocks and baselines first, then the evidence of each
	// site, then the search for shared causes. What shared causes explain is taken out before
	// single sites and viewers' networks are considered. Publishing comes last, so that one tick
	// makes at most one revision of an incident.
	e.setClocks()
	e.repeats.rotate(now)
	e.learn()
	e.weighSites()
	found := e.search()
	e.track(found.Causes)
	e.trackUnmapped(found.Unmapped, found.Causes)
	e.noteStable(&found)
	e.ownFaults()
	e.viewers()
	e.settle()
	return e.publish()
}

// admit places the time of an event on the engine's clock: late events are
// refused, those from a clock that runs ahead are clamped, both are counted.
func (e *Engine) admit(at time.Time) (int64, bool) {
	t := at.UnixMilli()
	if e.clock == 0 {
		return t, true
	}
	if t < e.clock-lateBound {
		e.counters.Late++
		return 0, false
	}
	// Clamped and not refused: the result is real, only the clock of its sender is wrong.
	if t > e.clock+futureBound {
		e.counters.Future++
		return e.clock, true
	}
	return t, true
}

// Clock is the time of the last tick; zero before the first.
func (e *Engine) Clock() time.Time {
	if e.clock == 0 {
		return time.Time{}
	}
	return ms(e.clock)
}

// Weighed is the tick at which the evidence was weighed last; zero before the first.
func (e *Engine) Weighed() time.Time {
	if e.eval == 0 {
		return time.Time{}
	}
	return ms(e.eval)
}

// Counters are what was counted so far.
func (e *Engine) Counters() faultline.Counters { return e.counters }

// Names yields the sites of the map in order.
func (e *Engine) Names() iter.Seq[string] {
	names := make([]string, 0, len(e.sites.rows))
	for _, s := range e.sites.rows {
		if s.Mapped {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return slices.Values(names)
}

// ms is a time in Unix milliseconds as an event has it.
func ms(t int64) time.Time { return time.UnixMilli(t).UTC() }

// msPtr is ms for a time that may be missing: 0 is nil.
func msPtr(t int64) *time.Time {
	if t == 0 {
		return nil
	}
	at := ms(t)
	return &at
}
