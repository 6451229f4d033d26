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
	"faultline/ingest/infra"
	"faultline/ingest/statements"
	"faultline/store"
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
	book       catalogueBook // what sites are called
	drill      *drill        // nil: the world
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
	fold       *folder
	lead       *leader
	maps       *mapper
	watch      *watcher
	signing    *token.Keys
	keys       func(context.Context) error
	labels     ingest.Labels
	index      *board.Index
	play       func(context.Context) error // the drill, if there is one
	work       *workBoard                  // nil in a drill: nothing is probed
	probes     *localProber                // nil when this node does not probe
	follows    bool                        // it never leads
}

func newNode(c *serveCmd, p nodeParts) (*node, error) {
	now, day, out, views := time.Now, worldDay, newOutbox(outboxSites), newLatest[faultline.View]()
	engines, stale := newEngine(correlate.Config{}), time.Duration(0)
	snapshotFile := filepath.Join(c.StateDir, "snapshot.json.gz")
	var labels ingest.Labels
	newcomers := ingest.NewNewcomers(ingest.PublicDNS{}, now, p.reg)
	if p.places != nil {
		labels = p.places
	}
	if d := p.drill; d != nil {
		day = dayClock{Now: d.clock.Now, Every: time.Duration(float64(time.Second) / d.clock.speed)}
		engines, labels, newcomers = newEngine(correlate.Config{Drill: true}), d.plan, nil // its map is the scenario's
		snapshotFile = ""                                                                  // nothing of a drill is to be seen later
		stale = time.Duration(float64(drillStale) * d.clock.speed)
	}
	m := newMetrics(p.reg, out)
	names := ingest.NewNames()
	sites, index := newSiteMap(func(site string) { names.Add(site) }), board.NewIndex()
	sites.indexed = index.Put
	for _, r := range p.catalogue {
		sites.Put(r)
	}
	p.book.teach(names)
	n := &node{log: p.log, listen: c.Listen, drainDelay: c.DrainDelay, follows: c.Role == roleProbe, limits: c.limits(p.store, p.reg), places: p.places,
		labels: labels, index: index, signing: p.keys, keys: watchKeys(p.keys, p.store, p.log)}
	n.fold = newFolder(p.store, engines, sites, out, views, m, p.log, now)
	n.lead = &leader{store: p.store, fold: n.fold, out: out, views: views, catalogue: p.catalogue,
		dispatch: webhook.NewDispatcher(sourceAdapter{p.store}, now, p.log, p.reg), holder: holderName(),
		writer: randomWriter(), ttl: c.LeaseTTL, checkpoint: c.CheckpointInterval, m: m, log: p.log, now: now, day: day}
	n.maps = newMapper(p.matcher, sites.Lookup, p.reg)
	if p.drill == nil { // its map is the scenario's
		n.fold.probed = append(n.fold.probed, n.maps.Probe)
		heard := &hearer{sources: p.statements, every: c.StatementsEvery, metrics: statements.NewMetrics(p.reg), writer: randomWriter()}
		n.lead.duties = []duty{n.maps.duty, heard.duty}
	}
	n.watch = &watcher{store: p.store, fold: n.fold, m: m, now: now}
	door := ingest.DoorConfig{Log: logAdapter{p.store}, Keys: p.store, Names: names, Labels: labels,
		Hosting: p.hosting, Newcomers: newcomers, Durable: p.store.Durable(), Now: day.Now, Writer: randomWriter(), Registerer: p.reg}
	var checks *ingest.Checks
	if p.drill == nil { // in a drill nothing is probed, and its components are the scenario's
		door.Checks, door.Recognises = p.store, p.matcher.Recognises
		checks = ingest.NewChecks(ingest.ChecksConfig{Store: p.store, Names: names, Keys: p.store, Now: now, Registerer: p.reg})
	}
	n.door = ingest.NewDoor(door)
	n.board = board.New(board.Config{Source: sourceAdapter{p.store}, Series: p.store, Durable: p.store.Durable(),
		PublicURL: c.BaseURL, SnapshotFile: snapshotFile, Map: mapOnDisk{sites, n.fold}, Now: day.Now, StaleAfter: stale, Log: p.log, Registry: p.reg})
	n.streams = stream.New(n.board, stream.Config{Registry: p.reg})
	if p.drill == nil {
		n.probing(c, p, sites)
	}
	return n, n.face(c, p, checks, names, sites, day, stale)
}

// face puts pages and API in front of what this node knows.
func (n *node) face(c *serveCmd, p nodeParts, checks *ingest.Checks, names *ingest.Names, sites *siteMap, day dayClock, stale time.Duration) error {
	pageConfig := web.Config{Source: pageSource{n.board, p.store}, Door: n.door, Keys: p.store, Lookup: lookup(names, sites),
		NameOf: p.book.title, Members: sites.Members, Dependents: sites.Dependents, Series: n.board, Verdicts: n.board, Networks: n.labels,
		Contact: c.Contact, Registerer: p.reg, BaseURL: c.BaseURL, Drill: p.drill != nil, Now: day.Now, Wall: time.Now, StaleAfter: stale, Log: p.log}
	if n.work != nil {
		pageConfig.Checks, pageConfig.Vantages = checks, n.work.Vantages
	}
	pages, err := web.New(pageConfig)
	if err != nil {
		return err
	}
	config := api.Config{Door: n.door, Limits: n.limits, Board: n.board, Streams: n.streams, Keys: p.keys, Revocations: p.store, Webhooks: p.store,
		Annotator: &annotator{store: p.store, writer: randomWriter()}, Index: n.index, Network: n.labels, Lookup: lookup(names, sites),
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
func (n *node) probing(c *serveCmd, p nodeParts, sites *siteMap) {
	page := pageOf(c.BaseURL)
	n.work = newWorkBoard(p.store, sites, c.ProbeExclude, c.ProbePeriod, page, p.log, time.Now)
	if c.Role == roleServe {
		return
	}
	prober, err := newLocalProber(c.localFlags, n.door, n.work, grounds{c.vantage().Vantage, p.matcher, n.maps.Via}, page, p.log, p.reg, time.Now)
	if err != nil { // it serves all the same
		p.log.Warn("this node can't probe", "error", err)
		return
	}
	n.probes = prober
}

// newEngine makes engines, of a checkpoint or of nothing.
func newEngine(cfg correlate.Config) func(checkpoint []byte) (engine, error) {
	return func(checkpoint []byte) (engine, error) {
		if checkpoint == nil {
			return correlate.New(cfg), nil
		}
		return correlate.Restore(cfg, checkpoint)
	}
}

// lookup reads what a person calls a site and finds what it stands on.
func lookup(names *ingest.Names, sites *siteMap) func(string) (faultline.SiteRecord, error) {
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
	if err := n.watch.Ready(); err != nil {
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
		server:  begin("server", ended, func(context.Context) error { return server.Serve(listener) }),
		door:    begin("door", ended, n.door.Run),
		leader:  begin("leader", ended, n.leading),
		fold:    begin("fold", ended, n.fold.Run),
		board:   begin("board", ended, n.board.Run),
		streams: begin("streams", ended, n.streams.Run),
		watch:   begin("watch", ended, n.watch.Run),
		keys:    begin("keys", ended, n.keys),
		limits:  begin("limits", ended, n.limits.Run),
	}
	if n.places != nil {
		tasks.places = begin("places", ended, n.places.Run)
	}
	if n.play != nil {
		tasks.drill = begin("drill", ended, n.play)
	}
	if n.work != nil {
		tasks.work = begin("work", ended, n.work.Run)
	}
	if n.probes != nil {
		tasks.probes = begin("prober", ended, n.probes.Run)
	}
	n.log.Info("serving", "listen", listener.Addr().String(), "holder", n.lead.holder)
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-ended:
	}
	n.drain(server, tasks)
	return failure
}

// leading leads whenever it can, if this node may.
func (n *node) leading(ctx context.Context) error {
	if n.follows {
		<-ctx.Done()
		return nil
	}
	return n.lead.Run(ctx)
}

// nodeTasks are the goroutines of a node.
type nodeTasks struct {
	server, door, leader, fold, board, streams, watch, limits, keys *task
	drill, places, work, probes                                     *task // nil where there is none
}

// drain ends a node in order: no new requests, streams closed, those under way
// answered, what was accepted written, a last checkpoint, the lease let go of.
func (n *node) drain(server *http.Server, tasks nodeTasks) {
	n.log.Info("draining")
	n.watch.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), n.drainDelay+drainLimit)
	defer cancel()
	for _, t := range []*task{tasks.drill, tasks.places} {
		if t != nil {
			t.stop(ctx, n.log)
		}
	}
	if tasks.probes != nil {
		tasks.probes.cancel() // it hands in what it has seen while requests are still taken
	}
	pause(ctx, n.drainDelay)
	n.streams.Close()
	if n.work != nil {
		n.work.Close()
		tasks.work.stop(ctx, n.log)
	}
	if tasks.probes != nil {
		tasks.probes.stop(ctx, n.log)
	}
	requests, done := context.WithTimeout(ctx, requestsLimit)
	defer done()
	if err := server.Shutdown(requests); err != nil {
		n.log.Warn("requests under way were cut off", "error", err)
		server.Close()
	}
	tasks.streams.cancel()
	tasks.board.cancel() // nobody asks any more; they end while the others write
	tasks.watch.cancel()
	tasks.limits.cancel()
	tasks.keys.cancel()
	for _, t := range []*task{tasks.door, tasks.leader, tasks.fold, tasks.streams, tasks.board, tasks.watch, tasks.limits, tasks.keys, tasks.server} {
		t.stop(ctx, n.log) // the leader still needs the fold, and waits for what the door wrote
	}
	n.log.Info("ended")
}
