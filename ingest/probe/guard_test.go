package probe_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"faultline"
	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
)

// hostile are addresses that no probe may reach: special purposes by the IANA
// registries, metadata services of clouds, and IPv4 dressed up as IPv6.
var hostile = strings.Fields(`
0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.1.2.3 10.255.255.255 100.64.0.0 100.64.0.1 100.100.100.200 100.127.255.255
127.0.0.0 127.0.0.1 127.0.1.1 127.1.1.1 127.255.255.255 169.254.0.0 169.254.0.1 169.254.169.253 169.254.169.254 169.254.170.2 169.254.255.255
172.16.0.0 172.16.0.1 172.17.0.1 172.20.10.1 172.31.255.255 192.0.0.0 192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170 192.0.0.171 192.0.0.192
192.0.2.0 192.0.2.1 192.0.2.255 192.31.196.1 192.52.193.1 192.88.99.1 192.88.99.2 192.168.0.0 192.168.0.1 192.168.1.1 192.168.100.1 192.168.255.255
192.175.48.1 198.18.0.0 198.18.0.1 198.19.255.255 198.51.100.0 198.51.100.7 203.0.113.0 203.0.113.255 224.0.0.1 224.0.0.251 239.255.255.250
240.0.0.1 250.1.2.3 255.255.255.254 255.255.255.255 168.63.129.16
:: ::1 ::2 ::127.0.0.1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:192.168.1.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1
64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::808:808 64:ff9b:1::1 64:ff9b:1::a9fe:a9fe 100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
2001:1::1 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:db8::1 2001:db8:ffff::1 2002::1 2002:7f00:1::1 2002:a9fe:a9fe::1
2002:c0a8:101::1 2620:4f:8000::1 3fff::1 3fff:fff::1 4000::1 5f00::1 8000::1 fc00::1 fc00:ec2::254 fd00::1 fd00:ec2::254 fd20:ce::254 fdff:ffff::1
fe80::1 fe80::a9fe:a9fe febf::1 fec0::1 feff::1 ff00::1 ff01::1 ff02::1 ff02::fb ff05::1:3 ff0e::1 fe80::1%eth0 ff02::1%lo 2001:db8::1%eth0`)

// public are addresses of the open internet.
var public = strings.Fields(`
1.1.1.1 1.0.0.1 8.8.8.8 8.8.4.4 9.9.9.9 4.2.2.2 13.32.0.1 13.107.42.14 17.253.144.10 20.112.52.29 23.1.1.1 31.13.64.35 34.64.4.1 35.190.0.1 40.76.4.15
45.60.0.1 52.84.0.1 54.230.1.1 64.233.160.1 66.220.144.1 91.198.174.192 93.184.216.34 99.84.0.1 100.63.255.255 100.128.0.1 104.16.132.229 128.0.0.1
151.101.1.69 157.240.1.35 169.253.255.255 169.255.0.1 172.15.255.255 172.32.0.1 172.217.0.1 185.199.108.153 191.255.255.255 192.0.1.1 192.167.255.255
192.169.0.1 198.17.255.255 198.20.0.1 199.232.0.1 203.0.112.1 216.58.192.1 223.255.255.254
2606:4700::6810:84e5 2a04:4e42::81 2001:4860:4860::8888 2620:fe::fe 2600:9000:2000::1 2a03:2880:f003::1`)

// spellings are what people write for addresses that are none by the rules; C
// libraries read them as 127.0.0.1.
var spellings = []string{
	"127.1",
	"127.0.1",
	"2130706433",
	"0x7f000001",
	"0x7f.1",
	"017700000001",
	"0177.0.0.1",
	"0177.1",
	"127.0.0.1.",
	"[::1]",
	"[::ffff:127.0.0.1]",
	"localhost",
	"localhost.",
	"0",
	"①②⑦.⓪.⓪.①",
}

func TestGuardAgainstTheCorpus(t *testing.T) {
	g := probe.NewGuard(
		nil,
		[]netip.Addr{netip.MustParseAddr("5.9.8.7"), netip.MustParseAddr("2a01:4f8::7")},
		probe.StandardPorts,
	)
	blocked, through := 0, 0
	refuse := func(network, address string) {
		t.Helper()
		if g.Control(network, address, nil) == nil {
			t.Errorf("%s %s is let through", network, address)
		}
		blocked++
	}
	for _, a := range append(hostile, "5.9.8.7", "2a01:4f8::7") {
		for _, port := range []string{"80", "443"} {
			refuse(network(a), net.JoinHostPort(a, port))
		}
	}
	for _, port := range []string{"0", "1", "22", "25", "53", "79", "81", "444", "2375", "3306", "6379", "8080", "8443",
		"9200", "11211", "65535"} {
		refuse("tcp4", "1.1.1.1:"+port)
		refuse("tcp6", "[2606:4700::1111]:"+port)
	}
	for _, n := range []string{"udp4", "udp6", "unix", "tcp", "ip4", ""} {
		refuse(n, "1.1.1.1:443")
	}
	for _, a := range public {
		for _, port := range []string{"80", "443"} {
			if err := g.Control(network(a), net.JoinHostPort(a, port), nil); err != nil {
				t.Errorf("%s is refused: %v", a, err)
			}
		}
		through++
	}
	t.Logf("%d refused, %d public addresses let through", blocked, through)
	if blocked < 200 || through < 50 {
		t.Error("the corpus has shrunk: at least 200 and 50")
	}
}

func network(addr string) string {
	if strings.Contains(addr, ":") {
		return "tcp6"
	}
	return "tcp4"
}

// noAllowance is a checker that may reach the public internet alone, in a world
// where every name leads elsewhere.
func noAllowance(t *testing.T, w *probetest.World) *probe.Checker {
	t.Helper()
	resolver, err := probe.NewResolver(w.Resolver)
	if err != nil {
		t.Fatal(err)
	}
	return probe.NewChecker(
		probe.CheckerConfig{
			Resolver: resolver,
			Guard:    probe.NewGuard(nil, nil, w.Ports),
			Ports:    w.Ports,
			Roots:    w.Roots,
			Agent:    "test",
		},
	)
}

func TestNamesThatLeadInsideAreNotConnectedTo(t *testing.T) {
	for _, proxy := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(proxy, "http://127.0.0.1:1") // would take the request where the guard can't see
	}
	w := probetest.Start(t)
	c := noAllowance(t, w)
	for i, a := range hostile {
		addr := netip.MustParseAddr(a).WithZone("")
		host, alias := fmt.Sprintf("h%d.net", i), fmt.Sprintf("a%d.net", i)
		w.Put(host, probetest.Site{Addrs: []netip.Addr{addr}})
		w.Put(alias, probetest.Site{CNAME: host})
		for _, task := range []probe.Task{{Site: host}, {Site: host, IPv6: true}, {Site: alias},
			{Site: alias, IPv6: true}} {
			r := c.Check(t.Context(), task)
			if r.Probe.Symptom != faultline.SymptomBlocked || r.Probe.Detail != "guard" ||
				r.Observation.Addr.IsValid() {
				t.Errorf("%s: %+v", addr, r.Probe)
			}
		}
	}
	for _, s := range spellings {
		if r := c.Check(t.Context(), probe.Task{Site: s}); r.Probe.Symptom != faultline.SymptomDNS {
			t.Errorf("%q: %+v", s, r.Probe)
		}
	}
}

func TestRedirectsThatLeadInside(t *testing.T) {
	w := probetest.Start(t)
	var reached atomic.Int32
	w.Put("inside.net", probetest.Site{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.3")},
		Handler: func(http.ResponseWriter, *http.Request) { reached.Add(1) }})
	var to atomic.Pointer[string]
	w.Put("site.net", probetest.Site{Handler: func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header()["Location"] = []string{*to.Load()}
		rw.WriteHeader(http.StatusFound)
	}})
	// Only site.net's own address may be reached.
	resolver, err := probe.NewResolver(w.Resolver)
	if err != nil {
		t.Fatal(err)
	}
	guard := probe.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil, w.Ports)
	c := probe.NewChecker(
		probe.CheckerConfig{Resolver: resolver, Guard: guard, Ports: w.Ports, Roots: w.Roots, Agent: "test"},
	)
	for _, location := range []string{"https://inside.net/", "//inside.net/", "https://127.0.0.3/",
		"http://169.254.169.254/latest/meta-data/",
		"https://[::1]/", "file:///etc/passwd", "gopher://inside.net/", "https://inside.net:6379/",
		"https://user:pw@inside.net/",
		"http://inside.net/", "https://2130706433/", "https://0x7f000001/", "https://127.1/",
		"https://x/" + strings.Repeat("a", 10_000),
		"https://site.net\\@inside.net/", "https://inside.net%00.site.net/", "/\r\nX: y", "javascript:alert(1)",
		"https://site.net/"} {
		to.Store(&location)
		r := c.Check(t.Context(), probe.Task{Site: "site.net"})
		inside := r.Observation.Addr.IsValid() && r.Observation.Addr != probetest.Local
		if s := r.Probe.Symptom; inside ||
			s != faultline.SymptomBlocked && s != faultline.SymptomDNS && r.Probe.Detail != "loop" &&
				r.Probe.Detail != "location" {
			t.Errorf("%.60q: %+v", location, r.Probe)
		}
	}
	if reached.Load() != 0 || w.Hits("inside.net") != 0 {
		t.Error("a redirect was followed inside")
	}
}

// TestRebinding has the answers change between every question and every dial:
// what was looked at must be what is connected to.
func TestRebinding(t *testing.T) {
	inside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	var connects atomic.Int32
	go func() {
		for {
			conn, err := inside.Accept()
			if err != nil {
				return
			}
			connects.Add(1)
			conn.Close()
		}
	}()
	port := inside.Addr().(*net.TCPAddr).AddrPort().Port()
	w := probetest.Start(t)
	ports := probe.Ports{HTTP: port, HTTPS: port}
	resolver, err := probe.NewResolver(w.Resolver)
	if err != nil {
		t.Fatal(err)
	}
	c := probe.NewChecker(
		probe.CheckerConfig{
			Resolver: resolver,
			Guard:    probe.NewGuard(nil, nil, ports),
			Ports:    ports,
			Agent:    "test",
		},
	)
	private := []netip.Addr{probetest.Local, probetest.Local6, netip.MustParseAddr("::ffff:127.0.0.1")}
	// Nothing answers at a public address here: whoever dials one hears so at once.
	unreachable := netip.MustParseAddr("192.0.2.77")
	for i := range 10_000 {
		addrs := []netip.Addr{unreachable}
		if i%2 == 1 {
			addrs = []netip.Addr{private[i%3], unreachable}
		}
		if i%3 == 1 {
			w.Put("rebind.net", probetest.Site{CNAME: "target.net"})
			w.Put("target.net", probetest.Site{Addrs: addrs})
		} else {
			w.Put("rebind.net", probetest.Site{Addrs: addrs})
		}
		r := c.Check(t.Context(), probe.Task{Site: "rebind.net", IPv6: i%5 == 0})
		if r.Probe.Symptom != faultline.SymptomBlocked {
			t.Fatalf("round %d: %+v", i, r.Probe)
		}
	}
	if n := connects.Load(); n != 0 {
		t.Errorf("%d connections were made inside", n)
	}
}

// TestTheGuardIsAskedAtTheConnection has the list of addresses pass, and the
// dialer refuse: the second line holds without the first.
func TestTheGuardIsAskedAtTheConnection(t *testing.T) {
	g := probe.NewGuard(nil, nil, probe.StandardPorts)
	d := net.Dialer{Control: g.Control}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, a := range []string{"127.0.0.1:80", "[::1]:443", "169.254.169.254:80"} {
		conn, err := d.DialContext(ctx, "tcp", a)
		if err == nil {
			conn.Close()
			t.Errorf("%s was dialled", a)
		}
		if op := (*net.OpError)(nil); !errors.As(err, &op) {
			t.Errorf("%s: %v", a, err)
		}
	}
}
