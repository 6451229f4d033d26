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
	dnsRefused   = "refused"   // the resolver does not want to tell
	dnsTimeout   = "timeout"   // the resolver did not answer
	dnsMalformed = "malformed" // its answer makes no sense
)

// DNSError says why a name could not be resolved.
type DNSError struct{ Kind, Name string }

func (e *DNSError) Error() string { return fmt.Sprintf("resolve %s: %s", e.Name, e.Kind) }

const (
	resolveTries = 3               // over all servers in turn
	resolveWait  = time.Second     // for the first; each later one waits longer
	resolveStep  = time.Second / 2 // by so much
	maxChain     = 16              // names behind a name (CNAME)
	maxHostAddrs = 32              // addresses of one name
)

// Resolver asks recursive resolvers over sockets that many questions share. It
// keeps nothing: the recursive resolver caches, and a fault of DNS must be seen
// when it happens. It never asks the C library, which reads 127.1 and 0x7f000001
// as names. It is safe for concurrent use.
type Resolver struct {
	servers []*server
	next    atomic.Uint32
}

// NewResolver returns a resolver that asks those servers, in turn. They are the
// operator's choice and not guarded.
func NewResolver(servers ...netip.AddrPort) (*Resolver, error) {
	if len(servers) == 0 {
		return nil, errors.New("no resolver to ask")
	}
	r := &Resolver{}
	for _, s := range servers {
		r.servers = append(r.servers, &server{addr: s})
	}
	return r, nil
}

// Answer is what a name resolves to.
type Answer struct {
	Chain []string     // names that the asked one stands for, in order
	Addrs []netip.Addr // IPv4 first
}

// Lookup asks for the IPv4 and IPv6 addresses of a host at once. The error is a
// [DNSError], or the context's.
func (r *Resolver) Lookup(ctx context.Context, host string) (Answer, error) {
	v4, v6 := newQuestion(host, dnsmessage.TypeA), newQuestion(host, dnsmessage.TypeAAAA)
	if v4 == nil || v6 == nil {
		return Answer{}, &DNSError{dnsMalformed, host}
	}
	defer v4.free()
	defer v6.free()
	s := r.pick()
	sent4, sent6 := s.send(v4, true), s.send(v6, true)
	err4, err6 := r.finish(ctx, s, v4, sent4), r.finish(ctx, s, v6, sent6)
	if err4 != nil && err6 != nil {
		return Answer{}, worse(err4, err6)
	}
	a := Answer{Chain: v4.reply.chain, Addrs: append(v4.reply.addrs, v6.reply.addrs...)}
	if len(a.Chain) == 0 {
		a.Chain = v6.reply.chain
	}
	if len(a.Addrs) == 0 {
		if err := worse(err4, err6); err != nil {
			return Answer{}, err // half an answer is no evidence that there is no address
		}
		return a, &DNSError{dnsNoData, host}
	}
	return a, nil
}

// NS returns the name servers of a zone, without dots at the end.
func (r *Resolver) NS(ctx context.Context, zone string) ([]string, error) {
	q := newQuestion(zone, dnsmessage.TypeNS)
	if q == nil {
		return nil, &DNSError{dnsMalformed, zone}
	}
	defer q.free()
	s := r.pick()
	if err := r.finish(ctx, s, q, s.send(q, true)); err != nil {
		return nil, err
	}
	return q.reply.names, nil
}

func (r *Resolver) pick() *server {
	return r.servers[int(r.next.Load())%len(r.servers)]
}

// finish waits for the answer to a question that was sent, and asks again, the
// other servers too, when there is none or it says that the server is in trouble.
func (r *Resolver) finish(ctx context.Context, s *server, q *question, err error) error {
	wait := resolveWait
	for try := 1; ; try++ {
		if err == nil {
			err = s.await(ctx, q, wait)
		}
		var dns *DNSError
		if err == nil || ctx.Err() != nil || try == resolveTries || errors.As(err, &dns) && final(dns.Kind) {
			return err
		}
		if len(r.servers) > 1 {
			r.next.Add(1) // the others should begin with the next one, too
			s = r.servers[(indexOf(r.servers, s)+1)%len(r.servers)]
		} else if errors.As(err, &dns) && dns.Kind != dnsTimeout && try == 2 {
			return err // the only server has said so twice
		}
		wait += resolveStep
		q.again()
		err = s.send(q, try < resolveTries-1)
	}
}

// final reports whether nobody else need be asked.
func final(kind string) bool { return kind == dnsNXDomain || kind == dnsNoData }

func indexOf(all []*server, s *server) int {
	for i := range all {
		if all[i] == s {
			return i
		}
	}
	return 0
}

// worse returns the error that says more: that a name does not exist, before
// that a server is in trouble, before that there was no answer.
func worse(a, b error) error {
	rank := func(err error) int {
		var dns *DNSError
		switch {
		case err == nil:
			return 0
		case !errors.As(err, &dns), dns.Kind == dnsTimeout:
			return 1
		case dns.Kind == dnsNXDomain:
			return 3
		}
		return 2
	}
	if rank(a) >= rank(b) {
		return a
	}
	return b
}

// question is one question on its way, and its answer.
type question struct {
	host  string
	typ   dnsmessage.Type
	wire  []byte // header, question and nothing else yet
	id    uint16
	sock  *socket
	done  chan struct{} // gets one token when the answer is there
	reply reply
	mixed bool // the case of its letters was drawn and must come back
	buf   [512]byte
}

// reply is what an answer says.
type reply struct {
	err       error
	truncated bool
	chain     []string
	addrs     []netip.Addr
	names     []string // of NS
}

func trimDot(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
