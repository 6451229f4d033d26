package api

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
	"faultline/board/find"
)

type networks map[string]uint32

func (n networks) Label(addr netip.Addr) (uint32, string) { return n[addr.String()], "CA" }

// caused is an open incident of a component, with one site.
func caused(i int, component faultline.Component, site string) faultline.Incident {
	inc := incident(i, 1, 9)
	inc.Cause = &faultline.Cause{Component: component, Kind: component.Kind(), Name: component.DisplayName(),
		Confidence: 0.9}
	inc.Sites[0].Site = site
	return inc
}

// verdictNode shows sites in every state that a verdict tells apart.
func verdictNode(t *testing.T, provider, own, isp, ownISP, unattributed faultline.Incident) *node {
	t.Helper()
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) {
		c.Network = networks{"192.0.2.77": 1, "192.0.2.12": 812, "2001:db8::7": 7}
	})
	for _, inc := range []faultline.Incident{provider, own, isp, ownISP, unattributed} {
		n.source.Publish(inc)
	}
	n.run()
	status := func(site string, state faultline.SiteState, reports, probes, failed int,
		ids ...string) faultline.SiteStatus {
		return faultline.SiteStatus{Site: site, State: state, Symptom: "timeout", Reports: reports, Probes: probes,
			ProbesFailed: failed, Incidents: ids}
	}
	popular := status("popular.example", faultline.SiteOK, 50, 30, 0)
	popular.Expected = 40
	n.show(faultline.View{AsOf: n.clock.Now(), SitesKnown: 9, SitesObserved: 9, Vantages: 2,
		Sites: []faultline.SiteStatus{
			status("bbc.co.uk", faultline.SiteDown, 40, 30, 28, ownISP.ID, provider.ID),
			status("own.example", faultline.SiteDown, 9, 30, 30, own.ID),
			status("isp.example", faultline.SiteUnknown, 12, 30, 0, isp.ID),
			status("several.example", faultline.SiteDown, 9, 30, 30, unattributed.ID),
			status("back.example", faultline.SiteRecovered, 2, 30, 9, provider.ID),
			status("healed.example", faultline.SiteRecovered, 2, 30, 0, provider.ID),
			status("down.example", faultline.SiteDown, 1, 3, 3),
			status("flaky.example", faultline.SiteDegraded, 1, 30, 3),
			status("loud.example", faultline.SiteOK, 50, 30, 0),
			popular,
			status("few.example", faultline.SiteOK, 2, 30, 0),
			status("unprobed.example", faultline.SiteUnknown, 5, 0, 0),
		}, Well: []faultline.WellSite{{Site: "well.example", Probes: 30}, {Site: "seldom.example", Probes: 1}},
		Networks: []faultline.NetworkStatus{{ASN: 7, Sites: 44, Reports: 90, Expected: 3},
			{ASN: 1, Sites: 12, Reports: 12, Expected: 10}}})
	return n
}

// Who asks about a region as if it were a site hears where to ask about it.
func TestVerdictOfWhatIsNoSite(t *testing.T) {
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) {
		c.Lookup = func(string) (faultline.SiteRecord, error) {
			return faultline.SiteRecord{}, faultline.InvalidError{{Detail: "is a single word"}}
		}
		c.Find = func(text string, _ int) []find.Match {
			region := find.Thing{Kind: find.Component, ID: "cloud:aws/us-east-1", Name: "AWS us-east-1"}
			return []find.Match{{Thing: region, Exact: text == "us-east-1"}}
		}
	})
	n.run()
	for asked, want := range map[string]string{"US-East-1": "names AWS us-east-1, a component and not a site: " +
		"ask /v1/stack?of=cloud:aws/us-east-1 about it", "us-east": "is a single word"} {
		p := wantProblem(t, n.get("/v1/verdict?site="+asked), http.StatusBadRequest)
		if !strings.Contains(p.Errors[0].Detail, want) {
			t.Errorf("%s: %+v", asked, p.Errors)
		}
	}
}

func TestVerdict(t *testing.T) {
	provider, own := caused(0, "cdn:fastly", "bbc.co.uk"), caused(1, "site:own.example", "own.example")
	isp, ownISP := caused(2, "isp:AS812", "isp.example"), caused(3, "isp:AS5", "bbc.co.uk")
	unattributed := incident(4, 1, 9)
	unattributed.Cause = nil
	n := verdictNode(t, provider, own, isp, ownISP, unattributed)
	for _, test := range []struct {
		site, from string
		want       faultline.Blame
		incident   string
		says       string
	}{
		{"bbc.co.uk", "", faultline.BlameProvider, provider.ID, "Fastly"},
		{"is bbc.co.uk down?", "", faultline.BlameProvider, provider.ID, "Fastly"},
		{"own.example", "", faultline.BlameSite, own.ID, "30 of 30 probes"},
		{"several.example", "", faultline.BlameUnknown, unattributed.ID, "not known"},
		{"isp.example", "192.0.2.12:1", faultline.BlameISP, isp.ID, "AS812"},
		{"isp.example", "", faultline.BlameUnknown, "", "We do not know"},
		{"well.example", "192.0.2.12:1", faultline.BlameISP, isp.ID, "AS812"},
		{"back.example", "", faultline.BlameUnknown, provider.ID, "may not have recovered everywhere"},
		{"healed.example", "", faultline.BlameYou, provider.ID, "all 30 probes of it succeeded"},
		{"down.example", "", faultline.BlameSite, "", "3 of 3"},
		{"flaky.example", "", faultline.BlameUnknown, "", "3 of 30"},
		{"popular.example", "", faultline.BlameYou, "", "50 people"},
		{"loud.example", "", faultline.BlameUnknown, "", "50 people"},
		{"few.example", "", faultline.BlameYou, "", "30 probes"},
		{"well.example", "", faultline.BlameYou, "", "Everyone else is fine"},
		{"well.example", "[2001:db8::7]:1", faultline.BlameISP, "", "90 reports of 44 sites"},
		{"down.example", "[2001:db8::7]:1", faultline.BlameSite, "", "3 of 3"},
		{"unprobed.example", "", faultline.BlameUnknown, "", "too few of our probes checked it"},
		{"seldom.example", "", faultline.BlameUnknown, "", "hardly checked and not reported"},
		{"silent.example", "", faultline.BlameUnknown, "", "hardly checked and not reported"},
	} {
		w := n.do(request{path: "/v1/verdict?site=" + url.QueryEscape(test.site), remote: test.from})
		got := decode[VerdictAnswer](t, w.Body)
		id := ""
		if got.Incident != nil {
			id = got.Incident.ID
		}
		if w.Code != http.StatusOK || !strings.Contains(test.site, got.Site) || got.Blame != test.want ||
			id != test.incident ||
			!strings.Contains(got.Because, test.says) {
			t.Errorf("%s from %q: %s by %q: %s, want %s by %q", test.site, test.from, got.Blame, id, got.Because,
				test.want, test.incident)
		}
		if cc := w.Header().Get("Cache-Control"); !strings.HasPrefix(cc, "private") {
			t.Errorf("Cache-Control %q: a shared cache would tell one viewer's verdict to another", cc)
		}
	}
	p := wantProblem(t, n.get("/v1/verdict"), http.StatusBadRequest)
	if len(p.Errors) != 1 || p.Errors[0].Parameter != "site" {
		t.Errorf("errors %+v", p.Errors)
	}
	if strings.Contains(n.logs.String(), "2001:db8") || strings.Contains(n.logs.String(), "192.0.2") {
		t.Error("where the question came from is in the log")
	}
}
