package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/publicsuffix"

	"faultline"
	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
)

const (
	corpusWorkers = 16
	// blackboxLimit is how long Prometheus' blackbox exporter lets an HTTP probe take
	// by the configuration that it comes with.
	blackboxLimit = 5 * time.Second
)

// measureCorpus counts what checks make of the odd answers that a Chromium makes
// something else of, beside checks by net/http as Prometheus' blackbox exporter
// makes them, and what each costs. The servers run in this process: their share
// of the CPU time is the same for both.
func measureCorpus(ctx context.Context, log io.Writer) (figure, error) {
	answers, table := probetest.OddAnswers(), probetest.Chromium()
	fmt.Fprintf(log, "probe.wrong: %d odd answers\n", len(answers))
	b := &bed{ctx: ctx}
	defer b.end()
	w := probetest.Start(b)
	for _, o := range answers {
		w.Put(o.Host(), o.Site())
	}
	checker := w.Checker(nil)
	ours, err := judgeCorpus(ctx, answers, table, func(ctx context.Context, o probetest.Odd) faultline.Probe {
		return checker.Check(ctx, probe.Task{Site: o.Host(), Entry: address(o)}).Probe
	})
	if err != nil {
		return figure{}, err
	}
	peers, err := judgeCorpus(ctx, answers, table, func(ctx context.Context, o probetest.Odd) faultline.Probe {
		return blackbox(ctx, w, address(o))
	})
	if err != nil {
		return figure{}, err
	}
	wrong := float64(len(ours.wrong))
	return figure{
		Name: "probe.wrong", Value: wrong, Target: 0, Better: lower, OK: wrong == 0,
		Unit:  fmt.Sprintf("of %d odd answers read otherwise than a Chromium does", len(answers)),
		Limit: "net/http as the blackbox exporter uses it", Runs: 1,
		Detail: map[string]any{
			"wrong":                      ours.wrong,
			"limit_wrong":                len(peers.wrong),
			"us_each_with_servers":       ours.each,
			"limit_us_each_with_servers": peers.each,
		},
	}, nil
}

// address is the URL of an odd answer's site.
func address(o probetest.Odd) string {
	if o.Secure {
		return "https://" + o.Host() + "/"
	}
	return "http://" + o.Host() + "/"
}

// probed is what came of the corpus: the answers that were judged otherwise than by a
// browser, and the CPU time of each check.
type probed struct {
	wrong []string
	each  float64 // microseconds of CPU time
}

// judgeCorpus checks every odd answer and compares what check made of it with what a recorded
// Chromium made of it. Answers that never end get a time limit of their own.
func judgeCorpus(ctx context.Context, answers []probetest.Odd, table map[string]probetest.Browser,
	check func(context.Context, probetest.Odd) faultline.Probe,
) (probed, error) {
	var mu sync.Mutex
	var out probed
	cpu, err := ownCPU(func() error {
		todo := make(chan probetest.Odd)
		var all sync.WaitGroup
		for range corpusWorkers {
			all.Go(func() {
				for o := range todo {
					limited, cancel := context.WithTimeout(ctx, blackboxLimit*4)
					if table[o.Name].Hangs() {
						limited, cancel = context.WithTimeout(ctx, probetest.Hangs)
					}
					why := table[o.Name].Contradicts(o, check(limited, o))
					cancel()
					if why != "" {
						mu.Lock()
						out.wrong = append(out.wrong, o.Name+": "+why)
						mu.Unlock()
					}
				}
			})
		}
		for _, o := range answers {
			todo <- o
		}
		close(todo)
		all.Wait()
		return ctx.Err()
	})
	out.each = float64(cpu.Microseconds()) / float64(len(answers))
	return out, err
}

// blackbox checks as the HTTP prober of Prometheus' blackbox exporter does: a new transport
// for each probe, cookies, redirects, the whole body, and success for the statuses of 2xx. It
// is the tool that many people would use instead of ours.
func blackbox(ctx context.Context, w *probetest.World, url string) faultline.Probe {
	ctx, cancel := context.WithTimeout(ctx, blackboxLimit)
	defer cancel()
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return faultline.Probe{Symptom: faultline.SymptomOther}
	}
	dial := func(ctx context.Context, network, to string) (net.Conn, error) {
		port := w.Ports.HTTP
		if strings.HasSuffix(to, ":443") {
			port = w.Ports.HTTPS
		}
		var d net.Dialer
		return d.DialContext(ctx, network, netip.AddrPortFrom(probetest.Local, port).String())
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{RootCAs: w.Roots}, ForceAttemptHTTP2: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return faultline.Probe{Symptom: faultline.SymptomOther}
	}
	resp, err := client.Do(req)
	if err != nil {
		return faultline.Probe{Symptom: faultline.SymptomConnect}
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return faultline.Probe{Symptom: faultline.SymptomContent, Status: resp.StatusCode}
	}
	if resp.StatusCode/100 != 2 {
		return faultline.Probe{
			Symptom: faultline.Symptom(fmt.Sprint("http_", resp.StatusCode)),
			Status:  resp.StatusCode,
		}
	}
	return faultline.Probe{Symptom: faultline.SymptomOK, Status: resp.StatusCode}
}

// bed stands in for a test, because the small internet of probetest is made for tests and
// wants a testing.TB. Only the methods that it calls are there; any other would panic.
type bed struct {
	testing.TB
	ctx  context.Context
	ends []func()
}

// Helper has no meaning outside of a test.
func (b *bed) Helper() {}

// Context is the run's.
func (b *bed) Context() context.Context { return b.ctx }

// Cleanup notes what end is to call.
func (b *bed) Cleanup(f func()) { b.ends = append(b.ends, f) }

// Fatal panics: a small internet that does not start makes the run void.
func (b *bed) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// end calls the cleanups, the last one first.
func (b *bed) end() {
	for i := len(b.ends) - 1; i >= 0; i-- {
		b.ends[i]()
	}
}
