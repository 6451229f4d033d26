package main

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/agent"
	"faultline/scenario"
)

// handedIn keeps the lines that an agent hands in.
type handedIn struct{ lines []faultline.Probe }

// Probes implements probe.Sink.
func (h *handedIn) Probes(_ context.Context, probes []faultline.Probe) error {
	h.lines = append(h.lines, probes...)
	return nil
}

// What the fold makes of runs is, to the byte, what it makes of the results that they stand for.
// make check compares it in every scenario.
func TestRunsWeighWhatTheirResultsWeigh(t *testing.T) {
	compareRuns(t, "fastly-2021-06-08", "dyn-2016-10-21")
}

// compareRuns has one engine read scenarios with runs, and another with each result by itself.
func compareRuns(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec, err := scenario.Builtin(name)
			if err != nil {
				t.Fatal(err)
			}
			joined, apart := correlate.New(correlate.Config{}), correlate.New(correlate.Config{})
			runs := 0
			for _, ev := range joinedEvents(spec) {
				made := joined.Fold(ev)
				var want []faultline.Incident
				if p, ok := ev.(faultline.Probe); ok {
					if p.Run != nil {
						runs++
					}
					for one := range p.Results() {
						want = append(want, apart.Fold(one)...)
					}
				} else {
					want = apart.Fold(ev)
				}
				if len(made)+len(want) > 0 && jsonOf(t, made) != jsonOf(t, want) {
					t.Fatal(cmp.Diff(want, made))
				}
			}
			if runs == 0 {
				t.Error("there was no run")
			}
			if !slices.Equal(joined.Checkpoint(), apart.Checkpoint()) {
				t.Error("the states differ")
			}
		})
	}
}

// joinedEvents are the events of a scenario with each vantage's results as an agent hands them in.
func joinedEvents(spec scenario.Spec) (all []faultline.Event) {
	type checks struct {
		runs *agent.Runs
		out  *handedIn
	}
	now := time.Time{}
	agents := map[string]checks{}
	for ev := range spec.Events() {
		if at := ev.Time(); at.After(now) {
			now = at
		}
		p, ok := ev.(faultline.Probe)
		if !ok {
			all = append(all, ev)
			continue
		}
		a, ok := agents[p.Vantage]
		if !ok {
			a.out = &handedIn{}
			a.runs = agent.NewRuns(a.out, 1, func() time.Time { return now })
			a.runs.Assign(2, time.Minute)
			agents[p.Vantage] = a
		}
		_ = a.runs.Probes(context.Background(), []faultline.Probe{p}) // handedIn takes all
		for _, line := range a.out.lines {
			all = append(all, line)
		}
		a.out.lines = a.out.lines[:0]
	}
	return all
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
