package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// Config says which Redis to use.
type Config struct {
	URL string // see [ParseURL]
	// Durable says whether what was acknowledged outlives the processes: false
	// on an in-process Redis.
	Durable bool
	// Registerer takes the package's metrics; nil for none.
	Registerer prometheus.Registerer
}

// Store is a connection to one Redis. It is safe for concurrent use.
type Store struct {
	Hooks   // webhooks
	durable bool
	// Three clients, so that a blocked read or a burst of reads never makes a
	// write wait for a connection.
	writes, reads, blocking redis.UniversalClient
	line                    *line // all three go by it
	trimStep, maxLog        int   // the constants, smaller in tests
	readTo                  atomic.Pointer[logEnd]

	scripts scripts
	m       *metrics
}

// Open makes a Store. A Redis that is down is no error: calls fail with
// [faultline.ErrUnavailable] until it is there. A Redis that answers, and
// refuses us for good (a wrong password, say), is one.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	options, err := ParseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	// The round trip is measured by monotonic time, which no correction of the clock
	// disturbs.
	began := time.Now()
	way := newLine(cmp.Or(options.ReadTimeout, ioTimeout), func() time.Duration { return time.Since(began) })
	s := &Store{
		durable:  cfg.Durable,
		writes:   newClient(*options, passing{line: way, write: true}),
		reads:    newClient(*options, passing{line: way}),
		blocking: newClient(*options, passing{line: way, blocks: true}),
		line:     way,
		trimStep: trimStep,
		maxLog:   maxLogEntries,
		scripts:  newScripts(fencePrelude),
	}
	s.Hooks = Hooks{store: s, keys: webhookKeys}
	if s.m, err = newMetrics(cfg.Registerer, way, map[string]redis.UniversalClient{
		"writes": s.writes, "reads": s.reads, "blocking": s.blocking,
	}); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.Close())
	}
	if err := s.reads.Ping(ctx).Err(); misconfigured(err) {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.Close())
	}
	return s, nil
}

// Close frees the connections. Calls that are under way fail.
func (s *Store) Close() error {
	if s.m != nil {
		s.m.unregister()
	}
	if err := errors.Join(s.writes.Close(), s.reads.Close(), s.blocking.Close()); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// Patience is what one command is given until it counts as failed. It follows the
// measured round trip to Redis.
func (s *Store) Patience() time.Duration { return s.line.Patience() }

// RoundTrip is how long an answer of Redis takes, 0 before there was one.
func (s *Store) RoundTrip() time.Duration { return s.line.RoundTrip() }

// Durable is what [Config] said.
func (s *Store) Durable() bool { return s.durable }

// Ping asks whether Redis answers. A Redis that answers may still refuse
// writes, when its disk is full for instance.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.reads.Ping(ctx).Err(); err != nil {
		return s.fail("ping", err)
	}
	return nil
}
