package ingest_test

import (
	"testing"

	"faultline/ingest"
)

func TestOtherNamesLeadToASite(t *testing.T) {
	names := ingest.NewNames("facebook.com", "x.com", "bbc.co.uk", "target.com", "www.gov.uk")
	for alias, site := range map[string]string{"fb": "facebook.com", "Face  Book": "facebook.com",
		"twitter.com": "x.com", "BBC News": "bbc.co.uk", "Пример": "x.com"} {
		if !names.Alias(alias, site) {
			t.Errorf("%q is not taken", alias)
		}
	}
	for alias, site := range map[string]string{"fb": "x.com", "bbc.co.uk": "x.com", "lost": "nowhere.com",
		" ": "x.com"} {
		if names.Alias(alias, site) {
			t.Errorf("%q is taken for %s", alias, site)
		}
	}
	for input, want := range map[string]string{
		"fb": "facebook.com", " FB ": "facebook.com", "face book": "facebook.com", "bbc  news": "bbc.co.uk",
		"ПРИМЕР":      "x.com",
		"twitter.com": "x.com", "https://www.Twitter.com/home?x=1": "x.com", "mobile.twitter.com": "x.com",
		"target.com": "target.com", "gov.uk": "www.gov.uk",
	} {
		if got, err := names.Normalise(input); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", input, got, err, want)
		}
	}
	for _, input := range []string{"lost", "fbx", "twitter"} {
		if got, err := names.Normalise(input); err == nil {
			t.Errorf("%q is %q", input, got)
		}
	}
}
