package api

import (
	"net/http"
	"slices"
	"testing"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

func TestComponentAndSearch(t *testing.T) {
	x := board.NewIndex()
	for _, site := range []string{"a.example", "b.example", "c.example"} {
		x.Put(faultline.SiteRecord{Site: site, Components: []faultline.Component{"cdn:fastly", "cloud:aws/us-east-1"}})
	}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Index = x })
	n.source.Publish(caused(0, "cdn:fastly", "a.example"))
	n.source.Publish(caused(1, "isp:AS812", "a.example"))
	n.run()
	n.show(faultline.View{AsOf: n.clock.Now(), SitesKnown: 3, SitesObserved: 2, Vantages: 2,
		Sites: []faultline.SiteStatus{{Site: "a.example", State: faultline.SiteDown}},
		Well:  []faultline.WellSite{{Site: "b.example", Probes: 9}}})
	got := decode[ComponentAnswer](t, n.get("/v1/components/cdn/fastly").Body)
	if got.Name != "Fastly" || got.State != faultline.SiteDown || got.Failing != 9 || got.Observed != 18 ||
		got.SitesTotal != 3 ||
		len(got.Incidents) != 1 ||
		!slices.Equal(got.Sites, []MemberSite{{"a.example", faultline.SiteDown}, {"b.example", faultline.SiteOK},
			{"c.example", faultline.SiteUnknown}}) {
		t.Errorf("fastly: %+v", got)
	}
	if got := decode[ComponentAnswer](t,
		n.get("/v1/components/cloud/aws~us-east-1").Body); got.State != faultline.SiteOK || got.Failing != 1 ||
		len(got.Incidents) != 0 || got.Incidents == nil {
		t.Errorf("the only site that fails there does so because of Fastly: %+v", got)
	}
	if got := decode[ComponentAnswer](t, n.get("/v1/components/isp/AS812").Body); len(got.Incidents) != 1 ||
		got.SitesTotal != 0 {
		t.Errorf("an ISP with an incident: %+v", got)
	}
	wantProblem(t, n.get("/v1/components/isp/AS5"), http.StatusNotFound)
	found := decode[SearchAnswer](t, n.get("/v1/search?q=%20FAS").Body)
	if len(found.Components) != 1 || found.Components[0] != (FoundComponent{"cdn:fastly", "Fastly", 3}) ||
		found.Sites == nil {
		t.Errorf("found %+v", found)
	}
	if found := decode[SearchAnswer](t, n.get("/v1/search?q=https://www.a.ex").Body); len(found.Sites) != 1 ||
		found.Sites[0].State != faultline.SiteDown {
		t.Errorf("found %+v", found)
	}
	wantProblem(t, n.get("/v1/search?q="), http.StatusBadRequest)
}
