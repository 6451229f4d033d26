package store

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// metrics are what a Store counts. They are registered when it opens and taken away when it
// closes, so that a process can open one after another.
type metrics struct {
	// Labels have a few constant values each: a label whose values others choose would
	// fill the memory of whoever collects them.
	appended  *prometheus.CounterVec // by unit: batches, events, bytes
	read      prometheus.Counter
	repeats   prometheus.Counter
	poison    *prometheus.CounterVec // by reason
	errors    *prometheus.CounterVec // by kind
	appending prometheus.Histogram

	registerer prometheus.Registerer
	registered []prometheus.Collector
}

// newMetrics makes the metrics of a Store; without a registerer they count and nobody reads
// them.
func newMetrics(r prometheus.Registerer, way *line, clients map[string]redis.UniversalClient) (*metrics, error) {
	m := &metrics{
		appended: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_store_appended_total",
			Help: "What was appended to the log, in batches, events and bytes."}, []string{"unit"}),
		read: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_store_batches_read_total",
			Help: "Batches read from the log, repeats and poison left out."}),
		repeats: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_store_repeats_total",
			Help: "Batches of the log that were dropped as repeats of an earlier one."}),
		poison: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_store_poison_total",
			Help: "Stored entries that could not be read and were skipped."}, []string{"reason"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_store_errors_total",
			Help: "Calls that failed: unavailable, or refused by a script."}, []string{"kind"}),
		appending: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "faultline_store_append_seconds",
			Help: "How long appending a batch took.", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 13)}),
		registerer: r,
	}
	if r == nil {
		return m, nil
	}
	trip := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "faultline_store_round_trip_seconds",
		Help: "How long an answer of Redis takes, smoothed."}, func() float64 { return way.RoundTrip().Seconds() })
	silent := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "faultline_store_silent",
		Help: "1 while Redis gives no answer and commands fail at once, else 0."}, func() float64 {
		if way.Silent() {
			return 1
		}
		return 0
	})
	for _, c := range []prometheus.Collector{m.appended, m.read, m.repeats, m.poison, m.errors, m.appending,
		trip, silent,
		newPools(clients)} {
		if err := r.Register(c); err != nil {
			// What was registered so far goes, or a second attempt would fail with "already
			// registered".
			m.unregister()
			return nil, fmt.Errorf("register metrics: %w", err)
		}
		m.registered = append(m.registered, c)
	}
	return m, nil
}

// unregister takes away what was registered, also after a registration that failed half
// way.
func (m *metrics) unregister() {
	for _, c := range m.registered {
		m.registerer.Unregister(c)
	}
}

// pools reports the connections of the clients.
// It collects when it is asked and holds no copy, because the clients count already.
type pools struct {
	clients               map[string]redis.UniversalClient
	connections, timeouts *prometheus.Desc
}

// newPools describes the connections of some clients, by their names.
func newPools(clients map[string]redis.UniversalClient) pools {
	return pools{
		clients: clients,
		connections: prometheus.NewDesc("faultline_store_connections",
			"Connections to Redis.", []string{"client", "state"}, nil),
		timeouts: prometheus.NewDesc("faultline_store_pool_timeouts_total",
			"Calls that found no free connection in time.", []string{"client"}, nil),
	}
}

// Describe announces the metrics of the connection pools.
func (p pools) Describe(ch chan<- *prometheus.Desc) { ch <- p.connections; ch <- p.timeouts }

// Collect reads the pools at the time of the scrape: how many connections each client holds,
// idle and busy, and how many calls have waited in vain for one since the start.
func (p pools) Collect(ch chan<- prometheus.Metric) {
	for name, c := range p.clients {
		st := c.PoolStats()
		ch <- prometheus.MustNewConstMetric(p.connections, prometheus.GaugeValue, float64(st.IdleConns), name, "idle")
		ch <- prometheus.MustNewConstMetric(p.connections, prometheus.GaugeValue,
			float64(st.TotalConns-min(st.IdleConns, st.TotalConns)), name, "busy")
		ch <- prometheus.MustNewConstMetric(p.timeouts, prometheus.CounterValue, float64(st.Timeouts), name)
	}
}
