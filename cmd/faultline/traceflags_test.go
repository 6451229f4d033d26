package main

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestSettingsOfTracesAreChecked(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no address":       {[]string{"--otlp-endpoint", "collector:4318"}, "is not http(s)://HOST[:PORT][/PATH]"},
		"a share too big":  {[]string{"--trace-ratio", "1.5"}, "must be between 0 and 1"},
		"headers":          {[]string{"--otlp-headers", "s3cret"}, "must be NAME=VALUE pairs"},
		"headers, encoded": {[]string{"--otlp-headers", "a=s3cret%ZZ"}, "must be NAME=VALUE pairs"},
		"a line break":     {[]string{"--otlp-headers", "a=s3cret%0d%0ab"}, "must be NAME=VALUE pairs"},
		"no such file":     {[]string{"--otlp-headers-file", "/nowhere"}, "FAULTLINE_OTLP_HEADERS_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := command(t, append([]string{"serve"}, tt.args...)...)
			if code != exitUsage || !strings.Contains(errs, tt.want) || strings.Contains(errs, "s3cret") {
				t.Errorf("exit %d: %s", code, errs)
			}
		})
	}
}

func TestHeadersOfTheCollectorAreReadFromTheirFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(file, []byte("authorization=Bearer%20a%2Cb, x-team = desk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := collectorFlags{OTLPEndpoint: "http://127.0.0.1:4318", OTLPHeadersFile: file}
	if err := f.check(); err != nil {
		t.Fatal(err)
	}
	got, err := f.headers()
	want := map[string]string{"authorization": "Bearer a,b", "x-team": "desk"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

// The variables of OpenTelemetry are read where ours are not set, and one of them switches all
// off.
func TestTracesFollowTheVariablesOfOpenTelemetry(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense")
	if code, _, errs := command(t, "serve"); code != exitUsage || !strings.Contains(errs, "nonsense") {
		t.Errorf("exit %d: %s", code, errs)
	}
	f := traceFlags{collectorFlags: collectorFlags{OTLPEndpoint: "http://127.0.0.1:4318"}}
	log, reg := slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	t.Setenv("OTEL_SDK_DISABLED", "true")
	if tracer, err := f.tracer("node", log, reg); tracer != nil || err != nil {
		t.Errorf("it is not off: %v", err)
	}
	t.Setenv("OTEL_SDK_DISABLED", "false")
	tracer, err := f.tracer("node", log, reg)
	if tracer == nil || err != nil {
		t.Fatalf("it is off: %v", err)
	}
	closeTracer(tracer, log)
}
