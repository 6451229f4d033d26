package ingest

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/net/idna"
)

var brands = []string{
	"google.com", "youtube.com", "facebook.com", "instagram.com", "wikipedia.org", "amazon.com", "reddit.com",
	"paypal.com", "apple.com", "netflix.com", "microsoft.com", "bbc.co.uk", "github.com", "spotify.com", "ebay.com",
	"twitch.tv", "linkedin.com", "cnn.com", "nytimes.com", "theguardian.com", "stackoverflow.com", "chase.com",
}

// TestAbuse_A10: of the brands, each letter replaced by each character that looks
// like it, alone and wherever it stands, is refused or is another site, never the
// brand.
func TestAbuse_A10(t *testing.T) {
	names := NewNames(brands...)
	rows, refused := 0, 0
	try := func(brand, forged string) {
		if forged == brand {
			return
		}
		rows++
		site, err := names.Normalise(forged)
		switch {
		case err != nil:
			refused++
		case site == brand || names.Known(site):
			t.Errorf("%q counts for %s", forged, brand)
		default:
			shown, _ := idna.ToUnicode(site)
			t.Errorf("%q is taken as %s (%s), which looks like %s", forged, site, shown, brand)
		}
	}
	for _, brand := range brands {
		for r, skeletal := range confusables() {
			for _, forged := range forgeries(brand, skeletal, string(r)) {
				try(brand, forged)
			}
		}
	}
	t.Logf("%d forgeries, %d refused", rows, refused)
	if rows < 500 {
		t.Errorf("only %d rows", rows)
	}
}

// forgeries are a brand with one letter replaced, at each place where it stands, and with all.
func forgeries(brand, letter, by string) (forged []string) {
	for at := range brand {
		if rest, ok := strings.CutPrefix(brand[at:], letter); ok {
			forged = append(forged, brand[:at]+by+rest)
		}
	}
	label, tld, _ := strings.Cut(brand, ".")
	return append(forged, strings.ReplaceAll(label, letter, by)+"."+tld)
}

// Of one script throughout, and every letter of another one's.
func TestAbuse_A10_WholeScript(t *testing.T) {
	names := NewNames(append([]string{"paypal.com", "xn--80ak6aa92e.com"}, brands...)...)
	for forged, want := range map[string]error{
		"раураl.com":     errMixed,     // Cyrillic but for the last letter
		"∕evil.com":      errMixed,     // U+2215
		"ѕсоре.com":      nil,          // all Cyrillic, like scope.com, which is not known
		"еbау.com":       errMixed,     // one Latin letter
		"goog1e.com":     errLookalike, // ASCII is no better
		"rnicrosoft.com": errLookalike,
		"１２７.０.０.１":      errAddress, // full width: an address after mapping
		"日本語.jp":         nil,
		"ラーメン大好き.jp":     nil,
		"한국.kr":          nil,
		"münchen.de":     nil,
		"ελλάδα.gr":      nil,
		"i❤.ws":          errMixed,
	} {
		if site, err := names.Normalise(forged); !errors.Is(err, want) {
			t.Errorf("%s: %s, %v, want %v", forged, site, err, want)
		}
	}
	// All Cyrillic and known by its own name: аррӏе.com is a site of its own.
	if site, err := names.Normalise("аррӏе.com"); err != nil || site != "xn--80ak6aa92e.com" {
		t.Errorf("аррӏе.com is %s, %v", site, err)
	}
	if _, err := NewNames("apple.com").Normalise("аррӏе.com"); !errors.Is(err, errLookalike) {
		t.Errorf("аррӏе.com beside apple.com: %v", err)
	}
}
