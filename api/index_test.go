package api

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"faultline"

	"pgregory.net/rapid"
)

func TestIndex(t *testing.T) {
	x := NewIndex()
	for i := range 3 * freshKeys { // some sorted in, some not yet
		x.Put(faultline.SiteRecord{Site: fmt.Sprintf("s%05d.example", i), Rank: 9_000 - i, Components: []faultline.Component{"cdn:fastly", "tld:example"}})
	}
	x.Put(faultline.SiteRecord{Site: "www.gov.uk", Components: []faultline.Component{"cdn:fastly"}})
	x.Put(faultline.SiteRecord{Site: "s00001.example", Rank: 1, Components: []faultline.Component{"cdn:cloudfront"}})
	top, total, known := x.Members("cdn:fastly", 2)
	if want := []string{"s03071.example", "s03070.example"}; !slices.Equal(top, want) || total != 3*freshKeys || !known {
		t.Errorf("members %v of %d", top, total)
	}
	if _, _, known := x.Members("cdn:nobody", 1); known {
		t.Error("a component that nothing stands on is known")
	}
	for text, want := range map[string][2]string{
		"s0000": {"", "s00001.example"}, "gov": {"", "www.gov.uk"}, "cloudf": {"cdn:cloudfront", ""},
		"cdn:": {"cdn:fastly", ""}, "exam": {"tld:example", ""}, "zzz": {"", ""},
	} {
		components, sites := x.Search(text, 3)
		got := [2]string{}
		if len(components) > 0 {
			got[0] = string(components[0])
		}
		if len(sites) > 0 {
			got[1] = sites[0]
		}
		if got != want || len(components) > 3 || len(sites) > 3 {
			t.Errorf("%q finds %v %v, want %v first", text, components, sites, want)
		}
	}
}

func TestComponentAndSearch(t *testing.T) {
	x := NewIndex()
	for _, site := range []string{"a.example", "b.example", "c.example"} {
		x.Put(faultline.SiteRecord{Site: site, Components: []faultline.Component{"cdn:fastly", "cloud:aws/us-east-1"}})
	}
	n := newNode(t, func(c *Config, _ *BoardConfig) { c.Index = x })
	n.source.tell(caused(0, "cdn:fastly", "a.example"))
	n.source.tell(caused(1, "isp:AS812", "a.example"))
	n.run()
	n.show(faultline.View{AsOf: t0, Sites: []faultline.SiteStatus{{Site: "a.example", State: faultline.SiteDown}},
		Well: []faultline.WellSite{{Site: "b.example", Probes: 9}}})
	got := decode[ComponentAnswer](t, n.get("/v1/components/cdn/fastly").Body)
	if got.Name != "Fastly" || got.State != faultline.SiteDown || got.Failing != 1 || got.Observed != 2 || got.SitesTotal != 3 ||
		len(got.Incidents) != 1 || !slices.Equal(got.Sites, []MemberSite{{"a.example", faultline.SiteDown}, {"b.example", faultline.SiteOK}, {"c.example", faultline.SiteUnknown}}) {
		t.Errorf("fastly: %+v", got)
	}
	if got := decode[ComponentAnswer](t, n.get("/v1/components/cloud/aws~us-east-1").Body); got.State != faultline.SiteUnknown || len(got.Incidents) != 0 || got.Incidents == nil {
		t.Errorf("half of what is observed fails, and nobody is blamed: %+v", got)
	}
	if got := decode[ComponentAnswer](t, n.get("/v1/components/isp/AS812").Body); len(got.Incidents) != 1 || got.SitesTotal != 0 {
		t.Errorf("an ISP with an incident: %+v", got)
	}
	wantProblem(t, n.get("/v1/components/isp/AS5"), http.StatusNotFound)
	found := decode[SearchAnswer](t, n.get("/v1/search?q=%20FAS").Body)
	if len(found.Components) != 1 || found.Components[0] != (FoundComponent{"cdn:fastly", "Fastly", 3}) || found.Sites == nil {
		t.Errorf("found %+v", found)
	}
	if found := decode[SearchAnswer](t, n.get("/v1/search?q=https://www.a.ex").Body); len(found.Sites) != 1 || found.Sites[0].State != faultline.SiteDown {
		t.Errorf("found %+v", found)
	}
	wantProblem(t, n.get("/v1/search?q="), http.StatusBadRequest)
}

// What is kept of what is offered is what a sort would put first.
func TestForemost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offered := rapid.SliceOf(rapid.Custom(func(t *rapid.T) ranked {
			return ranked{uint(rapid.IntRange(0, 9).Draw(t, "rank")), rapid.StringMatching("[a-c]{1,2}").Draw(t, "name")}
		})).Draw(t, "offered")
		most := rapid.IntRange(1, 5).Draw(t, "most")
		f := foremost{most: most}
		var want []ranked
		for _, r := range offered {
			f.offer(int(r.rank), r.name)
			want = append(want, ranked{r.rank - 1, r.name})
		}
		slices.SortFunc(want, compareRanked)
		want = slices.Compact(want)
		if got := f.kept; !slices.Equal(got, want[:min(most, len(want))]) {
			t.Fatalf("%v of %v", got, want)
		}
	})
}
