package faultline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"faultline"
)

func TestComponentParts(t *testing.T) {
	type parts struct {
		Valid            bool
		Kind, Name, Path string
	}
	for text, want := range map[string]parts{
		"cdn:fastly":                      {true, "cdn", "fastly", "cdn/fastly"},
		"cloud:aws/us-east-1":             {true, "cloud", "aws/us-east-1", "cloud/aws~us-east-1"},
		"prefix:2001:db8::/32":            {true, "prefix", "2001:db8::/32", "prefix/2001:db8::~32"},
		"site:reddit.com":                 {true, "site", "reddit.com", "site/reddit.com"},
		"":                                {false, "", "", "/"},
		"fastly":                          {false, "fastly", "", "fastly/"},
		"cdn:":                            {false, "cdn", "", "cdn/"},
		"CDN:fastly":                      {false, "CDN", "fastly", "CDN/fastly"},
		"cdn:two words":                   {false, "cdn", "two words", "cdn/two words"},
		"cdn:a~b":                         {false, "cdn", "a~b", "cdn/a~b"},
		"cdn:" + strings.Repeat("x", 254): {false, "cdn", strings.Repeat("x", 254), "cdn/" + strings.Repeat("x", 254)},
	} {
		t.Run(text, func(t *testing.T) {
			c := faultline.Component(text)
			got := parts{c.Valid(), c.Kind(), c.Name(), c.Path()}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What an address names is the component that the address was made of, and no other
// text makes one.
func TestComponentPathsLeadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(append([]string{"", "CDN", "other"}, faultline.Kinds...)).Draw(t, "kind")
		c := faultline.NewComponent(kind, rapid.StringN(0, 300, 600).Draw(t, "name"))
		got := faultline.ComponentFromPath(kind, strings.TrimPrefix(c.Path(), c.Kind()+"/"))
		if c.Valid() && got != c {
			t.Errorf("%q became %q", c, got)
		}
		if got != "" && !got.Valid() {
			t.Errorf("%q is no component", got)
		}
	})
}

func TestDisplayNames(t *testing.T) {
	for c, want := range map[faultline.Component]string{
		"cdn:fastly":          "Fastly",
		"dns:route53":         "Amazon Route 53",
		"cloud:aws/us-east-1": "AWS us-east-1",
		"tld:com":             ".com",
		"asn:AS64500":         "AS64500",
		"isp:AS64500":         "AS64500",
		"site:reddit.com":     "reddit.com",
		"prefix:192.0.2.0/24": "192.0.2.0/24",
	} {
		t.Run(string(c), func(t *testing.T) {
			if got := c.DisplayName(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}
