package api

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// httpMetrics count requests by route, never by what a client wrote.
type httpMetrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec

	// known are the metrics that were looked up before: routes, methods and statuses
	// of ours, so that there are few.
	mu    *sync.RWMutex
	known map[httpKind]httpMeters
}

type httpKind struct {
	route, method string
	status        int
}

type httpMeters struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
}

// of returns the metrics of one kind of request.
func (m *httpMetrics) of(route, method string, status int) (prometheus.Counter, prometheus.Observer) {
	kind := httpKind{route, method, status}
	m.mu.RLock()
	found, ok := m.known[kind]
	m.mu.RUnlock()
	if !ok {
		found = httpMeters{
			m.requests.WithLabelValues(route, method, strconv.Itoa(status)),
			m.seconds.WithLabelValues(route),
		}
		m.mu.Lock()
		m.known[kind] = found
		m.mu.Unlock()
	}
	return found.requests, found.seconds
}

func newHTTPMetrics(reg prometheus.Registerer) httpMetrics {
	m := httpMetrics{mu: &sync.RWMutex{}, known: map[httpKind]httpMeters{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_http_requests_total", Help: "Requests answered."}, []string{"route", "method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "faultline_http_request_seconds", Help: "Time to answer, streams left out.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}}, []string{"route"}),
	}
	reg.MustRegister(m.requests, m.seconds)
	return m
}
