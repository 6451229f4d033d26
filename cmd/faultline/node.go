package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
	"faultline/api"
	"faultline/correlate"
	"faultline/ingest"
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
	store     *store.Store
	keys      *api.Keys
	catalogue []faultline.SiteRecord
	drill     *drill // nil: the world
	log       *slog.Logger
	reg       *prometheus.Registry
}

// node is one serve: the door, the fold, the leader, the board and the server.
type node struct {
	log        *slog.Logger
	listen     string
	drainDelay time.Duration
	handler    http.Handler
	door       *ingest.Door
	board      *api.Board
	fold       *folder
	lead       *leader
	watch      *watcher
	play       func(context.Context) error // the drill, if there is one
}

func newNode(c *serveCmd, p nodeParts) (*node, error) {
	now, day, out, views := time.Now, worldDay, newOutbox(outboxSites), newLatest[faultline.View]()
	engines, stale := newEngine(correlate.Config{}), time.Duration(0)
	var labels ingest.Labels
	if d := p.drill; d != nil {
		day = dayClock{Now: d.clock.Now, Every: time.Duration(float64(time.Second) / d.clock.speed)}
		engines, labels = newEngine(correlate.Config{Drill: true}), d.plan
		stale = time.Duration(float64(drillStale) * d.clock.speed)
	}
	m := newMetrics(p.reg, out)
	names := ingest.NewNames()
	sites := newSiteMap(func(site string) { names.Add(site) })
	for _, r := range p.catalogue {
		sites.Put(r)
	}
	n := &node{log: p.log, listen: c.Listen, drainDelay: c.DrainDelay}
	n.fold = newFolder(p.store, engines, sites, out, views, m, p.log, now)
	n.lead = &leader{store: p.store, fold: n.fold, out: out, views: views, catalogue: p.catalogue, holder: holderName(),
		writer: randomWriter(), ttl: c.LeaseTTL, checkpoint: c.CheckpointInterval, m: m, log: p.log, now: now, day: day}
	n.watch = &watcher{store: p.store, fold: n.fold, m: m, now: now}
	n.door = ingest.NewDoor(ingest.DoorConfig{Log: logAdapter{p.store}, Keys: p.store, Names: names, Labels: labels,
		Durable: p.store.Durable(), Now: day.Now, Writer: randomWriter(), Registerer: p.reg})
	n.board = api.NewBoard(api.BoardConfig{Source: sourceAdapter{p.store}, Durable: p.store.Durable(),
		PublicURL: c.BaseURL, Now: day.Now, StaleAfter: stale, Log: p.log, Registry: p.reg})
	pages, err := web.New(web.Config{Source: pageSource{n.board, p.store}, Door: n.door, Keys: p.store, Lookup: lookup(names, sites),
		Members: sites.Members, Dependents: sites.Dependents, Contact: c.Contact, Registerer: p.reg, BaseURL: c.BaseURL, Drill: p.drill != nil, Now: day.Now, Wall: now, StaleAfter: stale, Log: p.log})
	if err != nil {
		return nil, err
	}
	engine, err := api.New(api.Config{Door: n.door, Board: n.board, Keys: p.keys, Lookup: lookup(names, sites),
		Ready: n.ready, Now: now, Log: p.log, Registry: p.reg, TrustedProxies: c.TrustedProxies, Page: pages.NotFound})
	if err != nil {
		return nil, err
	}
	pages.Routes(engine)
	n.handler = engine
	return n, nil
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
			return faultline.SiteRecord{}, faultline.ErrNotFound
		}
		return r, nil
	}
}

func (n *node) ready() error {
	if err := n.watch.Ready(); err != nil {
		return err
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
		server: begin("server", ended, func(context.Context) error { return server.Serve(listener) }),
		door:   begin("door", ended, n.door.Run),
		leader: begin("leader", ended, n.lead.Run),
		fold:   begin("fold", ended, n.fold.Run),
		board:  begin("board", ended, n.board.Run),
		watch:  begin("watch", ended, n.watch.Run),
	}
	if n.play != nil {
		tasks.drill = begin("drill", ended, n.play)
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

// nodeTasks are the goroutines of a node.
type nodeTasks struct{ server, door, leader, fold, board, watch, drill *task }

// drain ends a node in order: no new requests, streams closed, those under way
// answered, what was accepted written, a last checkpoint, the lease let go of.
func (n *node) drain(server *http.Server, tasks nodeTasks) {
	n.log.Info("draining")
	n.watch.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), n.drainDelay+drainLimit)
	defer cancel()
	if tasks.drill != nil {
		tasks.drill.stop(ctx, n.log)
	}
	pause(ctx, n.drainDelay)
	n.board.Close()
	requests, done := context.WithTimeout(ctx, requestsLimit)
	defer done()
	if err := server.Shutdown(requests); err != nil {
		n.log.Warn("requests under way were cut off", "error", err)
		server.Close()
	}
	tasks.board.cancel() // nobody asks any more; they end while the others write
	tasks.watch.cancel()
	for _, t := range []*task{tasks.door, tasks.leader, tasks.fold, tasks.board, tasks.watch, tasks.server} {
		t.stop(ctx, n.log) // the leader still needs the fold, and waits for what the door wrote
	}
	n.log.Info("ended")
}
