package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"faultline"
)

// town is n sites of each component as two vantages see them, of which some fail.
func town(failing map[faultline.Component]int, n int) []*flow {
	var out []*flow
	for _, c := range []faultline.Component{"cdn:a", "cdn:b", "dns:c"} {
		for i := range n {
			name := fmt.Sprintf("%s%d.example", c.Name(), i)
			s := &observed{name: name,
				components: []faultline.Component{c, faultline.NewComponent("tld", fmt.Sprint(i%3))}}
			for _, v := range []string{"lon-1", "nyc-1"} {
				out = append(out, &flow{site: s, vantage: v, failing: i < failing[c]})
			}
		}
	}
	return out
}

// flockOf has Flock with a prior for components, and a stern one for all else.
func flockOf(prior float64) blame {
	return blameFlock(flockSettings{p1: 0.5, p2: 0.015, prior: prior, alone: -60})
}

func TestBaselinesBlame(t *testing.T) {
	all := map[faultline.Component]int{"cdn:a": 9, "dns:c": 1}
	some := map[faultline.Component]int{"cdn:a": 4}
	for _, c := range []struct {
		name    string
		blame   blame
		failing map[faultline.Component]int
		want    []faultline.Component
	}{
		{"a site each", blameSites, map[faultline.Component]int{"cdn:b": 1, "dns:c": 1},
			[]faultline.Component{"site:b0.example", "site:c0.example"}},
		{"groups: most of a label", blameGroups, all, []faultline.Component{"cdn:a"}},
		{"groups: too few", blameGroups, some, nil},
		{"SCORE: a high hit ratio", blameSCORE(0.5), all, []faultline.Component{"cdn:a"}},
		{"SCORE: a low one", blameSCORE(0.5), some, nil},
		{"SCORE: a low threshold", blameSCORE(0.3), some, []faultline.Component{"cdn:a"}},
		{"SCORE: what is covered is not covered again", blameSCORE(0.3), all, []faultline.Component{"cdn:a"}},
		{"Flock: most of a component", flockOf(-24), all, []faultline.Component{"cdn:a"}},
		{"Flock: a stern prior", flockOf(-80), all, nil},
		{"Flock: two at once", flockOf(-24), map[faultline.Component]int{"cdn:a": 9, "cdn:b": 9},
			[]faultline.Component{"cdn:a", "cdn:b"}},
		{"Flock: nothing", flockOf(-24), nil, nil},
	} {
		if got := c.blame(town(c.failing, 10)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// What fails at one vantage alone is the vantage's fault, and what nobody else sees
// is nobody's.
func TestBaselinesBlameVantages(t *testing.T) {
	flows := town(nil, 10)
	for _, f := range flows {
		f.failing = f.vantage == "lon-1"
	}
	for _, b := range baselines {
		if got := b.blame(flows); len(got) > 0 {
			t.Errorf("%s, a sick vantage: %v", b.name, got)
		}
	}
	for _, f := range flows {
		f.failing = f.vantage == "lon-1" && f.site.dependsOn("cdn:a")
	}
	for _, b := range baselines {
		if got := b.blame(flows); len(got) > 0 {
			t.Errorf("%s, seen by one: %v", b.name, got)
		}
	}
	for _, f := range flows {
		f.site.crowded = f.site.dependsOn("cdn:a")
	}
	if got := flockOf(-24)(flows); !slices.Equal(got, []faultline.Component{"cdn:a"}) {
		t.Errorf("Flock, seen by one and by the people: %v", got)
	}
}

var start = time.Date(2024, 3, 6, 12, 0, 0, 0, time.UTC)

// TestBaselineIncidents plays an outage of one CDN from minute 40 to 60 to the
// baselines, by their own front end.
func TestBaselineIncidents(t *testing.T) {
	p := newPeers()
	for i := range 40 {
		p.fold(faultline.SiteRecord{Site: site(i),
			Components: []faultline.Component{faultline.NewComponent("cdn", fmt.Sprint(i%4))}})
	}
	for s := range 90 * 60 {
		at := start.Add(time.Duration(s) * time.Second)
		symptom := faultline.SymptomOK
		if m := s / 60; m >= 40 && m < 60 && s%4 == 1 {
			symptom = "http_503"
		}
		for _, v := range []string{"lon-1", "nyc-1"} {
			if s%60 < 40 {
				p.fold(faultline.Probe{At: at, Site: site(s % 60), Vantage: v, Symptom: symptom})
			}
		}
		p.fold(faultline.Tick{At: at})
	}
	for _, m := range p.methods[1:] {
		list := m.incidents()
		if len(list) != 1 {
			t.Errorf("%s: %d incidents", m.name, len(list))
			continue
		}
		in := list[0]
		if in.Cause.Component != "cdn:1" || in.ConfirmedAt == nil || in.ResolvedAt == nil || len(in.Sites) != 10 {
			t.Errorf("%s: %+v", m.name, in)
			continue
		}
		if c := in.ConfirmedAt.Sub(start).Minutes(); c < 40.5 || c > 46 {
			t.Errorf("%s: confirmed at minute %.1f", m.name, c)
		}
		if r := in.ResolvedAt.Sub(start).Minutes(); r < 59 || r > 63 {
			t.Errorf("%s: resolved at minute %.1f", m.name, r)
		}
	}
	if n := len(p.methods[0].incidents()); n != 10 {
		t.Errorf("%s: %d incidents", p.methods[0].name, n)
	}
}

func site(i int) string { return fmt.Sprintf("s%d.example", i) }

func TestFrontEndSeesTheCrowdWhereNothingProbes(t *testing.T) {
	f := newFront()
	for s := range 50 * 60 {
		at := start.Add(time.Duration(s) * time.Second)
		loud := s >= 40*60 && s%5 == 0
		if s%300 == 0 || loud {
			f.fold(faultline.Report{At: at, Site: "a.example", ASN: uint32(s)})
		}
		if s%300 == 0 {
			f.fold(faultline.Report{At: at, Site: "b.example"})
		}
		f.fold(faultline.Tick{At: at})
	}
	if len(f.flows) != 1 || f.flows[0].site.name != "a.example" || f.flows[0].vantage != people {
		t.Errorf("%d flows, not the loud site alone", len(f.flows))
	}
}
