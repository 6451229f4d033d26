package trace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Bounds of what waits to be sent, and of one span.
const (
	maxWaiting  = 2_048 // spans
	batchSpans  = 512
	sendEvery   = 5 * time.Second
	sendLimit   = 10 * time.Second // one batch, with all attempts
	closeLimit  = time.Second      // what is sent at the end
	maxLinks    = 32
	maxPairs    = 16
	maxValueLen = 128
)

// Config says where spans go. Endpoint, Now and Log are required.
type Config struct {
	Endpoint string            // base address of the collector; /v1/traces is put behind it
	Headers  map[string]string // of each request to it; they may hold secrets
	Ratio    float64           // the share of traces that is kept, 0 to 1
	Version  string            // of this program
	Instance string            // names this process among all nodes
	Every    time.Duration     // between two sendings; 0: 5 s
	Now      func() time.Time
	Log      *slog.Logger
	Registry prometheus.Registerer // nil: not exported
}

// Tracer begins spans. A nil one begins none. It is safe for concurrent use. Callers
// therefore need no condition around each span, and a node that traces nothing pays a
// comparison with nil.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   oteltrace.Tracer
}

// New returns a tracer that sends in the background until [Tracer.Close].
func New(cfg Config) (*Tracer, error) {
	client, err := newClient(cfg.Endpoint, cfg.Headers)
	if err != nil {
		return nil, err
	}
	about, err := resource.New(context.Background(), resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "faultline"),
			attribute.String("service.version", cfg.Version),
			attribute.String("service.instance.id", cfg.Instance)),
		// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, last, so that they win.
		resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("resource of spans: %w", err)
	}
	m := newMetrics(cfg.Registry)
	sender, err := otlptrace.New(context.Background(), client)
	if err != nil {
		return nil, fmt.Errorf("start to send spans: %w", err)
	}
	exporter := &exporter{SpanExporter: sender, m: m, log: cfg.Log, now: cfg.Now}
	every := cfg.Every
	if every == 0 {
		every = sendEvery
	}
	queue := sdktrace.NewBatchSpanProcessor(exporter, sdktrace.WithMaxQueueSize(maxWaiting),
		sdktrace.WithMaxExportBatchSize(batchSpans), sdktrace.WithBatchTimeout(every),
		sdktrace.WithExportTimeout(sendLimit))
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(about),
		sdktrace.WithSampler(newSampler(cfg.Ratio, cfg.Now)),
		sdktrace.WithSpanProcessor(&bounded{SpanProcessor: queue, m: m, waiting: &exporter.waiting}),
		sdktrace.WithRawSpanLimits(sdktrace.SpanLimits{AttributeCountLimit: maxPairs, LinkCountLimit: maxLinks,
			AttributeValueLengthLimit: maxValueLen, EventCountLimit: 0, AttributePerEventCountLimit: 0,
			AttributePerLinkCountLimit: 0}))
	return &Tracer{provider, provider.Tracer("faultline")}, nil
}

// Close sends what waits, for a second at most, and ends the goroutine. A collector
// that is away does not hold up the end of a node.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("send the last spans: %w", err)
	}
	return nil
}

// Start begins a span of work on this node, as a part of that of ctx. The span is nil where it is
// not kept.
func (t *Tracer) Start(ctx context.Context, name string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	return t.start(ctx, name)
}

// start begins a span and drops it where the sampler has decided against it.
func (t *Tracer) start(ctx context.Context, name string,
	options ...oteltrace.SpanStartOption) (context.Context, *Span) {
	ctx, span := t.tracer.Start(ctx, name, options...)
	if !span.IsRecording() {
		return ctx, nil
	}
	return ctx, &Span{span}
}

// Receive begins the span of a request. A W3C traceparent among its header fields makes
// it a part of the caller's trace. The caller's tracestate is dropped: it may say
// anything. A caller who asks for the trace to be kept is heard a bounded number of times
// a second, so that a stranger cannot have every request traced.
func (t *Tracer) Receive(ctx context.Context, header http.Header, name string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	if header["Traceparent"] != nil {
		told := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(header))
		if parent := oteltrace.SpanContextFromContext(told); parent.IsValid() {
			ctx = oteltrace.ContextWithRemoteSpanContext(ctx, parent.WithTraceState(oteltrace.TraceState{}))
		}
	}
	return t.start(ctx, name, oteltrace.WithSpanKind(oteltrace.SpanKindServer))
}

// Child begins a span that goes on from another one, of this process or not; nil where
// there is none to go on from. It is for work that goes on after its request has been
// answered, such as the fold.
func (t *Tracer) Child(of Context, name string) *Span {
	if t == nil || !of.Valid() {
		return nil
	}
	_, span := t.start(kept(oteltrace.ContextWithRemoteSpanContext(context.Background(), of.otel(true))), name)
	return span
}

// Children begins one piece of work that goes on from several spans: one of its own for
// each. A batch holds the reports of many requests, and each of them should show what
// became of its own.
func (t *Tracer) Children(of []Context, name string) Spans {
	if t == nil || len(of) == 0 {
		return nil
	}
	spans := make(Spans, 0, len(of))
	for _, c := range of {
		if span := t.Child(c, name); span != nil {
			spans = append(spans, span)
		}
	}
	return spans
}

// Now is the time by which spans begin and end, for [Tracer.Gather]. It is the
// machine's clock and not that of the log, since spans of other programs are by theirs.
func (t *Tracer) Now() time.Time { return time.Now() }

// Gather begins a trace of work that began at a time and uses what many spans led to.
// They are its links, 32 at most; nil where there are none. A revision rests on
// thousands of reports: it is no part of the trace of any of them.
func (t *Tracer) Gather(from []Context, name string, at time.Time) *Span {
	if t == nil || len(from) == 0 {
		return nil
	}
	links := make([]oteltrace.Link, 0, min(len(from), maxLinks))
	for _, c := range from[:min(len(from), maxLinks)] {
		links = append(links, oteltrace.Link{SpanContext: c.otel(true)})
	}
	_, span := t.start(kept(context.Background()), name, oteltrace.WithNewRoot(), oteltrace.WithLinks(links...),
		oteltrace.WithTimestamp(at))
	return span
}
