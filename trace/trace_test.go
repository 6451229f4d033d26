package trace

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"faultline/pace"
	"faultline/trace/tracetest"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// open returns a tracer that sends to c, and the registry of its metrics.
func open(t *testing.T, c *tracetest.Collector, change ...func(*Config)) (*Tracer, *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewRegistry()
	cfg := Config{Endpoint: c.URL, Every: time.Millisecond, Ratio: 1, Now: func() time.Time { return noon },
		Log: slog.New(slog.DiscardHandler), Registry: reg}
	for _, f := range change {
		f(&cfg)
	}
	tracer, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tracer.Close(); err != nil {
			t.Error(err)
		}
	})
	return tracer, reg
}

// count is the metric of one outcome.
func count(t *testing.T, reg *prometheus.Registry, outcome string) int {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "faultline_trace_spans_total" && m.GetLabel()[0].GetValue() == outcome {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	t.Fatalf("no metric of %s", outcome)
	return 0
}

// What is off costs nothing: no allocation where work would be traced.
func TestOffAllocatesNothing(t *testing.T) {
	var off *Tracer
	ctx, header := t.Context(), http.Header{"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}
	got := testing.AllocsPerRun(100, func() {
		in, span := off.Receive(ctx, header, "a")
		in, inner := off.Start(in, "b")
		inner.Set("k", "v")
		inner.Count("n", 1)
		inner.Fail("why")
		inner.End()
		spans := off.Children(nil, "c")
		if in = spans.Carry(span.Carry(in)); in != ctx || Carried(in) != nil {
			t.Error("something is carried")
		}
		spans.Count("n", 1)
		spans.End()
		span.Link(off.Child(Context{}, "d").Context())
		off.Gather(nil, "e", noon).End()
		span.End()
	})
	if got != 0 {
		t.Errorf("%g allocations", got)
	}
}

func TestWhatTheLogCarriesIsReadBack(t *testing.T) {
	var all []Context
	for i := range byte(MaxCarried + 3) {
		all = append(all, Context{trace: [16]byte{1, i}, span: [8]byte{2, i}})
	}
	if got := Unpack(string(Pack(all[:3]...))); !slices.Equal(got, all[:3]) {
		t.Errorf("got %v", got)
	}
	if got := Unpack(string(Pack(all...))); !slices.Equal(got, all[:MaxCarried]) {
		t.Errorf("of too many %d are carried", len(got))
	}
	if Pack() != nil {
		t.Error("none are some bytes")
	}
	whole := string(Pack(all[:2]...))
	for _, damaged := range []string{"", "\x01", "\x02" + whole[1:], whole[:len(whole)-1], strings.Repeat("\x00", 25),
		"\x01" + strings.Repeat("\x00", 24)} {
		if got := Unpack(damaged); len(got) > 0 {
			t.Errorf("%q is read as %v", damaged, got)
		}
	}
	if got := Unpack("\x01" + strings.Repeat("\x07", 24*1000)); len(got) != MaxCarried {
		t.Errorf("%d are read", len(got))
	}
}

// As many traces begin in a second as the bounds allow, whatever the share and whatever callers
// ask for; what goes on from a kept span is kept without counting.
func TestTracesAreBounded(t *testing.T) {
	c := tracetest.Start(t)
	var seconds atomic.Int64
	tracer, reg := open(t, c, func(cfg *Config) {
		cfg.Now = func() time.Time { return noon.Add(time.Duration(seconds.Load()) * time.Second) }
	})
	asked := http.Header{"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}
	kept := 0
	begin := func(h http.Header) {
		ctx, span := tracer.Receive(t.Context(), h, "request")
		_, inner := tracer.Start(ctx, "inside")
		if (span == nil) != (inner == nil) {
			t.Error("a trace is kept in part")
		}
		if span != nil {
			kept++
		}
		inner.End()
		span.End()
	}
	for range 3 * askedPerSecond {
		begin(nil)
		begin(asked)
	}
	if want := ownPerSecond + askedPerSecond; kept != want {
		t.Errorf("%d traces are kept in a second, want %d", kept, want)
	}
	seconds.Add(1)
	if begin(asked); kept != ownPerSecond+askedPerSecond+1 {
		t.Error("in the next second none is kept")
	}
	begin(http.Header{"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}})
	if kept != ownPerSecond+askedPerSecond+1 {
		t.Error("a trace is kept that its caller does not keep")
	}
	pace.Eventually(t, "all are sent", func() bool { return count(t, reg, "sent") == 2*kept })
	for _, s := range c.Spans() {
		if s.Ends < s.Starts {
			t.Errorf("%q ends before it begins", s.Name)
		}
	}
}

// A share of 0 keeps nothing by itself.
func TestAShareOfNothingKeepsWhatCallersAskFor(t *testing.T) {
	tracer, _ := open(t, tracetest.Start(t), func(cfg *Config) { cfg.Ratio = 0 })
	if _, span := tracer.Start(t.Context(), "a"); span != nil {
		t.Error("a trace is kept")
	}
	asked := http.Header{"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}
	_, span := tracer.Receive(t.Context(), asked, "a")
	if span == nil {
		t.Error("a caller's trace is not kept")
	}
	span.End()
	for _, malformed := range []string{"", "x", "00-0-0-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01"} {
		if _, span := tracer.Receive(t.Context(), http.Header{"Traceparent": {malformed}}, "a"); span != nil {
			t.Errorf("%q is taken for a trace", malformed)
		}
	}
}

// What a collector does not take is counted as failed, and what waits beyond the bound as dropped;
// neither holds up the work.
func TestWhatIsNotSentIsCounted(t *testing.T) {
	c := tracetest.Start(t)
	c.Refuse(http.StatusBadRequest)
	tracer, reg := open(t, c)
	for range 2 * maxWaiting {
		tracer.Child(Context{trace: [16]byte{1}, span: [8]byte{1}}, "a").End()
	}
	pace.Eventually(t, "each is accounted for", func() bool {
		return count(t, reg, "failed")+count(t, reg, "dropped") == 2*maxWaiting
	})
	c.Refuse(http.StatusOK)
	tracer.Child(Context{trace: [16]byte{1}, span: [8]byte{1}}, "b").End()
	pace.Eventually(t, "the next one is sent", func() bool { return count(t, reg, "sent") == 1 })
	if n, err := testutil.GatherAndCount(reg, "faultline_trace_spans_total"); n != 3 || err != nil {
		t.Errorf("%d outcomes, %v", n, err)
	}
}

// The bound on what waits holds while the collector is silent.
func TestWhatWaitsIsBounded(t *testing.T) {
	m := newMetrics(nil)
	var waiting atomic.Int64
	waiting.Store(maxWaiting)
	c := tracetest.Start(t)
	tracer, _ := open(t, c)
	span := tracer.Child(Context{trace: [16]byte{1}, span: [8]byte{1}}, "a")
	b := &bounded{m: m, waiting: &waiting} // one that hands it on would panic
	b.OnEnd(readOnly(t, span))
	if got := testutil.ToFloat64(m.dropped); got != 1 || waiting.Load() != maxWaiting {
		t.Errorf("%g dropped, %d wait", got, waiting.Load())
	}
}

// Secrets of the header are sent to the collector that was named and to no other.
func TestHeadersAreNotSentElsewhere(t *testing.T) {
	c := tracetest.Start(t)
	secret := map[string]string{"Authorization": "Bearer s3cret"}
	if err := Try(t.Context(), c.URL+"/", secret); err != nil {
		t.Error(err)
	}
	if got := c.Headers(); len(got) != 1 || got[0].Get("Authorization") != "Bearer s3cret" {
		t.Errorf("sent %v", got)
	}
	elsewhere := httptest.NewServer(http.RedirectHandler(c.URL+"/v1/traces", http.StatusTemporaryRedirect))
	defer elsewhere.Close()
	if err := Try(t.Context(), elsewhere.URL, secret); err == nil || len(c.Headers()) != 1 {
		t.Errorf("it follows a redirect: %v", err)
	}
	c.Refuse(http.StatusUnauthorized)
	if err := Try(t.Context(), c.URL, nil); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a refusal is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Try(ctx, c.URL, nil); err == nil {
		t.Error("one that can't be asked is well")
	}
	for _, bad := range []string{"", "collector:4318", "ftp://a", "http://", "http://a?b", "http://u:p@a"} {
		if CheckEndpoint(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// readOnly is a span as processors get it.
func readOnly(t *testing.T, s *Span) sdktrace.ReadOnlySpan {
	t.Helper()
	span, ok := s.span.(sdktrace.ReadOnlySpan)
	if !ok {
		t.Fatal("it can't be read")
	}
	return span
}
