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

// A browser may write from pages of the server's own addresses alone: any other name can be
// pointed at it, so that Host and Origin agree.
func TestOriginsOfOtherNamesAreForeign(t *testing.T) {
	const public = "https://faultline.example"
	for _, c := range []struct {
		base, listen, origin, host string
		own                        bool
	}{
		{"", ":8080", "http://127.0.0.1:8080", "127.0.0.1:8080", true},
		{"", ":8080", "http://[::1]:8080", "[::1]:8080", true},
		{"", ":8080", "http://localhost:8080", "localhost:8080", true},
		{"", ":8080", "http://LOCALHOST:8080", "localhost:8080", true},
		{"", "status.lan:8080", "http://status.lan:8080", "status.lan:8080", true},
		{"", "Status.LAN:8080", "http://status.lan.", "status.lan.", true},
		{public, ":8080", public, "behind.a.proxy", true},
		{public, ":8080", "https://FAULTLINE.example.:443", "x", true},
		{public, ":8080", "http://192.0.2.7", "192.0.2.7", true},

		{"", ":8080", "http://evil.example:8080", "evil.example:8080", false},
		{"", "", "http://evil.example", "evil.example", false},
		{"", "status.lan:8080", "http://evil.lan:8080", "evil.lan:8080", false},
		{"", ":8080", "http://127.0.0.1.evil.example", "127.0.0.1.evil.example", false},
		{"", ":8080", "http://localhost.evil.example", "localhost.evil.example", false},
		{"", ":8080", "http://localhost:8081", "localhost:8080", false},
		{"", ":8080", "http://127.0.0.1:8080", "evil.example:8080", false},
		{"", ":8080", "null", "127.0.0.1:8080", false},
		{"", ":8080", "http://", "", false},
		{"", ":8080", "http://:8080", ":8080", false},
		{"", ":8080", "file://localhost", "localhost", false},
		{public, ":8080", "http://faultline.example", "faultline.example", false},
		{public, ":8080", "https://evil.example", "evil.example", false},
	} {
		o := Origins{Base: c.base, Listen: c.listen}
		if got := o.Own(c.origin, c.host); got != c.own {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for host, own := range map[string]bool{"faultline.example": true, "faultline.example:443": true,
		"127.0.0.1:8080": true, "[::1]": true, "localhost:1": true, "status.lan:8080": true,
		"evil.example": false, "faultline.example.evil.example": false, "": false, ":8080": false} {
		if got := (Origins{Base: public, Listen: "status.lan:8080"}).OwnHost(host); got != own {
			t.Errorf("the host %q: %v", host, got)
		}
	}
}
