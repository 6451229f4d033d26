package probe

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"faultline"
)

// How long a check may take, and from when on an answer is late.
const (
	// The limits of single steps add up to more than checkLimit: a check that spends all of one
	// step may still end before the last step. It bounds how long a
	// sick site holds its place in the schedule.
	checkLimit   = 10 * time.Second
	resolveLimit = 5 * time.Second
	consentLimit = 5 * time.Second
	connectLimit = 4 * time.Second
	slowAfter    = 6 * time.Second
	// expiresSoon is when the end of a certificate is news.
	expiresSoon = 24 * time.Hour
)

const (
	maxRedirects = 10
	maxArrivals  = 2 // at one place in one state; at the next it is a loop
	// An ETag is kept for every site, so its length is bounded. A longer one is dropped, which
	// costs one full page at the next check.
	maxETag = 128
	maxVia  = 16 // of the API
)

// CheckerConfig is what a checker needs. Resolver, Guard and Agent are required: who is
// asked for names, where it may connect to, and as what it presents itself.
type CheckerConfig struct {
	Resolver *Resolver
	Guard    *Guard
	Ports    Ports            // zero: StandardPorts; must be those of the guard
	Roots    *x509.CertPool   // nil: the system's
	Grounds  Grounds          // nil: nothing is known of what is seen
	Agent    string           // the User-Agent, with a page that explains it
	Now      func() time.Time // nil: the world's clock
	// Patience is how many times longer than usual each step may take, for machines
	// that do more than check; 0: once.
	Patience int
}

// Checker checks sites. It is safe for concurrent use. It holds no state of single
// sites; what an earlier check found comes with the [Task].
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
	patience int // a factor
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
		dialer:   net.Dialer{Control: cfg.Guard.Control, KeepAlive: -1, FallbackDelay: -1},
		patience: max(1, cfg.Patience),
	}
	c.verifier.fetch = c.fetchIssuer
	if cfg.Grounds != nil {
		c.headers = cfg.Grounds.Headers()
	}
	return c
}

// checkRun is one check under way, owned by one goroutine.
type checkRun struct {
	c       *Checker
	task    Task
	buf     *buffers
	obs     Observation
	seen    Observation // of the way in that led furthest
	ph      Phases
	at      place
	note    string // of an answer that is well
	cookies cookies
	service *Service
	h2      bool // HTTP/2 was needed
}

// longer is a limit stretched by the checker's patience.
func (c *Checker) longer(limit time.Duration) time.Duration { return time.Duration(c.patience) * limit }

// The buffers come from a pool and must be given back.
func (c *Checker) newCheckRun(t Task) *checkRun {
	l := &checkRun{c: c, task: t, buf: bufferPool.Get().(*buffers)}
	l.buf.patience = c.longer(bodyPatience)
	return l
}

// saveSeen and restoreSeen keep the observation of the address at which the check got furthest.
// Later attempts overwrite obs, and what they saw must not be published with an outcome that
// another attempt had.
func (l *checkRun) saveSeen()    { l.seen = l.obs }
func (l *checkRun) restoreSeen() { l.obs = l.seen }

// Check checks one site and says what came of it. It takes ten seconds at most,
// or as long as ctx lets it.
func (c *Checker) Check(ctx context.Context, t Task) Result {
	l := c.newCheckRun(t)
	defer l.buf.free()
	// Consent is asked before the clock of the check starts: reading robots.txt must not make a
	// slow site count as failing.
	if t.Consent {
		if l.declines(ctx) {
			return Result{Declined: true, Probe: faultline.Probe{Site: t.Site}}
		}
		l.readService(ctx)
	}
	// The time of a probe is that of its beginning, so that a slow failure counts for the minute in
	// which the site was asked. Durations come from the monotonic clock.
	at := faultline.Millis(c.now())
	ctx, cancel := context.WithTimeout(ctx, c.longer(checkLimit))
	defer cancel()
	began := time.Now()
	a, err := l.walk(ctx, "/")
	l.ph.Total = time.Since(began)
	l.obs.Site, l.obs.At, l.obs.Service = t.Site, at, l.service
	r := Result{
		Observation: l.obs,
		Phases:      l.ph,
		Probe:       faultline.Probe{At: at, Site: t.Site},
		HTTP2:       l.h2 || l.task.HTTP2,
	}
	if err == nil {
		r.Observation.Status, r.Observation.Header = a.status, c.kept(a.header)
		r.Observation.Issuer, r.Observation.CertificateEnds = a.cert.issuer, a.cert.ends
		// A redirect may have led to a host of somebody else. The end of that certificate says
		// nothing about this site.
		if host := r.Observation.Host; !a.cert.ends.IsZero() && (host == t.Site || host == "www."+t.Site) {
			r.Probe.CertificateEnds = faultline.Millis(a.cert.ends)
		}
	}
	if c.grounds != nil {
		via := c.grounds.Via(&r.Observation)
		r.Probe.Via = via[:min(len(via), maxVia)]
	}
	if err != nil {
		r.Probe.Symptom, r.Probe.Detail = judgeError(err)
		return r
	}
	l.judge(&r, &a)
	return r
}

// readService asks for the host's HTTPS record (RFC 9460), as rarely as for consent. A
// host that says it has no HTTP/1.1 is then asked by HTTP/2 at once.
func (l *checkRun) readService(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.c.longer(resolveWait))
	defer cancel()
	service, err := l.c.resolver.HTTPS(ctx, l.task.Site)
	if err != nil || service == nil {
		return // most hosts have none
	}
	l.service = service
	l.task.HTTP2 = l.task.HTTP2 || service.NoDefault
}

// judge makes the outcome of an answer that was followed to its end, and keeps what the
// next check needs if the site is well.
func (l *checkRun) judge(r *Result, a *answer) {
	onCDN := false
	for _, v := range r.Probe.Via {
		onCDN = onCDN || v.Kind() == faultline.KindCDN
	}
	// The time to the first byte decides what is slow. How long the body takes depends on its size
	// more than on the health of the site.
	took := l.ph.DNS + l.ph.Connect + l.ph.TLS + l.ph.FirstByte
	r.Probe.Status, r.Probe.LatencyMS = a.status, int(took.Milliseconds())
	r.Probe.Symptom, r.Probe.Detail = judgeAnswer(a, onCDN, faultline.APIHost(l.task.Site))
	if a.status > 599 || a.status < 100 {
		r.Probe.Status = 0 // no status of HTTP
	}
	if r.Probe.Symptom != faultline.SymptomOK {
		return
	}
	if took > l.c.longer(slowAfter) {
		r.Probe.Symptom = faultline.SymptomSlow
		return
	}
	r.Probe.Detail = l.note
	// A certificate that is about to end is worth more to the reader than a missing address family,
	// so its detail replaces the other one.
	if ends := a.cert.ends; !ends.IsZero() && ends.Sub(l.c.now()) < expiresSoon {
		r.Probe.Detail = detailExpiring
	}
	if !hasQuery(l.at.path) { // a path with a query may be this visit's alone
		r.Entry = l.at.url()
	}
	if tag := a.header.get("ETag"); len(tag) <= maxETag && printable(tag) {
		r.ETag = tag
	}
}

// hasQuery reports whether a path has a query or a fragment.
func hasQuery(path string) bool {
	for _, c := range []byte(path) {
		if c == '?' || c == '#' {
			return true
		}
	}
	return false
}

// printable reports whether s can stand in a header line as it is. What a server sends comes back
// to it in the next request, so bytes that end a line must not get through.
func printable(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// state is where a walk is and with what: a browser that comes back to it is in
// a loop.
type state struct{ url, cookies string }

// walk enters a site and goes where redirects lead, to the end. It fails with an error
// of this package that judgeError knows.
func (l *checkRun) walk(ctx context.Context, path string) (answer, error) {
	a, err := l.enter(ctx, path)
	if err != nil {
		return answer{}, err
	}
	arrivals := map[state]int(nil)
	baked := false
	for hops := 0; ; hops++ {
		to, where := l.sentOn(&a)
		switch {
		// The order matters: a challenge may come as a redirect, and is refused before anybody
		// follows it.
		case where == leadsNowhere:
			return a, nil
		case isChallenge(&a):
			return a, nil
		case where == leadsWrong:
			return answer{}, &followError{detailLocation}
		case where == leadsAway:
			return answer{}, &unknownError{detailElsewhere}
		case hops == maxRedirects:
			return answer{}, &unknownError{detailRedirects}
		}
		if arrivals == nil {
			// Most answers redirect nowhere, so the map is made only now.
			arrivals = map[state]int{{l.at.url(), ""}: 1}
		}
		baked = l.cookies.set(l.at, a.header, l.c.now()) || baked
		next := state{to.url(), l.cookies.line(to)}
		if arrivals[next]++; arrivals[next] > maxArrivals {
			// Redirects that set cookies in a circle may end in a browser, which runs scripts.
			// Without cookies the circle has no way out for anybody.
			if baked {
				return answer{}, &unknownError{detailCookies}
			}
			return answer{}, &followError{detailLoop}
		}
		// The ETag is of the page at the first address. Sent to another one, a 304 would mean
		// nothing.
		l.task.ETag = ""
		if a, err = l.ask(ctx, to); err != nil {
			return answer{}, err
		}
	}
}

// ask asks a place, and once more with all that browsers offer if the first answer
// looks as if that might help.
func (l *checkRun) ask(ctx context.Context, p place) (answer, error) {
	a, err := l.askOnce(ctx, p)
	if !p.secure || l.task.HTTP2 || !wantsModern(&a, err) || ctx.Err() != nil {
		return a, err
	}
	// The first attempt offers HTTP/1.1 and classic key shares, which are cheaper. Only a server
	// that seems to want more is asked again, so that the rare case does not make every check
	// dearer.
	before := l.obs
	l.task.HTTP2 = true
	modern, failure := l.askOnce(ctx, p)
	l.task.HTTP2 = false
	if failure != nil || wantsModern(&modern, nil) {
		l.obs = before
		if err == nil { // its buffer is gone; its status says it all
			a.body, a.header = nil, fields{}
		}
		return a, err
	}
	l.h2 = l.h2 || modern.h2
	return modern, nil
}

// askOnce resolves the host of a place and asks it. Nothing is cached between checks,
// so each proves DNS again.
func (l *checkRun) askOnce(ctx context.Context, p place) (answer, error) {
	l.at, l.obs.Host, l.obs.Addr = p, p.host, netip.Addr{}
	began := time.Now()
	resolving, cancel := context.WithTimeout(ctx, l.c.longer(resolveLimit))
	found, err := l.c.resolver.lookup(resolving, p.host, l.task.IPv6Works)
	cancel()
	l.ph.DNS += time.Since(began)
	l.obs.Chain, l.obs.Addrs = found.Chain, found.Addrs
	if err != nil {
		var dns *DNSError
		// The limit of the whole check ran out, or only that of resolving. The first is a timeout
		// of the check, the second one of DNS.
		if ctx.Err() != nil && !errors.As(err, &dns) {
			err = &stepError{StepResolve, ctx.Err()}
		} else if !errors.As(err, &dns) {
			err = &DNSError{dnsTimeout, p.host}
		}
		return answer{}, err
	}
	addrs := l.order(found.Addrs)
	if len(addrs) == 0 {
		return answer{}, &guardedError{errors.New("no address of it may be connected to")}
	}
	a, err := l.exchange(ctx, p, addrs, l.task.HTTP2)
	var broken *stepError
	// This vantage has no IPv6 and the site nothing else: no visitor over IPv4 could reach it
	// either, but a visitor with IPv6 can. A refusal still counts, because something answered.
	if errors.As(err, &broken) && broken.step == StepConnect && !l.task.IPv6Works && noneIs4(addrs) &&
		errorWord(broken.err) != connectRefused {
		return answer{}, &unknownError{detailNoIPv6}
	}
	// The first address is of the family that was wanted. That another family answered means that
	// no address of the wanted one accepted a connection.
	if err == nil && l.obs.Addr.Is4() != addrs[0].Is4() {
		l.note = map[bool]string{true: detailNoIPv6, false: detailNoIPv4}[l.obs.Addr.Is4()]
	}
	return a, err
}

// noneIs4 reports whether all addresses are IPv6.
func noneIs4(addrs []netip.Addr) bool {
	for _, a := range addrs {
		if a.Is4() {
			return false
		}
	}
	return true
}

// kept copies the headers that an observation carries, since the answer's own point
// into a buffer; nil when there are none.
func (c *Checker) kept(h fields) http.Header {
	var out http.Header
	for _, name := range c.headers {
		if values := h.all(name); values != nil {
			if out == nil {
				out = make(http.Header, 4)
			}
			out[name] = values
		}
	}
	return out
}
