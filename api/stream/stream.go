package stream

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"faultline/board"

	"github.com/prometheus/client_golang/prometheus"
)

// ErrFull says that as many streams are open as may be, or that they have ended.
var ErrFull = errors.New("no further stream can be opened just now")

const (
	// What holds unless [Config] says otherwise. A heartbeat must come more often than the
	// shortest time after which a proxy closes an idle connection, which is 30 s to a
	// minute.
	maxStreams    = 16_384
	writeDeadline = 10 * time.Second
	heartbeat     = 15 * time.Second
)

// Config says how streams are served. A zero field is the usual value.
type Config struct {
	// Max bounds the clients: 16,384.
	Max int
	// Heartbeat is how often a stream shows that it lives: 15 s.
	Heartbeat time.Duration
	// WriteDeadline is when a client that takes nothing is dropped: 10 s.
	WriteDeadline time.Duration
	Registry      prometheus.Registerer // nil: no metrics
}

// Streams serves the changes of a Board. It is the Board's listener.
type Streams struct {
	cfg   Config
	board *board.Board
	hub   *hub
}

// New returns the streams of a Board and sets itself as its listener. It comes
// before [board.Board.Run].
func New(b *board.Board, cfg Config) *Streams {
	cfg.Max = cmp.Or(cfg.Max, maxStreams)
	cfg.Heartbeat = cmp.Or(cfg.Heartbeat, heartbeat)
	cfg.WriteDeadline = cmp.Or(cfg.WriteDeadline, writeDeadline)
	s := &Streams{cfg: cfg, board: b, hub: newHub(cfg.Max, newMetrics(cfg.Registry))}
	b.Listen(s.hub)
	return s
}

// Run writes to the streams until ctx ends, then ends them. It returns ctx's
// error.
func (s *Streams) Run(ctx context.Context) error {
	defer s.Close()
	var writers sync.WaitGroup
	for _, shard := range s.hub.shards {
		writers.Go(func() { shard.run(ctx, s.cfg.Heartbeat, s.cfg.WriteDeadline, s.hub.standing) })
	}
	writers.Wait()
	return ctx.Err()
}

// Close ends every stream and refuses new ones, so that the server can shut down.
func (s *Streams) Close() { s.hub.close() }

// Count is how many clients there are.
func (s *Streams) Count() int { return s.hub.count() }

// snapshot is what the Board knows, or nil.
func (s *Streams) snapshot() *board.Snapshot {
	snap, err := s.board.Snapshot()
	if err != nil {
		return nil
	}
	return snap
}

// metrics count the clients.
type metrics struct {
	clients prometheus.Gauge
	dropped prometheus.Counter
}

// newMetrics makes the metrics; without a registry they count and nobody reads them.
func newMetrics(reg prometheus.Registerer) metrics {
	m := metrics{
		clients: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "faultline_stream_clients", Help: "Clients of the event stream."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "faultline_stream_dropped_total",
			Help: "Clients of the event stream dropped because they were slow."}),
	}
	if reg != nil {
		reg.MustRegister(m.clients, m.dropped)
	}
	return m
}
