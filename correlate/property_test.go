package correlate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"faultline"
)

// worldsDrawn is how many variations of a whole world a property is tried on. They
// are drawn by seed, as each takes a thousand times what a value takes.
const worldsDrawn = 10

// hamlet is the smallest world with an outage that is found: quick probes of few
// sites. It is small because properties look at it again and again.
func hamlet() *world {
	w := &world{seed: 3, minutes: 7, cadence: 15 * time.Second, sites: town(15), vantages: threeVantages()[:2]}
	w.faults = []fault{{sites: w.on("cdn:x"), from: 6, to: 7, symptom: "http_503"}}
	w.crowds = []crowdOf{{sites: w.all(), to: 7, perMinute: 2, asns: asns(3000, 5)}}
	return w
}

// Names mean nothing to the engine: whatever sites, components and vantages are
// called, the incidents are the same up to those names.
func TestPropertyNamesMeanNothing(t *testing.T) {
	t.Parallel()
	evs := hamlet().events()
	plain := play(t, New(Config{}), evs)
	plain.wantOne(t, "cdn:x")
	renamings := rapid.Custom(func(rt *rapid.T) renaming { return drawRenaming(rt, evs) })
	for seed := range worldsDrawn {
		r := renamings.Example(seed)
		e := New(Config{})
		var got []faultline.Incident
		for _, ev := range evs {
			got = append(got, e.Fold(r.event(ev))...)
		}
		if len(got) != len(plain.revisions) {
			t.Fatalf("seed %d: %d revisions, %d before renaming", seed, len(got), len(plain.revisions))
		}
		for i, rev := range got {
			want := r.incident(plain.revisions[i])
			want.ID, want.Title, want.Headline = rev.ID, rev.Title, rev.Headline // made of names
			if a, b := mustJSON(t, rev), mustJSON(t, want); !bytes.Equal(a, b) {
				t.Fatalf("seed %d: revision %d: %s\nbefore renaming: %s", seed, rev.Revision, a, b)
			}
		}
	}
}

// renaming gives every name of a world another one of the same kind.
type renaming map[string]string

func drawRenaming(rt *rapid.T, evs []faultline.Event) renaming {
	byKind := map[string][]string{}
	add := func(kind, name string) {
		if !slices.Contains(byKind[kind], name) {
			byKind[kind] = append(byKind[kind], name)
		}
	}
	for _, ev := range evs {
		switch v := ev.(type) {
		case faultline.SiteRecord:
			add("a site", v.Site)
			for _, c := range v.Components {
				add(c.Kind(), string(c))
			}
		case faultline.Vantage:
			add("a vantage", v.Vantage)
		}
	}
	r := renaming{}
	for _, kind := range sortedKeys(byKind) {
		for i, name := range rapid.Permutation(byKind[kind]).Draw(rt, kind) {
			r[byKind[kind][i]] = name
		}
	}
	return r
}

func (r renaming) event(ev faultline.Event) faultline.Event {
	switch v := ev.(type) {
	case faultline.SiteRecord:
		v.Site = r[v.Site]
		v.Components = slices.Clone(v.Components)
		for i, c := range v.Components {
			v.Components[i] = faultline.Component(r[string(c)])
		}
		return v
	case faultline.Vantage:
		v.Vantage = r[v.Vantage]
		return v
	case faultline.Probe:
		v.Site, v.Vantage = r[v.Site], r[v.Vantage]
		return v
	case faultline.Report:
		v.Site = r[v.Site]
		return v
	}
	return ev
}

func (r renaming) incident(in faultline.Incident) faultline.Incident {
	in.Rejected = slices.Clone(in.Rejected)
	for i := range in.Rejected {
		other := &in.Rejected[i]
		other.Component = faultline.Component(r[string(other.Component)])
		other.Name = other.Component.DisplayName()
	}
	in.Sites = slices.Clone(in.Sites)
	for i := range in.Sites {
		in.Sites[i].Site = r[in.Sites[i].Site]
	}
	in.Exonerated = slices.Clone(in.Exonerated)
	for i := range in.Exonerated {
		in.Exonerated[i].Site = r[in.Exonerated[i].Site]
	}
	if in.Cause != nil {
		c := *in.Cause
		c.Component = faultline.Component(r[string(c.Component)])
		c.Name = c.Component.DisplayName()
		c.Alternatives = slices.Clone(c.Alternatives)
		for i := range c.Alternatives {
			c.Alternatives[i].Component = faultline.Component(r[string(c.Alternatives[i].Component)])
		}
		in.Cause = &c
	}
	return in
}

// Lines that are repeated, at once or a little later, change nothing.
func TestPropertyRepeatsChangeNothing(t *testing.T) {
	t.Parallel()
	evs := hamlet().events()
	plain := play(t, New(Config{}), evs)
	want := mustJSON(t, plain.revisions)
	repeats := rapid.Custom(func(rt *rapid.T) map[int][]faultline.Event { // by the line after which they come
		again := map[int][]faultline.Event{}
		for range rapid.IntRange(100, 400).Draw(rt, "repeats") {
			i := rapid.IntRange(0, len(evs)-1).Draw(rt, "line")
			later := min(len(evs)-1, i+rapid.IntRange(0, 100).Draw(rt, "later"))
			again[later] = append(again[later], evs[i])
		}
		return again
	})
	for seed := range worldsDrawn {
		again := repeats.Example(seed)
		e := New(Config{})
		var got []faultline.Incident
		for i, ev := range evs {
			got = append(got, e.Fold(ev)...)
			for _, r := range again[i] {
				got = append(got, e.Fold(r)...)
			}
		}
		if !bytes.Equal(mustJSON(t, got), want) {
			t.Fatalf("seed %d: repeated lines make other incidents", seed)
		}
	}
}

// What the map says is what the newest record said, whatever came before it.
func TestPropertyRecordRoundTrip(t *testing.T) {
	t.Parallel()
	kinds := []string{faultline.KindCDN, faultline.KindDNS, faultline.KindASN}
	record := rapid.Custom(func(rt *rapid.T) faultline.SiteRecord {
		r := faultline.SiteRecord{Site: rapid.SampledFrom([]string{"a.example", "b.example"}).Draw(rt, "site"),
			Rank: rapid.IntRange(0, 1e6).Draw(rt, "rank"), Source: faultline.SourceObserved}
		for _, n := range rapid.SliceOfDistinct(rapid.IntRange(0, 8), rapid.ID[int]).Draw(rt, "components") {
			c := faultline.NewComponent(kinds[n%3], strings.Repeat("n", 1+n/3))
			r.Components = append(r.Components, c)
			if rapid.Bool().Draw(rt, "has share") {
				if r.Shares == nil {
					r.Shares = map[faultline.Component]float64{}
				}
				r.Shares[c] = rapid.Float64Range(0, 1).Draw(rt, "share")
			}
		}
		return r
	})
	rapid.Check(t, func(rt *rapid.T) {
		e := New(Config{})
		newest := map[string]faultline.SiteRecord{}
		for _, r := range rapid.SliceOfN(record, 1, 6).Draw(rt, "records") {
			e.Fold(r)
			newest[r.Site] = r
		}
		for name, want := range newest {
			slices.Sort(want.Components)
			if want.Components == nil {
				want.Components = []faultline.Component{}
			}
			got, ok := e.Record(name)
			if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); !ok || a != b {
				rt.Fatalf("the map says %s, the record %s", a, b)
			}
		}
		for c := range e.components.rows {
			for _, s := range []string{"a.example", "b.example"} {
				id, _ := e.sites.find(s)
				stands := slices.Contains(newest[s].Components, e.components.rows[c].Name)
				if stands != slices.Contains(e.components.rows[c].Members, id) && newest[s].Site != "" {
					rt.Fatalf("%s depends on %s: %v, its members: %v", s, e.components.rows[c].Name, stands,
						e.components.rows[c].Members)
				}
			}
		}
	})
}
