package agent

import (
	"faultline/ingest/infra"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// nameServer answers on loopback from a zone file.
func nameServer(t *testing.T, zone string) string {
	t.Helper()
	records := map[string][]dns.RR{}
	parser := dns.NewZoneParser(strings.NewReader(zone), ".", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		name := rr.Header().Name
		records[name] = append(records[name], rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		follow(records, answer, q.Question[0].Name, q.Question[0].Qtype)
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return conn.LocalAddr().String()
}

// follow adds what a resolver answers: the chain of aliases and where it ends.
func follow(records map[string][]dns.RR, answer *dns.Msg, name string, kind uint16) {
	if len(records[name]) == 0 {
		answer.Rcode = dns.RcodeNameError
	}
	for _, rr := range records[name] {
		if rr.Header().Rrtype == kind {
			answer.Answer = append(answer.Answer, rr)
		} else if alias, ok := rr.(*dns.CNAME); ok {
			answer.Answer = append(answer.Answer, rr)
			follow(records, answer, alias.Target, kind)
		}
	}
}

// A site on loopback that shows itself as Fastly does, under a certificate that a
// test made.
func TestAnObserverSeesWhatThereIs(t *testing.T) {
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "www.gazette.com" {
			t.Errorf("asked for %s", r.Host)
		}
		w.Header().Set("X-Served-By", "cache-lhr-egll1980040-LHR")
		http.Redirect(w, r, "https://elsewhere.com/", http.StatusFound)
	}))
	defer front.Close()
	_, port, err := net.SplitHostPort(front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewObserver(nameServer(t, `
gazette.com. 60 IN NS ns1.gazette.com.
gazette.com. 60 IN NS dns1.p01.nsone.net.
ns1.gazette.com. 60 IN A 192.0.2.53
www.gazette.com. 60 IN CNAME gazette.map.fastly.net.
gazette.map.fastly.net. 60 IN A 127.0.0.1
`), "Faultline/test")
	if err != nil {
		t.Fatal(err)
	}
	l.https = port
	if o, err := l.Observe(t.Context(), "gazette.com"); err == nil || o.Header != nil {
		t.Errorf("a site on this machine was asked: %v", err)
	}
	l.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	o, err := l.Observe(t.Context(), "gazette.com")
	if err != nil {
		t.Fatal(err)
	}
	if o.Host != "www.gazette.com" || !slices.Equal(o.CNAME, []string{"gazette.map.fastly.net"}) ||
		len(o.Addrs) != 1 || o.Issuer != "Acme Co" ||
		len(o.NS) != 2 || o.NS[0].Host != "ns1.gazette.com" || o.NS[0].Addrs[0].String() != "192.0.2.53" {
		t.Errorf("%+v", o)
	}
	table, err := infra.BuiltinSignatures()
	if err != nil {
		t.Fatal(err)
	}
	m, err := infra.NewMatcher(table, infra.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	o.Site = "gazette.com"
	var out strings.Builder
	infra.Print(&out, infra.MergedCatalog{}, o, m.Infer(o))
	for _, want := range []string{
		"gazette.com, seen ",
		"cdn:fastly\n    cname   gazette.map.fastly.net  [fastly.net]\n    header  X-Served-By: " +
			"cache-lhr-egll1980040-LHR",
		"dns:gazette.com, 50 % of it, the site's own\n    ns      ns1.gazette.com  [own zone]",
		"dns:ns1, 50 % of it\n    ns      dns1.p01.nsone.net", "pop:fastly/lhr\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
