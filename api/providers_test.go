package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

var testProviders = faultline.NewProviders([]faultline.Provider{
	{Slug: "aws", Name: "Amazon Web Services", Aliases: []string{"amazon cloud"},
		Components: []string{"cloud:aws/*", "dns:route53"},
		Networks:   []uint32{16509}, Sites: []string{"aws.example"}, Status: "https://status.example"},
	{Slug: "fastly", Name: "Fastly", Components: []string{"cdn:fastly"}},
	{Slug: "rogers", Name: "Rogers", ISP: true, Country: "CA", Networks: []uint32{812}},
})

// provided is a node on which two regions of one provider and an ISP fail.
func provided(t *testing.T) *node {
	t.Helper()
	x := board.NewIndex()
	for i, site := range []string{"a.example", "b.example", "c.example"} {
		x.Put(faultline.SiteRecord{Site: site, Rank: 9 - i,
			Components: []faultline.Component{"cloud:aws/us-east-1", "dns:route53", "cdn:fastly"}})
	}
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) { c.Index, b.Providers = x, testProviders })
	over := caused(0, "dns:route53", "a.example")
	over.State = faultline.StateResolved
	for _, inc := range []faultline.Incident{over, caused(1, "cloud:aws/us-east-1", "a.example"),
		caused(2, "isp:AS812", "b.example")} {
		n.source.Publish(inc)
	}
	n.run()
	n.show(faultline.View{AsOf: n.clock.Now(), SitesKnown: 3, SitesObserved: 3, Vantages: 2,
		Well: []faultline.WellSite{{Site: "aws.example", Probes: 9}, {Site: "b.example", Probes: 9},
			{Site: "c.example", Probes: 9}}})
	return n
}

func TestProvider(t *testing.T) {
	n := provided(t)
	got := decode[ProviderAnswer](t, n.get("/v1/providers/amazon%20cloud").Body)
	if got.Slug != "aws" || got.State != faultline.SiteDown || got.SitesTotal != 3 ||
		*got.StatusPage != "https://status.example" {
		t.Errorf("%+v", got)
	}
	if len(got.Components) != 2 || got.Components[0].Component != "cloud:aws/us-east-1" ||
		got.Components[0].State != faultline.SiteDown {
		t.Errorf("components %+v", got.Components)
	}
	if len(got.Incidents) != 2 || *got.Incidents[0].Component != "cloud:aws/us-east-1" || len(got.Statements) != 2 ||
		got.Statements[0].LagS == 0 {
		t.Errorf("incidents %+v, statements %+v", got.Incidents, got.Statements)
	}
	if len(got.Dependents) != 3 || got.Dependents[0].Site != "c.example" || len(got.Sites) != 1 ||
		got.Sites[0].State != faultline.SiteOK {
		t.Errorf("dependents %+v, sites %+v", got.Dependents, got.Sites)
	}
	wantProblem(t, n.get("/v1/providers/nobody"), http.StatusNotFound)
	if site := decode[SiteAnswer](t, n.get("/v1/sites/aws.example").Body); site.OwnerIncident == nil ||
		*site.OwnerIncident.Component != "cloud:aws/us-east-1" {
		t.Errorf("its own site: %+v", site)
	}
}

func TestProviderList(t *testing.T) {
	n := provided(t)
	for query, want := range map[string]string{"": "aws fastly rogers", "?state=down": "aws rogers",
		"?state=ok": "fastly",
		"?q=AMAZON": "aws", "?limit=2": "aws fastly", "?q=nobody": ""} {
		var slugs []string
		list := decode[ProviderList](t, n.get("/v1/providers"+query).Body)
		for _, p := range list.Providers {
			slugs = append(slugs, p.Slug)
		}
		if strings.Join(slugs, " ") != want || (list.Next != nil) != (query == "?limit=2") {
			t.Errorf("%s: %v, next %v", query, slugs, list.Next)
		}
	}
	first := decode[ProviderList](t, n.get("/v1/providers?limit=2").Body)
	if rest := decode[ProviderList](t, n.get("/v1/providers?limit=2&cursor="+*first.Next).Body); len(
		rest.Providers) != 1 || rest.Next != nil {
		t.Errorf("the second page: %+v", rest)
	}
}

// Incidents, feeds, streams and status pages can be had of one provider.
func TestFilterByProvider(t *testing.T) {
	n := provided(t)
	for query, want := range map[string][]faultline.Component{
		"provider=aws": {"cloud:aws/us-east-1", "dns:route53"}, "provider=Rogers": {"isp:AS812"},
		"provider=amazon%20web%20services,rogers&state=open": {"isp:AS812", "cloud:aws/us-east-1"},
		"provider=fastly": nil,
	} {
		var causes []faultline.Component
		for _, inc := range decode[IncidentList](t, n.get("/v1/incidents?"+query).Body).Incidents {
			causes = append(causes, inc.Cause.Component)
		}
		if !slices.Equal(causes, want) {
			t.Errorf("%s: %v, want %v", query, causes, want)
		}
		if got := strings.Count(n.get("/feed.atom?"+query).Body.String(), "<entry>"); got != len(want) {
			t.Errorf("the feed of %s has %d entries", query, got)
		}
	}
	if p := wantProblem(t, n.get("/v1/incidents?provider=nobody"),
		http.StatusBadRequest); p.Errors[0].Parameter != "provider" {
		t.Errorf("%+v", p)
	}
	if events := open(t, n.serve().URL+"/v1/stream?snapshot=1&provider=aws", "").opened(); len(events) != 1 {
		t.Errorf("the stream opens with %d events", len(events))
	}
}

func TestStatuspageOfAProvider(t *testing.T) {
	n := provided(t)
	got := decode[StatuspageAnswer](t, n.get("/statuspage/provider/aws/api/v2/summary.json").Body)
	if got.Page.Name != "Amazon Web Services" || len(*got.Incidents) != 1 || len(*got.Components) != 2 ||
		got.Status.Indicator == "none" {
		t.Errorf("%+v %+v", got, got.Status)
	}
	wantProblem(t, n.get("/statuspage/provider/nobody/api/v2/summary.json"), http.StatusNotFound)
}
