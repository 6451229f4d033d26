package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"faultline/api/direct"
	"faultline/api/stream"
	"faultline/board"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"faultline/api/token"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"faultline"
	"faultline/api"
	"faultline/ingest"
)

// The servers of the groups read and stream run in processes of their own: this
// program, told by a variable of its environment which of them to be.
const (
	envReader  = "FAULTLINE_BENCH_READER"
	readerOurs = "ours" // the API as serve has it
	readerBare = "bare" // gin alone, writing the bytes that the API wrote
)

// What is read: the list, and an incident of many sites.
const (
	readListPath     = "/v1/incidents?limit=2"
	readIncidentPath = "/v1/incidents/inc_BENCH0"
	readSites        = 400
	// What one address may read a minute: the default of serve would stop the few
	// addresses of this machine at once, and refuses nobody here.
	benchReadLimit = 10_000_000
)

// serveReader runs one of the servers until standard input ends. It prints the address that
// it listens on. Ours has the fast path of package api/direct in front, as serve has.
func serveReader(kind string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	source := newBenchSource()
	var prepared api.Prepared
	engine, streams, err := benchAPI(ctx, source, &prepared)
	if err != nil {
		return err
	}
	handler := http.Handler(engine)
	if kind == readerBare {
		handler = bareReader(engine, source)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	if kind == readerOurs {
		l = direct.Listen(l, prepared.Answer, direct.Limits{Idle: server.IdleTimeout, Write: server.WriteTimeout})
	}
	go source.publishOnInput(func() { streams.Close(); server.Close() })
	fmt.Println(l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// benchAPI is the API over a source in memory, with all that serve has on. Limits and
// metrics are on, because a reader of serve pays for them too.
func benchAPI(ctx context.Context, source *benchSource, prepared *api.Prepared) (*gin.Engine, *stream.Streams, error) {
	dir, err := os.MkdirTemp("", "faultline-bench-keys")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	keys, err := token.LoadOrCreate(filepath.Join(dir, "keys"), "", time.Now)
	if err != nil {
		return nil, nil, err
	}
	registry := prometheus.NewRegistry()
	limits := ingest.NewLimits(ingest.LimitsConfig{Person: 300, Prefix: 6_000, Token: 600, Reads: benchReadLimit,
		TokenReads: 600, Now: time.Now, Registerer: registry})
	held, streams, err := benchBoard(ctx, source, registry)
	if err != nil {
		return nil, nil, err
	}
	engine, err := api.New(api.Config{Door: shutDoor{}, Board: held, Streams: streams, Keys: keys, Now: time.Now,
		Registry: registry, Ready: held.Ready,
		Limits: limits, Reads: limits, Prepared: prepared,
		Lookup: func(string) (faultline.SiteRecord, error) { return faultline.SiteRecord{}, faultline.ErrNotFound }})
	if err != nil {
		return nil, nil, err
	}
	return engine, streams, nil
}

// benchBoard is a board that has read a source. It waits until the board is ready, since
// reads before that would be answered 503.
func benchBoard(ctx context.Context, source *benchSource, registry *prometheus.Registry) (*board.Board,
	*stream.Streams, error) {
	// answers stay as they are while they are measured
	still := func() time.Time { return source.incidents[0].UpdatedAt }
	held := board.New(board.Config{Source: source, Durable: true, PublicURL: "https://faultline.example", Now: still,
		Registry: registry})
	streams := stream.New(held, stream.Config{Registry: registry})
	go func() { _ = held.Run(ctx) }()    // fails only with ctx
	go func() { _ = streams.Run(ctx) }() // likewise
	for held.Ready() != nil || held.View().AsOf.IsZero() {
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return held, streams, nil
}

// shutDoor takes nothing: these groups only read.
type shutDoor struct{}

// Report refuses.
func (shutDoor) Report(context.Context, netip.Addr, string, string) (faultline.Receipt, error) {
	return faultline.Receipt{}, faultline.ErrUnavailable
}

// Probes refuses.
func (shutDoor) Probes(context.Context, faultline.Vantage, []faultline.Probe) (int, []faultline.Invalid, error) {
	return 0, nil, faultline.ErrUnavailable
}

// bareReader writes what the API wrote for the same request, headers and all, from gin
// handlers that do nothing else. It is the least that a server on gin can do. The path
// /each compresses for each request, as middleware would, and shows what prepared
// answers save.
func bareReader(engine http.Handler, source *benchSource) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	wrote := func(path string, header http.Header) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header = header
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
		return w
	}
	gz := http.Header{"Accept-Encoding": {"gzip"}}
	bare := func(path string) gin.HandlerFunc {
		full := wrote(path, gz)
		same := wrote(path, http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {full.Header().Get("ETag")}})
		body := full.Body.Bytes()
		return func(c *gin.Context) {
			h, from := c.Writer.Header(), full
			if c.Request.Header["If-None-Match"] != nil {
				from = same
			}
			for name, values := range from.Header() {
				h[name] = values
			}
			c.Writer.WriteHeader(from.Code)
			if from.Code != http.StatusOK {
				c.Writer.WriteHeaderNow()
				return
			}
			_, _ = c.Writer.Write(body)
		}
	}
	e.GET("/v1/incidents", bare(readListPath))
	e.GET("/v1/incidents/:id", bare(readIncidentPath))
	plain := wrote(readListPath, http.Header{}).Body.Bytes()
	e.GET("/each/v1/incidents", func(c *gin.Context) {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, _ = z.Write(plain)
		_ = z.Close()
		h := c.Writer.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(out.Len()))
		c.Writer.WriteHeader(http.StatusOK)
		_, _ = c.Writer.Write(out.Bytes())
	})
	e.GET("/v1/stream", source.bareStream)
	return e
}

// Alerts refuses.
func (shutDoor) Alerts(context.Context, faultline.Vantage, []faultline.Alert) (int, []faultline.Invalid, error) {
	return 0, nil, faultline.ErrUnavailable
}
