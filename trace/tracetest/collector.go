// Package tracetest is an OpenTelemetry collector for tests: it takes spans over OTLP/HTTP on
// loopback and keeps them.
package tracetest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is one span that a collector was sent. Ids are hexadecimal.
type Span struct {
	Name, Trace, ID, Parent string
	Links                   []string // ids of the spans that it names
	Pairs                   map[string]string
	Failed                  string // why, where it says that it failed
	Instance                string // of the process that sent it
	Starts, Ends            uint64 // ns since 1970
}

// Collector keeps what it is sent.
type Collector struct {
	URL string

	mu      sync.Mutex
	spans   []Span
	headers []http.Header
	status  int
}

// Start returns a collector that listens until the test ends.
func Start(t *testing.T) *Collector {
	t.Helper()
	c := &Collector{status: http.StatusOK}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Refuse has it answer with a status and keep nothing; 200 ends that.
func (c *Collector) Refuse(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// Spans are those that it was sent, in the order of their starts.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := slices.Clone(c.spans)
	slices.SortStableFunc(list, func(a, b Span) int {
		switch {
		case a.Starts < b.Starts:
			return -1
		case a.Starts > b.Starts:
			return 1
		}
		return 0
	})
	return list
}

// Headers are those of each request.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}

// ServeHTTP takes one request of OTLP.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = append(c.headers, r.Header)
	if c.status != http.StatusOK {
		w.WriteHeader(c.status)
		return
	}
	if r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	zip, err := gzip.NewReader(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(zip)
	var data tracepb.TracesData
	if err != nil || proto.Unmarshal(body, &data) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, from := range data.ResourceSpans {
		for _, scope := range from.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, read(s, from))
			}
		}
	}
}

// read takes what tests ask for out of a span.
func read(s *tracepb.Span, from *tracepb.ResourceSpans) Span {
	out := Span{Name: s.Name, Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId),
		Parent: hex.EncodeToString(s.ParentSpanId), Pairs: map[string]string{}, Failed: s.Status.GetMessage(),
		Starts: s.StartTimeUnixNano, Ends: s.EndTimeUnixNano}
	for _, link := range s.Links {
		out.Links = append(out.Links, hex.EncodeToString(link.SpanId))
	}
	for _, pair := range s.Attributes {
		out.Pairs[pair.Key] = pair.Value.String()
	}
	for _, pair := range from.GetResource().GetAttributes() {
		if pair.Key == "service.instance.id" {
			out.Instance = pair.Value.GetStringValue()
		}
	}
	return out
}
