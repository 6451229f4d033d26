package api

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"sync/atomic"
	"time"

	"faultline"

	"github.com/prometheus/client_golang/prometheus"
)

// Change is one revision of an incident as it was told to the world: its place
// in the stream of all of them, and the incident with its first
// [faultline.ListedSites] sites.
type Change struct {
	ID       string
	Incident faultline.Incident
}

// Source is where a Board learns what was concluded. Package store has it.
type Source interface {
	// Changes returns up to limit changes behind the position after, oldest
	// first, waiting up to block for the first one (0: not at all); behind "",
	// the last limit that are kept, without waiting. Where some behind after are
	// no longer kept it fails with [faultline.ErrNotFound], so that nobody misses
	// anything unknowingly.
	Changes(ctx context.Context, after string, limit int, block time.Duration) ([]Change, error)
	// Incident returns one revision with all its sites; 0 is the last one.
	Incident(ctx context.Context, id string, revision int) (faultline.Incident, error)
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
	maxIncidents  = 1_000   // newest first; open ones stay whatever their number. Older ones are read through the source
	maxKeptSites  = 200_000 // of incidents held whole; beyond, sites are read through the source
	ringSize      = 1_024   // changes that a stream can resume from without the source
	followBatch   = 256     // changes read at once
	readsThrough  = 32      // reads of older incidents under way at once
	staleAfter    = 15 * time.Second
	readTimeout   = 500 * time.Millisecond
	loadTimeout   = 10 * time.Second
	followBlock   = 5 * time.Second
	retryFollow   = time.Second
	emptyWait     = 50 * time.Millisecond // between reads that bring nothing
	viewEvery     = time.Second
	diskPause     = 5 * time.Second  // between two writes of what is known to the disk
	metaEvery     = 10 * time.Second // bodies keep their as_of, and their ETag, this long
	maxStreams    = 16_384
	writeDeadline = 10 * time.Second // a client that takes nothing for so long is dropped
	heartbeat     = 15 * time.Second
)

var incidentID = regexp.MustCompile(`^inc_[0-9A-Za-z]{1,40}$`)

// BoardConfig says what a Board follows.
type BoardConfig struct {
	Source Source
	// Series is where charts come from; nil: they are left out.
	Series SeriesSource
	// SnapshotFile is where the node writes down what it knows, to answer after a
	// restart while the source is away; empty: nowhere.
	SnapshotFile string
	// Map is written down in the same directory; nil: it is not.
	Map Map
	// Durable is false only where the source does not outlive the process.
	Durable bool
	// PublicURL is put before paths in answers: https://faultline.example. Empty
	// leaves them as paths. It is never taken from a request.
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger          // nil: says nothing
	Registry  prometheus.Registerer // nil: no metrics
	// StaleAfter is how old a view may be before answers say that they are stale; 0
	// is 15 seconds.
	StaleAfter time.Duration
	// MaxStreams bounds the clients of the stream; 0 is 16,384.
	MaxStreams int
}

// Board is a node's own memory of what it answers from: the last revision of
// each incident and the newest view, rendered once for everybody who asks, and
// the streams that are told of changes. One goroutine, [Board.Run], writes it.
type Board struct {
	cfg     BoardConfig
	current atomic.Pointer[snapshot] // nil until the source was read once
	hub     *hub
	through chan struct{} // a token for each read through the source
	series  chan struct{} // a token for each read of a series
	metrics boardMetrics

	// Waits of the loops and of streams: the constants above, shorter in tests.
	viewEvery, retry, heartbeat, writeDeadline, diskPause time.Duration
}

// NewBoard returns a Board that knows nothing until it runs.
func NewBoard(cfg BoardConfig) *Board {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxStreams == 0 {
		cfg.MaxStreams = maxStreams
	}
	b := &Board{
		cfg: cfg, through: make(chan struct{}, readsThrough), series: make(chan struct{}, seriesAtOnce),
		viewEvery: viewEvery, retry: retryFollow, heartbeat: heartbeat, writeDeadline: writeDeadline,
		diskPause: diskPause,
	}
	b.metrics = newBoardMetrics(cfg.Registry, b)
	b.hub = newHub(cfg.MaxStreams, b.metrics.streams, b.metrics.dropped)
	return b
}

// Ready returns an error until the source was read once. After that the Board
// answers whether or not the source does.
func (b *Board) Ready() error {
	if b.current.Load() == nil {
		return errors.New("incidents are not loaded yet")
	}
	return nil
}

// Close ends every stream and refuses new ones, so that the server can shut
// down. Everything else goes on being answered.
func (b *Board) Close() { b.hub.close() }

// snapshot returns what is known now.
func (b *Board) snapshot() (*snapshot, error) {
	s := b.current.Load()
	if s == nil {
		return nil, faultline.ErrUnavailable
	}
	return s, nil
}

// readThrough asks the source for what the Board does not hold: old incidents,
// old revisions, long lists of sites. Such reads are few and bounded, so that
// nobody can make the store slow by asking for what does not exist.
func (b *Board) readThrough(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	if !incidentID.MatchString(id) {
		return faultline.Incident{}, faultline.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	select {
	case b.through <- struct{}{}:
		defer func() { <-b.through }()
	default:
		return faultline.Incident{}, faultline.ErrUnavailable
	}
	return b.cfg.Source.Incident(ctx, id, revision)
}

// said is what a reporter is told of the site: how many others reported it in
// the last 10 minutes, since when it fails by their word or the incident's, and
// the open incident that it belongs to, if any.
func (b *Board) said(r faultline.Receipt) (others int, since *time.Time, incident *IncidentRef) {
	s := b.current.Load()
	if s == nil {
		return 0, nil, nil
	}
	status, ok := s.site(r.Site)
	if !ok {
		return 0, nil, nil
	}
	others = status.Reports
	if !r.Counted && others > 0 {
		others-- // a repeat: one of them is the reporter's own
	}
	if e := s.foremost(status.Incidents); e != nil {
		ref := newIncidentRef(&e.inc, b.cfg.PublicURL)
		incident = &ref
		return others, &e.inc.Onset.At, incident
	}
	if others > 0 {
		since = status.FirstReportAt
	}
	return others, since, nil
}
