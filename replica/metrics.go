package replica

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what a replica counts and measures. Their names and help texts are part of
// what operators rely on: deploy/prometheus and deploy/grafana name
// them too.
type metrics struct {
	leader     prometheus.Gauge
	failed     prometheus.Gauge
	offset     prometheus.Gauge
	fallbacks  prometheus.Counter
	adoptions  prometheus.Counter
	rolledBack prometheus.Counter
	regained   prometheus.Counter
	lag        prometheus.Gauge
	folded     prometheus.Counter
	saved      prometheus.Counter
	broken     prometheus.Counter
	memory     prometheus.Gauge
	cpBytes    prometheus.Gauge
	cpSeconds  prometheus.Histogram
	cpFailures prometheus.Counter

	memoryLimit    prometheus.Gauge
	evicts         prometheus.Gauge
	unwritten      prometheus.Gauge
	forgetFailures prometheus.Counter
	// Rows of series that wait to be stored, and that nobody will store.
	seriesWaiting prometheus.Gauge
	seriesDropped prometheus.Counter
}

// newMetrics makes the metrics and registers them; reg may be nil, as in tests, where they
// count and nobody reads them.
func newMetrics(reg prometheus.Registerer, out *outbox) *metrics {
	m := &metrics{
		leader: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_leader",
			Help: "1 while this node leads, else 0."}),
		failed: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_fold_failed",
			Help: "1 while this node can't fold the log, and so neither leads nor is ready, else 0."}),
		offset: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_clock_offset_seconds",
			Help: "How far the clock of this machine is ahead of the log's, below 0: behind."}),
		fallbacks: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_checkpoint_fallbacks_total",
			Help: "Times that the newest checkpoint could not be used and the fold began from something older."}),
		adoptions: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_adoptions_total",
			Help: "Times that this node had the fold begin again with the incidents that were published."}),
		rolledBack: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_log_rollbacks_total",
			Help: "Times that the log was found to have lost its end, as after the failover to a replica that lacked " +
				"it."}),
		regained: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_lost_incidents_total",
			Help: "Incidents of which this node had shown readers more than Redis knew. The fold goes on from them."}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_fold_lag_seconds",
			Help: "For how long the oldest entry of the log that is not folded yet has been seen waiting."}),
		folded: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_fold_events_total",
			Help: "Events of the log that this node has folded."}),
		saved: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_revisions_saved_total",
			Help: "Revisions of incidents that this node has stored as leader."}),
		broken: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_fold_broken_total",
			Help: "Revisions that this node's fold made and that do not fit what is stored. Anything but 0 is a " +
				"defect."}),
		memory: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_store_memory_bytes",
			Help: "Memory that Redis uses, as it counts against its maxmemory."}),
		memoryLimit: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_store_memory_limit_bytes",
			Help: "Memory that Redis may use (maxmemory); 0: there is no limit."}),
		evicts: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_store_evicts",
			Help: "1 while Redis may delete keys when it is full (maxmemory-policy is not noeviction), else 0."}),
		unwritten: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_store_unwritten",
			Help: "1 while Redis keeps no append-only file (appendonly), so that its end loses the log, else 0."}),
		cpBytes: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_checkpoint_bytes",
			Help: "Size of the newest checkpoint that this node has stored."}),
		cpSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "faultline_checkpoint_seconds",
			Help:    "How long a checkpoint took, from its encoding until it was stored.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)}),
		cpFailures: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_checkpoint_failures_total",
			Help: "Checkpoints that could not be stored."}),
		forgetFailures: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_forget_failures_total",
			Help: "Times that Redis would not rewrite its append-only file after a daily key had expired."}),
		seriesWaiting: prometheus.NewGauge(prometheus.GaugeOpts{Name: "faultline_series_rows_waiting",
			Help: "Minutes and hours of series that wait to be stored."}),
		seriesDropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_series_rows_dropped_total",
			Help: "Minutes and hours of series that were left out because too many waited."}),
	}
	if reg != nil {
		waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "faultline_outbox_revisions",
			Help: "Revisions that this node's fold has made and that nobody is known to have stored."},
			func() float64 { return float64(out.Len()) })
		reg.MustRegister(waiting, m.leader, m.failed, m.offset, m.fallbacks, m.adoptions, m.rolledBack, m.regained,
			m.lag, m.folded, m.saved, m.broken, m.cpBytes, m.cpSeconds, m.cpFailures,
			m.memory, m.memoryLimit, m.evicts, m.unwritten, m.forgetFailures, m.seriesWaiting, m.seriesDropped)
	}
	return m
}
