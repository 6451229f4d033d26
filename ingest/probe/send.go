package probe

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"faultline"
)

// Sink is where probes go: ingest, on this node or over the network. It returns nil
// once they are taken. A batch that failed is handed in again, which is safe because a
// site, vantage and time count once.
type Sink interface {
	Probes(ctx context.Context, probes []faultline.Probe) error
}

const (
	maxUnsent   = 50_000 // probes that wait for the sink; beyond, the oldest go
	sendBatch   = 1_000
	sendPace    = 500 * time.Millisecond // between batches that are not full: a door limits how often one may knock
	sendRetry   = 250 * time.Millisecond
	sendRetryX  = 5 * time.Second // the longest pause between attempts
	sendTimeout = 10 * time.Second
	lastSend    = 2 * time.Second // for what is left at the end
)

// sender hands probes on in batches: the next one fills while one is under way. It
// decouples the checks from the server, which may be slow or away.
type sender struct {
	sink    Sink
	log     *slog.Logger
	metrics *metrics
	wake    chan struct{} // holds one token while there may be something

	mu     sync.Mutex
	unsent []faultline.Probe
}

// newSender makes a sender. Run must be called for anything to be sent.
func newSender(sink Sink, log *slog.Logger, m *metrics) *sender {
	return &sender{sink: sink, log: log, metrics: m, wake: make(chan struct{}, 1)}
}

// Put queues a probe and never waits. When too many wait, the oldest batch is dropped
// and counted: old results are worth least.
func (s *sender) Put(p faultline.Probe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unsent) >= maxUnsent {
		s.unsent = append(s.unsent[:0], s.unsent[sendBatch:]...)
		s.metrics.dropped.Add(sendBatch)
	}
	s.unsent = append(s.unsent, p)
	s.metrics.unsent.Set(float64(len(s.unsent)))
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take removes the oldest probes that wait, at most one batch.
func (s *sender) take() []faultline.Probe {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(sendBatch, len(s.unsent))
	batch := append([]faultline.Probe(nil), s.unsent[:n]...)
	s.unsent = append(s.unsent[:0], s.unsent[n:]...)
	s.metrics.unsent.Set(float64(len(s.unsent)))
	return batch
}

// Run sends until ctx ends, and then what is left.
func (s *sender) Run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
		for batch := s.take(); len(batch) > 0 && s.send(ctx, batch); batch = s.take() {
			if len(batch) < sendBatch && !pause(ctx, sendPace) {
				break
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSend)
	defer cancel()
	for batch := s.take(); len(batch) > 0 && s.sink.Probes(ctx, batch) == nil; batch = s.take() {
	}
}

// send hands a batch on, again and again with growing pauses, until it is taken or ctx
// ends. It returns false when ctx ended; the batch is then queued again for the last
// attempt.
func (s *sender) send(ctx context.Context, batch []faultline.Probe) bool {
	wait, warned := sendRetry, false
	for {
		attempt, cancel := context.WithTimeout(ctx, sendTimeout)
		err := s.sink.Probes(attempt, batch)
		cancel()
		if err == nil {
			return true
		}
		s.metrics.retries.Inc()
		if !warned && ctx.Err() == nil {
			warned = true
			s.log.Warn("probes can't be handed in; trying on", "probes", len(batch), "error", err)
		}
		if !pause(ctx, wait) {
			for _, p := range batch { // for the last attempt
				s.Put(p)
			}
			return false
		}
		wait = min(2*wait, sendRetryX)
	}
}
