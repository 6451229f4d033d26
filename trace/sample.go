package trace

import (
	"context"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Traces that this node begins in a second, at most. Each has some ten spans. A caller may ask
// for its request to be traced, and so has a share of its own, which it can't exceed either.
const (
	ownPerSecond   = 10
	askedPerSecond = 10
)

// sampler decides which traces are kept.
type sampler struct {
	ratio      sdktrace.Sampler
	own, asked *bucket
}

func newSampler(ratio float64, now func() time.Time) *sampler {
	return &sampler{ratio: sdktrace.TraceIDRatioBased(ratio), own: newBucket(ownPerSecond, now),
		asked: newBucket(askedPerSecond, now)}
}

// keptKey is set in the context of work that goes on from a span that is kept.
type keptKey struct{}

// kept marks ctx as that of such work.
func kept(ctx context.Context) context.Context { return context.WithValue(ctx, keptKey{}, true) }

// ShouldSample keeps what goes on from a span that is kept, of what callers ask for and of the
// share of all others as many as the buckets allow, and nothing that a caller asks not to keep.
func (s *sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := oteltrace.SpanContextFromContext(p.ParentContext)
	var keep bool
	switch {
	case p.ParentContext.Value(keptKey{}) != nil:
		keep = true
	case parent.IsValid() && !parent.IsRemote():
		keep = parent.IsSampled()
	case parent.IsValid():
		keep = parent.IsSampled() && s.asked.take()
	default:
		keep = s.ratio.ShouldSample(p).Decision == sdktrace.RecordAndSample && s.own.take()
	}
	if keep {
		return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
	}
	return sdktrace.SamplingResult{Decision: sdktrace.Drop}
}

// Description names the sampler for the SDK.
func (s *sampler) Description() string { return "faultline: a share, at most so many a second" }

// bucket lets so many through in a second.
type bucket struct {
	limit int
	now   func() time.Time

	mu     sync.Mutex
	second int64
	taken  int
}

func newBucket(limit int, now func() time.Time) *bucket { return &bucket{limit: limit, now: now} }

// take reports whether one more may pass in this second.
func (b *bucket) take() bool {
	second := b.now().Unix()
	b.mu.Lock()
	defer b.mu.Unlock()
	if second != b.second {
		b.second, b.taken = second, 0
	}
	if b.taken >= b.limit {
		return false
	}
	b.taken++
	return true
}
