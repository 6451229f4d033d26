package probe_test

import (
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"faultline"
	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
)

// asks are the conditions under which the odd name servers below misbehave.
func isMixed(q *dns.Msg) bool {
	name := q.Question[0].Name
	return name != strings.ToLower(name)
}
func isAAAA(q *dns.Msg) bool   { return q.Question[0].Qtype == dns.TypeAAAA }
func isA(q *dns.Msg) bool      { return q.Question[0].Qtype == dns.TypeA }
func hasEDNS(q *dns.Msg) bool  { return q.IsEdns0() != nil }
func always(*dns.Msg) bool     { return true }
func checking(q *dns.Msg) bool { return !q.CheckingDisabled }

func code(rcode int) func(*dns.Msg) *dns.Msg {
	return func(m *dns.Msg) *dns.Msg {
		m.Rcode, m.Answer = rcode, nil
		return m
	}
}

func silent(*dns.Msg) *dns.Msg { return nil }

func when(is func(*dns.Msg) bool, then func(*dns.Msg) *dns.Msg) func(q, m *dns.Msg) *dns.Msg {
	return func(q, m *dns.Msg) *dns.Msg {
		if is(q) {
			return then(m)
		}
		return m
	}
}

// TestOddNameServers: what a browser resolves is resolved, however the server
// answers what we ask besides.
func TestOddNameServers(t *testing.T) {
	w := probetest.Start(t)
	c := w.Checker(nil)
	cases := map[string]struct {
		dns             func(q, m *dns.Msg) *dns.Msg
		symptom, detail string
	}{
		"aaaa-silent":    {when(isAAAA, silent), "ok", ""},
		"aaaa-servfail":  {when(isAAAA, code(dns.RcodeServerFailure)), "ok", ""},
		"aaaa-nxdomain":  {when(isAAAA, code(dns.RcodeNameError)), "ok", ""},
		"aaaa-refused":   {when(isAAAA, code(dns.RcodeRefused)), "ok", ""},
		"aaaa-notimp":    {when(isAAAA, code(dns.RcodeNotImplemented)), "ok", ""},
		"case-nodata":    {when(isMixed, code(dns.RcodeSuccess)), "ok", ""},
		"case-nxdomain":  {when(isMixed, code(dns.RcodeNameError)), "ok", ""},
		"case-servfail":  {when(isMixed, code(dns.RcodeServerFailure)), "ok", ""},
		"case-refused":   {when(isMixed, code(dns.RcodeRefused)), "ok", ""},
		"case-formerr":   {when(isMixed, code(dns.RcodeFormatError)), "ok", ""},
		"case-silent":    {when(isMixed, silent), "ok", ""},
		"case-lowered":   {lowered, "ok", ""},
		"edns-formerr":   {when(hasEDNS, code(dns.RcodeFormatError)), "ok", ""},
		"edns-notimp":    {when(hasEDNS, code(dns.RcodeNotImplemented)), "ok", ""},
		"edns-servfail":  {when(hasEDNS, code(dns.RcodeServerFailure)), "ok", ""},
		"edns-silent":    {when(hasEDNS, silent), "ok", ""},
		"edns-refused":   {when(hasEDNS, code(dns.RcodeRefused)), "ok", ""},
		"edns-cut":       {when(hasEDNS, cut), "ok", ""},
		"answers-twice":  {twice, "ok", ""},
		"case-notzone":   {when(isMixed, code(dns.RcodeNotZone)), "ok", ""},
		"always-cut":     {when(always, cut), "dns", "malformed"},
		"gone":           {when(always, code(dns.RcodeNameError)), "dns", "nxdomain"},
		"empty":          {when(always, code(dns.RcodeSuccess)), "dns", "nodata"},
		"trouble":        {when(always, code(dns.RcodeServerFailure)), "dns", "servfail"},
		"refuses":        {when(always, code(dns.RcodeRefused)), "dns", "refused"},
		"bogus":          {when(checking, code(dns.RcodeServerFailure)), "dns", "dnssec"},
		"half-trouble":   {when(isA, code(dns.RcodeServerFailure)), "dns", "servfail"},
		"a-nodata-quiet": {quietSix, "dns", "timeout"},
	}
	for name, want := range cases {
		host := name + ".net"
		w.Put(host, probetest.Site{DNS: want.dns})
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := c.Check(t.Context(), probe.Task{Site: host}).Probe
			if string(p.Symptom) != want.symptom || p.Detail != want.detail {
				t.Errorf("%+v", p)
			}
		})
	}
}

// lowered answers with the question in lower case, which only mixed case minds.
func lowered(_, m *dns.Msg) *dns.Msg {
	m.Question[0].Name = strings.ToLower(m.Question[0].Name)
	return m
}

// cut leaves out everything and says so, over TCP too.
func cut(m *dns.Msg) *dns.Msg {
	m.Truncated, m.Answer = true, nil
	return m
}

// twice gives each record twice.
func twice(_, m *dns.Msg) *dns.Msg {
	m.Answer = append(m.Answer, m.Answer...)
	return m
}

// quietSix has no IPv4 address, and nobody knows whether it has another.
func quietSix(q, m *dns.Msg) *dns.Msg {
	if isAAAA(q) {
		return nil
	}
	m.Answer = nil
	return m
}

// TestOnlyTCPGetsThrough: where packets are lost, connections may not be.
func TestOnlyTCPGetsThrough(t *testing.T) {
	w := probetest.Start(t)
	var asked atomic.Int32
	packets, streams := bothTransports(t)
	defer packets.Close()
	server := &dns.Server{Listener: streams, Handler: dns.HandlerFunc(func(rw dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		m := new(dns.Msg)
		m.SetReply(q)
		if isA(q) {
			m.Answer = []dns.RR{
				&dns.A{
					Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET},
					A:   net.IPv4(127, 0, 0, 1),
				},
			}
		}
		_ = rw.WriteMsg(m)
	})}
	up := make(chan struct{})
	server.NotifyStartedFunc = func() { close(up) }
	go func() { _ = server.ActivateAndServe() }()
	<-up
	defer func() { _ = server.Shutdown() }()
	w.Put("a.net", probetest.Site{})
	a, err := resolver(t, streams.Addr().(*net.TCPAddr).AddrPort()).Lookup(t.Context(), "a.net")
	if err != nil || len(a.Addrs) != 1 || asked.Load() == 0 {
		t.Errorf("%v, %v after %d questions", a, err, asked.Load())
	}
}

// bothTransports takes a port for both; another process may have that of one.
func bothTransports(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		streams, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, streams
		}
		packets.Close()
	}
	t.Fatal("no port that is free for UDP and TCP")
	return nil, nil
}

// TestAResolverInTroubleIsNotTheSites: the other one is asked before a site is
// called unresolvable, and from then on first.
func TestAResolverInTroubleIsNotTheSites(t *testing.T) {
	w := probetest.Start(t)
	w.Put("a.net", probetest.Site{})
	for name, fault := range map[string]func(*dns.Msg) *dns.Msg{
		"servfail": code(dns.RcodeServerFailure), "refused": code(dns.RcodeRefused),
		"nxdomain": code(dns.RcodeNameError),
		"nodata":   code(dns.RcodeSuccess), "formerr": code(dns.RcodeFormatError), "silent": silent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := probetest.Start(t)
			bad.Put("a.net", probetest.Site{DNS: when(always, fault)})
			c := w.CheckerBy(nil, bad.Resolver, w.Resolver)
			for range 3 {
				if p := c.Check(t.Context(), probe.Task{Site: "a.net"}).Probe; p.Symptom != faultline.SymptomOK {
					t.Errorf("%+v", p)
				}
			}
			if n := bad.Asked("a.net"); n > 4 {
				t.Errorf("the resolver in trouble was asked %d times", n)
			}
		})
	}
}

// TestAnAliasThatLeadsNowhereIsKept: whose it is matters most when it fails.
func TestAnAliasThatLeadsNowhereIsKept(t *testing.T) {
	w := probetest.Start(t)
	c := w.Checker(edges{})
	for name, rcode := range map[string]int{"gone": dns.RcodeNameError, "trouble": dns.RcodeServerFailure,
		"empty": dns.RcodeSuccess} {
		w.Put(name+".net", probetest.Site{CNAME: name + ".a.akamaiedge.net"})
		w.Put(name+".a.akamaiedge.net", probetest.Site{Addrs: []netip.Addr{}, RCode: rcode})
		r := c.Check(t.Context(), probe.Task{Site: name + ".net"})
		if r.Probe.Symptom != faultline.SymptomDNS || len(r.Probe.Via) != 1 || r.Probe.Via[0] != "cdn:akamai" {
			t.Errorf("%s: %+v, chain %v", name, r.Probe, r.Observation.Chain)
		}
	}
}

func TestServersThatChokeOnEDNSAreRemembered(t *testing.T) {
	w := probetest.Start(t)
	w.Put("a.net", probetest.Site{DNS: when(hasEDNS, code(dns.RcodeFormatError))})
	r := resolver(t, w.Resolver)
	for i := range 6 {
		before := w.Asked("a.net")
		if _, err := r.Lookup(t.Context(), "a.net"); err != nil {
			t.Fatal(err)
		}
		if n := w.Asked("a.net") - before; i > 2 && n != 2 {
			t.Errorf("lookup %d took %d questions", i, n)
		}
	}
}

func TestHTTPSRecordsAreRead(t *testing.T) {
	w := probetest.Start(t)
	w.Put("svc.net", probetest.Site{DNS: func(q, m *dns.Msg) *dns.Msg {
		if q.Question[0].Qtype == dns.TypeHTTPS {
			rr, err := dns.NewRR(
				q.Question[0].Name + ` 0 IN HTTPS 1 edge.example.net. alpn="h2,h3" no-default-alpn`,
			)
			if err != nil {
				t.Error(err)
			}
			m.Answer = []dns.RR{rr}
		}
		return m
	}, OnlyH2: true})
	c := w.Checker(nil)
	r := c.Check(t.Context(), probe.Task{Site: "svc.net", Consent: true})
	s := r.Observation.Service
	if s == nil || s.Target != "edge.example.net" || len(s.ALPN) != 2 || !s.NoDefault || !r.HTTP2 ||
		r.Probe.Symptom != "ok" {
		t.Errorf("%+v, %+v", s, r.Probe)
	}
	w.Put("plain.net", probetest.Site{})
	if r := c.Check(t.Context(), probe.Task{Site: "plain.net", Consent: true}); r.Observation.Service != nil ||
		r.Probe.Symptom != "ok" {
		t.Errorf("%+v", r)
	}
}

func TestTwoOperatorsByDefault(t *testing.T) {
	at := netip.MustParseAddrPort
	for _, c := range []struct{ own, want []netip.AddrPort }{
		{[]netip.AddrPort{at("192.0.2.1:53")}, []netip.AddrPort{at("192.0.2.1:53"), at("1.1.1.1:53")}},
		{[]netip.AddrPort{at("192.0.2.1:53"), at("192.0.2.2:53")},
			[]netip.AddrPort{at("192.0.2.1:53"), at("1.1.1.1:53"), at("192.0.2.2:53")}},
		{[]netip.AddrPort{at("1.1.1.1:53"), at("1.0.0.1:53")},
			[]netip.AddrPort{at("1.1.1.1:53"), at("8.8.8.8:53"), at("1.0.0.1:53")}},
		{[]netip.AddrPort{at("1.1.1.1:53"), at("8.8.8.8:53")}, []netip.AddrPort{at("1.1.1.1:53"), at("8.8.8.8:53")}},
	} {
		got := probe.DefaultResolvers(c.own)
		if len(got) != len(c.want) {
			t.Fatalf("%v: %v", c.own, got)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%v: %v, not %v", c.own, got, c.want)
			}
		}
	}
}
