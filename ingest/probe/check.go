package probe

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"time"

	"faultline"
)

// How long a look may take, and from when on an answer is late.
const (
	checkLimit   = 10 * time.Second
	resolveLimit = 5 * time.Second
	consentLimit = 5 * time.Second
	connectLimit = 4 * time.Second // where there is another address to try
	slowAfter    = 6 * time.Second
)

const (
	maxRedirects = 3
	maxLocation  = 2 << 10
	maxETag      = 128
	maxVia       = 16 // of the door
)

// CheckerConfig is what a checker needs. Resolver, Guard and Agent are required.
type CheckerConfig struct {
	Resolver *Resolver
	Guard    *Guard
	Ports    Ports            // zero: StandardPorts; must be those of the guard
	Roots    *x509.CertPool   // nil: the system's
	Grounds  Grounds          // nil: nothing is known of what is seen
	Agent    string           // the User-Agent, with a page that explains it
	Now      func() time.Time // nil: the world's clock
}

// Checker looks at sites. It is safe for concurrent use.
type Checker struct {
	resolver *Resolver
	guard    *Guard
	ports    Ports
	grounds  Grounds
	headers  []string // that grounds asks for
	agent    string
	now      func() time.Time
	dialer   net.Dialer
	verifier *verifier
}

// NewChecker returns a checker. It reads no proxy from the environment: whatever
// a check connects to, the guard has seen.
func NewChecker(cfg CheckerConfig) *Checker {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Checker{
		resolver: cfg.Resolver, guard: cfg.Guard, ports: cmp.Or(cfg.Ports, StandardPorts), grounds: cfg.Grounds,
		agent: cfg.Agent, now: cfg.Now, verifier: newVerifier(cfg.Roots, cfg.Now),
		dialer: net.Dialer{Control: cfg.Guard.Control, KeepAlive: -1, FallbackDelay: -1},
	}
	if cfg.Grounds != nil {
		c.headers = cfg.Grounds.Headers()
	}
	return c
}

// look is one task under way.
type look struct {
	c    *Checker
	task Task
	buf  *buffers
	obs  Observation
	ph   Phases
	at   place
	note string // of an answer that is well
}

// Check looks at one site and says what it saw. It takes ten seconds at most, or
// as long as ctx lets it.
func (c *Checker) Check(ctx context.Context, t Task) Result {
	l := &look{c: c, task: t, buf: bufferPool.Get().(*buffers)}
	defer bufferPool.Put(l.buf)
	if t.Consent && l.declines(ctx) {
		return Result{Declined: true, Probe: faultline.Probe{Site: t.Site}}
	}
	at := faultline.Millis(c.now())
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	began := time.Now()
	a, err := l.follow(ctx, l.starts("/"))
	l.ph.Total = time.Since(began)
	l.obs.Site, l.obs.At = t.Site, at
	r := Result{Observation: l.obs, Phases: l.ph, Probe: faultline.Probe{At: at, Site: t.Site}}
	if err == nil {
		r.Observation.Status, r.Observation.Header, r.Observation.Issuer = a.status, c.kept(a.header), a.cert
	}
	if c.grounds != nil {
		via := c.grounds.Via(&r.Observation)
		r.Probe.Via = via[:min(len(via), maxVia)]
	}
	if err != nil {
		r.Probe.Symptom, r.Probe.Detail = judgeError(ctx, err)
		return r
	}
	l.judge(&r, a)
	return r
}

// judge makes the outcome of an answer.
func (l *look) judge(r *Result, a answer) {
	onCDN := false
	for _, v := range r.Probe.Via {
		onCDN = onCDN || v.Kind() == faultline.KindCDN
	}
	took := l.ph.DNS + l.ph.Connect + l.ph.TLS + l.ph.FirstByte
	r.Probe.Status, r.Probe.LatencyMS = a.status, int(took.Milliseconds())
	r.Probe.Symptom, r.Probe.Detail = judgeAnswer(a.status, a.header, a.body, onCDN)
	if r.Probe.Status > 599 {
		r.Probe.Status = 0 // no status of HTTP
	}
	if r.Probe.Symptom != faultline.SymptomOK {
		return
	}
	switch {
	case a.short:
		r.Probe.Symptom, r.Probe.Detail = faultline.SymptomContent, detailShort
		return
	case took > slowAfter:
		r.Probe.Symptom = faultline.SymptomSlow
		return
	}
	r.Probe.Detail = l.note
	if !strings.ContainsAny(l.at.path, "?#") { // a path with a query may be this visit's alone
		r.Entry = l.at.url()
	}
	if tag := a.header.Get("ETag"); len(tag) <= maxETag && printable(tag) {
		r.ETag = tag
	}
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// starts are the places where a look may begin, the likeliest first.
func (l *look) starts(path string) []place {
	if p, ok := placeOf(l.task.Entry); ok && path == "/" {
		return []place{p}
	}
	all := []place{{true, l.task.Site, path}, {false, l.task.Site, path}}
	if !strings.HasPrefix(l.task.Site, "www.") {
		all = append(all, place{true, "www." + l.task.Site, path}, place{false, "www." + l.task.Site, path})
	}
	return all
}

// follow asks the first of the places that there is, and goes where it is sent.
func (l *look) follow(ctx context.Context, starts []place) (answer, error) {
	var a answer
	var first error
	for i := 0; i < len(starts); i++ {
		var err error
		if a, err = l.ask(ctx, starts[i]); err == nil {
			first = nil
			break
		}
		if first == nil {
			first = err
		}
		next := another(err)
		for i+1 < len(starts) && !next(starts[i], starts[i+1]) {
			i++
		}
		if next == nil || i+1 == len(starts) {
			return answer{}, first
		}
	}
	for range maxRedirects {
		to, ok := l.sentOn(a)
		if !ok {
			return a, nil
		}
		l.task.ETag = ""
		var err error
		if a, err = l.ask(ctx, to); err != nil {
			return answer{}, err
		}
	}
	if _, more := l.sentOn(a); more {
		l.note = detailRedirects
	}
	return a, nil
}

// another says which of the places behind one that failed is worth a try: the
// www. host of a name without address, the plain port where nothing listens on
// the other.
func another(err error) func(failed, next place) bool {
	var dns *DNSError
	refused := errorWord(err) == connectRefused
	switch {
	case errors.As(err, &dns) && final(dns.Kind):
		return func(failed, next place) bool { return next.host != failed.host }
	case refused:
		return func(failed, next place) bool { return next.host == failed.host && failed.secure }
	}
	return func(place, place) bool { return false }
}

// ask resolves the host of a place and asks it at one address, or at another one
// where nothing could be connected to.
func (l *look) ask(ctx context.Context, p place) (answer, error) {
	l.at, l.obs.Host, l.obs.Addr = p, p.host, noAddr
	began := time.Now()
	resolving, cancel := context.WithTimeout(ctx, resolveLimit)
	found, err := l.c.resolver.Lookup(resolving, p.host)
	cancel()
	l.ph.DNS += time.Since(began)
	l.obs.Chain, l.obs.Addrs = found.Chain, found.Addrs
	if err != nil {
		if ctx.Err() == nil && resolving.Err() == context.DeadlineExceeded {
			err = &DNSError{dnsTimeout, p.host}
		}
		return answer{}, err
	}
	addrs := l.choose(found.Addrs)
	if len(addrs) == 0 {
		return answer{}, &guardedError{errors.New("no address of it may be connected to")}
	}
	for i, addr := range addrs {
		l.obs.Addr = addr
		trying, cancel := ctx, context.CancelFunc(func() {})
		if i+1 < len(addrs) {
			trying, cancel = context.WithTimeout(ctx, connectLimit)
		}
		var a answer
		a, err = l.c.exchange(trying, addr, p, l.task, l.buf, &l.ph)
		cancel()
		var broken *brokenAt
		if err == nil || !errors.As(err, &broken) || broken.layer != layerConnect || ctx.Err() != nil {
			if err == nil && i > 0 && addr.Is4() != addrs[0].Is4() {
				l.note = map[bool]string{true: "no_ipv6", false: "no_ipv4"}[addr.Is4()]
			}
			return a, err
		}
	}
	return answer{}, err
}
