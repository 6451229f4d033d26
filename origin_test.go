package faultline

import (
	"net/url"
	"testing"
)

func TestAuthority(t *testing.T) {
	for address, want := range map[string]string{
		"https://Faultline.Example":       "faultline.example",
		"https://faultline.example.":      "faultline.example",
		"https://faultline.example:443":   "faultline.example",
		"https://faultline.example.:8443": "faultline.example:8443",
		"http://faultline.example:443":    "faultline.example:443",
		"http://127.0.0.1:80":             "127.0.0.1",
		"http://[::1]:8080":               "[::1]:8080",
		"https://[2001:DB8::1]:443":       "[2001:db8::1]",
		"https://":                        "",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := Authority(u); got != want {
			t.Errorf("%s is %q, want %q", address, got, want)
		}
	}
}
