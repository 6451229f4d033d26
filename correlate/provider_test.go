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
