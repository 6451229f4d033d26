package api

import (
	"testing"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// The whole of a page never contradicts its parts: it says that all is well only where every
// part is observed and none is in doubt.
func TestStatuspageOfTheWholeAgreesWithItsParts(t *testing.T) {
	x := board.NewIndex()
	for site, on := range map[string][]faultline.Component{"down.example": {"cdn:fastly", "cloud:aws/us-east-1"},
		"well.example": {"cdn:akamai", "cdn:fastly"}, "quiet.example": {"cdn:akamai", "dns:quiet"}} {
		x.Put(faultline.SiteRecord{Site: site, Components: on})
	}
	providers := faultline.NewProviders([]faultline.Provider{
		{Slug: "rogers", Name: "Rogers", Networks: []uint32{812}, ISP: true},
		{Slug: "aws", Name: "Amazon Web Services", Components: []string{"cloud:aws/*"},
			Sites: []string{"well.example"}}})
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		c.Index, b.Providers = x, providers
	})
	n.source.Publish(caused(0, "cloud:aws/us-east-1", "down.example"))
	n.run()
	n.show(faultline.View{AsOf: n.clock.Now(), SitesKnown: 3, SitesObserved: 2, Vantages: 2,
		Sites: []faultline.SiteStatus{{Site: "down.example", State: faultline.SiteDown, Probes: 9, ProbesFailed: 9}},
		Well:  []faultline.WellSite{{Site: "well.example", Probes: 9}}})
	for path, want := range map[string][3]string{ // indicator, description, the first part
		"/statuspage/site/well.example": {"minor", "Possible Outage: 1 of 1 may be failing",
			"degraded_performance"},
		"/statuspage/site/quiet.example":  {"minor", "Not observed: the state is not known.", statusUnknown},
		"/statuspage/dns/quiet":           {"minor", "Not observed: the state is not known.", statusUnknown},
		"/statuspage/provider/rogers":     {"minor", "Not observed: the state is not known.", ""},
		"/statuspage/provider/aws":        {"critical", "Major Service Outage", "major_outage"},
		"/statuspage/stack/down.example":  {"critical", "Major Service Outage", "major_outage"},
		"/statuspage/cloud/aws~us-east-1": {"critical", "Major Service Outage", "major_outage"},
		"/statuspage/stack/cdn:akamai":    {"none", "All Systems Operational", "operational"},
		"/statuspage/stack/cdn:akamai,rogers": {"none", "No outage is known. 1 of 2 parts are not observed.",
			"operational"},
	} {
		got := decode[StatuspageAnswer](t, n.get(path+"/api/v2/summary.json").Body)
		if got.Status == nil || got.Components == nil {
			t.Errorf("%s: %+v", path, got)
			continue
		}
		first := ""
		if len(*got.Components) > 0 {
			first = (*got.Components)[0].Status
		}
		if said := [3]string{got.Status.Indicator, got.Status.Description, first}; said != want {
			t.Errorf("%s says %q, want %q", path, said, want)
		}
	}
}
