package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"faultline"
	"faultline/ingest/probe"
)

// What the checks must cost, as ratios of the CPU time of the standard library at the same
// work.
const (
	// HTTPS is dominated by the handshake's arithmetic, which both sides share: its ratio
	// is the harder one to lower.
	probeHTTPTarget  = 0.38
	probeHTTPSTarget = 0.46
	probeDNSTarget   = 0.13
	probeHTTPChecks  = 3000 // a round
	probeHTTPSChecks = 600
	probeDNSLookups  = 6000
	probeWorkers     = 32
	// Two looks at one moment are at different sites, as in life: Go's resolver
	// answers those who ask for the same name with one answer.
	probeHosts  = 256
	probeDomain = ".example.net"
)

// probeHost names one of the sites.
var probeHost = func() (names [probeHosts]string) {
	for i := range names {
		names[i] = fmt.Sprint("s", i, probeDomain)
	}
	return names
}()

// measureProbe measures what one check costs this process in CPU time, a new connection each,
// beside the standard library's client and resolver at the same work. The targets run in a
// process of their own. Both sides open a new connection for each check, because a check that
// reuses one would not see that a site has stopped taking them.
func measureProbe(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	target, err := startTarget(ctx)
	if err != nil {
		return nil, err
	}
	defer target.stop()
	r, err := newProbeRun(target)
	if err != nil {
		return nil, err
	}
	var figures []figure
	for _, c := range []struct {
		name, limit string
		target      float64
		ours, peer  func(ctx context.Context) (float64, error)
	}{
		{"probe.http", "http.Client without keep-alive, the same request", probeHTTPTarget, r.ours(false),
			r.client(false)},
		{"probe.https", "http.Client without keep-alive, the same request", probeHTTPSTarget, r.ours(true),
			r.client(true)},
		{"probe.dns", "net.Resolver.LookupNetIP (pure Go) of the same names", probeDNSTarget, r.lookup, r.goLookup},
	} {
		fmt.Fprintf(log, "%s: %d rounds\n", c.name, opt.Rounds)
		// One round of ours is thrown away. The standard library's side needs none: it
		// keeps nothing between checks.
		if _, err := c.ours(ctx); err != nil { // warm: pools, verified chains
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		m, err := measure(ctx, opt.Rounds, mode{"faultline", c.ours}, mode{"standard library", c.peer})
		if err != nil {
			return nil, err
		}
		figures = append(figures, probeFigure(c.name, c.limit, c.target, m))
	}
	// What a check costs says nothing without what it gets right, so that both figures
	// belong to one group.
	wrong, err := measureCorpus(ctx, log)
	if err != nil {
		return nil, err
	}
	more, err := measureSchedule(ctx, opt, log)
	return append(append(figures, wrong), more...), err
}

// probeFigure is the CPU time of a check as a multiple of the least that Go needs for
// it. A ratio can be compared between machines; the microseconds are kept beside it for
// people.
func probeFigure(name, limit string, target float64, m measurement) figure {
	ours, peer := m.series[0], m.series[1]
	ratio := ours.median() / peer.median()
	f := figure{Name: name, Value: ratio, Target: target, Better: lower, OK: meets(ratio, target, lower),
		Unit: "of the limit's CPU time", Limit: limit, Runs: len(ours), Spread: m.widest(),
		Detail: map[string]any{"us_each": ours.median(), "limit_us_each": peer.median()}}
	if m.inconclusive {
		f.Detail["verdict"] = "inconclusive"
	}
	return f
}

// probeRun has the ways of doing the same checks.
type probeRun struct {
	t        *target
	checker  *probe.Checker
	resolver *probe.Resolver
	goDNS    *net.Resolver
	std      *http.Client
}

// newProbeRun prepares both sides for one target: the prober, and the standard
// library's client and resolver, which is told to use the target's name server.
// Compression is off on both sides, since it would measure gzip.
func newProbeRun(t *target) (*probeRun, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(t.Roots)) {
		return nil, errors.New("the target's certificate can't be read")
	}
	resolver, err := probe.NewResolver(t.DNS)
	if err != nil {
		return nil, err
	}
	ports := probe.Ports{HTTP: t.HTTP, HTTPS: t.HTTPS}
	// The guard refuses loopback addresses otherwise, since a check must never reach the
	// machine's own services.
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	r := &probeRun{t: t, resolver: resolver}
	r.checker = probe.NewChecker(probe.CheckerConfig{Resolver: resolver, Guard: probe.NewGuard(loopback, nil, ports),
		Ports: ports, Roots: roots, Agent: "bench"})
	var d net.Dialer
	// PreferGo keeps the C library out, whose lookups are not counted in the same way and
	// ignore Dial.
	r.goDNS = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return d.DialContext(ctx, network, t.DNS.String())
	}}
	dialer := &net.Dialer{Resolver: r.goDNS}
	r.std = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: dialer.DialContext,
		// A new connection for each request, as a check makes one.
		DisableKeepAlives:  true,
		DisableCompression: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
	return r, nil
}

// each does n checks on probeWorkers goroutines and returns the CPU time of one, in
// microseconds. One failed check makes the round void, since failing is often cheaper.
func each(ctx context.Context, n int, check func(ctx context.Context, i int) error) (float64, error) {
	cpu, err := ownCPU(func() error {
		// The workers take numbers from one counter, so that none idles while another has
		// work left.
		var next, failed atomic.Int64
		var first atomic.Pointer[error]
		var all sync.WaitGroup
		for range probeWorkers {
			all.Go(func() {
				for {
					i := int(next.Add(1)) - 1
					if i >= n || ctx.Err() != nil || failed.Load() > 0 { // one failure makes it void
						return
					}
					if err := check(ctx, i); err != nil {
						failed.Add(1)
						// The first error is the one that says why; those after it are mostly its
						// consequences.
						first.CompareAndSwap(nil, &err)
					}
				}
			})
		}
		all.Wait()
		if f := failed.Load(); f > 0 {
			return fmt.Errorf("void: %d of %d checks failed: %w", f, n, *first.Load())
		}
		return ctx.Err()
	})
	return float64(cpu.Microseconds()) / float64(n), err
}

// ours checks as the prober does on the second and every later check: a name, a connection, a
// request. One in eight has the key share that browsers offer (X25519MLKEM768), as in the
// prober, because that costs more CPU.
func (r *probeRun) ours(secure bool) func(ctx context.Context) (float64, error) {
	// Rounds over TLS have fewer checks, because each costs several times as much CPU and
	// a round should last about as long.
	n, scheme := probeHTTPChecks, "http://"
	if secure {
		n, scheme = probeHTTPSChecks, "https://"
	}
	return func(ctx context.Context) (float64, error) {
		return each(ctx, n, func(ctx context.Context, i int) error {
			site := probeHost[i%probeHosts]
			res := r.checker.Check(ctx, probe.Task{Site: site, Entry: scheme + site + "/", Hybrid: i%8 == 7})
			if res.Probe.Symptom != faultline.SymptomOK || res.Probe.Status != http.StatusOK {
				return fmt.Errorf("%+v", res.Probe)
			}
			return nil
		})
	}
}

// client is the limit: the same requests by the standard library's client.
func (r *probeRun) client(secure bool) func(ctx context.Context) (float64, error) {
	n, scheme, port := probeHTTPChecks, "http://", fmt.Sprint(":", r.t.HTTP, "/")
	if secure {
		n, scheme, port = probeHTTPSChecks, "https://", fmt.Sprint(":", r.t.HTTPS, "/")
	}
	return func(ctx context.Context) (float64, error) {
		return each(ctx, n, func(ctx context.Context, i int) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+probeHost[i%probeHosts]+port, nil)
			if err != nil {
				return err
			}
			resp, err := r.std.Do(req)
			if err != nil {
				return err
			}
			// The body is read to its end, as the checker reads it: what is left unread is
			// not paid for.
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		})
	}
}

// lookup resolves names with the prober's resolver. An answer without exactly one
// address is an error, so that a resolver which fails fast does not win.
func (r *probeRun) lookup(ctx context.Context) (float64, error) {
	return each(ctx, probeDNSLookups, func(ctx context.Context, i int) error {
		a, err := r.resolver.Lookup(ctx, probeHost[i%probeHosts])
		if err == nil && len(a.Addrs) != 1 {
			return fmt.Errorf("%v", a.Addrs)
		}
		return err
	})
}

// goLookup resolves the same names with Go's resolver. The dot at the end keeps Go from
// trying the search list of the machine.
func (r *probeRun) goLookup(ctx context.Context) (float64, error) {
	return each(ctx, probeDNSLookups, func(ctx context.Context, i int) error {
		a, err := r.goDNS.LookupNetIP(ctx, "ip", probeHost[i%probeHosts]+".")
		if err == nil && len(a) != 1 {
			return fmt.Errorf("%v", a)
		}
		return err
	})
}

// targetRole, in the environment, makes this program the target of the checks. The
// target must not share the process, or its CPU time would be counted as the checks'.
const targetRole = "BENCH_PROBE_TARGET"

// isTarget reports whether this process is to be the server that is checked.
func isTarget() bool { return strings.TrimSpace(os.Getenv(targetRole)) != "" }
