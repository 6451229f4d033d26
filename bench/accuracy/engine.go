package main

import (
	"fmt"
	"sync"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/infra"
	"faultline/ingest/replay"
	"faultline/scenario/accuracy"
)

// play hands the events of a scenario to the engine, and to the baselines unless
// there are none, with the ticks of a replay. It returns the last revisions of
// the incidents that each method made.
func play(s accuracy.Scenario, alone bool) (map[string][]faultline.Incident, error) {
	mine, peers := newEngine(), newPeers()
	clock := replay.NewClock(func(ev faultline.Event) error {
		mine.fold(ev)
		if !alone {
			peers.fold(ev)
		}
		return nil
	})
	// All methods get the same events in the same order, and the same ticks.
	for ev := range s.Spec.Events() {
		if err := clock.Event(ev); err != nil {
			return nil, fmt.Errorf("play %s: %w", s.Spec.Name, err)
		}
	}
	if err := clock.End(); err != nil {
		return nil, fmt.Errorf("play %s: %w", s.Spec.Name, err)
	}
	out := map[string][]faultline.Incident{ours: mine.incidents()}
	if !alone {
		for _, t := range peers.methods {
			out[t.name] = t.incidents()
		}
	}
	return out, nil
}

// ours is the name of Faultline's own method.
const ours = "faultline"

// engine is Faultline's own method: the real engine, and the last revision of each incident
// in the order in which they began.
type engine struct {
	inner *correlate.Engine
	order []string
	last  map[string]faultline.Incident
}

// config is what a node gives its engine. It is made once, since the table of providers is
// large.
var config = sync.OnceValue(func() correlate.Config {
	known, err := infra.FoldProviders()
	if err != nil {
		panic(err) // a table that the program ships and that its tests read
	}
	return correlate.Config{Providers: known}
})

// newEngine makes an engine at the beginning of a scenario.
func newEngine() *engine {
	return &engine{inner: correlate.New(config()), last: map[string]faultline.Incident{}}
}

// fold takes one event and keeps what is revised.
func (e *engine) fold(ev faultline.Event) {
	for _, in := range e.inner.Fold(ev) {
		if _, known := e.last[in.ID]; !known {
			e.order = append(e.order, in.ID)
		}
		e.last[in.ID] = in
	}
}

// incidents are all that were made, as they were last.
func (e *engine) incidents() []faultline.Incident {
	out := make([]faultline.Incident, len(e.order))
	for i, id := range e.order {
		out[i] = e.last[id]
	}
	return out
}
