package probe_test

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"testing"

	"faultline"
	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
)

// nobody listens there on any port of the world.
var nobody = []netip.Addr{probetest.Dead}

func wantsCert(cfg *tls.Config) { cfg.ClientAuth = tls.RequireAnyClientCert }

// TestWaysIn: a site is reachable if a browser would reach it by the name with or
// without www., by HTTPS or, where nothing listens for that, by HTTP.
func TestWaysIn(t *testing.T) {
	w := probetest.Start(t)
	c := w.Checker(nil)
	refused := probetest.Site{Addrs: nobody}
	for name, hosts := range map[string]map[string]probetest.Site{
		"apex dead, www well":  {"a1.net": refused, "www.a1.net": {}},
		"apex without address": {"a2.net": {Addrs: []netip.Addr{}}, "www.a2.net": {}},
		"apex in trouble":      {"a3.net": {RCode: 2}, "www.a3.net": {}},
		"name for www alone":   {"a4.net": {Bad: "name"}, "www.a4.net": {}},
		"first address dead":   {"a5.net": {Addrs: []netip.Addr{probetest.Dead, probetest.Local}}},
		"seven of eight dead":  {"a6.net": {Addrs: append(deadOnes(7), probetest.Local)}},
		"IPv4 dead, IPv6 well": {"a7.net": {Addrs: []netip.Addr{probetest.Dead, probetest.Local6}}},
		"to plain HTTP":        {"a8.net": {Handler: toPlain}},
	} {
		t.Run(name, func(t *testing.T) {
			site := ""
			for host, s := range hosts {
				w.Put(host, s)
				if site == "" || len(host) < len(site) {
					site = host
				}
			}
			for range 4 { // addresses are shuffled
				if p := c.Check(t.Context(), probe.Task{Site: site}).Probe; p.Symptom != faultline.SymptomOK {
					t.Fatalf("%+v", p)
				}
			}
		})
	}
}

func deadOnes(n int) (all []netip.Addr) {
	for i := range n {
		all = append(all, netip.AddrFrom4([4]byte{127, 0, 9, byte(i + 1)}))
	}
	return all
}

// toPlain sends who comes by HTTPS to HTTP.
func toPlain(rw http.ResponseWriter, r *http.Request) {
	if r.TLS != nil {
		http.Redirect(rw, r, "http://"+r.Host+"/", http.StatusFound)
	}
}

// TestWhatAnEarlierCheckEndedAtIsNotTheOnlyWayIn: a page that moved is found again
// before it is called down.
func TestWhatAnEarlierCheckEndedAtIsNotTheOnlyWayIn(t *testing.T) {
	w := probetest.Start(t)
	w.Put("moved.net", probetest.Site{})
	w.Put("old.net", probetest.Site{Addrs: nobody})
	w.Put("broken.net", probetest.Site{Bad: "expired"})
	c := w.Checker(nil)
	for _, entry := range []string{"https://old.net/", "https://gone.net/", "https://broken.net/",
		"https://www.moved.net/"} {
		if p := c.Check(t.Context(),
			probe.Task{Site: "moved.net", Entry: entry}).Probe; p.Symptom != faultline.SymptomOK {
			t.Errorf("%s: %+v", entry, p)
		}
	}
}

// TestASiteOfIPv6Alone is no failure where IPv6 does not work.
func TestASiteOfIPv6Alone(t *testing.T) {
	w := probetest.Start(t)
	// A prefix for documentation, which the world lets through: no route leads there.
	w.Put("six.net", probetest.Site{Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}})
	resolver, err := probe.NewResolver(w.Resolver)
	if err != nil {
		t.Fatal(err)
	}
	allow := append([]netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}, probetest.Loopback...)
	c := probe.NewChecker(
		probe.CheckerConfig{
			Resolver: resolver,
			Guard:    probe.NewGuard(allow, nil, w.Ports),
			Ports:    w.Ports,
			Roots:    w.Roots,
			Agent:    "test",
		},
	)
	if p := c.Check(t.Context(), probe.Task{Site: "six.net"}).Probe; p.Symptom != faultline.SymptomBlocked ||
		p.Detail != "no_ipv6" {
		t.Errorf("%+v", p)
	}
	if p := c.Check(t.Context(),
		probe.Task{Site: "six.net", IPv6Works: true}).Probe; p.Symptom == faultline.SymptomBlocked ||
		p.Symptom == faultline.SymptomOK {
		t.Errorf("where IPv6 works: %+v", p)
	}
}

// version is a server that speaks one version of TLS, changed by more.
func version(v uint16, more func(*tls.Config)) func(*tls.Config) {
	return func(cfg *tls.Config) {
		cfg.MinVersion, cfg.MaxVersion = v, v
		if more != nil {
			more(cfg)
		}
	}
}

// suites is one that offers these ciphers alone.
func suites(ids ...uint16) func(*tls.Config) {
	return version(tls.VersionTLS12, func(cfg *tls.Config) { cfg.CipherSuites = ids })
}

// TestHandshakes: what browsers shake hands with works, what they do not fails,
// and what wants a certificate of ours is no evidence.
func TestHandshakes(t *testing.T) {
	w := probetest.Start(t)
	c := w.Checker(nil)
	for name, want := range map[string]struct {
		site            probetest.Site
		symptom, detail string
	}{
		"rsa-gcm":   {probetest.Site{RSA: true, TLS: suites(tls.TLS_RSA_WITH_AES_128_GCM_SHA256)}, "ok", ""},
		"rsa-cbc":   {probetest.Site{RSA: true, TLS: suites(tls.TLS_RSA_WITH_AES_256_CBC_SHA)}, "ok", ""},
		"rsa-3des":  {probetest.Site{RSA: true, TLS: suites(tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA)}, "tls", "protocol"},
		"rc4":       {probetest.Site{RSA: true, TLS: suites(tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA)}, "tls", "protocol"},
		"ecdhe-cbc": {probetest.Site{RSA: true, TLS: suites(tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA)}, "ok", ""},
		"tls12":     {probetest.Site{TLS: version(tls.VersionTLS12, nil)}, "ok", ""},
		"tls13":     {probetest.Site{TLS: version(tls.VersionTLS13, nil)}, "ok", ""},
		"tls11":     {probetest.Site{TLS: version(tls.VersionTLS11, nil)}, "tls", "protocol"},
		"tls10":     {probetest.Site{TLS: version(tls.VersionTLS10, nil)}, "tls", "protocol"},
		"hybrid": {
			probetest.Site{TLS: version(tls.VersionTLS13,
				func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768} })}, "ok", ""},
		"client-12":  {probetest.Site{TLS: version(tls.VersionTLS12, wantsCert)}, "blocked", "client_certificate"},
		"client-13":  {probetest.Site{TLS: version(tls.VersionTLS13, wantsCert)}, "blocked", "client_certificate"},
		"client-may": {probetest.Site{TLS: func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert }}, "ok", ""},
		"client-400": {probetest.Site{TLS: func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert },
			Handler: answering(400, "<h1>400 Bad Request</h1>No required SSL certificate was sent")}, "blocked",
			"challenge"},
		"client-503": {probetest.Site{TLS: func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert },
			Handler: answering(503, "")}, "http_503", ""},
		"h2-only":     {probetest.Site{OnlyH2: true}, "ok", ""},
		"h2-only-503": {probetest.Site{OnlyH2: true, Handler: answering(503, "")}, "http_503", ""},
		"h2-hangs-up": {probetest.Site{TLS: bothProtocols, Handler: hangsUp}, "ok", ""},
		"h2-505":      {probetest.Site{TLS: bothProtocols, Handler: wantsH2(505)}, "ok", ""},
		"h2-426":      {probetest.Site{TLS: bothProtocols, Handler: wantsH2(426)}, "ok", ""},
		"no-h2-426":   {probetest.Site{Handler: answering(426, "")}, "blocked", ""},
		"no-h2-505":   {probetest.Site{Handler: answering(505, "")}, "blocked", ""},
		"incomplete":  {probetest.Site{Bad: "incomplete"}, "ok", ""},
		"unlinked":    {probetest.Site{Bad: "unlinked"}, "tls", "chain"},
		"expiring":    {probetest.Site{Bad: "expiring"}, "ok", "expiring"},
		"expired":     {probetest.Site{Bad: "expired"}, "tls", "expired"},
	} {
		w.Put(name+".net", want.site)
		r := c.Check(t.Context(), probe.Task{Site: name + ".net"})
		if string(r.Probe.Symptom) != want.symptom || r.Probe.Detail != want.detail {
			t.Errorf("%s: %+v", name, r.Probe)
		}
		if r.Probe.Symptom == "ok" && (r.Observation.CertificateEnds.IsZero() ||
			!r.Probe.CertificateEnds.Equal(r.Observation.CertificateEnds)) {
			t.Errorf("%s: nothing is said of the certificate's end", name)
		}
	}
}

func bothProtocols(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} }

// hangsUp on who does not speak HTTP/2.
func hangsUp(_ http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor < 2 {
		panic(http.ErrAbortHandler)
	}
}

func wantsH2(status int) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor < 2 {
			rw.WriteHeader(status)
		}
	}
}

// TestHTTP2IsRemembered: the next check of a site that answers to nothing else
// begins with it.
func TestHTTP2IsRemembered(t *testing.T) {
	w := probetest.Start(t)
	w.Put("h2.net", probetest.Site{OnlyH2: true})
	c := w.Checker(nil)
	r := c.Check(t.Context(), probe.Task{Site: "h2.net"})
	if !r.HTTP2 {
		t.Fatalf("%+v", r)
	}
	if r = c.Check(t.Context(), probe.Task{Site: "h2.net", Entry: r.Entry, HTTP2: r.HTTP2}); r.Probe.Symptom != "ok" ||
		!r.HTTP2 {
		t.Errorf("%+v", r)
	}
}
