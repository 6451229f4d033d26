package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"faultline/ingest/infra"
	"faultline/ingest/probe"
)

// Observer checks a site once, for a person who wants to know why the map says what it
// says (infra explain). It asks a name server itself, because the system's resolver
// hides the chain of aliases. Unlike a prober it keeps nothing and judges nothing.
type Observer struct {
	server string
	client dns.Client
	// http and https are the ports that sites answer on.
	http, https string
	agent       string // the User-Agent
	// Allow are networks that may be asked although they are not the public internet.
	Allow []netip.Prefix
}

// NewObserver returns an Observer that asks one name server, HOST:PORT; empty: the
// first of the system's. userAgent is what it calls itself to sites. A name server
// without a port is refused and not completed with 53, as the DNS client is given the
// text as it is.
func NewObserver(server, userAgent string) (*Observer, error) {
	l := &Observer{server: server, http: "80", https: "443", agent: userAgent}
	if server != "" {
		if _, _, err := net.SplitHostPort(server); err != nil {
			return nil, fmt.Errorf("resolver: %w", err)
		}
		return l, nil
	}
	// The file of resolv.conf(5); on a system that has none, a name server must be
	// named.
	conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil || len(conf.Servers) == 0 {
		return nil, errors.New("resolver: the system names no name server; name one")
	}
	l.server = net.JoinHostPort(conf.Servers[0], conf.Port)
	return l, nil
}

// maxAliasChain bounds a chain of aliases. RFC 1034 asks for a
// bound and names none; common resolvers stop after about as many.
const maxAliasChain = 16

// Observe asks DNS for the site, or its www. host where the site itself has no address,
// and then sends one request. What failed is told beside what was seen. An observation
// with half of its parts is still worth reading: a site whose name servers are down
// shows that at once.
func (l *Observer) Observe(ctx context.Context, site string) (infra.Observation, error) {
	o := infra.Observation{Host: site}
	var failures []error
	err := l.resolve(ctx, &o)
	if err == nil && len(o.Addrs) == 0 && !strings.HasPrefix(site, "www.") {
		o = infra.Observation{Host: "www." + site}
		err = l.resolve(ctx, &o)
	}
	if err == nil && len(o.Addrs) == 0 {
		err = fmt.Errorf("%s has no address", site)
	}
	failures = append(failures, err)
	if nsErr := l.nameServers(ctx, site, &o); err == nil { // else it is the same trouble
		failures = append(failures, nsErr)
	}
	if len(o.Addrs) > 0 {
		failures = append(failures, l.request(ctx, &o))
	}
	return o, errors.Join(failures...)
}

// ask asks the resolver for records of one kind. An answer that was cut off (TC) is
// asked for again over TCP, as RFC 7766 wants. It announces room for 1,232 bytes, which
// fits any path without fragments (DNS Flag Day 2020).
func (l *Observer) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(1232, false)
	answer, _, err := l.client.ExchangeContext(ctx, q, l.server)
	if err == nil && answer.Truncated {
		tcp := dns.Client{Net: "tcp"}
		answer, _, err = tcp.ExchangeContext(ctx, q, l.server)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s for %s: %w", l.server, name, err)
	}
	if answer.Rcode != dns.RcodeSuccess {
		return nil, fmt.Errorf("%s: %s", name, dns.RcodeToString[answer.Rcode])
	}
	return answer.Answer, nil
}

// resolve finds the chain and the addresses of the host. Both families are asked, since
// a provider may announce them from different networks.
func (l *Observer) resolve(ctx context.Context, o *infra.Observation) error {
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		answer, err := l.ask(ctx, o.Host, kind)
		if err != nil {
			return err
		}
		for _, rr := range answer {
			switch v := rr.(type) {
			case *dns.CNAME:
				o.CNAME = appendAlias(o.CNAME, kind, v.Target)
			case *dns.A:
				o.Addrs = appendAddr(o.Addrs, v.A)
			case *dns.AAAA:
				o.Addrs = appendAddr(o.Addrs, v.AAAA)
			}
		}
	}
	return nil
}

// appendAlias appends an alias of the chain to IPv4: that to IPv6 is the same one.
func appendAlias(chain []string, kind uint16, target string) []string {
	if kind != dns.TypeA || len(chain) >= maxAliasChain {
		return chain
	}
	return append(chain, strings.TrimSuffix(target, "."))
}

// appendAddr appends an address in its short form, so that ::ffff:192.0.2.1 and 192.0.2.1
// are one.
func appendAddr(list []netip.Addr, ip net.IP) []netip.Addr {
	if addr, ok := netip.AddrFromSlice(ip); ok {
		return append(list, addr.Unmap())
	}
	return list
}

// nameServers finds those of the zone that the site lies in: the nearest name above
// that has any. A host such as www.example.com has no servers of its own; the search
// cuts one label at a time and ends before the top-level domain, whose servers are not
// the site's choice.
func (l *Observer) nameServers(ctx context.Context, site string, o *infra.Observation) error {
	for zone := site; strings.Contains(zone, "."); _, zone, _ = strings.Cut(zone, ".") {
		answer, err := l.ask(ctx, zone, dns.TypeNS)
		if err != nil {
			return err
		}
		for _, rr := range answer {
			if ns, ok := rr.(*dns.NS); ok {
				o.NS = append(o.NS, infra.NameServer{Host: strings.TrimSuffix(ns.Ns, "."), Addrs: l.addressesOf(ctx,
					ns.Ns)})
			}
		}
		if len(o.NS) > 0 {
			return nil
		}
	}
	return nil
}

// addressesOf finds where a name server stands; none when it can't be found. It asks
// for IPv4 only: one address is enough to know whose network a server stands in.
func (l *Observer) addressesOf(ctx context.Context, host string) (list []netip.Addr) {
	answer, err := l.ask(ctx, host, dns.TypeA)
	if err != nil {
		return nil
	}
	for _, rr := range answer {
		if a, ok := rr.(*dns.A); ok {
			list = appendAddr(list, a.A)
		}
	}
	return list
}

// guard refuses what no probe may connect to either: a name that somebody hands
// over must not lead into this machine's own network.
func (l *Observer) guard() (*probe.Guard, error) {
	own, err := probe.OwnAddresses()
	if err != nil {
		return nil, err
	}
	var ports [2]uint16
	for i, s := range []string{l.http, l.https} {
		port, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("port %q: %w", s, err)
		}
		ports[i] = uint16(port)
	}
	return probe.NewGuard(l.Allow, own, probe.Ports{HTTP: ports[0], HTTPS: ports[1]}), nil
}

// request asks the host for its front page, over TLS or else without, at the
// addresses that were found, and keeps the head of the answer. The certificate is
// looked at and not judged: this finds out who issued it, not whether it is good.
func (l *Observer) request(ctx context.Context, o *infra.Observation) error {
	guard, err := l.guard()
	if err != nil {
		return err
	}
	var issuer string
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			// The guard sees the address that the system is about to connect to. A
			// check of the name before that could be passed by a second answer of DNS.
			d := net.Dialer{Control: guard.Control}
			return d.DialContext(ctx, network, net.JoinHostPort(o.Addrs[0].String(), port))
		},
		//nolint:gosec // the certificate is read, to know its issuer, and not judged
		TLSClientConfig: &tls.Config{ServerName: o.Host, InsecureSkipVerify: true,
			VerifyConnection: func(s tls.ConnectionState) error {
				if name := s.PeerCertificates[0].Issuer; len(name.Organization) > 0 {
					issuer = name.Organization[0]
				} else {
					issuer = name.CommonName
				}
				return nil
			}},
		DisableKeepAlives: true,
	}
	// A redirect is an answer of this host, and its headers say who sent it. To follow
	// it would observe another host.
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request,
		[]*http.Request) error {
		return http.ErrUseLastResponse
	}}
	var failures []error
	// The name is in the URL, so that the Host field and the name in TLS are right; the
	// address comes from DialContext above.
	for _, url := range []string{"https://" + o.Host + ":" + l.https + "/", "http://" + o.Host + ":" + l.http + "/"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		req.Host = o.Host
		req.Header.Set("User-Agent", l.agent)
		res, err := client.Do(req)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		res.Body.Close()
		o.Header, o.Issuer = res.Header, issuer
		return nil
	}
	return errors.Join(failures...)
}
