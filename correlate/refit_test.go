package correlate

import (
	"fmt"
	"slices"
	"testing"

	"faultline"
)

// Several causes that fill one huge component are not that component's fault.
func TestWhatSeveralCausesFillIsNoCause(t *testing.T) {
	t.Parallel()
	w := quietTown(120, 46)
	for i := range w.sites { // one registry holds four of five
		tld := faultline.Component("tld:big")
		if i%5 == 4 {
			tld = "tld:small"
		}
		w.sites[i].Components = append(w.sites[i].Components, tld)
	}
	w.faults = []fault{
		{sites: w.on("cdn:x"), from: 35, to: 48, symptom: "timeout"},
		{sites: w.on("cdn:y"), from: 35, to: 48, symptom: "timeout"},
	}
	want := []faultline.Component{"cdn:x", "cdn:y"}
	var got []faultline.Component
	for _, in := range w.runPublished(t).published() {
		got = append(got, causeOf(in))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("told of %v, want %v", got, want)
	}
}

// refit drops what the rest explains, and the rest then explains it all.
func TestRefitDropsTheNeedless(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	for i := range 60 {
		deps := []faultline.Component{"tld:big"}
		if i < 40 {
			deps = append(deps, faultline.Component(fmt.Sprintf("cdn:%d", i/10)))
		}
		e.Fold(faultline.SiteRecord{Site: fmt.Sprintf("s%02d.example", i), Components: deps})
		id, _ := e.sites.find(fmt.Sprintf("s%02d.example", i))
		e.activate(id)
		j := siteEvidence{id: id, probed: true}
		for w := range windows {
			if j.l[w] = -3; i < 30 {
				j.l[w] = 9
			}
		}
		e.s.byID[id] = int32(len(e.s.evidence))
		e.s.evidence = append(e.s.evidence, j)
	}
	e.prepare()
	var causes []found
	for _, name := range []string{"tld:big", "cdn:0", "cdn:1", "cdn:2"} {
		c, _ := e.components.find(name)
		f := found{c: c, w: 3, q: 0.5, cover: e.cover(c, 3)}
		if name != "tld:big" {
			f.q = 0.97
		}
		causes = append(causes, f)
	}
	left := e.refit(causes)
	owned := 0
	for _, f := range left {
		if e.components.rows[f.c].Name == "tld:big" {
			t.Error("the registry stays a cause")
		}
		owned += len(f.own)
	}
	if len(left) != 3 || owned != 30 {
		t.Errorf("%d causes explain %d sites, want 3 and 30", len(left), owned)
	}
}
