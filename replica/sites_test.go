package replica

import (
	"slices"
	"testing"

	"faultline"
)

func TestDependentsAreTheBestKnownFirst(t *testing.T) {
	m := NewSiteMap(nil)
	for _, r := range []faultline.SiteRecord{
		{Site: "b.example", Rank: 7, Components: []faultline.Component{"cdn:x", "dns:y"}}, {Site: "unknown.example",
			Components: []faultline.Component{"cdn:x"}},
		{Site: "a.example", Rank: 2, Components: []faultline.Component{"cdn:x"}}, {Site: "other.example", Rank: 1,
			Components: []faultline.Component{"dns:y"}},
	} {
		m.Put(r)
	}
	for limit, want := range map[int][]string{10: {"a.example", "b.example", "unknown.example"}, 2: {"a.example",
		"b.example"}, 0: {}} {
		if got := m.Dependents("cdn:x", limit); !slices.Equal(got, want) {
			t.Errorf("at most %d: %q, want %q", limit, got, want)
		}
	}
}
