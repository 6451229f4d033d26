package trace

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"faultline/task"
)

const (
	tracesPath = "/v1/traces"
	maxAnswer  = 64 << 10 // of what a collector answers, which is thrown away
	// of one batch; then its spans are given up
	attempts = 3
	// doubled after each attempt
	firstPause  = 500 * time.Millisecond
	sayFailures = time.Minute // between two log lines that say that spans can't be sent
)

// metrics count what becomes of spans.
type metrics struct{ sent, failed, dropped prometheus.Counter }

// newMetrics returns the counters of spans. Without a registry they are counted all the
// same and shown nowhere.
func newMetrics(reg prometheus.Registerer) *metrics {
	spans := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{Name: "faultline_trace_spans_total",
		Help: "Spans by what became of them: sent; failed, because the collector did not take them; dropped, " +
			"because too many waited."}, []string{"outcome"})
	return &metrics{sent: spans.WithLabelValues("sent"), failed: spans.WithLabelValues("failed"),
		dropped: spans.WithLabelValues("dropped")}
}

// bounded hands spans to the queue, unless so many wait that the queue would drop them,
// which it does without counting. An operator who sees spans missing must be able to
// tell a busy node from a lost one.
type bounded struct {
	sdktrace.SpanProcessor
	m       *metrics
	waiting *atomic.Int64
}

// OnEnd takes a span that has ended. The count goes down when a batch was sent or given
// up (exporter), so it includes spans that are under way.
func (b *bounded) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if b.waiting.Add(1) > maxWaiting {
		b.waiting.Add(-1)
		b.m.dropped.Inc()
		return
	}
	b.SpanProcessor.OnEnd(s)
}

// exporter counts what is sent and what can't be. It reports no failure to the SDK,
// which would write it to standard error. A collector that is away must cost a line of
// the log a minute and nothing else: traces are a help, and no request may wait for
// them.
type exporter struct {
	sdktrace.SpanExporter
	m       *metrics
	log     *slog.Logger
	now     func() time.Time
	waiting atomic.Int64
	said    time.Time // of the queue's goroutine alone
}

// ExportSpans sends spans. It always returns nil, for the reason above.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	e.waiting.Add(-int64(len(spans)))
	if err == nil {
		e.m.sent.Add(float64(len(spans)))
		return nil
	}
	e.m.failed.Add(float64(len(spans)))
	if now := e.now(); now.Sub(e.said) >= sayFailures {
		e.said = now
		e.log.Warn("spans can't be sent to the collector", "error", err)
	}
	return nil
}

// client sends spans over HTTP. go.opentelemetry.io's own (otlptracehttp) holds all of
// gRPC and adds 6 MB to the program. It speaks OTLP over HTTP with protobuf bodies
// (OpenTelemetry Protocol, section OTLP/HTTP).
type client struct {
	url    string
	header http.Header
	http   *http.Client
}

// newClient returns a client of the collector at a base address.
func newClient(endpoint string, headers map[string]string) (*client, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" ||
		u.Fragment != "" || u.User != nil {
		return nil, errors.New("is not http(s)://HOST[:PORT][/PATH]")
	}
	// Where a collector sends its client elsewhere the secrets of the header must not follow.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &client{url: strings.TrimRight(endpoint, "/") + tracesPath, header: http.Header{},
		http: &http.Client{CheckRedirect: stay}}
	for name, value := range headers {
		c.header.Set(name, value)
	}
	c.header.Set("Content-Type", "application/x-protobuf")
	c.header.Set("Content-Encoding", "gzip")
	return c, nil
}

// Start does nothing: a connection is made when there is something to send.
func (c *client) Start(context.Context) error { return nil }

// Stop ends the connections that wait.
func (c *client) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces sends spans, and tries again while the collector is away or busy. The
// body is made once and sent at each attempt.
func (c *client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// A request of OTLP has the same form as these data.
	plain, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	var body bytes.Buffer
	zip := gzip.NewWriter(&body)
	if _, err := zip.Write(plain); err != nil {
		return fmt.Errorf("compress spans: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("compress spans: %w", err)
	}
	for try := range attempts {
		var again bool
		if again, err = c.post(ctx, body.Bytes()); !again {
			return err
		}
		if try == attempts-1 || !task.Pause(ctx, firstPause<<try) {
			break
		}
	}
	return err
}

// post sends one request, and says whether a failure may pass. Statuses after which it
// tries again are those that the protocol names (429, 502, 503, 504). The answer is
// read to its end, so that the connection can be used again.
func (c *client) post(ctx context.Context, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("send spans: %w", err)
	}
	req.Header = c.header.Clone()
	resp, err := c.http.Do(req)
	if err != nil {
		return true, fmt.Errorf("send spans: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return true, fmt.Errorf("read the collector's answer: %w", err)
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		return false, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	return again, fmt.Errorf("send spans: the collector answers %s", resp.Status)
}

// CheckEndpoint says why an address can't be that of a collector; nil: it can.
func CheckEndpoint(endpoint string) error {
	_, err := newClient(endpoint, nil)
	return err
}

// Try asks a collector to take no spans, to see whether it would take some. An empty
// request is valid, and a collector that wants a secret refuses it as it would refuse
// spans.
func Try(ctx context.Context, endpoint string, headers map[string]string) error {
	c, err := newClient(endpoint, headers)
	if err != nil {
		return err
	}
	defer c.http.CloseIdleConnections()
	var body bytes.Buffer
	if err := gzip.NewWriter(&body).Close(); err != nil {
		return fmt.Errorf("compress nothing: %w", err)
	}
	_, err = c.post(ctx, body.Bytes())
	return err
}
