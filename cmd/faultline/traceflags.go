package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline/trace"
)

// collectorFlags say where spans go. Without an endpoint nothing is traced.
type collectorFlags struct {
	OTLPEndpoint    string `name:"otlp-endpoint" placeholder:"URL" env:"FAULTLINE_OTLP_ENDPOINT,OTEL_EXPORTER_OTLP_ENDPOINT" help:"Base address of an OpenTelemetry collector that takes traces by OTLP over HTTP with protobuf, such as http://127.0.0.1:4318; /v1/traces is put behind it. Without it nothing is traced."`
	OTLPHeaders     string `name:"otlp-headers" placeholder:"NAME=VALUE,…" env:"FAULTLINE_OTLP_HEADERS,OTEL_EXPORTER_OTLP_HEADERS" help:"Header fields of each request to the collector, such as authorization=Bearer%%20SECRET, separated by commas. Values are percent-encoded."`
	OTLPHeadersFile string `name:"otlp-headers-file" placeholder:"FILE" env:"FAULTLINE_OTLP_HEADERS_FILE" help:"File that contains the value of --otlp-headers, to keep its secrets out of the environment and of lists of processes."`
}

// traceFlags say what of the work of a node is traced.
type traceFlags struct {
	collectorFlags
	TraceRatio float64 `name:"trace-ratio" default:"0.01" env:"FAULTLINE_TRACE_RATIO,OTEL_TRACES_SAMPLER_ARG" help:"Share of requests and of the node's own probes that a trace is kept of, 0 to 1. At most 10 traces a second begin for them, and 10 more for callers that ask for a trace by a traceparent."`
}

// check reads the secrets from their file, and refuses what no collector could be reached by.
func (f *traceFlags) check() error {
	if f.TraceRatio < 0 || f.TraceRatio > 1 {
		return usageError{fmt.Errorf("--trace-ratio: must be between 0 and 1 but got %g", f.TraceRatio)}
	}
	return f.collectorFlags.check()
}

func (f *collectorFlags) check() error {
	if err := readSecret("otlp-headers", &f.OTLPHeaders, f.OTLPHeadersFile); err != nil {
		return err
	}
	if _, err := f.headers(); err != nil {
		return usageError{fmt.Errorf("--otlp-headers: %w", err)}
	}
	if f.OTLPEndpoint == "" {
		return nil
	}
	if err := trace.CheckEndpoint(f.OTLPEndpoint); err != nil {
		return usageError{fmt.Errorf("--otlp-endpoint: %q %w", f.OTLPEndpoint, err)}
	}
	return nil
}

// headers takes the header fields apart. No error quotes them, as they may be secret.
func (f *collectorFlags) headers() (map[string]string, error) {
	all := map[string]string{}
	if f.OTLPHeaders == "" {
		return all, nil
	}
	for pair := range strings.SplitSeq(f.OTLPHeaders, ",") {
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil ||
			strings.ContainsFunc(name+value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, errors.New("must be NAME=VALUE pairs, separated by commas, with percent-encoded values")
		}
		all[name] = value
	}
	return all, nil
}

// wanted reports whether anything is traced. OTEL_SDK_DISABLED switches it off in all programs
// that know it.
func (f *collectorFlags) wanted() bool {
	return f.OTLPEndpoint != "" && !strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true")
}

// tracer begins to send spans; nil where nothing is traced.
func (f *traceFlags) tracer(instance string, log *slog.Logger, reg prometheus.Registerer) (*trace.Tracer, error) {
	if !f.wanted() {
		return nil, nil
	}
	headers, err := f.headers()
	if err != nil {
		return nil, err
	}
	t, err := trace.New(trace.Config{Endpoint: f.OTLPEndpoint, Headers: headers, Ratio: f.TraceRatio,
		Version: programVersion(), Instance: instance, Now: time.Now, Log: log, Registry: reg})
	if err != nil {
		return nil, usageError{fmt.Errorf("--otlp-endpoint: %w", err)}
	}
	return t, nil
}

// closeTracer sends what waits.
func closeTracer(t *trace.Tracer, log *slog.Logger) {
	if err := t.Close(); err != nil {
		log.Warn("the last spans were not sent", "error", err)
	}
}
