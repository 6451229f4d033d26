package board

import (
	"fmt"
	"slices"
	"testing"

	"faultline"

	"pgregory.net/rapid"
)

func TestIndex(t *testing.T) {
	x := NewIndex()
	for i := range 3 * freshKeys { // some sorted in, some not yet
		x.Put(
			faultline.SiteRecord{
				Site:       fmt.Sprintf("s%05d.example", i),
				Rank:       9_000 - i,
				Components: []faultline.Component{"cdn:fastly", "tld:example"},
			},
		)
	}
	x.Put(faultline.SiteRecord{Site: "www.gov.uk", Components: []faultline.Component{"cdn:fastly"}})
	x.Put(faultline.SiteRecord{Site: "s00001.example", Rank: 1, Components: []faultline.Component{"cdn:cloudfront"}})
	top, total, known := x.Members("cdn:fastly", 2)
	if want := []string{"s03071.example", "s03070.example"}; !slices.Equal(top, want) || total != 3*freshKeys ||
		!known {
		t.Errorf("members %v of %d", top, total)
	}
	if _, _, known := x.Members("cdn:nobody", 1); known {
		t.Error("a component that nothing depends on is known")
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

// What is kept of what is offered is what a sort would put first.
func TestForemost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offered := rapid.SliceOf(rapid.Custom(func(t *rapid.T) ranked {
			return ranked{
				uint(rapid.IntRange(0, 9).Draw(t, "rank")),
				rapid.StringMatching("[a-c]{1,2}").Draw(t, "name"),
			}
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

// How much is known is counted as sites come and change.
func TestIndexCountsWhatIsKnownByKind(t *testing.T) {
	x := NewIndex()
	put := func(site string, components ...faultline.Component) {
		x.Put(faultline.SiteRecord{Site: site, Components: components})
	}
	put("a.example", "cdn:fastly", "cdn:akamai", "dns:route53")
	put("b.example", "dns:route53", "ca:google")
	put("c.example")
	put("b.example", "asn:AS15169", "tld:example")
	want := []KindCoverage{{"cdn", 1, 3}, {"cloud", 0, 3}, {"dns", 1, 3}, {"ca", 0, 3}, {"asn", 1, 3}}
	if got := x.Coverage(); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
