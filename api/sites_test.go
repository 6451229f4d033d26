package api

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

func TestSite(t *testing.T) {
	n := newNode(t)
	n.run()
	said := t0.Add(-time.Minute)
	n.show(faultline.View{AsOf: t0,
		Sites: []faultline.SiteStatus{{Site: "bbc.co.uk", State: faultline.SiteDown, Symptom: "http_503",
			Components: []faultline.Component{"cdn:fastly", "cdn:akamai"}, Reports: 812, Probes: 9, ProbesFailed: 8,
			LastReportAt: &said, Incidents: []string{"inc_A"}}}})

	got := decode[SiteAnswer](t, n.get("/v1/sites/BBC.co.uk").Body)
	if got.Site != "bbc.co.uk" || got.State != faultline.SiteDown || *got.Reports != 812 || got.Rank != 120 ||
		len(got.Components) != 2 {
		t.Errorf("a failing site: %+v", got)
	}
	// As a person pastes it, with escaped slashes.
	if got := decode[SiteAnswer](t, n.get("/v1/sites/https%3A%2F%2Fbbc.co.uk").Body); got.Site != "bbc.co.uk" {
		t.Errorf("a pasted address: %+v", got)
	}
	w := n.get("/v1/sites/quiet.example")
	if got := decode[SiteAnswer](t, w.Body); got.State != faultline.SiteUnknown || got.Symptom != "" ||
		*got.Reports != 0 || *got.Probes != 0 ||
		!slices.Equal(got.Components, []faultline.Component{"cdn:fastly"}) || got.Incidents == nil {
		t.Errorf("a silent site: %+v", got)
	}
	wantProblem(t, n.get("/v1/sites/nobody.test"), http.StatusNotFound)
	p := wantProblem(t, n.get("/v1/sites/not%20a%20name"), http.StatusBadRequest)
	if len(p.Errors) != 1 || p.Errors[0].Parameter != "site" || p.Errors[0].Pointer != "" {
		t.Errorf("errors %+v", p.Errors)
	}
	wantProblem(t, n.get("/v1/sites/"), http.StatusNotFound)
}

func TestSummary(t *testing.T) {
	n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.Durable = false })
	var newest faultline.Incident
	for i, state := range []faultline.IncidentState{faultline.StateCandidate, faultline.StateConfirmed,
		faultline.StateConfirmed,
		faultline.StateResolved, faultline.StateRecovering} {
		newest = incident(i, 1, 30)
		newest.State = state
		n.source.Publish(newest)
	}
	n.run()
	n.show(faultline.View{AsOf: t0.Add(time.Hour), SitesKnown: 420, SitesObserved: 52, Vantages: 2,
		Counters: faultline.Counters{Reports: 200, Probes: 52}})
	got := decode[Summary](t, n.get("/v1/summary").Body)
	if got.Incidents != (OpenCounts{Candidate: 1, Confirmed: 2, Recovering: 1}) || len(got.Open) != 4 ||
		got.Open[0].ID != newest.ID {
		t.Errorf("incidents %+v, open %+v", got.Incidents, got.Open)
	}
	if *got.Sites != (SiteCounts{420, 52}) || *got.Vantages != 2 || got.Counters.Reports != 200 || got.Durable ||
		got.Meta.Stale {
		t.Errorf("got %+v", got)
	}
	if *got.Open[0].Component != "cdn:fastly" || got.Open[0].URL != "/v1/incidents/"+newest.ID {
		t.Errorf("in short: %+v", got.Open[0])
	}
}

// An answer goes stale by the clock alone: nothing arrives to say so.
func TestStale(t *testing.T) {
	n := newNode(t)
	n.run()
	if got := decode[Summary](t, n.get("/v1/summary").Body); !got.Meta.Stale || got.Meta.AsOf != nil {
		t.Errorf("before the first view: %+v", got.Meta)
	}
	now := n.clock.Now()
	n.show(faultline.View{AsOf: now})
	fresh := func() bool { return !decode[Summary](t, n.get("/v1/summary").Body).Meta.Stale }
	if !fresh() || decode[IncidentList](t, n.get("/v1/incidents").Body).Meta.Stale {
		t.Error("stale at once")
	}
	n.source.Fail(errors.New("gone"))
	n.clock.add(15 * time.Second)
	if !fresh() {
		t.Error("stale too early")
	}
	n.clock.add(time.Second)
	eventually(t, "the summary is stale", func() bool { return !fresh() })
	list := decode[IncidentList](t, n.get("/v1/incidents").Body)
	if !list.Meta.Stale || !list.Meta.AsOf.Equal(now) {
		t.Errorf("the list says %+v", list.Meta)
	}
	n.source.Fail(nil)
	n.show(faultline.View{AsOf: n.clock.Now()})
	if !fresh() {
		t.Error("stale though it is back")
	}
}
