package archive

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	copied, damaged, moved prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, a *Archive) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		copied: counter("faultline_archive_copied_total",
			"Files of the archive that this node has copied from other nodes."),
		damaged: counter("faultline_archive_damaged_total",
			"Files of the archive on this node's disk that could not be read and were put aside."),
		moved: counter("faultline_archive_moved_total",
			"Incidents that this node has moved from Redis into the archive as leader."),
	}
	gauge := func(name, help string, of func(*state) int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			if s := a.state.Load(); s != nil {
				return float64(of(s))
			}
			return 0
		})
	}
	if reg == nil {
		return m
	}
	reg.MustRegister(m.copied, m.damaged, m.moved,
		gauge("faultline_archive_incidents", "Incidents that are in the archive.", func(s *state) (n int) {
			for _, seg := range s.segments {
				n += seg.Incidents
			}
			return n
		}),
		gauge("faultline_archive_missing", "Files of the archive that this node has not copied yet.",
			func(s *state) (n int) {
				for _, seg := range s.segments {
					if !s.held[seg.Name] {
						n++
					}
				}
				return n
			}))
	return m
}
