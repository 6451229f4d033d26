package main

import (
	"context"
	"errors"
	"faultline/api/stream"
	"faultline/api/webhook"
	"faultline/board"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"faultline/api/token"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
	"faultline/api"
	"faultline/correlate"
	"faultline/ingest"
	"faultline/ingest/agent"
	"faultline/ingest/infra"
	"faultline/ingest/probe"
	"faultline/ingest/statements"
	"faultline/replica"
	"faultline/scenario/drill"
	"faultline/store"
	"faultline/task"
	"faultline/web"
)

// Limits of the HTTP server. The stream lifts those on time for itself.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
)

// Limits of a drain, within the 5 s that it may take with the private Redis.
const (
	drainLimit    = 4 * time.Second // all of it but the delay at its start is bounded by what is left
	requestsLimit = 1500 * time.Millisecond
)

// nodeParts are what a node is put together from.
type nodeParts struct {
	store      *store.Store
	keys       *token.Keys
	catalogue  []faultline.SiteRecord
	book       infra.Book   // what sites are called
	drill      *drill.Drill //  nil: the world
	matcher    *infra.Matcher
	statements []statements.Source
	places     *ingest.Places // nil: nothing is known of addresses
	hosting    ingest.Hosting
	log        *slog.Logger
	reg        *prometheus.Registry
}

// node is one serve: the door, the fold, the leader, the board and the server.
type node struct {
	log        *slog.Logger
	listen     string
	drainDelay time.Duration
	handler    http.Handler
	door       *ingest.Door
	limits     *ingest.Limits
	places     *ingest.Places
	board      *board.Board
	streams    *stream.Streams
	replica    *replica.Replica
	maps       *mapper
	signing    *token.Keys
	keys       func(context.Context) error
	labels     ingest.Labels
	index      *board.Index
	holder     string
	play       func(context.Context) error // the drill, if there is one
	work       *agent.Schedule             // nil in a drill: nothing is probed
	probes     func(context.Context) error // nil when this node does not probe
}

func newNode(c *serveCmd, p nodeParts) (*node, error) {
	now, clock := time.Now, replica.Clock{Now: time.Now, Every: time.Second}
	engines, stale := newEngine(correlate.Config{}), time.Duration(0)
	snapshotFile := filepath.Join(c.StateDir, "snapshot.json.gz")
	var labels ingest.Labels
	newcomers := ingest.NewNewcomers(ingest.PublicDNS{}, now, p.reg)
	if p.places != nil {
		labels = p.places
	}
	if d := p.drill; d != nil {
		clock = replica.Clock{Now: d.Now, Every: d.TickEvery()}
		engines, labels, newcomers = newEngine(correlate.Config{Drill: true}), d.Places(), nil // its map is the scenario's
		snapshotFile = ""                                                                      // nothing of a drill is to be seen later
		stale = d.StaleAfter()
	}
	names := ingest.NewNames()
	index := board.NewIndex()
	sites := replica.NewSiteMap(func(r faultline.SiteRecord) { names.Add(r.Site); index.Put(r) })
	for _, r := range p.catalogue {
		sites.Put(r)
	}
	p.book.Teach(names)
	n := &node{log: p.log, listen: c.Listen, drainDelay: c.DrainDelay, limits: c.limits(p.store, p.reg),
		places: p.places,
		labels: labels, index: index, holder: holderName(), signing: p.keys, keys: watchKeys(p.keys, p.store, p.log)}
	n.maps = newMapper(p.matcher, sites.Lookup, p.log, p.reg)
	n.replica = replica.New(replica.Config{Store: p.store, NewEngine: engines, Sites: sites, Probed: n.probed(p),
		Follow: c.Role == roleProbe, Catalogue: p.catalogue, Duties: n.duties(c, p), Holder: n.holder,
		LeaseTTL: c.LeaseTTL, CheckpointInterval: c.CheckpointInterval, Clock: clock, Now: now,
		Log: p.log, Registerer: p.reg})
	door := ingest.DoorConfig{Log: logAdapter{p.store}, Keys: p.store, Names: names, Labels: labels,
		Hosting: p.hosting, Newcomers: newcomers, Durable: p.store.Durable(), Now: clock.Now,
		Writer: randomWriter(), Registerer: p.reg}
	var checks *ingest.Checks
	if p.drill == nil { // in a drill nothing is probed, and its components are the scenario's
		door.Checks, door.Recognises = p.store, p.matcher.Recognises
		checks = ingest.NewChecks(ingest.ChecksConfig{Store: p.store, Names: names, Keys: p.store, Now: now,
			Registerer: p.reg})
	}
	n.door = ingest.NewDoor(door)
	n.board = board.New(board.Config{Source: sourceAdapter{p.store}, Series: p.store, Durable: p.store.Durable(),
		PublicURL: c.BaseURL, SnapshotFile: snapshotFile, Map: mapOnDisk{sites,
			n.replica}, Now: clock.Now, StaleAfter: stale, Log: p.log, Registry: p.reg})
	n.streams = stream.New(n.board, stream.Config{Registry: p.reg})
	if p.drill == nil {
		n.probing(c, p, sites)
	}
	return n, n.face(c, p, checks, names, sites, clock, stale)
}

// face puts pages and API in front of what this node knows.
func (n *node) face(c *serveCmd, p nodeParts, checks *ingest.Checks, names *ingest.Names, sites *replica.SiteMap,
	clock replica.Clock, stale time.Duration) error {
	pageConfig := web.Config{Source: pageSource{n.board, p.store}, Door: n.door, Keys: p.store, Lookup: lookup(names,
		sites),
		NameOf: p.book.Title, Members: sites.Members, Dependents: sites.Dependents, Series: n.board, Verdicts: n.board, Networks: n.labels,
		Contact: c.Contact, Registerer: p.reg, BaseURL: c.BaseURL, Drill: p.drill != nil, Now: clock.Now, Wall: time.Now, StaleAfter: stale, Log: p.log}
	if n.work != nil {
		pageConfig.Checks, pageConfig.Vantages = checks, n.work.Vantages
	}
	pages, err := web.New(pageConfig)
	if err != nil {
		return err
	}
	config := api.Config{Door: n.door, Limits: n.limits, Board: n.board, Streams: n.streams, Keys: p.keys,
		Revocations: p.store, Webhooks: p.store,
		Annotator: annotator{p.store.Writer()}, Index: n.index, Network: n.labels, Lookup: lookup(names, sites),
		Ready: n.ready, Now: time.Now, Log: p.log, Registry: p.reg, TrustedProxies: c.TrustedProxies, Page: pages.Refuse}
	if c.ReadLimit > 0 {
		config.Reads = n.limits
	}
	if n.work != nil {
		config.Work, config.Checks = n.work, checks
	}
	engine, err := api.New(config)
	if err != nil {
		return err
	}
	pages.Routes(engine)
	n.handler = engine
	return nil
}

// probing sets up what this node says to vantages, and its own one.
func (n *node) probing(c *serveCmd, p nodeParts, sites *replica.SiteMap) {
	page := pageOf(c.BaseURL)
	n.work = agent.NewSchedule(agent.ScheduleConfig{Store: p.store, Sites: sites, Exclude: c.ProbeExclude,
		Period: c.ProbePeriod,
		Page:   page, Log: p.log, Now: time.Now})
	if c.Role == roleServe {
		return
	}
	vantage := c.vantage()
	eyes, err := c.checker(page, grounds{vantage.Vantage, p.matcher, n.maps.Via}, time.Now)
	if err != nil { // it serves all the same
		p.log.Warn("this node can't probe", "error", err)
		return
	}
	sink := agent.LocalSink{Door: n.door, Vantage: vantage, Log: p.log}
	prober := probe.New(probe.Config{Vantage: vantage.Vantage, Eyes: eyes, Sink: sink, Canaries: c.canaries(),
		Period: c.ProbePeriod, Log: p.log, Registry: p.reg, Now: time.Now})
	n.probes = func(ctx context.Context) error { return agent.RunLocal(ctx, prober, n.work, vantage, p.log) }
}

// probed are called for each probe of the log. In a drill nothing is probed, and the
// map is the scenario's.
func (n *node) probed(p nodeParts) []func(faultline.Probe, time.Time) {
	if p.drill != nil {
		return nil
	}
	return []func(faultline.Probe, time.Time){n.maps.Probe}
}

// duties are what this node does besides the replica's own work while it leads.
func (n *node) duties(c *serveCmd, p nodeParts) []replica.Duty {
	dispatch := webhook.NewDispatcher(sourceAdapter{p.store}, time.Now, p.log, p.reg)
	duties := []replica.Duty{{Name: "webhooks", Run: func(ctx context.Context, t *replica.Term) error {
		return dispatch.Run(ctx, t.Deliveries())
	}}}
	if p.drill != nil {
		return duties
	}
	return append(duties, replica.Duty{Name: "map", Run: n.maps.duty}, c.statementsDuty(p.statements, p.log, p.reg))
}

// newEngine makes engines, of a checkpoint or of nothing.
func newEngine(cfg correlate.Config) func(checkpoint []byte) (replica.Engine, error) {
	return func(checkpoint []byte) (replica.Engine, error) {
		if checkpoint == nil {
			return correlate.New(cfg), nil
		}
		return correlate.Restore(cfg, checkpoint)
	}
}

// lookup reads what a person calls a site and finds what it stands on.
func lookup(names *ingest.Names, sites *replica.SiteMap) func(string) (faultline.SiteRecord, error) {
	return func(input string) (faultline.SiteRecord, error) {
		site, err := names.Normalise(input)
		if err != nil {
			return faultline.SiteRecord{}, faultline.InvalidError{{Parameter: "site", Detail: err.Error()}}
		}
		r, ok := sites.Lookup(site)
		if !ok {
			return faultline.SiteRecord{Site: site}, faultline.ErrNotFound
		}
		return r, nil
	}
}

func (n *node) ready() error {
	if err := n.replica.Ready(); err != nil {
		return err
	}
	if !n.signing.RevocationsKnown() {
		return errors.New("which tokens are revoked is not read yet")
	}
	return n.board.Ready()
}

// run serves until ctx ends, then drains.
func (n *node) run(ctx context.Context) error {
	listener, err := net.Listen("tcp", n.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: n.handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	tasks := nodeTasks{
		server:  task.Begin("server", ended, func(context.Context) error { return server.Serve(listener) }),
		door:    task.Begin("door", ended, n.door.Run),
		replica: task.Begin("replica", ended, n.replica.Run),
		board:   task.Begin("board", ended, n.board.Run),
		streams: task.Begin("streams", ended, n.streams.Run),
		keys:    task.Begin("keys", ended, n.keys),
		limits:  task.Begin("limits", ended, n.limits.Run),
	}
	if n.places != nil {
		tasks.places = task.Begin("places", ended, n.places.Run)
	}
	if n.play != nil {
		tasks.drill = task.Begin("drill", ended, n.play)
	}
	if n.work != nil {
		tasks.work = task.Begin("schedule", ended, n.work.Run)
	}
	if n.probes != nil {
		tasks.probes = task.Begin("prober", ended, n.probes)
	}
	n.log.Info("serving", "listen", listener.Addr().String(), "holder", n.holder)
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-ended:
	}
	n.drain(server, tasks)
	return failure
}

// nodeTasks are the goroutines of a node.
type nodeTasks struct {
	server, door, replica, board, streams, limits, keys *task.Task
	drill, places, work, probes                         *task.Task // nil where there is none
}

// drain ends a node in order: no new requests, streams closed, those under way
// answered, what was accepted written, a last checkpoint, the lease released.
func (n *node) drain(server *http.Server, tasks nodeTasks) {
	n.log.Info("draining")
	n.replica.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), n.drainDelay+drainLimit)
	defer cancel()
	tasks.drill.Stop(ctx, n.log)
	tasks.places.Stop(ctx, n.log)
	tasks.probes.Cancel() // it hands in what it has seen while requests are still taken
	task.Pause(ctx, n.drainDelay)
	n.streams.Close()
	if n.work != nil {
		n.work.Close()
		tasks.work.Stop(ctx, n.log)
	}
	tasks.probes.Stop(ctx, n.log)
	requests, done := context.WithTimeout(ctx, requestsLimit)
	defer done()
	if err := server.Shutdown(requests); err != nil {
		n.log.Warn("requests under way were cut off", "error", err)
		server.Close()
	}
	tasks.streams.Cancel()
	tasks.board.Cancel() // nobody asks any more; they end while the others write
	tasks.limits.Cancel()
	tasks.keys.Cancel()
	// The door writes what it accepted, and the replica stores what follows from it.
	for _, t := range []*task.Task{tasks.door, tasks.replica, tasks.streams, tasks.board, tasks.limits, tasks.keys,
		tasks.server} {
		t.Stop(ctx, n.log)
	}
	n.log.Info("ended")
}
