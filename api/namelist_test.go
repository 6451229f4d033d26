package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// listed is a node with seven sites: the most visited one is s6, and s0 has no rank.
func listed(t *testing.T) *node {
	t.Helper()
	index := board.NewIndex()
	for i := range 7 {
		r := faultline.SiteRecord{Site: fmt.Sprintf("s%d.example", i), Components: []faultline.Component{"cdn:fastly"}}
		if i > 0 {
			r.Rank = 10 - i
		}
		if i%2 == 1 {
			r.Components = append(r.Components, "dns:ns1")
		}
		index.Put(r)
	}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Index = index })
	inc := incident(0, 1, 3)
	inc.Cause = &faultline.Cause{Component: "isp:AS64500", Kind: faultline.KindISP}
	n.source.Publish(inc)
	n.run()
	n.await(inc)
	n.show(faultline.View{AsOf: n.clock.Now(), SitesKnown: 7, SitesObserved: 5, Vantages: 2,
		Sites: []faultline.SiteStatus{
			{Site: "s1.example", State: faultline.SiteDown, Symptom: "http_503"},
			{Site: "s2.example", State: faultline.SiteDegraded, Symptom: "slow"},
			{Site: "s3.example", State: faultline.SiteOK, Symptom: faultline.SymptomOK},
		}, Well: []faultline.WellSite{{Site: "s5.example", Probes: 9}, {Site: "s6.example", Probes: 9}}})
	return n
}

func TestSiteList(t *testing.T) {
	n := listed(t)
	names := func(query string) (names []string, next *string) {
		t.Helper()
		w := n.get("/v1/sites" + query)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", query, w.Code, w.Body)
		}
		list := decode[SiteList](t, w.Body)
		for _, s := range list.Sites {
			names = append(names, strings.TrimSuffix(s.Site, ".example"))
		}
		return names, list.Next
	}
	for query, want := range map[string]string{
		"":                                 "s6 s5 s4 s3 s2 s1 s0",
		"?state=down":                      "s1",
		"?state=down,degraded":             "s2 s1",
		"?state=unknown":                   "s4 s0",
		"?state=ok":                        "s6 s5 s3",
		"?component=dns:ns1":               "s5 s3 s1",
		"?component=dns:NS1,cdn:nobody":    "s5 s3 s1",
		"?component=cdn:nobody":            "",
		"?component=dns:ns1&state=unknown": "",
		"?q=S2.ex":                         "s2",
		"?q=nothing":                       "",
	} {
		if got, next := names(query); strings.Join(got, " ") != want || next != nil {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
	for limit := 1; limit < 8; limit++ {
		var walked []string
		for query := fmt.Sprintf("?limit=%d", limit); query != ""; {
			page, next := names(query)
			walked = append(walked, page...)
			if query = ""; next != nil {
				query = fmt.Sprintf("?limit=%d&cursor=%s", limit, url.QueryEscape(*next))
			}
		}
		if strings.Join(walked, " ") != "s6 s5 s4 s3 s2 s1 s0" {
			t.Errorf("by %d it is %v", limit, walked)
		}
	}
	one := decode[SiteList](t, n.get("/v1/sites?q=s1").Body).Sites[0]
	if one.State != faultline.SiteDown || one.Rank != 9 || len(one.Components) != 2 {
		t.Errorf("one of them is %+v", one)
	}
	if link := n.get("/v1/sites?limit=2&state=ok").Header().Get("Link"); !strings.Contains(link, "/v1/sites?cursor=") ||
		!strings.Contains(link, "state=ok") {
		t.Errorf("Link says %s", link)
	}
}

func TestNameListRefuses(t *testing.T) {
	n := listed(t)
	for _, query := range []string{
		"sites?state=broken", "sites?state=", "sites?component=fastly", "sites?q=", "sites?limit=101", "sites?limit=0",
		"sites?cursor=%25", "sites?cursor=bm9ib2R5", "sites?kind=cdn",
		"components?kind=fastly", "components?state=open", "components?cursor=bm9ib2R5",
		"components?component=cdn:fastly",
	} {
		p := wantProblem(t, n.get("/v1/"+query), http.StatusBadRequest)
		key := strings.Split(strings.Split(query, "?")[1], "=")[0]
		if len(p.Errors) != 1 || p.Errors[0].Parameter != key {
			t.Errorf("%s: %+v", query, p.Errors)
		}
	}
}

func TestComponentList(t *testing.T) {
	n := listed(t)
	names := func(query string) (names []string) {
		t.Helper()
		for _, c := range decode[ComponentList](t, n.get("/v1/components"+query).Body).Components {
			names = append(names, string(c.Component))
		}
		return names
	}
	for query, want := range map[string][]string{
		"":                 {"cdn:fastly", "dns:ns1", "isp:AS64500"},
		"?kind=dns,isp":    {"dns:ns1", "isp:AS64500"},
		"?state=down":      {"isp:AS64500"},
		"?q=FAST":          {"cdn:fastly"},
		"?q=nothing":       nil,
		"?limit=1&kind=ca": nil,
	} {
		if got := names(query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	list := decode[ComponentList](t, n.get("/v1/components?limit=1").Body)
	want := ListedComponent{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly", State: faultline.SiteOK, Failing: 2,
		Observed:   5,
		SitesTotal: 7, URL: "/v1/components/cdn/fastly"}
	if list.Components[0] != want || list.Next == nil {
		t.Errorf("%+v, next %v", list.Components[0], list.Next)
	}
	// The same numbers stand in its own answer.
	one := decode[ComponentAnswer](t, n.get("/v1/components/cdn/fastly").Body)
	if one.Failing != want.Failing || one.Observed != want.Observed || one.State != want.State ||
		one.SitesTotal != want.SitesTotal {
		t.Errorf("its own answer has %+v", one)
	}
}
