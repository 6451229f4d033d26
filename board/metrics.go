package board

import "github.com/prometheus/client_golang/prometheus"

// metrics count what a Board does.
type metrics struct {
	changes   prometheus.Counter
	resets    prometheus.Counter
	failures  *prometheus.CounterVec // by what was read
	incidents prometheus.Gauge

	diskWrites prometheus.Counter
}

// newMetrics makes the metrics of a Board; without a registerer they count and nobody reads
// them.
func newMetrics(reg prometheus.Registerer, b *Board) metrics {
	m := metrics{
		changes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "faultline_board_changes_total", Help: "Revisions of incidents followed."}),
		resets: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "faultline_board_resets_total", Help: "Times that all incidents were read again."}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_board_failures_total", Help: "Reads of the source that failed, by what was read."},
			[]string{"read"}),
		incidents: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "faultline_board_incidents", Help: "Incidents held in memory."}),
		diskWrites: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "faultline_board_disk_writes_total", Help: "Snapshots of what is known written to the disk."}),
	}
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "faultline_board_view_age_seconds", Help: "Age of the newest view; NaN before the first."}, b.viewAge)
	if reg != nil {
		reg.MustRegister(m.changes, m.resets, m.failures, m.incidents, m.diskWrites, age)
	}
	return m
}
