package probe_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
)

// everyOutcome is what a check makes of each site of the small internet.
var everyOutcome = []struct {
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
}

func TestEveryOutcome(t *testing.T) {
	w, c := start(t)
	for _, want := range everyOutcome {
		t.Run(want.site, func(t *testing.T) {
			r := c.Check(t.Context(), probe.Task{Site: want.site})
			p := r.Probe
			var via faultline.Component
			if len(p.Via) > 0 {
				via = p.Via[0]
			}
			if p.Symptom != want.symptom || p.Status != want.status || p.Detail != want.detail || via != want.via ||
				p.Site != want.site {
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
	if o.Site != "fastly.net" || o.Host != "fastly.net" ||
		!slices.Equal(o.Chain, []string{"dualstack.example.map.fastly.net"}) ||
		!slices.Equal(o.Addrs, []netip.Addr{probetest.Local}) ||
		o.Addr != probetest.Local ||
		o.Issuer != probetest.GoodAuthority ||
		o.Status != 200 {
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
	if o = c.Check(t.Context(), probe.Task{Site: "redirects.net"}).Observation; o.Host != "target.net" ||
		o.Site != "redirects.net" {
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

func TestSecondCheckIsCheaper(t *testing.T) {
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
	if second.Probe.Symptom != "ok" || second.Probe.Status != 304 || w.Hits("tagged.net") != 1 ||
		w.Hits("www.tagged.net") != 2 {
		t.Errorf("%+v, %d and %d requests", second.Probe, w.Hits("tagged.net"), w.Hits("www.tagged.net"))
	}
	h := requests[0].Header
	if !strings.Contains(h.Get("User-Agent"), "+http") || h.Get("Range") == "" ||
		requests[0].Method != http.MethodGet {
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
		w.Put(
			host,
			probetest.Site{
				Raw: raw("HTTP/1.1 200 OK\r\nContent-Length: " + fmt.Sprint(len(text)) + "\r\n\r\n" + text),
			},
		)
	}
	c := w.Checker(nil)
	for host := range robots {
		r := c.Check(t.Context(), probe.Task{Site: host, Consent: true})
		if want := host == "no.net" || host == "two.net"; r.Declined != want {
			t.Errorf("%s: declined %v", host, r.Declined)
		}
	}
	if r := c.Check(t.Context(), probe.Task{Site: "nowhere.net", Consent: true}); r.Declined ||
		r.Probe.Symptom != "dns" {
		t.Errorf("without robots.txt: %+v", r)
	}
}

// TestTheHeadOutlastsThePage: what the header lines say is not lost to a page that
// arrives after them, in pieces.
func TestTheHeadOutlastsThePage(t *testing.T) {
	w := probetest.Start(t)
	for name, chunked := range map[string]bool{"chunked.net": true, "whole.net": false} {
		w.Put(name, probetest.Site{Handler: func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Cf-Ray", "8a1b2c3d4e5f6789-LHR")
			rw.Header().Set("Etag", `"kept"`)
			if !chunked {
				rw.Header().Set("Content-Length", fmt.Sprint(30*1000))
			}
			rw.WriteHeader(http.StatusOK)
			for range 30 {
				_ = http.NewResponseController(rw).Flush() // in a packet of its own
				fmt.Fprint(rw, strings.Repeat("x", 1000))
			}
		}})
		r := w.Checker(edges{}).Check(t.Context(), probe.Task{Site: name})
		if r.Observation.Header.Get("Cf-Ray") != "8a1b2c3d4e5f6789-LHR" || r.ETag != `"kept"` ||
			r.Probe.Symptom != "ok" {
			t.Errorf("%s: %+v, %v, %q", name, r.Probe, r.Observation.Header, r.ETag)
		}
	}
}
