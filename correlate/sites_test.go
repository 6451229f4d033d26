package correlate

import (
	"fmt"
	"slices"
	"testing"

	"faultline"
)

func TestDependenciesAreWeighed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		record faultline.SiteRecord
		want   map[faultline.Component]float64
	}{
		"the only one of its kind": {
			faultline.SiteRecord{Components: []faultline.Component{"cdn:x", "dns:p"}},
			map[faultline.Component]float64{"cdn:x": 1, "dns:p": 1},
		},
		"two of one kind": {
			faultline.SiteRecord{Components: []faultline.Component{"cdn:x", "cdn:y", "dns:p"}},
			map[faultline.Component]float64{"cdn:x": sharedWeight, "cdn:y": sharedWeight, "dns:p": 1},
		},
		"named twice": {
			faultline.SiteRecord{Components: []faultline.Component{"cdn:x", "cdn:x"}},
			map[faultline.Component]float64{"cdn:x": 1},
		},
		"with shares": {
			faultline.SiteRecord{Components: []faultline.Component{"cdn:x", "cdn:y", "cdn:z"},
				Shares: map[faultline.Component]float64{"cdn:x": 0.8, "cdn:y": 0}},
			map[faultline.Component]float64{"cdn:x": 0.8, "cdn:y": 0, "cdn:z": sharedWeight},
		},
		"with shares beyond reason": {
			faultline.SiteRecord{Components: []faultline.Component{"cdn:x", "cdn:y"},
				Shares: map[faultline.Component]float64{"cdn:x": 7, "cdn:y": -1}},
			map[faultline.Component]float64{"cdn:x": 1, "cdn:y": 0},
		},
		"on nothing": {faultline.SiteRecord{}, map[faultline.Component]float64{}},
	} {
		e := New(Config{})
		c.record.Site = "a.example"
		e.Fold(c.record)
		got := map[faultline.Component]float64{}
		for _, d := range e.sites.rows[0].Deps {
			got[e.components.rows[d.C()].Name] = d.W()
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) || len(e.sites.rows[0].Deps) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestObservationBeatsTheCatalogue(t *testing.T) {
	t.Parallel()
	record := func(source string, c faultline.Component) faultline.SiteRecord {
		return faultline.SiteRecord{Site: "a.example", Components: []faultline.Component{c}, Source: source}
	}
	for name, c := range map[string]struct {
		first, second string
		want          faultline.Component
	}{
		"catalogue, then catalogue":     {faultline.SourceCatalog, faultline.SourceCatalog, "cdn:new"},
		"catalogue, then observation":   {faultline.SourceCatalog, faultline.SourceObserved, "cdn:new"},
		"observation, then observation": {faultline.SourceObserved, faultline.SourceObserved, "cdn:new"},
		"observation, then catalogue":   {faultline.SourceObserved, faultline.SourceCatalog, "cdn:old"},
	} {
		e := New(Config{})
		e.Fold(record(c.first, "cdn:old"))
		e.Fold(record(c.second, "cdn:new"))
		if r, ok := e.Record("a.example"); !ok || !slices.Equal(r.Components, []faultline.Component{c.want}) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestNamesAndRecordsAreOfTheMap(t *testing.T) {
	t.Parallel()
	e := settled(60)
	e.Fold(faultline.SiteRecord{Site: "b.example", Rank: 7})
	e.Fold(faultline.SiteRecord{Site: "a.example", Components: []faultline.Component{"dns:p", "cdn:x"}})
	e.Fold(faultline.SiteRecord{Site: ""})
	e.Fold(faultline.Report{At: after(60), Site: "unmapped.example", Reporter: "anna"})
	if got := slices.Collect(e.Names()); !slices.Equal(got, []string{"a.example", "b.example"}) {
		t.Errorf("names %v", got)
	}
	if _, ok := e.Record("unmapped.example"); ok {
		t.Error("a site without a record has one")
	}
	if r, ok := e.Record("b.example"); !ok || r.Rank != 7 || r.Source != faultline.SourceCatalog ||
		len(r.Components) != 0 {
		t.Errorf("%+v", r)
	}
	if v := e.View(); v.SitesKnown != 2 || len(v.Sites) != 1 || v.Sites[0].Site != "unmapped.example" {
		t.Errorf("view %+v", v)
	}
}

func TestTablesAreLimited(t *testing.T) {
	t.Parallel()
	e := settled(60)
	e.sites.limit, e.vantages.limit, e.networks.limit, e.components.limit = 2, 2, 2, 2
	for i := range 4 {
		e.Fold(faultline.Probe{At: after(60), Site: fmt.Sprint("s", i), Vantage: "lon-1", Symptom: "ok"})
		e.Fold(faultline.Probe{At: after(60), Site: "s0", Vantage: fmt.Sprint("v", i), Symptom: "ok"})
		e.Fold(faultline.Report{At: after(60), Site: "s1", Reporter: fmt.Sprint(i), ASN: uint32(1 + i)})
	}
	want := faultline.Counters{Probes: 3, Reports: 2, Refused: 7}
	if got := e.View().Counters; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	e.Fold(faultline.SiteRecord{Site: "s0", Components: []faultline.Component{"cdn:x", "cdn:y", "cdn:z"}})
	if got := e.View().Counters.Refused; got != 8 || len(e.sites.rows) != 2 || len(e.vantages.rows) != 2 ||
		len(e.networks.rows) != 2 || len(e.components.rows) != 2 {
		t.Errorf("%d refused", got)
	}
	if i, ok := e.sites.intern("s1", nil); !ok || i != 1 {
		t.Error("a full table does not know its own names")
	}
	if _, ok := e.sites.find("s3"); ok {
		t.Error("a refused name is found")
	}
}

func TestVantagesOfOneCountryAreOneRegion(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	for _, v := range []faultline.Vantage{{Vantage: "a", Country: "GB"}, {Vantage: "b", Country: "US"},
		{Vantage: "c", Country: "GB"}, {Vantage: "d"}, {Vantage: "e"}} {
		e.Fold(v)
	}
	var got []uint32
	for _, v := range e.vantages.rows {
		got = append(got, v.Region)
	}
	if !slices.Equal(got, []uint32{0, 1, 0, 3, 4}) {
		t.Errorf("regions %v", got)
	}
}
