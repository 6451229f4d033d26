package probe_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"faultline"
	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
)

// edges says of an observation what its headers and names show, as far as these
// tests need it. Package infra knows the world.
type edges struct{}

func (edges) Headers() []string { return []string{"Cf-Ray", "X-Amz-Cf-Pop", "X-Served-By", "Via"} }

func (edges) Via(o *probe.Observation) []faultline.Component {
	h := o.Header
	switch {
	case h.Get("Cf-Ray") != "":
		return []faultline.Component{"cdn:cloudflare"}
	case h.Get("X-Amz-Cf-Pop") != "":
		return []faultline.Component{"cdn:cloudfront"}
	case slices.ContainsFunc(o.Chain, func(n string) bool { return strings.HasSuffix(n, ".akamaiedge.net") }):
		return []faultline.Component{"cdn:akamai"}
	case strings.HasPrefix(h.Get("X-Served-By"), "cache-"):
		return []faultline.Component{"cdn:fastly"}
	}
	return nil
}

func answering(status int, body string, headers ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			rw.Header().Set(headers[i], headers[i+1])
		}
		rw.WriteHeader(status)
		fmt.Fprint(rw, body)
	}
}

func raw(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = c.Write([]byte(text)) }
}

// hang answers nothing until the other side gives up.
func hang(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }

// smallInternet is one site of each kind, by its name.
var smallInternet = map[string]probetest.Site{
	"fastly.net": {CNAME: "dualstack.example.map.fastly.net"},
	"cloudflare.net": {
		Handler: answering(200, "hello", "Server", "cloudflare", "CF-RAY", "8a1b2c3d4e5f6789-LHR"),
		Issuer:  "Let's Encrypt",
	},
	"cloudfront.net2": {CNAME: "d111111abcdef8.cloudfront.net"},
	"akamai.net2":     {CNAME: "www.example.com.edgekey.net"},
	"deadorigin.net": {
		Handler: answering(522, "<title>522</title>", "Server", "cloudflare", "CF-RAY", "8a1b2c3d4e5f6789-AMS"),
	},
	"badgateway.net": {Handler: answering(502, "", "CF-RAY", "8a1b2c3d4e5f6789-AMS")},
	"fastlydown.net": {
		Handler: answering(
			503,
			"Error 503 first byte timeout",
			"X-Served-By",
			"cache-lcy-eglc8600021-LCY",
			"Via",
			"1.1 varnish",
		),
	},
	"ownfault.net": {Handler: answering(500, "oops", "Server", "nginx")},
	"unnamed.net":  {Handler: answering(503, "", "Server", "nginx")},
	"challenge.net": {
		Handler: answering(
			503,
			"<script>window._cf_chl_opt={}</script><script "+
				"src=/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1></script>",
			"CF-RAY",
			"x-LHR",
		),
	},
	"mitigated.net": {Handler: answering(200, "<p>Just a moment", "cf-mitigated", "challenge")},
	"waf.net":       {Handler: answering(202, "", "x-amzn-waf-action", "challenge")},
	"imperva.net":   {Handler: answering(200, "<script src=/_Incapsula_Resource?a></script>")},
	"forbidden.net": {Handler: answering(403, "<h1>no")},
	"login.net":     {Handler: answering(401, "")},
	"busy.net":      {Handler: answering(429, "", "Retry-After", "60")},
	"gone.net":      {Handler: answering(404, "")},
	"redirects.net": {Handler: func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "https://target.net/home", http.StatusMovedPermanently)
	}},
	"target.net": {Handler: answering(200, "home")},
	"loop.net": {
		Handler: func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/", http.StatusFound) },
	},
	"plain.net":       {Plain: true},
	"expired.net":     {Bad: "expired"},
	"othername.net":   {Bad: "name"},
	"selfsigned.net":  {Bad: "chain"},
	"oldtls.net":      {Bad: "protocol"},
	"dead.net":        {Addrs: []netip.Addr{probetest.Dead}},
	"nodata.net":      {Addrs: []netip.Addr{}},
	"servfail.net":    {RCode: 2},
	"refused.net":     {RCode: 5},
	"onlywww.net":     {Addrs: []netip.Addr{}},
	"www.onlywww.net": {},
	"v6only.net":      {Addrs: []netip.Addr{probetest.Local6}},
	"both.net":        {Addrs: []netip.Addr{probetest.Local, probetest.Local6}},
	"brokenv6.net":    {Addrs: []netip.Addr{probetest.Local, netip.MustParseAddr("::2")}},
	"hangup.net":      {Raw: func(net.Conn) {}},
	"garbage.net":     {Raw: raw("SSH-2.0-OpenSSH_9.6\r\n\r\n")},
	"short.net":       {Raw: raw("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf")},
	"shortchunk.net":  {Raw: raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")},
	"oddstatus.net":   {Raw: raw("HTTP/1.1 799 What\r\nContent-Length: 0\r\n\r\n")},
	"linkedin.net":    {Raw: raw("HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n")},
	"headers.net": {
		Raw: func(c net.Conn) { endless(c, "HTTP/1.1 200 OK\r\n", "X-More: "+strings.Repeat("a", 1000)+"\r\n") },
	},
	"interim.net": {Raw: func(c net.Conn) { endless(c, "", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") }},
	"chunks.net": {Raw: func(c net.Conn) {
		endless(
			c,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			"1;"+strings.Repeat("x", 1000)+"\r\na\r\n",
		)
	}},
	"huge.net":  {Handler: func(rw http.ResponseWriter, _ *http.Request) { pour(rw) }},
	"bomb.net":  {Handler: bomb},
	"early.net": {Raw: raw("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")},
	"range.net": {Handler: answering(416, "")},

	"dualstack.example.map.fastly.net": {}, "d111111abcdef8.cloudfront.net": {},
	"www.example.com.edgekey.net": {CNAME: "e1234.a.akamaiedge.net"}, "e1234.a.akamaiedge.net": {},
}

func endless(c net.Conn, head, more string) {
	if _, err := c.Write([]byte(head)); err != nil {
		return
	}
	for range 100_000 {
		if _, err := c.Write([]byte(more)); err != nil {
			return
		}
	}
}

func pour(rw http.ResponseWriter) {
	block := make([]byte, 1<<20)
	for range 1000 {
		if _, err := rw.Write(block); err != nil {
			return
		}
	}
}

// bomb is 100 MB in 100 kB, packed once: what it costs to make must not be a
// part of any check.
var bombBody = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 100 {
		_, _ = z.Write(zeros) // to memory
	}
	_ = z.Close()
	return b.Bytes()
})

func bomb(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Encoding", "gzip")
	_, _ = rw.Write(bombBody()) // who asked may be gone
}

func start(t *testing.T) (*probetest.World, *probe.Checker) {
	t.Helper()
	bombBody() // before any check waits for it
	w := probetest.Start(t)
	for host, s := range smallInternet {
		w.Put(host, s)
	}
	w.Put("fastly.net", probetest.Site{CNAME: "dualstack.example.map.fastly.net",
		Handler: answering(
			200,
			"hi",
			"X-Served-By",
			"cache-lcy-eglc8600021-LCY",
			"Via",
			"1.1 varnish",
			"X-Secret",
			"no",
		)})
	w.Put("cloudfront.net2", probetest.Site{CNAME: "d111111abcdef8.cloudfront.net", Issuer: "Amazon",
		Handler: answering(200, "hi", "X-Amz-Cf-Pop", "LHR62-C3", "X-Cache", "Hit from cloudfront")})
	return w, w.Checker(edges{})
}
