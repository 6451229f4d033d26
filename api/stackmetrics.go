package api

import (
	"math"

	"faultline/board"

	"github.com/prometheus/client_golang/prometheus"
)

// What is said of a stack to Prometheus.
var (
	descStackState = prometheus.NewDesc("faultline_stack_state",
		"0 ok, 1 suspected, 2 recovering, 3 failing, NaN where it is not known.", []string{"kind", "id", "name"}, nil)
	descStackThings = prometheus.NewDesc(
		"faultline_stack_things",
		"Things of the stack by their state.",
		[]string{"state"},
		nil,
	)
)

// stackValues are states as numbers, so that an alert is written as more than 2.
var stackValues = map[board.StackState]float64{
	board.StackOK: 0, board.StackSuspected: 1, board.StackRecovering: 2, board.StackFailing: 3,
	board.StackUnknown: math.NaN(),
}

// stackGauges collects a stack.
type stackGauges struct{ stack board.Stack }

// Describe announces the two metrics of a stack.
func (g stackGauges) Describe(out chan<- *prometheus.Desc) {
	out <- descStackState
	out <- descStackThings
}

// Collect sends the state of each thing of the stack as a number of stackValues, NaN where it
// is not known, and how many things are in each state, also in those that none is in: an
// alert on a series that comes and goes is unreliable.
func (g stackGauges) Collect(out chan<- prometheus.Metric) {
	for _, t := range g.stack.Things {
		out <- prometheus.MustNewConstMetric(descStackState, prometheus.GaugeValue, stackValues[t.State],
			t.Kind, t.ID, t.Name)
	}
	v := g.stack.Verdict
	for state, n := range map[board.StackState]int{board.StackFailing: v.Failing, board.StackRecovering: v.Recovering,
		board.StackSuspected: v.Suspected, board.StackOK: v.OK, board.StackUnknown: v.Unknown} {
		out <- prometheus.MustNewConstMetric(descStackThings, prometheus.GaugeValue, float64(n), string(state))
	}
}
