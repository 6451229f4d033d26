package faultline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"faultline"
)

func TestProvidersAreFoundByWhatTheyRun(t *testing.T) {
	aws := faultline.Provider{
		Slug:       "aws",
		Components: []string{"cloud:aws/*", "cdn:cloudfront"},
		Networks:   []uint32{16509},
		Sites:      []string{"aws.amazon.com"},
	}
	rival := faultline.Provider{
		Slug:       "rival",
		Components: []string{"cdn:cloudfront", "dns:rival"},
		Networks:   []uint32{16509, 812},
	}
	all := faultline.NewProviders([]faultline.Provider{aws, rival})
	for c, want := range map[faultline.Component]string{
		"cloud:aws/us-east-1": "aws",
		"cdn:cloudfront":      "aws", // the first entry has it
		"dns:rival":           "rival",
		"asn:AS16509":         "aws",
		"isp:AS812":           "rival",
		"cloud:aws":           "",
		"cloud:awsome/x":      "",
		"asn:AS1":             "",
		"asn:ASx":             "",
		"cdn:fastly":          "",
		"":                    "",
	} {
		t.Run(string(c), func(t *testing.T) {
			got, ok := all.Of(c)
			if diff := cmp.Diff(want, got.Slug); diff != "" || ok != (want != "") {
				t.Errorf("found: %t %s", ok, diff)
			}
			if ok && !got.Runs(c) {
				t.Errorf("%s does not run %s", got.Slug, c)
			}
		})
	}
	if running := all.Running("aws.amazon.com"); len(running) != 1 || running[0].Slug != "aws" {
		t.Errorf("%v", running)
	}
	if p, ok := all.Slug("rival"); !ok || p.Slug != "rival" {
		t.Errorf("%v %t", p, ok)
	}
}

// A table that is not there knows nobody and is safe to ask.
func TestNoProviders(t *testing.T) {
	var none *faultline.Providers
	_, bySlug := none.Slug("aws")
	_, byComponent := none.Of("cdn:fastly")
	if bySlug || byComponent || none.All() != nil || none.Running("a.com") != nil {
		t.Error("it knows somebody")
	}
}
