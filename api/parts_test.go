package api

import (
	"encoding/json"
	"slices"
	"testing"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// partlyNode shows an outage of Fastly, and part.example, which answers and whose page uses it.
func partlyNode(t *testing.T) (*node, faultline.Incident) {
	t.Helper()
	x := board.NewIndex()
	uses := faultline.SiteRecord{Site: "part.example", Rank: 7, Components: []faultline.Component{"cdn:akamai"},
		Uses: []faultline.Component{"cdn:fastly", "cdn:jsdelivr"}}
	x.Put(uses)
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		b.Index = x
		c.Lookup = func(name string) (faultline.SiteRecord, error) {
			if name == uses.Site {
				return uses, nil
			}
			return lookup(name)
		}
	})
	inc := caused(1, "cdn:fastly", "bbc.co.uk")
	n.source.Publish(inc)
	n.run()
	n.show(faultline.View{AsOf: n.clock.Now(), SitesKnown: 2, SitesObserved: 2, Vantages: 2,
		Well: []faultline.WellSite{{Site: "part.example", Probes: 30}, {Site: "well.example", Probes: 30}}})
	return n, inc
}

// A site that answers while what serves parts of its page fails is degraded by that incident,
// and the incident names it beside its members.
func TestASiteIsDegradedByWhatItsPageUses(t *testing.T) {
	n, inc := partlyNode(t)
	var site SiteAnswer
	if err := json.Unmarshal(n.get("/v1/sites/part.example").Body.Bytes(), &site); err != nil {
		t.Fatal(err)
	}
	if site.State != faultline.SiteDegraded || len(site.Incidents) != 0 || *site.ProbesFailed != 0 ||
		!slices.Equal(site.Uses, []faultline.Component{"cdn:fastly", "cdn:jsdelivr"}) {
		t.Errorf("%+v", site)
	}
	if len(site.DegradedBy) != 1 || site.DegradedBy[0].ID != inc.ID || *site.DegradedBy[0].Component != "cdn:fastly" {
		t.Errorf("degraded by %+v", site.DegradedBy)
	}
	var well map[string]any
	if err := json.Unmarshal(n.get("/v1/sites/well.example").Body.Bytes(), &well); err != nil {
		t.Fatal(err)
	}
	if well["state"] != "ok" || well["uses"] != nil || well["degraded_by"] != nil {
		t.Errorf("of a site of which no page is known: %v", well)
	}
	var sites IncidentSites
	if err := json.Unmarshal(n.get("/v1/incidents/"+inc.ID+"/sites").Body.Bytes(), &sites); err != nil {
		t.Fatal(err)
	}
	if sites.Partly == nil || sites.Partly.Total != 1 || !slices.Equal(sites.Partly.Sites, []string{"part.example"}) {
		t.Errorf("may load only in part: %+v", sites.Partly)
	}
	if slices.ContainsFunc(sites.Sites, func(s faultline.IncidentSite) bool { return s.Site == "part.example" }) {
		t.Error("it is a member")
	}
	var v struct{ faultline.Verdict }
	if err := json.Unmarshal(n.get("/v1/verdict?site=part.example").Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	if v.Blame != faultline.BlameProvider || !v.Partly || v.Incident == nil || v.Incident.ID != inc.ID {
		t.Errorf("verdict: %+v", v.Verdict)
	}
}
