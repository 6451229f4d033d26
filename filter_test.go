package faultline_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faultline"
)

// known normalises a site as the door would, in a world of two.
func known(name string) (faultline.SiteRecord, error) {
	switch strings.ToLower(name) {
	case "reddit.com", "bbc.co.uk":
		return faultline.SiteRecord{Site: strings.ToLower(name)}, nil
	case "not a name":
		return faultline.SiteRecord{}, faultline.InvalidError{{Pointer: "/site", Detail: "is no host name"}}
	}
	return faultline.SiteRecord{}, faultline.ErrNotFound
}

func TestReadFilter(t *testing.T) {
	for query, want := range map[string]faultline.Filter{
		"":             {},
		"utm_source=x": {},
		"state=open": {States: []faultline.IncidentState{"candidate", "confirmed",
			"recovering"}},
		"state=resolved,open,confirmed": {States: []faultline.IncidentState{"candidate", "confirmed",
			"recovering", "resolved"}},
		"cause=cdn:fastly,none,cdn:akamai":   {Causes: []string{"cdn:akamai", "cdn:fastly", "none"}},
		"kind=dns, cdn&min_confidence=0.5":   {Kinds: []string{"cdn", "dns"}, Confidence: 0.5},
		"site=Reddit.com,bbc.co.uk":          {Sites: []string{"bbc.co.uk", "reddit.com"}},
		"country=GB,GB,DE&site=reddit.com":   {Countries: []string{"DE", "GB"}, Sites: []string{"reddit.com"}},
		"min_confidence=0&cause=asn:AS54113": {Causes: []string{"asn:AS54113"}},
		"min_confidence=1&state=merged":      {States: []faultline.IncidentState{"merged"}, Confidence: 1},
		"country=US&kind=none&cause=cdn:bunny": {Countries: []string{"US"}, Kinds: []string{"none"},
			Causes: []string{"cdn:bunny"}},
	} {
		t.Run(query, func(t *testing.T) {
			q, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := faultline.ReadFilter(q, known, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			again, err := faultline.ReadFilter(got.Query(), known, nil)
			if diff := cmp.Diff(got, again); err != nil || diff != "" {
				t.Errorf("its own query reads as another: %v %s", err, diff)
			}
		})
	}
}

func TestReadFilterNamesWhatIsWrong(t *testing.T) {
	for query, parameter := range map[string]string{
		"state=broken":           "state",
		"state=":                 "state",
		"cause=fastly":           "cause",
		"cause=cdn:fastly,,":     "cause",
		"kind=network":           "kind",
		"country=gb":             "country",
		"country=GBR":            "country",
		"site=unknown.example":   "site",
		"site=not a name":        "site",
		"min_confidence=NaN":     "min_confidence",
		"min_confidence=2":       "min_confidence",
		"min_confidence=certain": "min_confidence",
		"site=" + strings.Repeat("reddit.com,", 200) + "bbc.co.uk": "site",
	} {
		t.Run(query[:min(len(query), 40)], func(t *testing.T) {
			q, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			_, err = faultline.ReadFilter(q, known, nil)
			var invalid faultline.InvalidError
			if !errors.As(err, &invalid) || invalid[0].Parameter != parameter {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestFilterTakes(t *testing.T) {
	inc := faultline.Incident{
		State:    faultline.StateConfirmed,
		Cause:    &faultline.Cause{Component: "cdn:fastly", Confidence: 0.9},
		Scope:    faultline.Scope{Countries: []string{"GB"}},
		Evidence: faultline.Evidence{Countries: []string{"DE"}},
		Sites:    []faultline.IncidentSite{{Site: "reddit.com"}},
	}
	unattributed := faultline.Incident{State: faultline.StateResolved}
	for name, tt := range map[string]struct {
		filter              faultline.Filter
		takes, unattributed bool
	}{
		"everything": {faultline.Filter{}, true, true},
		"its state": {faultline.Filter{States: []faultline.IncidentState{"candidate", "confirmed"}},
			true, false},
		"its cause":        {faultline.Filter{Causes: []string{"cdn:akamai", "cdn:fastly"}}, true, false},
		"another cause":    {faultline.Filter{Causes: []string{"cdn:akamai"}}, false, false},
		"no cause":         {faultline.Filter{Causes: []string{faultline.FilterNone}}, false, true},
		"its kind":         {faultline.Filter{Kinds: []string{"cdn"}}, true, false},
		"no kind":          {faultline.Filter{Kinds: []string{faultline.FilterNone}}, false, true},
		"where it is felt": {faultline.Filter{Countries: []string{"GB"}}, true, false},
		"who reported it":  {faultline.Filter{Countries: []string{"DE"}}, true, false},
		"another country":  {faultline.Filter{Countries: []string{"FR"}}, false, false},
		"its site":         {faultline.Filter{Sites: []string{"bbc.co.uk", "reddit.com"}}, true, false},
		"confident enough": {faultline.Filter{Confidence: 0.9}, true, false},
		"too confident":    {faultline.Filter{Confidence: 0.91}, false, false},
		"all of it at once": {faultline.Filter{States: []faultline.IncidentState{"confirmed"},
			Sites: []string{"bbc.co.uk"}}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.filter.Takes(&inc); got != tt.takes {
				t.Errorf("the confirmed one: %t", got)
			}
			if got := tt.filter.Takes(&unattributed); got != tt.unattributed {
				t.Errorf("the unattributed one: %t", got)
			}
		})
	}
}
