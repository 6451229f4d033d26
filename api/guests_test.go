package api

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"faultline/api/stream"
	"faultline/api/token"
	"faultline/board"
)

// What browsers' clients send with a read is allowed to them beforehand.
func TestPreflightAllowsWhatClientsSend(t *testing.T) {
	n := newNode(t)
	n.run()
	for _, path := range []string{"/v1/stream", "/v1/incidents", "/feed.json"} {
		w := n.do(request{method: http.MethodOptions, path: path,
			header: map[string]string{"Origin": "https://page.example", "Access-Control-Request-Method": "GET"}})
		allowed := strings.ToLower(w.Header().Get("Access-Control-Allow-Headers"))
		for _, name := range []string{"cache-control", "content-type", "x-requested-with", "traceparent",
			"last-event-id", "authorization", "*"} {
			if w.Code != http.StatusNoContent || !strings.Contains(allowed, name) {
				t.Errorf("%s: %d, %s is not in %q", path, w.Code, name, allowed)
			}
		}
	}
}

// A proxy that writes ports into X-Forwarded-For names its clients all the same.
func TestForwardedAddressesMayHavePorts(t *testing.T) {
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.TrustedProxies = []string{"192.0.2.77"} })
	n.run()
	for field, want := range map[string]string{"203.0.113.9:51234": "203.0.113.9", "[2001:db8::7]:443": "2001:db8::7",
		"[2001:db8::8]":    "2001:db8::8",
		"2001:db8::9%eth0": "2001:db8::9", "[2001:db8::a%eth0]:443": "2001:db8::a",
		"[2001:db8::b%25eth0]": "2001:db8::b",
		"2001:db8::9":          "2001:db8::9", "198.51.100.1:1, 192.0.2.77:2": "198.51.100.1",
		"203.0.113.10": "203.0.113.10"} {
		w := n.do(request{method: http.MethodPost, path: "/v1/reports", body: `{"site":"bbc.co.uk"}`,
			header: map[string]string{"Content-Type": "application/json", "X-Forwarded-For": field}})
		if got := n.door.addrs[len(n.door.addrs)-1].String(); w.Code != http.StatusAccepted || got != want {
			t.Errorf("%q is taken for %s, want %s", field, got, want)
		}
	}
}

// A browser that was led here by another site's name is turned away; our own pages
// and programs are not.
func TestWritesOfOtherSitesAreRefused(t *testing.T) {
	for base, origins := range map[string]map[string]int{
		"https://faultline.example": {"": 202, "https://faultline.example": 202, "http://evil.example": 403,
			"http://evil.example:80": 403, "null": 403, "https://faultline.example.evil.example": 403,
			"https://FAULTLINE.example": 202, "https://faultline.example.": 202,
			"https://faultline.example:443": 202,
			"https://faultline.example:444": 403, "http://faultline.example:443": 403, "https://": 403},
		"https://faultline.example:443/": {"https://faultline.example": 202},
		// The requests are sent to faultline.test: any name can be pointed here.
		"": {"": 202, "http://evil.example": 403, "http://faultline.test": 403, "null": 403},
	} {
		n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.PublicURL = base })
		n.run()
		for origin, want := range origins {
			r := request{method: http.MethodPost, path: "/v1/reports", body: `{"site":"bbc.co.uk"}`,
				header: map[string]string{"Content-Type": "application/json"}}
			if origin != "" {
				r.header["Origin"] = origin
			}
			if w := n.do(r); w.Code != want {
				t.Errorf("base %q, origin %q: %d, want %d", base, origin, w.Code, want)
			}
		}
	}
}

// Bodies come as RFC 9110, RFC 3339 and RFC 8259 allow them: compressed, with
// another spelling of UTF-8, times in lower case, numbers with a fraction.
func TestBodiesAsTheirStandardsAllow(t *testing.T) {
	n := newNode(t)
	n.run()
	zip := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return b.String()
	}
	probe := `[{"at":"2021-06-08t09:51:04.011z","site":"bbc.co.uk","symptom":"http_503","latency_ms":182.6}]`
	bearer := "Bearer " + n.token(token.ScopeProbes)
	for name, test := range map[string]struct {
		media, encoding, body string
		want                  int
	}{
		"as it is":       {"application/json", "", probe, 202},
		"utf8":           {"application/json; charset=utf8", "", probe, 202},
		"latin":          {"application/json; charset=latin1", "", probe, 415},
		"ascii":          {"Application/JSON;charset=US-ASCII", "", probe, 202},
		"a parameter":    {"application/json; odata=verbose", "", probe, 202},
		"a byte order":   {"application/json", "", "\ufeff" + probe, 202},
		"UTF-16":         {"application/json", "", "\xff\xfe[\x00", 400},
		"gzip":           {"application/json", "gzip", zip(probe), 202},
		"GZIP":           {"application/json", "GZIP", zip(probe), 202},
		"identity, gzip": {"application/json", "identity, gzip", zip(probe), 202},
		"twice":          {"application/json", "gzip, gzip", zip(zip(probe)), 415},
		"brotli":         {"application/json", "br", probe, 415},
		"no gzip":        {"application/json", "gzip", probe, 400},
		"cut":            {"application/json", "gzip", zip(probe)[:20], 400},
		"a bomb":         {"application/json", "gzip", zip(strings.Repeat(" ", maxProbesBody+1)), 413},
		"too slow":       {"application/json", "", strings.Replace(probe, "182.6", "1e18", 1), 400},
	} {
		r := request{method: http.MethodPost, path: "/v1/probes", body: test.body,
			header: map[string]string{"Content-Type": test.media, "Authorization": bearer}}
		if test.encoding != "" {
			r.header["Content-Encoding"] = test.encoding
		}
		w := n.do(r)
		if w.Code != test.want {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, test.want)
		}
		if w.Code == http.StatusUnsupportedMediaType && test.encoding != "" &&
			w.Header().Get("Accept-Encoding") != "gzip, identity" {
			t.Errorf("%s: Accept-Encoding %q", name, w.Header().Get("Accept-Encoding"))
		}
	}
	for _, p := range n.door.probes {
		if p.LatencyMS != 183 || p.At.IsZero() {
			t.Errorf("read as %+v", p)
		}
	}
	if w := n.get("/v1/incidents?since=2021-06-08t09:47:05z"); w.Code != http.StatusOK {
		t.Errorf("since in lower case: %d", w.Code)
	}
}

// A token that is not good is named on reads, whether or not reads have a limit.
func TestBadTokensOfReadersAreNamed(t *testing.T) {
	n := newNode(t)
	n.run()
	read := func(bearer string) int {
		return n.do(request{path: "/v1/summary", header: map[string]string{"Authorization": "Bearer " + bearer}}).Code
	}
	if code := read(n.token(token.ScopeReports)); code != http.StatusOK {
		t.Errorf("a good one: %d", code)
	}
	if code := read("nobody.signed.this"); code != http.StatusUnauthorized {
		t.Errorf("a forged one: %d", code)
	}
}
