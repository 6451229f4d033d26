package board

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"sync/atomic"
	"time"

	"faultline"
	"faultline/trace"

	"github.com/prometheus/client_golang/prometheus"
)

// Source is where a Board learns what was concluded. Package store has it.
type Source interface {
	// Changes returns up to limit changes behind the position after, oldest
	// first, waiting up to block for the first one (0: not at all); behind "",
	// the last limit that are kept, without waiting. Where some behind after are
	// no longer kept it fails with [faultline.ErrNotFound], so that nobody misses
	// anything unknowingly.
	Changes(ctx context.Context, after string, limit int, block time.Duration) ([]faultline.Change, error)
	// Incident returns one revision with all its sites; 0 is the last one.
	Incident(ctx context.Context, id string, revision int) (faultline.Incident, error)
	// Revisions returns the revisions of one from first to last, both from 1 on, that
	// there are, in order and with all their sites.
	Revisions(ctx context.Context, id string, first, last int) ([]faultline.Incident, error)
	// Incidents returns the newest ones, last revisions with all their sites, the
	// newest onset first and of equal ones the greater id.
	Incidents(ctx context.Context, limit int) ([]faultline.Incident, error)
	// Older returns those behind the place of one of that onset and id, in that order.
	Older(ctx context.Context, onset time.Time, id string, limit int) ([]faultline.Incident, error)
	// View returns the newest view and its version, or the version known and no
	// view where there is none newer.
	View(ctx context.Context, known int64) (faultline.View, int64, error)
}

// What a Board keeps.
const (
	// MaxIncidents are held in memory, the newest first; open ones stay whatever
	// their number. Older ones are read through the source.
	MaxIncidents = 1_000
	// Recent is how many changes a reader can resume from without the source.
	Recent = 1_024

	maxKeptSites = 200_000 // of incidents held whole; beyond, sites are read through the source
	followBatch  = 256     // changes read at once
	readsThrough = 32      // reads of older incidents under way at once
	staleAfter   = 15 * time.Second
	readTimeout  = 500 * time.Millisecond
	loadTimeout  = 10 * time.Second
	followBlock  = 5 * time.Second
	retryFollow  = time.Second
	emptyWait    = 50 * time.Millisecond // between reads that bring nothing
	viewEvery    = time.Second
	diskPause    = 5 * time.Second  // between two writes of what is known to the disk
	metaEvery    = 10 * time.Second // bodies keep their as_of, and their ETag, this long
)

// incidentID is the form of an incident's id. What has another form is never asked of the
// source: names that can't exist cost nothing.
var incidentID = regexp.MustCompile(`^inc_[0-9A-Za-z]{1,40}$`)

// Config says what a Board follows. Source and Now are required.
type Config struct {
	Source Source
	// Series is where charts come from; nil: they are left out.
	Series SeriesSource
	// Days are where the concentration of earlier days is kept; nil: nowhere.
	Days ConcentrationSource
	// SnapshotFile is where the node writes down what it knows, to answer after a
	// restart while the source is away; empty: nowhere.
	SnapshotFile string
	// Map is written down in the same directory; nil: it is not.
	Map Map
	// Providers are who runs what: a site whose owner's infrastructure fails is never
	// called well. nil: nobody is known.
	Providers *faultline.Providers
	// Index has what the pages of sites use, by which those are found that load only in part
	// while something fails. nil: nothing is known.
	Index *Index
	// Began says when the log was opened that the source holds: what was published later incidents
	// stays known although the source has lost it. nil: nothing stays.
	Began func(context.Context) (time.Time, error)
	// Complete reports whether the list of the source's newest incidents has all that
	// there are; nil: it has. Where it has not, lists go on through the source.
	Complete func() bool
	// Durable is false only where the source does not outlive the process.
	Durable bool
	// PublicURL is put before paths in answers: https://faultline.example. Empty
	// leaves them as paths. It is never taken from a request.
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger          // nil: says nothing
	Tracer    *trace.Tracer         // nil: nothing is traced
	Registry  prometheus.Registerer // nil: no metrics
	// StaleAfter is how old a view may be before answers say that they are stale; 0
	// is 15 seconds.
	StaleAfter time.Duration
	// VantageStates are what vantages say of themselves; nil: unknown.
	VantageStates func() []faultline.VantageStatus
	// Pace shortens the waits of the loops, for tests.
	Pace Pace
}

// Pace are the waits of a Board's loops. A zero one is the usual one.
type Pace struct {
	View  time.Duration // between two reads of the view: a second
	Retry time.Duration // after a read that failed: a second
	Disk  time.Duration // between two writes to the disk: 5 s
}

// Board is a node's own memory of what it answers from: the last revision of
// each incident and the newest view, rendered once for everybody who asks. One
// goroutine, [Board.Run], writes it; it is safe for concurrent use.
type Board struct {
	cfg      Config
	current  atomic.Pointer[Snapshot] // nil until the source was read once
	listener Listener
	through  chan struct{} // a token for each read through the source
	series   chan struct{} // a token for each read of a series
	metrics  metrics
}

// New returns a Board that knows nothing until it runs.
func New(cfg Config) *Board {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Pace.View = cmp.Or(cfg.Pace.View, viewEvery)
	cfg.Pace.Retry = cmp.Or(cfg.Pace.Retry, retryFollow)
	cfg.Pace.Disk = cmp.Or(cfg.Pace.Disk, diskPause)
	b := &Board{cfg: cfg, listener: nobody{},
		through: make(chan struct{}, readsThrough), series: make(chan struct{}, seriesAtOnce)}
	b.metrics = newMetrics(cfg.Registry, b)
	return b
}

// PublicURL is put before paths in answers; see [Config].
func (b *Board) PublicURL() string { return b.cfg.PublicURL }

// Durable is false only where nothing outlives the process.
func (b *Board) Durable() bool { return b.cfg.Durable }

// Providers are who runs what; nil: nobody is known.
func (b *Board) Providers() *faultline.Providers { return b.cfg.Providers }

// Now is the clock of the log that the Board follows.
func (b *Board) Now() time.Time { return b.cfg.Now() }

// Ready returns an error until the source was read once. After that the Board
// answers whether or not the source does.
func (b *Board) Ready() error {
	if b.current.Load() == nil {
		return errors.New("incidents are not loaded yet")
	}
	return nil
}

// Snapshot returns what is known now. It fails with [faultline.ErrUnavailable]
// until the source was read once.
func (b *Board) Snapshot() (*Snapshot, error) {
	s := b.current.Load()
	if s == nil {
		return nil, faultline.ErrUnavailable
	}
	return s, nil
}

// Stale reports whether what is known is older than it should be: no node evaluates the
// log, or the source can't be read.
func (b *Board) Stale() bool {
	s := b.current.Load()
	if s == nil || s.Live.AsOf == nil {
		return true
	}
	return b.cfg.Now().Sub(*s.Live.AsOf) > cmp.Or(b.cfg.StaleAfter, staleAfter)
}

// ReadThrough asks the source for what the Board does not hold: old incidents,
// old revisions, long lists of sites. Such reads are few and bounded, so that
// nobody can make the store slow by asking for what does not exist.
func (b *Board) ReadThrough(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	if !incidentID.MatchString(id) {
		return faultline.Incident{}, faultline.ErrNotFound
	}
	return through(ctx, b, func(ctx context.Context) (faultline.Incident, error) {
		return b.cfg.Source.Incident(ctx, id, revision)
	})
}

// Revisions asks the source for some revisions of an incident; see [Source].
func (b *Board) Revisions(ctx context.Context, id string, first, last int) ([]faultline.Incident, error) {
	if !incidentID.MatchString(id) {
		return nil, faultline.ErrNotFound
	}
	return through(ctx, b, func(ctx context.Context) ([]faultline.Incident, error) {
		return b.cfg.Source.Revisions(ctx, id, first, last)
	})
}

// through reads through the source, if not too many do so already. Too many are refused at
// once instead of waiting: a reader who waits for a slow store would hold memory for
// nothing.
func through[T any](ctx context.Context, b *Board, read func(context.Context) (T, error)) (T, error) {
	select {
	case b.through <- struct{}{}:
		defer func() { <-b.through }()
	default:
		var none T
		return none, faultline.ErrUnavailable
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return read(ctx)
}
