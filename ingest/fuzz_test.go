package ingest

import (
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"
)

// FuzzNormalise: whatever is typed either names a site in its one form, to which
// it then stays, or is refused; addresses and bare suffixes never get through.
func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"bbc.co.uk", "https://www.BBC.co.uk:443/news?x#y", "gov.uk", "www.gov.uk", "münchen.de",
		"раураl.com", "１２７.０.０.１",
		"[::1]", "user@host.com", "xn--80ak6aa92e.com", "a..b", "∕evil.com", "foo.github.io", "0x7f.1",
		strings.Repeat("a.", 200) + "com", "日本語。jp", "bbc.co.uk."} {
		f.Add(s)
	}
	names := NewNames("bbc.co.uk", "www.gov.uk", "paypal.com", "news.bbc.co.uk")
	f.Fuzz(func(t *testing.T, input string) {
		site, err := names.Normalise(input)
		if err != nil {
			if site != "" {
				t.Errorf("%q is refused and is %q", input, site)
			}
			return
		}
		again, err := names.Normalise(site)
		if err != nil || again != site {
			t.Errorf("%q is %q, which is %q, %v", input, site, again, err)
		}
		if _, err := netip.ParseAddr(site); err == nil || len(site) > maxHost || strings.ToLower(site) != site {
			t.Errorf("%q is %q", input, site)
		}
		for _, c := range []byte(site) {
			if c <= ' ' || c > '~' || c == '/' || c == ':' || c == '@' {
				t.Fatalf("%q is %q", input, site)
			}
		}
		if suffix, icann := publicsuffix.PublicSuffix(site); icann && suffix == site {
			t.Errorf("%q is the suffix %q", input, site)
		}
	})
}
