package correlate

import (
	"slices"
	"strings"
	"testing"

	"faultline"
	"faultline/correlate/cause"
)

// known is who runs what in the tests' worlds.
func known() *faultline.Providers {
	return faultline.NewProviders([]faultline.Provider{
		{Slug: "x", Name: "X", Components: []string{"cdn:x"}, Networks: []uint32{64900}},
		{Slug: "mixed", Name: "Mixed", Components: []string{"cdn:mixed", "cloud:mixed/*"}, Networks: []uint32{64901}},
	})
}

// fronted is a town whose sites on cdn:x are all reached by a network, and no others.
func fronted(asn faultline.Component) *world {
	w := quietTown(100, 46)
	for i := range w.sites {
		s := &w.sites[i]
		if slices.Contains(s.Components, "cdn:x") {
			s.Components = slices.DeleteFunc(s.Components,
				func(c faultline.Component) bool { return c.Kind() == faultline.KindASN })
			s.Components = append(s.Components, asn)
		}
	}
	return w
}

// A network of the provider itself is the same cause by another name.
func TestAProvidersOwnNetworkIsNoRival(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asn   faultline.Component
		rival bool
	}{"its own": {"asn:AS64900", false}, "another one's": {"asn:AS64999", true}} {
		for _, symptom := range []faultline.Symptom{"http_503", "connect"} {
			t.Run(name+", "+string(symptom), func(t *testing.T) {
				t.Parallel()
				w := fronted(c.asn)
				w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 46, symptom: symptom}}
				s := play(t, New(Config{Providers: known()}), w.events())
				in := s.published()[0]
				if c.rival {
					if len(in.Cause.Alternatives) == 0 || len(in.Cause.Aka) > 0 {
						t.Errorf("%s; alternatives %v, also known as %v", in.Title, in.Cause.Alternatives, in.Cause.Aka)
					}
					return
				}
				if in.Cause.Component != "cdn:x" || !slices.Equal(in.Cause.Aka, []faultline.Component{c.asn}) ||
					len(in.Cause.Alternatives) > 0 {
					t.Errorf("cause %s, alternatives %v, also known as %v", in.Cause.Component, in.Cause.Alternatives,
						in.Cause.Aka)
				}
				if in.Cause.Confidence < mostConfidence || strings.Contains(in.Title, " or ") {
					t.Errorf("%s, confidence %.2f", in.Title, in.Cause.Confidence)
				}
			})
		}
	}
}

// Who answers that an origin behind it fails works: neither a CDN nor its own network is
// to blame for what its customers' origins do.
func TestAnEdgeThatAccusesOriginsIsNotToBlame(t *testing.T) {
	t.Parallel()
	w := fronted("asn:AS64900")
	w.faults = []fault{{sites: w.on("cdn:x")[:8], from: 35, to: 46, symptom: "http_522"}}
	for _, in := range play(t, New(Config{Providers: known()}), w.events()).published() {
		if c := causeOf(in); c == "cdn:x" || c == "asn:AS64900" {
			t.Errorf("%s: %s is blamed", in.Title, c)
		}
	}
	e := New(Config{Providers: known()})
	for name, edge := range map[faultline.Component]bool{
		"cdn:x": true, "pop:x/lhr": true, "asn:AS64900": true, "asn:AS64901": false, "asn:AS64999": false,
		"cloud:mixed/eu": false, "prefix:192.0.2.0/24": false,
	} {
		if got := e.traitsFor(name).Excluded(cause.StepOrigin); got != edge {
			t.Errorf("%s is excluded by an origin that fails: %v", name, got)
		}
	}
}

// Whose network it is that a site is reached by: that of the edge in front of it, or that
// of its host.
func TestANetworkIsTheEdgesForTheSitesBehindIt(t *testing.T) {
	t.Parallel()
	for on, edge := range map[string]bool{
		"cdn:mixed asn:AS64901":                  true,
		"cdn:mixed cloud:mixed/eu asn:AS64901":   false, // of the edge or of the host: nobody knows
		"cdn:mixed cloud:other/eu asn:AS64901":   true,
		"cloud:mixed/eu asn:AS64901":             false,
		"cdn:x asn:AS64901":                      false, // another provider's: of the host
		"cdn:unknown asn:AS64999":                true,
		"cdn:unknown cloud:other/eu asn:AS64999": false,
		"cdn:x prefix:192.0.2.0/24":              true,
		"asn:AS64999":                            false,
	} {
		e := New(Config{Providers: known()})
		r := faultline.SiteRecord{Site: "a.example"}
		for _, c := range strings.Fields(on) {
			r.Components = append(r.Components, faultline.Component(c))
		}
		e.foldSite(r)
		site, _ := e.sites.find("a.example")
		network, _ := e.components.find(string(r.Components[len(r.Components)-1]))
		if got := e.excludes(network, site, cause.StepOrigin); got != edge {
			t.Errorf("%s: excluded by an origin that fails: %v", on, got)
		}
		if e.excludes(network, site, faultline.LayerAnswered) {
			t.Errorf("%s: excluded by any answer", on)
		}
	}
}

// A provider may run its edges and clouds in one network: errors of origins behind its
// edges accuse neither, by whatever mark the probes know them.
func TestOriginsAccuseNoNetworkOfTheirEdge(t *testing.T) {
	t.Parallel()
	for mark, c := range map[string]struct {
		symptom faultline.Symptom
		detail  string
		blamed  bool
	}{
		"status":               {"http_522", "", false},
		"detail":               {"http_503", faultline.DetailOrigin, false},
		"no mark":              {"http_503", "", true},
		"a gateway's own word": {"http_502", faultline.DetailOrigin, true},
	} {
		t.Run(mark, func(t *testing.T) {
			t.Parallel()
			w := fronted("asn:AS64901")
			for i := range w.sites {
				for k, on := range w.sites[i].Components {
					if on == "cdn:x" {
						w.sites[i].Components[k] = "cdn:mixed"
					}
				}
			}
			w.faults = []fault{{sites: w.on("cdn:mixed"), from: 35, to: 46, symptom: c.symptom}}
			events := w.events()
			for i, ev := range events {
				if p, ok := ev.(faultline.Probe); ok && p.Symptom == c.symptom {
					p.Detail = c.detail
					events[i] = p
				}
			}
			blamed := false
			for _, in := range play(t, New(Config{Providers: known()}), events).published() {
				cause := causeOf(in)
				blamed = blamed || cause == "cdn:mixed" || cause == "asn:AS64901"
			}
			if blamed != c.blamed {
				t.Errorf("the edge or its network is blamed: %v", blamed)
			}
		})
	}
}
