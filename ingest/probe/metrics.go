package probe

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are what a prober counts. docs/metrics.md lists them, made from their help
// texts.
type metrics struct {
	checks   *prometheus.CounterVec // by outcome
	seconds  prometheus.Histogram
	late     prometheus.Histogram
	underWay prometheus.Gauge
	sites    prometheus.Gauge
	deferred prometheus.Counter
	sees     prometheus.Gauge
	unsent   prometheus.Gauge
	dropped  prometheus.Counter
	retries  prometheus.Counter
}

// outcomeNames are the values of the label outcome.
var outcomeNames = map[outcome]string{outcomeWell: "ok", outcomeRefused: "blocked", outcomeFailed: "failed",
	outcomeWithheld: "withheld", outcomeDeclined: "declined"}

// newMetrics registers with reg, which may be nil.
func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	return &metrics{
		checks: auto.NewCounterVec(prometheus.CounterOpts{Name: "faultline_probe_checks_total",
			Help: "Checks by outcome: ok, blocked, failed, withheld (this vantage is not trusted), declined (by " +
				"the site)."}, []string{"outcome"}),
		seconds: auto.NewHistogram(prometheus.HistogramOpts{Name: "faultline_probe_check_seconds",
			Help: "How long a check took.", Buckets: []float64{.02, .05, .1, .2, .5, 1, 2, 5, 10}}),
		late: auto.NewHistogram(prometheus.HistogramOpts{Name: "faultline_probe_late_seconds",
			Help: "How long after it was due a check began.", Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 60}}),
		underWay: auto.NewGauge(prometheus.GaugeOpts{Name: "faultline_probe_under_way",
			Help: "Checks under way."}),
		sites: auto.NewGauge(prometheus.GaugeOpts{Name: "faultline_probe_sites",
			Help: "Sites that this vantage checks."}),
		deferred: auto.NewCounter(prometheus.CounterOpts{Name: "faultline_probe_deferred_total",
			Help: "Times that a check was put off because its component's or prefix's budget was used up."}),
		sees: auto.NewGauge(prometheus.GaugeOpts{Name: "faultline_probe_sees",
			Help: "1 while this vantage sees the internet and is not sick, else 0."}),
		unsent: auto.NewGauge(prometheus.GaugeOpts{Name: "faultline_probe_unsent",
			Help: "Probes that wait to be handed in."}),
		dropped: auto.NewCounter(prometheus.CounterOpts{Name: "faultline_probe_dropped_total",
			Help: "Probes that were never handed in because too many waited."}),
		retries: auto.NewCounter(prometheus.CounterOpts{Name: "faultline_probe_send_retries_total",
			Help: "Attempts to hand probes in that failed."}),
	}
}
