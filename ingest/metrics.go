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
	outcomeChecked     = "checked"     // the result of a check that a person asked for, which is not in the log
	outcomeUnavailable = "unavailable" // the log did not take it, or nobody waited for its answer
)

// Why a token's line, or a part of it, is refused, as the label reason says it.
const (
	refusedSite      = "site"      // not on the list of sites
	refusedComponent = "component" // not in the table of what is recognised
	refusedLines     = "lines"     // more lines a minute than one token may send
	refusedAlerts    = "alerts"    // more alerts at one time than one token may have
)

// metrics are what is counted of everything that is sent to this node.
type metrics struct {
	refused *prometheus.CounterVec
	// Looked up once at the start: at thousands of reports a second, finding a counter by
	// its label would show.
	reports      map[string]prometheus.Counter // by outcome
	probes       *prometheus.CounterVec
	flushes      *prometheus.CounterVec
	retries      prometheus.Counter
	shed         prometheus.Counter
	batchEvents  prometheus.Histogram
	flushSeconds prometheus.Histogram
	auto         promauto.Factory
}

// newMetrics registers ingest's metrics with reg, which may be nil.
func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	all := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "faultline_ingest_reports_total", Help: "Reports by what became of them.",
	}, []string{"outcome"})
	reports := map[string]prometheus.Counter{}
	for _, outcome := range []string{outcomeCounted, outcomeRepeated, outcomeUnknown, outcomeInvalid,
		outcomeUnavailable} {
		reports[outcome] = all.WithLabelValues(outcome)
	}
	return &metrics{
		auto: auto, reports: reports,
		refused: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_ingest_refused_total",
			Help: "What tokens sent and was refused, by reason: site, component, lines, alerts.",
		}, []string{"reason"}),
		probes: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_ingest_probes_total", Help: "Probes by what became of them.",
		}, []string{"outcome"}),
		flushes: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_ingest_flushes_total", Help: "Batches by whether the log took them: ok or failed.",
		}, []string{"outcome"}),
		retries: auto.NewCounter(prometheus.CounterOpts{
			Name: "faultline_ingest_flush_retries_total", Help: "Repeated attempts to append a batch.",
		}),
		shed: auto.NewCounter(prometheus.CounterOpts{
			Name: "faultline_ingest_shed_total",
			Help: "Reports and batches of probes that were refused because the memory of Redis is almost full.",
		}),
		batchEvents: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "faultline_ingest_batch_events", Help: "Events of one append to the log.",
			// From 1 to 16,384, past the largest batch.
			Buckets: prometheus.ExponentialBuckets(1, 4, 8),
		}),
		flushSeconds: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "faultline_ingest_flush_seconds", Help: "Time to append one batch, attempts and pauses included.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2},
		}),
	}
}

// gauge shows a number that is kept elsewhere.
func (m *metrics) gauge(name, help string, value func() int) {
	m.auto.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
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
