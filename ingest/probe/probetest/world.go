package probetest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"faultline"
	"faultline/ingest/probe"
)

// Local is where sites live unless they say otherwise; nothing listens at Dead.
var (
	Local  = netip.MustParseAddr("127.0.0.1")
	Local6 = netip.MustParseAddr("::1")
	Dead   = netip.MustParseAddr("127.0.0.2")
)

// Loopback is what a guard must allow to reach a World.
var Loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// Site is one host of the world, with all that is odd about it.
type Site struct {
	CNAME string       // stands for another host
	Addrs []netip.Addr // default: Local; empty and not nil: a name without address
	RCode int          // of every question for it (RFC 1035 section 4.1.1)
	Mute  bool         // the DNS server does not answer
	// DNS changes the answer to a question; nil: there is none.
	DNS func(q, answer *dns.Msg) *dns.Msg

	Issuer string // organisation that signs its certificate; default: Good Authority
	// Bad is what is wrong with its certificate or handshake: expired, expiring,
	// name, chain, incomplete (an intermediate one is not sent), unlinked (nor is it
	// said where that is) or protocol.
	Bad     string
	RSA     bool              // its key is one, so that RSA key exchange can be had
	TLS     func(*tls.Config) // changes how it shakes hands
	OnlyH2  bool              // it speaks HTTP/2 alone, and refuses who does not offer it
	Plain   bool              // nothing listens for HTTPS
	Handler http.HandlerFunc
	Raw     func(net.Conn) // instead of Handler, behind the handshake
	// RawRequest is as Raw, with the request that came.
	RawRequest func(net.Conn, *http.Request)
}

// World is the internet as the test has it.
type World struct {
	Ports    probe.Ports
	Resolver netip.AddrPort
	Roots    *x509.CertPool

	t     testing.TB
	mu    sync.Mutex
	sites map[string]Site
	hits  map[string]int
	asked map[string]int
	certs *authority
}

// Start makes a world without sites, which ends with the test.
func Start(t testing.TB) *World {
	t.Helper()
	w := &World{
		t:     t,
		sites: map[string]Site{},
		hits:  map[string]int{},
		asked: map[string]int{},
		certs: newAuthority(t),
	}
	w.Roots = w.certs.roots
	w.Resolver = w.startDNS(t)
	w.Put(issuerHost, Site{Handler: w.serveIssuer})
	plain, secure := listen(t), listen(t)
	w.Ports = probe.Ports{HTTP: plain.port, HTTPS: secure.port}
	for _, l := range plain.all {
		serve(t, l, w.serveHTTP)
	}
	for _, l := range secure.all {
		serve(
			t,
			tls.NewListener(l, &tls.Config{GetConfigForClient: w.configFor, SessionTicketsDisabled: true}),
			w.serveHTTP,
		)
	}
	return w
}

// listeners are those of one port, on IPv4 and IPv6.
type listeners struct {
	port uint16
	all  []net.Listener
}

// listen takes one port on both families, because a site's addresses of both share it.
func listen(t testing.TB) listeners {
	t.Helper()
	for range portTries { // another process may have the port of the other family
		v4, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := v4.Addr().(*net.TCPAddr).AddrPort().Port()
		v6, err := net.Listen("tcp", netip.AddrPortFrom(Local6, port).String())
		if err != nil {
			v4.Close()
			continue
		}
		return listeners{port, []net.Listener{v4, v6}}
	}
	t.Fatal("no port that is free on IPv4 and IPv6")
	return listeners{}
}

// serve answers on a listener until the test ends.
func serve(t testing.TB, l net.Listener, h http.HandlerFunc) {
	s := &http.Server{Handler: h, ErrorLog: discard}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }() // ends with the listener
	t.Cleanup(func() { s.Close(); <-done })
}

// Put adds a site or changes it, from the next question or connection on.
func (w *World) Put(host string, s Site) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sites[host] = s
}

// Hits counts the requests that a host was sent.
func (w *World) Hits(host string) int { w.mu.Lock(); defer w.mu.Unlock(); return w.hits[host] }

// Asked counts the questions for a name.
func (w *World) Asked(host string) int { w.mu.Lock(); defer w.mu.Unlock(); return w.asked[host] }

// site is the host of a name, as Put has made it.
func (w *World) site(host string) (Site, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sites[host]
	return s, ok
}

// serveHTTP answers a request by what its site says, and counts it. A name that is no
// site is answered as an unknown host.
func (w *World) serveHTTP(rw http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ":")
	host = strings.TrimSuffix(host, ".")
	s, ok := w.site(host)
	w.mu.Lock()
	w.hits[host]++
	w.mu.Unlock()
	switch {
	case s.Raw != nil || s.RawRequest != nil:
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		if s.RawRequest != nil {
			s.RawRequest(conn, r)
			return
		}
		s.Raw(conn)
	case s.Handler != nil && r.URL.Path != "/robots.txt":
		s.Handler(rw, r)
	case !ok || r.URL.Path != "/":
		http.NotFound(rw, r)
	default:
		_, _ = rw.Write([]byte("<title>" + host + "</title>"))
	}
}

// configFor picks the certificate that a host shows.
func (w *World) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	s, ok := w.site(hello.ServerName)
	if !ok || s.Plain {
		return nil, net.ErrClosed
	}
	cfg := &tls.Config{
		Certificates:           []tls.Certificate{w.certs.certificate(hello.ServerName, s)},
		SessionTicketsDisabled: true,
	}
	if s.Bad == "protocol" {
		cfg.MaxVersion, cfg.MinVersion = tls.VersionTLS11, tls.VersionTLS10
	}
	if s.OnlyH2 {
		cfg.NextProtos = []string{"h2"}
		if !slices.Contains(hello.SupportedProtos, "h2") { // Go would let HTTP/1.1 in
			cfg.NextProtos = []string{"none of yours"}
		}
	}
	if s.TLS != nil {
		s.TLS(cfg)
	}
	return cfg, nil
}

// RootsFile writes the authority's certificate, for SSL_CERT_FILE.
func (w *World) RootsFile() string {
	w.t.Helper()
	name := filepath.Join(w.t.TempDir(), "roots.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.certs.root.Raw})
	if err := os.WriteFile(name, block, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return name
}

// patience is how many times longer than in life a check of the world may take:
// a busy machine must not make an outcome.
const patience = 3

// Checker checks the world from loopback.
func (w *World) Checker(grounds probe.Grounds) *probe.Checker {
	w.t.Helper()
	return w.CheckerBy(grounds, w.Resolver)
}

// CheckerBy is Checker, with other resolvers.
func (w *World) CheckerBy(grounds probe.Grounds, resolvers ...netip.AddrPort) *probe.Checker {
	w.t.Helper()
	resolver, err := probe.NewResolver(resolvers...)
	if err != nil {
		w.t.Fatal(err)
	}
	return probe.NewChecker(
		probe.CheckerConfig{Resolver: resolver.Patient(patience), Guard: probe.NewGuard(Loopback, nil, w.Ports),
			Ports: w.Ports, Roots: w.Roots, Agent: "Faultline/test (+http://127.0.0.1/prober)", Grounds: grounds,
			Patience: patience},
	)
}

// Probe checks a site once and returns what a vantage would report of it.
func (w *World) Probe(c *probe.Checker, site string) faultline.Probe {
	return c.Check(w.t.Context(), probe.Task{Site: site}).Probe
}
