package node

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline/pace"
	"faultline/store/storetest"
	"faultline/trace"
	"faultline/trace/tracetest"
)

// tracedBy has a node send its spans to a collector. No trace is kept but those that are asked for.
func tracedBy(t *testing.T, c *tracetest.Collector, instance string) func(*Config) {
	t.Helper()
	tracer, err := trace.New(trace.Config{Endpoint: c.URL, Instance: instance, Every: 10 * time.Millisecond,
		Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tracer.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(cfg *Config) { cfg.Tracer = tracer }
}

// The trace and the span that a caller of these tests is in.
const (
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
)

// traced sends a request whose caller wants it traced.
func (r *running) traced(method, path, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, bytes.NewBufferString(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "secret-agent")
	req.Header.Set("Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	req.Header.Set("Tracestate", "vendor=secret-state")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		r.t.Fatalf("%s %s is answered %d", method, path, resp.StatusCode)
	}
}

// named are the spans of a name, of one process or, for "", of any.
func named(spans []tracetest.Span, name, instance string) []tracetest.Span {
	return slices.DeleteFunc(slices.Clone(spans), func(s tracetest.Span) bool {
		return s.Name != name || instance != "" && s.Instance != instance
	})
}

// One report can be followed from the request of its caller through the door and the log into the
// fold of both nodes, and by the link of the tick that weighed it to the snapshots of both, and to
// a reader.
func TestAReportIsTracedFromTheDoorToReaders(t *testing.T) {
	url, c := storetest.Start(t), tracetest.Start(t)
	long := func(cfg *Config) { cfg.LeaseTTL = time.Minute }
	first := start(t, url, long, tracedBy(t, c, "first"))
	pace.Eventually(t, "the first leads", first.leads)
	second := start(t, url, long, tracedBy(t, c, "second"))
	second.traced(http.MethodPost, "/v1/reports", `{"site":"bbc.co.uk","symptom":"http_503"}`)
	pace.Eventually(t, "both nodes show a snapshot that it led to", func() bool {
		return len(named(c.Spans(), "show a snapshot", "first")) > 0 &&
			len(named(c.Spans(), "show a snapshot", "second")) > 0
	})
	second.traced(http.MethodGet, "/v1/sites/bbc.co.uk", "")
	const read = "GET /v1/sites/:site"
	pace.Eventually(t, "the read has its span", func() bool { return len(named(c.Spans(), read, "")) > 0 })
	all := c.Spans()
	one := func(name, instance string) tracetest.Span {
		t.Helper()
		found := named(all, name, instance)
		if len(found) != 1 {
			t.Fatalf("%d spans %q of %q in %s", len(found), name, instance, tree(all))
		}
		return found[0]
	}
	request := one("POST /v1/reports", "second")
	if request.Trace != callersTrace || request.Parent != callersSpan {
		t.Errorf("the request is in trace %s below %s", request.Trace, request.Parent)
	}
	door := one("take a report", "second")
	written := one("append to the log", "second")
	below(t, door, request)
	below(t, written, door)
	for _, node := range []string{"first", "second"} {
		folded := one("fold", node)
		below(t, folded, written)
		waited, weighed := one("await the tick that weighs", node), one("weigh at a tick", node)
		below(t, waited, folded)
		links(t, weighed, waited)
		links(t, waited, weighed)
		if weighed.Trace == callersTrace {
			t.Error("a tick, which serves all, is a part of one caller's trace")
		}
	}
	stored := one("store the view", "first")
	below(t, stored, one("weigh at a tick", "first"))
	below(t, one("show a snapshot", "first"), stored)
	below(t, one("show a snapshot", "second"), stored)
	links(t, one(read, "second"), one("show a snapshot", "second"))
	for _, secret := range []string{"127.0.0.1", "bbc", "secret"} {
		if text := fmt.Sprintf("%+v", all); strings.Contains(text, secret) {
			t.Errorf("the spans say %q: %s", secret, text)
		}
	}
}

// below holds a span to be a part of another one.
func below(t *testing.T, s, parent tracetest.Span) {
	t.Helper()
	if s.Trace != parent.Trace || s.Parent != parent.ID {
		t.Errorf("%q is not below %q", s.Name, parent.Name)
	}
}

// links holds a span to name another one.
func links(t *testing.T, s, to tracetest.Span) {
	t.Helper()
	if !slices.Contains(s.Links, to.ID) {
		t.Errorf("%q has no link to %q", s.Name, to.Name)
	}
}

// tree is what was sent, for a test that fails.
func tree(spans []tracetest.Span) string {
	var text strings.Builder
	for _, s := range spans {
		fmt.Fprintf(&text, "\n%s %s %s<%s %q %v", s.Instance, s.Trace[:4], s.ID[:4], s.Parent, s.Name, s.Links)
	}
	return text.String()
}
