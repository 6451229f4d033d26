package probe_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
	return func(rw http.ResponseWriter, r *http.Request) {
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
	"fastly.net":      {CNAME: "dualstack.example.map.fastly.net"},
	"cloudflare.net":  {Handler: answering(200, "hello", "Server", "cloudflare", "CF-RAY", "8a1b2c3d4e5f6789-LHR"), Issuer: "Let's Encrypt"},
	"cloudfront.net2": {CNAME: "d111111abcdef8.cloudfront.net"},
	"akamai.net2":     {CNAME: "www.example.com.edgekey.net"},
	"deadorigin.net":  {Handler: answering(522, "<title>522</title>", "Server", "cloudflare", "CF-RAY", "8a1b2c3d4e5f6789-AMS")},
	"badgateway.net":  {Handler: answering(502, "", "CF-RAY", "8a1b2c3d4e5f6789-AMS")},
	"fastlydown.net":  {Handler: answering(503, "Error 503 first byte timeout", "X-Served-By", "cache-lcy-eglc8600021-LCY", "Via", "1.1 varnish")},
	"ownfault.net":    {Handler: answering(500, "oops", "Server", "nginx")},
	"unnamed.net":     {Handler: answering(503, "", "Server", "nginx")},
	"challenge.net":   {Handler: answering(503, "<script>window._cf_chl_opt={}</script><script src=/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1></script>", "CF-RAY", "x-LHR")},
	"mitigated.net":   {Handler: answering(200, "<p>Just a moment", "cf-mitigated", "challenge")},
	"waf.net":         {Handler: answering(202, "", "x-amzn-waf-action", "challenge")},
	"imperva.net":     {Handler: answering(200, "<script src=/_Incapsula_Resource?a></script>")},
	"forbidden.net":   {Handler: answering(403, "<h1>no")},
	"login.net":       {Handler: answering(401, "")},
	"busy.net":        {Handler: answering(429, "", "Retry-After", "60")},
	"gone.net":        {Handler: answering(404, "")},
	"redirects.net": {Handler: func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "https://target.net/home", http.StatusMovedPermanently)
	}},
	"target.net":      {Handler: answering(200, "home")},
	"loop.net":        {Handler: func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/", http.StatusFound) }},
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
	"headers.net":     {Raw: func(c net.Conn) { endless(c, "HTTP/1.1 200 OK\r\n", "X-More: "+strings.Repeat("a", 1000)+"\r\n") }},
	"interim.net":     {Raw: func(c net.Conn) { endless(c, "", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") }},
	"chunks.net": {Raw: func(c net.Conn) {
		endless(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1;"+strings.Repeat("x", 1000)+"\r\na\r\n")
	}},
	"huge.net":  {Handler: func(rw http.ResponseWriter, r *http.Request) { pour(rw) }},
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

func bomb(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Encoding", "gzip")
	_, _ = rw.Write(bombBody()) // who asked may be gone
}

func start(t *testing.T) (*probetest.World, *probe.Checker) {
	t.Helper()
	w := probetest.Start(t)
	for host, s := range smallInternet {
		w.Put(host, s)
	}
	w.Put("fastly.net", probetest.Site{CNAME: "dualstack.example.map.fastly.net",
		Handler: answering(200, "hi", "X-Served-By", "cache-lcy-eglc8600021-LCY", "Via", "1.1 varnish", "X-Secret", "no")})
	w.Put("cloudfront.net2", probetest.Site{CNAME: "d111111abcdef8.cloudfront.net", Issuer: "Amazon",
		Handler: answering(200, "hi", "X-Amz-Cf-Pop", "LHR62-C3", "X-Cache", "Hit from cloudfront")})
	return w, w.Checker(edges{})
}

func TestEveryOutcome(t *testing.T) {
	w, c := start(t)
	for _, want := range []struct {
		site    string
		symptom faultline.Symptom
		status  int
		detail  string
		via     faultline.Component
	}{
		{"fastly.net", "ok", 200, "", "cdn:fastly"},
		{"cloudflare.net", "ok", 200, "", "cdn:cloudflare"},
		{"cloudfront.net2", "ok", 200, "", "cdn:cloudfront"},
		{"akamai.net2", "ok", 200, "", "cdn:akamai"},
		{"deadorigin.net", "http_522", 522, "origin", "cdn:cloudflare"},
		{"badgateway.net", "http_502", 502, "origin", "cdn:cloudflare"},
		{"fastlydown.net", "http_503", 503, "edge", "cdn:fastly"},
		{"ownfault.net", "http_500", 500, "", ""},
		{"unnamed.net", "http_503", 503, "", ""},
		{"challenge.net", "blocked", 503, "challenge", "cdn:cloudflare"},
		{"mitigated.net", "blocked", 200, "challenge", ""},
		{"waf.net", "blocked", 202, "challenge", ""},
		{"imperva.net", "blocked", 200, "challenge", ""},
		{"forbidden.net", "blocked", 403, "", ""},
		{"login.net", "blocked", 401, "", ""},
		{"busy.net", "blocked", 429, "", ""},
		{"linkedin.net", "blocked", 0, "", ""},
		{"gone.net", "http_404", 404, "", ""},
		{"redirects.net", "ok", 200, "", ""},
		{"loop.net", "content", 0, "loop", ""},
		{"plain.net", "tls", 0, "handshake", ""},
		{"expired.net", "tls", 0, "expired", ""},
		{"othername.net", "tls", 0, "name", ""},
		{"selfsigned.net", "tls", 0, "chain", ""},
		{"oldtls.net", "tls", 0, "protocol", ""},
		{"dead.net", "connect", 0, "refused", ""},
		{"nosuch.net", "dns", 0, "nxdomain", ""},
		{"nodata.net", "dns", 0, "nodata", ""},
		{"servfail.net", "dns", 0, "servfail", ""},
		{"refused.net", "dns", 0, "refused", ""},
		{"onlywww.net", "ok", 200, "", ""},
		{"v6only.net", "ok", 200, "", ""},
		{"both.net", "ok", 200, "", ""},
		{"hangup.net", "connect", 0, "reset", ""},
		{"garbage.net", "content", 0, "garbage", ""},
		{"short.net", "content", 200, "short", ""},
		{"shortchunk.net", "content", 200, "short", ""},
		{"oddstatus.net", "content", 0, "garbage", ""},
		{"headers.net", "content", 0, "flood", ""},
		{"interim.net", "content", 0, "flood", ""},
		{"chunks.net", "ok", 200, "", ""},
		{"huge.net", "ok", 200, "", ""},
		{"bomb.net", "ok", 200, "", ""},
		{"early.net", "ok", 200, "", ""},
		{"range.net", "ok", 416, "", ""},
	} {
		t.Run(want.site, func(t *testing.T) {
			r := c.Check(t.Context(), probe.Task{Site: want.site})
			p := r.Probe
			var via faultline.Component
			if len(p.Via) > 0 {
				via = p.Via[0]
			}
			if p.Symptom != want.symptom || p.Status != want.status || p.Detail != want.detail || via != want.via || p.Site != want.site {
				t.Errorf("got %+v", p)
			}
			if p.At.IsZero() || r.Failed() != (want.symptom != "ok" && want.symptom != "blocked") {
				t.Errorf("at %s, failed %v", p.At, r.Failed())
			}
		})
	}
	if n := w.Hits("www.onlywww.net"); n == 0 {
		t.Error("the www. host was not asked")
	}
}

func TestWhatIsHandedOver(t *testing.T) {
	_, c := start(t)
	o := c.Check(t.Context(), probe.Task{Site: "fastly.net"}).Observation
	if o.Site != "fastly.net" || o.Host != "fastly.net" || !slices.Equal(o.Chain, []string{"dualstack.example.map.fastly.net"}) ||
		!slices.Equal(o.Addrs, []netip.Addr{probetest.Local}) || o.Addr != probetest.Local || o.Issuer != probetest.GoodAuthority || o.Status != 200 {
		t.Errorf("%+v", o)
	}
	if o.Header.Get("X-Served-By") == "" || o.Header.Get("Via") == "" || o.Header.Get("X-Secret") != "" {
		t.Errorf("%v", o.Header)
	}
	o = c.Check(t.Context(), probe.Task{Site: "akamai.net2"}).Observation
	if !slices.Equal(o.Chain, []string{"www.example.com.edgekey.net", "e1234.a.akamaiedge.net"}) {
		t.Errorf("%v", o.Chain)
	}
	if o = c.Check(t.Context(), probe.Task{Site: "cloudflare.net"}).Observation; o.Issuer != "Let's Encrypt" {
		t.Errorf("issuer %q", o.Issuer)
	}
	if o = c.Check(t.Context(), probe.Task{Site: "redirects.net"}).Observation; o.Host != "target.net" || o.Site != "redirects.net" {
		t.Errorf("%+v", o)
	}
}

func TestBothFamilies(t *testing.T) {
	_, c := start(t)
	for _, want := range []struct {
		site   string
		v6     bool
		addr   netip.Addr
		detail string
	}{
		{"both.net", false, probetest.Local, ""}, {"both.net", true, probetest.Local6, ""},
		{"v6only.net", false, probetest.Local6, ""}, {"brokenv6.net", false, probetest.Local, ""},
	} {
		r := c.Check(t.Context(), probe.Task{Site: want.site, IPv6: want.v6})
		if r.Probe.Symptom != "ok" || r.Observation.Addr != want.addr || r.Probe.Detail != want.detail {
			t.Errorf("%s, v6 %v: %+v at %s", want.site, want.v6, r.Probe, r.Observation.Addr)
		}
	}
}

func TestAFamilyThatFailsIsSaid(t *testing.T) {
	w := probetest.Start(t)
	w.Put("half.net", probetest.Site{Addrs: []netip.Addr{probetest.Dead, probetest.Local6}})
	c := w.Checker(nil)
	// IPv4 is refused; a browser would use IPv6.
	for _, first := range []bool{true, false} {
		r := c.Check(t.Context(), probe.Task{Site: "half.net", IPv6: first})
		want := map[bool]string{true: "", false: "no_ipv4"}[first]
		if r.Probe.Symptom != "ok" || r.Observation.Addr != probetest.Local6 || r.Probe.Detail != want {
			t.Errorf("IPv6 first %v: %+v at %s", first, r.Probe, r.Observation.Addr)
		}
	}
}

func TestSecondLookIsCheaper(t *testing.T) {
	w := probetest.Start(t)
	w.Put("tagged.net", probetest.Site{Handler: func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "https://www.tagged.net/home", http.StatusMovedPermanently)
	}})
	var requests []*http.Request
	w.Put("www.tagged.net", probetest.Site{Handler: func(rw http.ResponseWriter, r *http.Request) {
		requests = append(requests, r)
		rw.Header().Set("ETag", `"v1"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			rw.WriteHeader(http.StatusNotModified)
		}
	}})
	c := w.Checker(nil)
	first := c.Check(t.Context(), probe.Task{Site: "tagged.net"})
	if first.Entry != "https://www.tagged.net/home" || first.ETag != `"v1"` {
		t.Fatalf("%+v", first)
	}
	second := c.Check(t.Context(), probe.Task{Site: "tagged.net", Entry: first.Entry, ETag: first.ETag})
	if second.Probe.Symptom != "ok" || second.Probe.Status != 304 || w.Hits("tagged.net") != 1 || w.Hits("www.tagged.net") != 2 {
		t.Errorf("%+v, %d and %d requests", second.Probe, w.Hits("tagged.net"), w.Hits("www.tagged.net"))
	}
	h := requests[0].Header
	if !strings.Contains(h.Get("User-Agent"), "+http") || h.Get("Range") == "" || requests[0].Method != http.MethodGet {
		t.Errorf("%s %v", requests[0].Method, h)
	}
}

func TestSlowAnswersEnd(t *testing.T) {
	w := probetest.Start(t)
	w.Put("silent.net", probetest.Site{Raw: hang})
	w.Put("headonly.net", probetest.Site{Raw: func(c net.Conn) {
		raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")(c)
		hang(c)
	}})
	w.Put("nodns.net", probetest.Site{Mute: true})
	c := w.Checker(nil)
	for _, site := range []string{"silent.net", "headonly.net", "nodns.net"} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if r := c.Check(ctx, probe.Task{Site: site}); r.Probe.Symptom != "timeout" {
			t.Errorf("%s: %+v", site, r.Probe)
		}
		cancel()
	}
}

// TestAPageThatDoesNotEndIsAPage: a browser shows what has come of it.
func TestAPageThatDoesNotEndIsAPage(t *testing.T) {
	w := probetest.Start(t)
	w.Put("drip.net", probetest.Site{Raw: func(c net.Conn) {
		raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")(c)
		hang(c)
	}})
	if r := w.Checker(nil).Check(t.Context(), probe.Task{Site: "drip.net"}); r.Probe.Symptom != "ok" {
		t.Errorf("%+v", r.Probe)
	}
}

func TestWhoDeclinesIsNotProbed(t *testing.T) {
	w := probetest.Start(t)
	robots := map[string]string{
		"no.net":    "User-agent: *\nAllow: /\n\nUser-Agent: Faultline\nDisallow: / # please\n",
		"all.net":   "User-agent: *\nDisallow: /\n",
		"part.net":  "User-agent: faultline\nDisallow: /private\n",
		"other.net": "User-agent: otherbot\nDisallow: /\n\nUser-agent: faultline\nDisallow:\n",
		"two.net":   "User-agent: otherbot\nUser-agent: faultline\nDisallow: /\n",
	}
	for host, text := range robots {
		w.Put(host, probetest.Site{Raw: raw("HTTP/1.1 200 OK\r\nContent-Length: " + fmt.Sprint(len(text)) + "\r\n\r\n" + text)})
	}
	c := w.Checker(nil)
	for host := range robots {
		r := c.Check(t.Context(), probe.Task{Site: host, Consent: true})
		if want := host == "no.net" || host == "two.net"; r.Declined != want {
			t.Errorf("%s: declined %v", host, r.Declined)
		}
	}
	if r := c.Check(t.Context(), probe.Task{Site: "nowhere.net", Consent: true}); r.Declined || r.Probe.Symptom != "dns" {
		t.Errorf("without robots.txt: %+v", r)
	}
}
