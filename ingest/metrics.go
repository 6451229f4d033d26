package ingest

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// What became of a report or a probe, as the label outcome says it.
const (
	outcomeCounted     = "counted"     // in the log
	outcomeRepeated    = "repeated"    // the same person and site within ten minutes
	outcomeUnknown     = "unknown"     // a name not yet known
	outcomeInvalid     = "invalid"     // refused
	outcomeUnavailable = "unavailable" // the log did not take it, or nobody waited for its answer
)

type metrics struct {
	reports, probes *prometheus.CounterVec
	flushes         *prometheus.CounterVec
	retries         prometheus.Counter
	pending         prometheus.Gauge
	batchEvents     prometheus.Histogram
	flushSeconds    prometheus.Histogram
}

// newMetrics registers the door's metrics with reg, which may be nil.
func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	return &metrics{
		reports: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_ingest_reports_total", Help: "Reports by what became of them.",
		}, []string{"outcome"}),
		probes: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_ingest_probes_total", Help: "Probes by what became of them.",
		}, []string{"outcome"}),
		flushes: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_ingest_flushes_total", Help: "Batches by whether the log took them: ok or failed.",
		}, []string{"outcome"}),
		retries: auto.NewCounter(prometheus.CounterOpts{
			Name: "faultline_ingest_flush_retries_total", Help: "Repeated attempts to append a batch.",
		}),
		pending: auto.NewGauge(prometheus.GaugeOpts{
			Name: "faultline_ingest_pending_events", Help: "Events accepted and not yet in the log.",
		}),
		batchEvents: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "faultline_ingest_batch_events", Help: "Events of one append to the log.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 8),
		}),
		flushSeconds: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "faultline_ingest_flush_seconds", Help: "Time to append one batch, attempts and pauses included.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2},
		}),
	}
}

// flushed records one batch of n events and its fate.
func (m *metrics) flushed(n int, took time.Duration, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	m.flushes.WithLabelValues(outcome).Inc()
	m.batchEvents.Observe(float64(n))
	m.flushSeconds.Observe(took.Seconds())
}
