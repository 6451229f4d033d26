package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Why a name has no address. They are also the details of probes with symptom
// dns; a resolver that does not answer at all is "timeout".
const (
	dnsNXDomain  = "nxdomain"  // the name does not exist (RFC 2308 section 2.1)
	dnsNoData    = "nodata"    // it does, without an address
	dnsServFail  = "servfail"  // whoever should know it is in trouble
	dnsBogus     = "dnssec"    // its signatures are wrong (RFC 4035 section 5.5)
	dnsRefused   = "refused"   // the resolver does not want to say
	dnsTimeout   = "timeout"   // the resolver did not answer
	dnsMalformed = "malformed" // its answer makes no sense
)

// DNSError says why a name could not be resolved. Kind is one of the details above.
type DNSError struct{ Kind, Name string }

// Error names the host and the kind.
func (e *DNSError) Error() string { return fmt.Sprintf("resolve %s: %s", e.Name, e.Kind) }

const (
	resolveWait = time.Second // for each round of questions but the last
	lastWait    = 3 * time.Second / 2
	// resolutionDelay is how long the other family has once there is an address of
	// one (RFC 8305 section 3).
	resolutionDelay = 50 * time.Millisecond
	maxChain        = 16 // names behind a name (CNAME)
	maxHostAddrs    = 32 // addresses of one name
)

// Resolver asks recursive resolvers over sockets that many questions share. It keeps
// nothing: the recursive resolver caches, and a fault of DNS must be seen when it
// happens. It never asks the C library, which reads 127.1 and 0x7f000001 as names. It
// is safe for concurrent use.
//
// Each of servers has state of its own: whether it fails with EDNS, and its open
// socket. next is which of them is asked first; it moves on when the second answers
// better.
type Resolver struct {
	servers  []*server
	next     atomic.Uint32
	faults   atomic.Int64
	patience int // a factor
}

// Faults counts the names that one of the servers failed to answer and another answered:
// faults of a server and not of the names.
func (r *Resolver) Faults() int64 { return r.faults.Load() }

// Patient makes the resolver wait so many times longer than usual for each
// answer. It is for before the first question.
func (r *Resolver) Patient(times int) *Resolver {
	r.patience = max(1, times)
	return r
}

// NewResolver returns a resolver that asks those servers, in turn. They are the
// operator's choice and not guarded.
func NewResolver(servers ...netip.AddrPort) (*Resolver, error) {
	if len(servers) == 0 {
		return nil, errors.New("no resolver to ask")
	}
	r := &Resolver{patience: 1}
	for _, s := range servers {
		r.servers = append(r.servers, &server{addr: s})
	}
	return r, nil
}

// Public resolvers of two operators, for a second opinion.
var (
	publicCloudflare = netip.MustParseAddrPort("1.1.1.1:53")
	publicGoogle     = netip.MustParseAddrPort("8.8.8.8:53")
)

// DefaultResolvers adds to a machine's own resolvers, of which one operator has
// all as a rule, a public one of another: a fault of either is then not taken for
// a fault of the sites.
func DefaultResolvers(own []netip.AddrPort) []netip.AddrPort {
	second := publicCloudflare
	for _, s := range own {
		a := s.Addr().Unmap().String()
		if strings.HasPrefix(a, "1.") || strings.HasPrefix(a, "2606:4700:4700:") {
			second = publicGoogle
		}
	}
	for _, s := range own {
		if s == second {
			return own
		}
	}
	if len(own) > 1 {
		return []netip.AddrPort{own[0], second, own[1]}
	}
	return append(append([]netip.AddrPort(nil), own...), second)
}

// Answer is what a name resolves to. Both families are asked for at once, as browsers
// do.
type Answer struct {
	Chain []string     // names that the asked one stands for, in order; also of a name that leads nowhere
	Addrs []netip.Addr // IPv4 first
}

// manner is how a question is asked.
type manner struct {
	mix  bool // letters in random case, which a forger has to guess
	edns bool // with an OPT record: some servers choke on it
	cd   bool // without checking signatures
	tcp  bool
}

// attempt is one try at an answer.
type attempt struct {
	manner
	other bool // by the next server, if there is one
	wait  time.Duration
}

// attempts are the tries, in order: by the next server, without EDNS, over TCP. An
// answer that there is no address is believed from the second try on, because servers
// are known that answer mixed case with NXDOMAIN, no data, an error or silence.
var attempts = []attempt{
	{manner{mix: true, edns: true}, false, resolveWait},
	{manner{edns: true}, true, resolveWait},
	{manner{}, false, resolveWait},
	{manner{tcp: true}, true, lastWait},
}

// Lookup asks for the IPv4 and IPv6 addresses of a host at once. The error is a
// [DNSError], or the context's.
func (r *Resolver) Lookup(ctx context.Context, host string) (Answer, error) {
	return r.lookup(ctx, host, false)
}

// lookup is Lookup. With sixWorks an IPv6 address alone need not wait for longer
// than a moment for an IPv4 one.
func (r *Resolver) lookup(ctx context.Context, host string, sixWorks bool) (Answer, error) {
	v4, v6 := newQuestion(host, dnsmessage.TypeA), newQuestion(host, dnsmessage.TypeAAAA)
	if v4 == nil || v6 == nil {
		return Answer{}, &DNSError{dnsMalformed, host}
	}
	defer v4.free()
	defer v6.free()
	err := r.resolve(ctx, sixWorks, v4, v6)
	a := Answer{Chain: v4.chain}
	if len(a.Chain) == 0 {
		a.Chain = v6.chain
	}
	if err != nil {
		return a, err
	}
	a.Addrs = append(v4.reply.addrs, v6.reply.addrs...)
	return a, nil
}

// NS returns the name servers of a zone, without dots at the end.
func (r *Resolver) NS(ctx context.Context, zone string) ([]string, error) {
	q := newQuestion(zone, dnsmessage.TypeNS)
	if q == nil {
		return nil, &DNSError{dnsMalformed, zone}
	}
	defer q.free()
	if err := r.resolve(ctx, false, q); err != nil {
		return nil, err
	}
	return q.reply.names, nil
}

// HTTPS returns the HTTPS record of a host (RFC 9460), nil when it has none.
func (r *Resolver) HTTPS(ctx context.Context, host string) (*Service, error) {
	q := newQuestion(host, dnsmessage.TypeHTTPS)
	if q == nil {
		return nil, &DNSError{dnsMalformed, host}
	}
	defer q.free()
	var dns *DNSError
	err := r.resolve(ctx, false, q)
	if errors.As(err, &dns) && final(dns.Kind) {
		return nil, nil
	}
	return q.reply.service, err
}

// resolve asks until one of the questions has what it asks for, or there is reason
// enough to believe that none will. The error is then the one that says most, see
// worse.
func (r *Resolver) resolve(ctx context.Context, sixWorks bool, qs ...*question) error {
	// why is the error that says most so far, bad the newest one. bad is also what the server that
	// answers afterwards learns from.
	begin := int(r.next.Load())
	var why, bad error
	var failed *server // that did not reply
	for i, try := range attempts {
		s := r.servers[begin%len(r.servers)]
		if try.other {
			s = r.servers[(begin+1)%len(r.servers)]
		}
		how := try.manner
		how.edns = how.edns && !s.avoidsEDNS()
		// SERVFAIL is what a validating resolver answers for wrong signatures. Asking without the
		// check tells this apart from name servers that are down.
		if i == len(attempts)-1 && isServFail(why) {
			return s.suspectSignatures(ctx, sixWorks, why, qs)
		}
		err := s.ask(ctx, how, time.Duration(r.patience)*try.wait, sixWorks, qs)
		if err == nil {
			s.learn(how, bad)
			// Another server answered what this one did not, so the fault is the server's. It is
			// counted, and no site is blamed for it.
			if failed != nil && failed != s {
				r.faults.Add(1)
			}
			if try.other {
				r.next.Add(1) // the others should begin with this one, too
			}
			return nil
		}
		if bad = err; !replied(err) {
			failed = s
		}
		if ctx.Err() != nil {
			return err
		}
		if i == 0 {
			continue // in mixed case: not believed
		}
		var dns *DNSError
		if why = worse(why, err); errors.As(err, &dns) && final(dns.Kind) {
			return err
		}
	}
	return why
}

// replied reports whether a server said something of the name, whatever that was.
func replied(err error) bool {
	var dns *DNSError
	return errors.As(err, &dns) && (final(dns.Kind) || dns.Kind == dnsServFail)
}

// final reports whether an answer says that there is nothing.
func final(kind string) bool { return kind == dnsNXDomain || kind == dnsNoData }

// isServFail reports whether the servers of the name are in trouble.
func isServFail(err error) bool {
	var dns *DNSError
	return errors.As(err, &dns) && dns.Kind == dnsServFail
}

// worse returns the error that says more: that a name does not exist, before
// that it has no address, before that a server is in trouble, before that there
// was no answer.
func worse(a, b error) error {
	rank := func(err error) int {
		var dns *DNSError
		switch {
		case err == nil:
			return 0
		case !errors.As(err, &dns), dns.Kind == dnsTimeout:
			return 1
		case dns.Kind == dnsNXDomain:
			return 4
		case dns.Kind == dnsNoData:
			return 2 // half an answer is no evidence that there is no address
		}
		return 3
	}
	if rank(a) >= rank(b) {
		return a
	}
	return b
}

// trimDot writes a name as this package compares names: lower case, without the dot of
// the root.
func trimDot(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
