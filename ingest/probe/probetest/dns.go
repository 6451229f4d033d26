package probetest

import (
	"io"
	"log"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// discard swallows what servers log about clients that hang up, which tests do on
// purpose.
var discard = log.New(io.Discard, "", 0)

// startDNS answers for every name, over UDP and TCP on one port.
func (w *World) startDNS(t testing.TB) netip.AddrPort {
	t.Helper()
	packets, streams := bothTransports(t)
	addr := packets.LocalAddr().(*net.UDPAddr).AddrPort()
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: dns.HandlerFunc(w.answer)},
		{Listener: streams, Handler: dns.HandlerFunc(w.answer)}} {
		up, done := make(chan struct{}), make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		go func() { defer close(done); _ = s.ActivateAndServe() }() // ends at Shutdown
		<-up
		t.Cleanup(func() { _ = s.Shutdown(); <-done })
	}
	return addr
}

// bothTransports takes a port for UDP and TCP; another process may have that of
// one.
func bothTransports(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	for range portTries {
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

// portTries bounds the ports that are tried for two listeners.
const portTries = 20

// answer answers one question: aliases are followed inside the answer, as a recursive
// resolver does, and a site may change the answer as it likes.
func (w *World) answer(rw dns.ResponseWriter, r *dns.Msg) {
	q := r.Question[0]
	host := strings.ToLower(strings.TrimSuffix(q.Name, "."))
	w.mu.Lock()
	w.asked[host]++
	w.mu.Unlock()
	m := new(dns.Msg)
	m.SetReply(r)
	m.RecursionAvailable = true
	name := q.Name
	var change func(q, answer *dns.Msg) *dns.Msg
	for range 20 {
		s, ok := w.site(host)
		if !ok {
			m.Rcode = dns.RcodeNameError
			break
		}
		if s.Mute {
			return
		}
		if s.DNS != nil {
			change = s.DNS
		}
		if m.Rcode = s.RCode; m.Rcode != dns.RcodeSuccess {
			break
		}
		if s.CNAME == "" {
			m.Answer = append(m.Answer, records(name, q.Qtype, s)...)
			break
		}
		m.Answer = append(m.Answer, &dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: dns.Fqdn(s.CNAME)})
		host, name = s.CNAME, dns.Fqdn(s.CNAME)
	}
	if change != nil {
		if m = change(r, m); m == nil {
			return
		}
	}
	if _, udp := rw.LocalAddr().(*net.UDPAddr); udp {
		m.Truncate(1232)
	}
	_ = rw.WriteMsg(m) // who asked may be gone
}

// records are the addresses of a site of the type that was asked for.
func records(name string, typ uint16, s Site) (rrs []dns.RR) {
	addrs := s.Addrs
	if addrs == nil {
		addrs = []netip.Addr{Local}
	}
	for _, a := range addrs {
		switch {
		case typ == dns.TypeA && a.Is4():
			rrs = append(rrs, &dns.A{Hdr: header(name, typ), A: a.AsSlice()})
		case typ == dns.TypeAAAA && a.Is6():
			rrs = append(rrs, &dns.AAAA{Hdr: header(name, typ), AAAA: a.AsSlice()})
		}
	}
	return rrs
}

// header is that of a record, with no time to live: nothing may be kept from test to
// test.
func header(name string, typ uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: typ, Class: dns.ClassINET, Ttl: 0}
}
