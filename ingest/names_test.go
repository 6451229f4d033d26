package ingest

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestNormalise(t *testing.T) {
	names := NewNames("bbc.co.uk", "www.gov.uk", "api.github.com", "github.com", "blogspot.com", "www.netlify.app",
		"xn--bcher-kva.de")
	for _, tt := range []struct{ input, want string }{
		{"bbc.co.uk", "bbc.co.uk"},
		{" BBC.co.UK\n", "bbc.co.uk"},
		{"bbc.co.uk.", "bbc.co.uk"},
		{"www.bbc.co.uk", "bbc.co.uk"},
		{"https://www.bbc.co.uk:8443/news?a=b@c#d", "bbc.co.uk"},
		{"HTTP://bbc.co.uk?x", "bbc.co.uk"},
		{"//bbc.co.uk/x", "bbc.co.uk"},
		{"bbc.co.uk/http://ft.com", "bbc.co.uk"},
		{"bbc.co.uk:443", "bbc.co.uk"},
		{"ｂｂｃ。co．uk", "bbc.co.uk"},
		{"Bücher.DE", "xn--bcher-kva.de"},
		{"XN--BCHER-KVA.de", "xn--bcher-kva.de"},
		{"straße.de", "xn--strae-oqa.de"},
		// A leading www. stands where a public suffix would remain.
		{"gov.uk", "www.gov.uk"},
		{"www.gov.uk", "www.gov.uk"},
		{"http://GOV.UK/benefits", "www.gov.uk"},
		{"foo.www.gov.uk", "www.gov.uk"},
		{"www.nhs.uk", "www.nhs.uk"},
		{"www.ck", "www.ck"}, // an exception of the list
		// A deeper host is a site of its own only when it is known.
		{"api.github.com", "api.github.com"},
		{"www.api.github.com", "api.github.com"},
		{"v3.api.github.com", "github.com"},
		{"r3---sn-x.googlevideo.com", "googlevideo.com"},
		{"shop.hmv.co.jp", "hmv.co.jp"},
		{"www.www.ft.com", "ft.com"},
		{"www.com", "www.com"},
		// Below a private suffix each name is somebody's own.
		{"foo.github.io", "foo.github.io"},
		{"bar.foo.github.io", "foo.github.io"},
		{"www.foo.github.io", "foo.github.io"},
		{"me.blogspot.com", "me.blogspot.com"},
		// The suffix itself is a site when it is known, under either name.
		{"blogspot.com", "blogspot.com"},
		{"www.blogspot.com", "blogspot.com"},
		{"netlify.app", "www.netlify.app"},
		{"www.github.io", "www.github.io"},
	} {
		if got, err := names.Normalise(tt.input); got != tt.want || err != nil {
			t.Errorf("%q is %q, %v, want %q", tt.input, got, err, tt.want)
		}
	}
}

func TestNormaliseRefuses(t *testing.T) {
	names := NewNames("bbc.co.uk")
	for _, tt := range []struct {
		input string
		want  error
	}{
		{"", errNoName}, {"  ", errNoName}, {"https://", errNoName}, {":443", errNoName}, {"/path", errNoName},
		{strings.Repeat("a", maxInput) + ".com", errTooLong},
		{strings.Repeat("abcdefg.", 32) + "com", errNotDomain}, // 259 bytes
		{strings.Repeat("a", 64) + ".com", errNotDomain},
		{"user@bbc.co.uk", errUserinfo}, {"https://bbc.co.uk@evil.com/", errUserinfo}, {"mailto:x@y.org", errUserinfo},
		{"bbc.co.uk:http", errPort}, {"javascript:alert(1)", errPort}, {"bbc.co.uk:123456", errPort},
		{"127.0.0.1", errAddress}, {"http://8.8.8.8/", errAddress}, {"8.8.8.8:53", errAddress},
		{"8.8.8.8.", errAddress},
		{"[::1]", errAddress}, {"http://[2001:db8::1]:80/", errAddress}, {"2001:db8::1", errAddress},
		{"2130706433", errAddress}, {"0x7f.1", errAddress}, {"0X7F000001", errAddress}, {"127.1", errAddress},
		{"foo.0x", errAddress},
		{"１２７.０.０.１", errAddress}, {"127。0。0。1", errAddress},
		{"foo..com", errNotDomain}, {".bbc.co.uk", errNotDomain}, {"bbc.co.uk..", errNotDomain},
		{"bbc_news.com", errNotDomain}, {"bbc co.uk", errNotDomain}, {"bbc%2eco%2euk", errNotDomain},
		{`bbc.co.uk\evil.com`, errNotDomain},
		{"bbc.co.uk／x", errNotDomain}, {"xn--a.com", errNotDomain}, {"bbc\x00.com", errNotDomain},
		{"bbc\xff.com", errNotDomain}, {"bbc\ufffd.com", errNotDomain}, {".", errNotDomain}, {"。", errNotDomain},
		{"bbc", errOneLabel}, {"com", errOneLabel}, {"uk", errOneLabel},
		{"localhost", errPrivate}, {"foo.localhost", errPrivate}, {"printer.local", errPrivate},
		{"db.internal", errPrivate},
		{"a.invalid", errPrivate}, {"a.test", errPrivate}, {"www.example", errPrivate}, {"abc.onion", errPrivate},
		{"1.0.0.127.in-addr.arpa", errPrivate}, {"router.home.arpa", errPrivate}, {"nas.lan", errPrivate},
		{"x.corp", errPrivate}, {"x.home", errPrivate}, {"x.nosuchtld", errPrivate},
		{"gov.uk", errSuffix}, {"co.uk", errSuffix}, {"github.io", errSuffix}, {"blogspot.com", errSuffix},
		{"foo.kawasaki.jp", errSuffix},
	} {
		if got, err := names.Normalise(tt.input); !errors.Is(err, tt.want) {
			t.Errorf("%q is %q, %v, want an error that it %v", tt.input, got, err, tt.want)
		}
	}
}

// Services give names with underscores to their customers, and DNS carries them;
// no registry does.
func TestUnderscoresAreReadWhereDNSHasThem(t *testing.T) {
	names := NewNames("bbc.co.uk")
	for input, want := range map[string]string{
		"https://my_shop.github.io/x": "my_shop.github.io", "_dmarc.bbc.co.uk": "bbc.co.uk",
		"a_b.other.com": "other.com",
	} {
		if got, err := names.Normalise(input); got != want || err != nil {
			t.Errorf("%s is %q, %v", input, got, err)
		}
	}
	for _, input := range []string{"my_shop.com", "a!b.com", "a b.com", "a$.bbc.co.uk", "x.my_shop.co.uk"} {
		if got, err := names.Normalise(input); err == nil {
			t.Errorf("%s is %q", input, got)
		}
	}
	if !names.Add("my_shop.github.io") || !names.Known("my_shop.github.io") {
		t.Error("a name with an underscore can't be added")
	}
}

func TestAddTakesOnlyWhatNormaliseGives(t *testing.T) {
	names := NewNames()
	for _, site := range []string{"gov.uk", "com", "www.bbc.co.uk", "BBC.co.uk", "bbc.co.uk.", "10.0.0.1", "nas.lan",
		"https://ft.com", "", "bücher.de"} {
		if names.Add(site) || names.Known(site) {
			t.Errorf("%q was added", site)
		}
	}
	for _, site := range []string{"bbc.co.uk", "www.gov.uk", "api.github.com", "github.io", "xn--bcher-kva.de"} {
		if first, again := names.Add(site), names.Add(site); !first || !again || !names.Known(site) {
			t.Errorf("%q was not added", site)
		}
	}
	if names.Known("ft.com") {
		t.Error("ft.com is known")
	}
}

// What Normalise gives, it gives again for its own result and for every way of
// writing it.
func TestNormaliseIsStable(t *testing.T) {
	names := NewNames("bbc.co.uk", "www.gov.uk", "api.github.com", "blogspot.com")
	labels := []string{"www", "api", "github", "blogspot", "gov", "bbc", "co", "uk", "com", "io", "bücher", "a-b",
		"XN--P1AI", "ck"}
	rapid.Check(t, func(t *rapid.T) {
		input := strings.Join(rapid.SliceOfN(rapid.SampledFrom(labels), 1, 5).Draw(t, "labels"), ".")
		site, err := names.Normalise(input)
		if err != nil {
			return
		}
		for _, again := range []string{site, strings.ToUpper(site), "https://" + site + "./x", site + ":80"} {
			if got, err := names.Normalise(again); got != site || err != nil {
				t.Fatalf("%q is %q, but %q is %q, %v", input, site, again, got, err)
			}
		}
		if !names.Known(site) && NewNames().Add(site) != true {
			t.Fatalf("%q is %q, which cannot be added", input, site)
		}
	})
}

func TestNamesAreSafeForConcurrentUse(t *testing.T) {
	names := NewNames()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 100 {
				site := string(rune('a'+i)) + string(rune('a'+j%26)) + ".com"
				names.Add(site)
				if got, err := names.Normalise("www." + site); got != site || err != nil {
					t.Errorf("%q is %q, %v", site, got, err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkNormalise(b *testing.B) {
	names := NewNames("bbc.co.uk")
	for name, input := range map[string]string{"known": "bbc.co.uk", "url": "https://www.bbc.co.uk/news",
		"unknown": "shop.somewhere.co.uk"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := names.Normalise(input); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
