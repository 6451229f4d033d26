package replica

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
	"faultline/store"
	"faultline/task"
	"faultline/trace"
)

// Clock is the time that the log is given, once a second of its own.
type Clock struct {
	Now   func() time.Time
	Every time.Duration // of the world's time, between two ticks
	// OfEntries leaves the time of ticks to the Redis that takes them.
	OfEntries bool
}

// Config is what a Replica is made of. Store, NewEngine, Sites, Holder, LeaseTTL,
// CheckpointInterval, Clock, Now and Log are required.
type Config struct {
	Store *store.Store
	// NewEngine restores an engine from a checkpoint; nil is one that has folded nothing.
	NewEngine func(checkpoint []byte) (Engine, error)
	// KnownLog is which log this node knows; nil: it knows none yet.
	KnownLog *KnownLog
	// Format is the version of the checkpoints that NewEngine reads.
	Format int
	// Sites takes the record of each site that the log says something new about.
	Sites *SiteMap
	// Probed are called for every probe that is folded, with the log's clock, by the
	// goroutine that folds: they must not wait.
	Probed []func(p faultline.Probe, clock time.Time)
	// Vantages are called likewise for every vantage's record that is folded.
	Vantages []func(faultline.Vantage)

	// Published returns the last revisions that this node has shown to its readers, and
	// false until it knows them; nil: there are no readers.
	Published func() (incidents []faultline.Incident, known bool)

	Follow    bool                   // it never leads
	Catalogue []faultline.SiteRecord // what a leader appends of what the map lacks
	Duties    []Duty                 // what else a leader does

	Holder             string        // names this process among all that may lead
	LeaseTTL           time.Duration // how long a leader that died counts as one
	CheckpointInterval time.Duration // between two checkpoints
	Clock              Clock         // what ticks say
	Now                func() time.Time
	Time               *store.Clock // asked of Redis twice a second; nil: it is not
	Log                *slog.Logger
	Tracer             *trace.Tracer         // nil: nothing is traced
	Registerer         prometheus.Registerer // nil: metrics are not exported
}

// Replica is one copy of the fold, which may lead.
type Replica struct {
	fold       *folder
	lead       *leader
	reconciler *reconciler
	watch      *watcher
	headroom   *headroom
	follow     bool
	log        *slog.Logger
}

// New prepares a Replica. It begins with [Replica.Run].
// The leader is made even for a replica that never leads; see [Replica.leading].
func New(cfg Config) *Replica {
	out, views := newOutbox(outboxSites), newLatest[viewAt]()
	m := newMetrics(cfg.Registerer, out)
	r := &Replica{follow: cfg.Follow, headroom: &headroom{}, log: cfg.Log}
	r.fold = newFolder(cfg.Store, cfg.NewEngine, cfg.Sites, out, views, m, cfg.Log, cfg.Now)
	if cfg.KnownLog != nil {
		r.fold.known = cfg.KnownLog
	}
	r.fold.probed, r.fold.vantages = cfg.Probed, cfg.Vantages
	r.fold.traces = traces{tracer: cfg.Tracer, now: cfg.Now}
	r.lead = &leader{store: cfg.Store, fold: r.fold, out: out, views: views, catalogue: cfg.Catalogue,
		holder: cfg.Holder, ttl: cfg.LeaseTTL, checkpoint: cfg.CheckpointInterval, format: cfg.Format,
		headroom: r.headroom, m: m, tracer: cfg.Tracer,
		log: cfg.Log,
		now: cfg.Now, clock: cfg.Clock, duties: cfg.Duties}
	r.lead.openWriters()
	r.reconciler = &reconciler{store: cfg.Store, fold: r.fold, list: cfg.Published, writer: cfg.Store.Writer(), m: m,
		log:   cfg.Log,
		clock: cfg.Clock.Now}
	r.lead.reconciler = r.reconciler
	r.watch = &watcher{store: cfg.Store, fold: r.fold, headroom: r.headroom, time: cfg.Time, log: cfg.Log, m: m,
		now: cfg.Now}
	return r
}

// Run follows the log, and leads whenever it can, until ctx ends. Then it ends in
// order: what the fold made is stored, a last checkpoint is written and the lease is
// released, which takes at most a few seconds. An error says which part ended by
// itself.
func (r *Replica) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	fold := task.Begin("fold", ended, r.fold.Run)
	watch := task.Begin("watch", ended, r.watch.Run)
	lead := task.Begin("leader", ended, r.leading)
	reconciler := task.Begin("told", ended, r.reconciler.Run)
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-ended:
	}
	// The leader ends first: it still needs the fold to read what was accepted last.
	for _, t := range []*task.Task{lead, reconciler, watch, fold} {
		t.Stop(context.WithoutCancel(ctx), r.log)
	}
	return failure
}

// leading leads whenever it can, if this replica may. One that only follows waits for its
// end, since a task that returns would end the whole replica.
func (r *Replica) leading(ctx context.Context) error {
	if r.follow {
		<-ctx.Done()
		return nil
	}
	return r.lead.Run(ctx)
}

// Headroom says why nothing more should be sent to the log: the memory of Redis is almost
// full, and what is left is for the leader, which makes room with it; nil where there is
// room.
func (r *Replica) Headroom() error { return r.headroom.Err() }

// Status says how far the fold has come.
func (r *Replica) Status() Status { return *r.fold.status.Load() }

// Ready says why this node should get nothing that is to be written down; nil when it
// should.
func (r *Replica) Ready() error { return r.watch.Ready() }

// Draining reports whether the process is about to end.
func (r *Replica) Draining() bool { return r.watch.Draining() }

// Drain makes Ready say from now on that the process is about to end.
func (r *Replica) Drain() { r.watch.Drain() }
