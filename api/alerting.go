package api

import (
	"bytes"
	"fmt"
	"net/url"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// maxAlerted bounds the incidents that the metrics for alerting list one by one.
const maxAlerted = 200

// What is published of each open incident, for alerting.
var (
	incidentLabels = []string{"id", "state", "kind", "component"}
	descFailing    = prometheus.NewDesc(
		"faultline_incident_sites_failing",
		"Sites of an open incident that fail.",
		incidentLabels,
		nil,
	)
	descObserved = prometheus.NewDesc(
		"faultline_incident_sites_observed",
		"Sites of its cause that are observed.",
		incidentLabels,
		nil,
	)
	descConfidence = prometheus.NewDesc(
		"faultline_incident_confidence",
		"How sure its cause is, 0 to 1.",
		incidentLabels,
		nil,
	)
	descOnset = prometheus.NewDesc(
		"faultline_incident_onset_timestamp_seconds",
		"When it began, in Unix seconds.",
		incidentLabels,
		nil,
	)
	descOpen = prometheus.NewDesc("faultline_incidents_open", "Open incidents, by state.", []string{"state"}, nil)
	descAsOf = prometheus.NewDesc(
		"faultline_as_of_timestamp_seconds",
		"Time at which these values were computed, in Unix seconds.",
		nil,
		nil,
	)
)

// alerts is a snapshot as Prometheus collects it.
type alerts struct{ s *board.Snapshot }

// Describe announces nothing, which makes this an unchecked collector: each scrape has a
// registry of its own, so there are no other metrics that these could collide with.
func (alerts) Describe(chan<- *prometheus.Desc) {}

// Collect sends the gauges of open incidents, at most maxAlerted of them one by one, so that
// the number of series that Prometheus has to store is bounded.
func (a alerts) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	open := map[faultline.IncidentState]int{
		faultline.StateCandidate:  0,
		faultline.StateConfirmed:  0,
		faultline.StateRecovering: 0,
	}
	listed := 0
	for _, e := range a.s.Order {
		if !e.Incident.State.Open() {
			continue
		}
		open[e.Incident.State]++
		if listed++; listed > maxAlerted {
			continue
		}
		kind, component, confidence := faultline.FilterNone, faultline.FilterNone, 0.
		if e.Incident.Cause != nil {
			kind, component, confidence = e.Incident.Cause.Component.Kind(), string(
				e.Incident.Cause.Component,
			), e.Incident.Cause.Confidence
		}
		labels := []string{e.Incident.ID, string(e.Incident.State), kind, component}
		gauge(descFailing, float64(e.Incident.Impact.Failing), labels...)
		gauge(descObserved, float64(e.Incident.Impact.Observed), labels...)
		gauge(descConfidence, confidence, labels...)
		gauge(descOnset, float64(e.Incident.Onset.At.UnixMilli())/1e3, labels...)
	}
	for state, n := range open {
		gauge(descOpen, float64(n), string(state))
	}
	if a.s.Meta.AsOf != nil {
		gauge(descAsOf, float64(a.s.Meta.AsOf.UnixMilli())/1e3)
	}
}

// getIncidentMetrics lists what is open in the text format of Prometheus.
//
// @ID       getIncidentMetrics
// @Summary  Open incidents as Prometheus metrics, for alerting
// @Description One gauge for each open incident, at most 200, with the labels id, state, kind and component. A scrape once a minute is enough.
// @Tags     feeds
// @Produce  plain
// @Success  200 {string} string "the Prometheus text format, version 0.0.4"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  503 {object} Problem
// @Router   /v1/metrics/incidents [get]
func (a *api) getIncidentMetrics(c *gin.Context, _ url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	p, err := s.Pages.Get("metrics", func() (*page.Page, error) {
		return scraped(alerts{s})
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// scraped is what a collector says in the text format of Prometheus.
func scraped(of prometheus.Collector) (*page.Page, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(of)
	families, err := registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather metrics: %w", err)
	}
	var out bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
			return nil, fmt.Errorf("write metrics: %w", err)
		}
	}
	return page.File(out.Bytes(), "text/plain; version=0.0.4; charset=utf-8"), nil
}
