package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"faultline/board"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"faultline/api/token"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/api"
	"faultline/ingest"
	"faultline/store"
)

// The servers of the group ingest run in processes of their own, so that the
// operating system accounts for them alone: this program, told by a variable of
// its environment which of them to be.
const (
	envServer = "FAULTLINE_BENCH_SERVER" // one of the kinds below
	envRedis  = "FAULTLINE_BENCH_REDIS"  // the URL of its log
)

// The kinds of server.
const (
	serverOurs  = "ours"  // the API as serve has it, limits and metrics on, and the door
	serverNoop  = "noop"  // the same API, whose door answers at once and stores nothing
	serverBare  = "bare"  // gin alone: no middleware, no limits, the body parsed, 202
	serverBoth  = "both"  // ours, with incidents to read
	serverNaive = "naive" // the same API, whose door makes one round trip to Redis for each report
)

// serveIngest runs one of the servers until standard input ends. It prints the address that
// it listens on, which the parent waits for. When the parent dies, input ends too, so no
// server is left behind.
func serveIngest(kind string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	handler, err := ingestHandler(ctx, kind)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1)) // the parent has ended, or wants us to
		server.Close()
	}()
	fmt.Println(l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ingestHandler is the server of one kind, from the bare one to the whole API.
func ingestHandler(ctx context.Context, kind string) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	if kind == serverBare {
		return bareServer(), nil
	}
	return apiServer(ctx, kind)
}

// naiveStream is the stream of the naive server.
const naiveStream = "naive"

// bareServer parses a report as we do and answers as much as we do, with no middleware and no
// door. It is what gin and JSON cost.
func bareServer() http.Handler {
	e := gin.New()
	e.POST("/v1/reports", func(c *gin.Context) {
		body := http.MaxBytesReader(c.Writer, c.Request.Body, 4<<10)
		var r api.ReportRequest
		if err := json.UnmarshalRead(body, &r, json.RejectUnknownMembers(true)); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		answer, err := json.Marshal(api.ReportAnswer{Site: r.Site, At: time.Now().UTC(), Counted: true, Durable: true})
		if err != nil {
			c.Status(http.StatusInternalServerError)
			return
		}
		c.Data(http.StatusAccepted, "application/json", answer)
	})
	return e
}

// apiServer is the API as serve wires it, without the fold and the pages. The limits are set
// so that this machine's few addresses are not stopped by them, but they are counted as in
// life.
func apiServer(ctx context.Context, kind string) (http.Handler, error) {
	reg := prometheus.NewRegistry()
	st, err := store.Open(ctx, store.Config{URL: os.Getenv(envRedis), Durable: true, Registerer: reg})
	if err != nil {
		return nil, err
	}
	if _, err := st.Epoch(ctx, time.Now()); err != nil {
		return nil, err
	}
	var writer [8]byte
	_, _ = rand.Read(writer[:]) // never fails: it ends the process instead
	names := ingest.NewNames(ingestSites()...)
	hosting, err := ingest.NewHosting(nil)
	if err != nil {
		return nil, err
	}
	door := ingest.NewDoor(ingest.DoorConfig{Log: benchLog{st}, Keys: st, Names: names, Labels: benchLabels{},
		Hosting: hosting,
		Durable: true, Now: time.Now, Writer: binary.LittleEndian.Uint64(writer[:]), Registerer: reg})
	go func() { _ = door.Run(ctx) }()
	limits := ingest.NewLimits(ingest.LimitsConfig{Person: ingestPersonLimit, Prefix: ingestPrefixLimit, Token: 600,
		Reads: benchReadLimit, TokenReads: 600, Keys: st, Now: time.Now, Registerer: reg})
	go func() { _ = limits.Run(ctx) }()
	dir, err := os.MkdirTemp("", "faultline-bench-keys")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	keys, err := token.LoadOrCreate(filepath.Join(dir, "keys"), "", time.Now)
	if err != nil {
		return nil, err
	}
	cfg := api.Config{Door: door, Limits: limits, Reads: limits,
		Board: board.New(board.Config{Source: struct{ board.Source }{}, Durable: true, Now: time.Now}),
		Keys:  keys, Now: time.Now, Log: slog.New(slog.DiscardHandler), Registry: reg,
		TrustedProxies: []string{"127.0.0.1"},
		Lookup: func(string) (faultline.SiteRecord, error) {
			return faultline.SiteRecord{},
				faultline.ErrNotFound
		}}
	switch kind {
	case serverBoth:
		if cfg.Board, cfg.Streams, err = benchBoard(ctx, newBenchSource(), reg); err != nil {
			return nil, err
		}
	case serverNoop:
		cfg.Door = noopDoor{}
	case serverNaive:
		options, err := redis.ParseURL(os.Getenv(envRedis))
		if err != nil {
			return nil, err
		}
		options.MaxRetries, options.PoolSize = -1, ingestConnections
		cfg.Door = naiveDoor{client: redis.NewClient(options)}
	}
	return api.New(cfg)
}

// noopDoor answers at once and stores nothing: what the API costs without the log.
type noopDoor struct{ api.Door }

// Report answers as the door does for a report that counts.
func (noopDoor) Report(_ context.Context, _ netip.Addr, site, _ string) (faultline.Receipt, error) {
	return faultline.Receipt{Site: site, At: time.Now().UTC(), Counted: true, Durable: true}, nil
}

// naiveDoor writes each report by itself, with a round trip to Redis: what a first version of
// such a service would do.
type naiveDoor struct {
	noopDoor
	client *redis.Client
}

// Report waits for Redis before it answers, as the door does.
func (d naiveDoor) Report(ctx context.Context, addr netip.Addr, site, symptom string) (faultline.Receipt, error) {
	r, err := d.noopDoor.Report(ctx, addr, site, symptom)
	if err != nil {
		return r, err
	}
	_, err = d.client.XAdd(ctx, &redis.XAddArgs{Stream: naiveStream, Values: []any{
		"site", r.Site, "symptom", symptom, "at", r.At.UnixMilli(), "reporter", addr.String()}}).Result()
	return r, err
}

// benchLog is the store as the door wants it; package node has the same adapter.
type benchLog struct{ *store.Store }

// Append passes the batch on with its key.
func (l benchLog) Append(ctx context.Context, writer, seq uint64, events []faultline.Event) error {
	_, err := l.Store.Append(ctx, store.BatchKey{Writer: writer, Seq: seq}, events)
	return err
}

// benchLabels puts addresses into two hundred networks, so that no network's limit is
// reached.
type benchLabels struct{}

// Label returns a network by the address's third byte.
func (benchLabels) Label(addr netip.Addr) (uint32, string) {
	b := addr.As4()
	return 1000 + uint32(b[2])%200, "GB"
}

// ingestSites are the sites that reports are about.
func ingestSites() []string {
	sites := make([]string, 500)
	for i := range sites {
		sites[i] = "site" + strconv.Itoa(i) + ".com"
	}
	return sites
}
