// Package node puts one node of the service together: the door, the replica, the board
// and its readers, the prober, and the server of HTTP in front of them.
//
// What belongs here: which part is given which, in which order they begin and end, and
// the adapters between them. What does not: flags and environment (cmd), and all that
// the parts do.
package node

import (
	"cmp"
	"context"
	"errors"
	"faultline/api/push"
	"faultline/api/stream"
	"faultline/board"
	"faultline/board/find"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"faultline/api/token"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
	"faultline/api"
	"faultline/correlate"
	"faultline/dump"
	"faultline/ingest"
	"faultline/ingest/agent"
	"faultline/ingest/infra"
	"faultline/ingest/probe"
	"faultline/ingest/statements"
	"faultline/record"
	"faultline/replica"
	"faultline/scenario/drill"
	"faultline/store"
	"faultline/store/archive"
	"faultline/tlsfiles"
	"faultline/trace"
	"faultline/web"
)

// Config is what a node is put together from.
type Config struct {
	Listen  string           // HOST:PORT
	Serving func(net.Addr)   // called once it listens; nil: nothing is
	TLS     *tlsfiles.Source // by which it speaks TLS there; nil: it does not
	// NamedCertificates says that an agent's certificate must name its vantage.
	NamedCertificates bool
	AdminListen       string         // HOST:PORT of metrics and profiles; empty: metrics are public
	AdminServing      func(net.Addr) // called once it listens there; nil: nothing is
	BaseURL           string         // that people reach it by; empty: not known
	Contact           string
	PushContact       string // whom push services write to, mailto:… or https://…; empty: no browser is notified
	TrustedProxies    []string
	MaxConnections    int           // of one address at one time, that is no trusted proxy; 0: any number
	DrainDelay        time.Duration // how long requests are still taken after the end was asked for
	SnapshotFile      string        // where what readers see is written down; empty: nowhere
	ArchiveDir        string        // where incidents of long ago are kept; empty: they stay in Redis
	Keep              time.Duration // how long they stay in Redis after their last revision; 0: permanently
	ArchiveEvery      time.Duration // between two steps of copying and moving them; 0: 5 s
	Dumps             Dumps

	Holder             string // names this process among all nodes; empty: as HolderName makes it
	Store              *store.Store
	KnownLog           *replica.KnownLog // which log this node knows; nil: none yet
	NeverLead          bool
	LeaseTTL           time.Duration
	CheckpointInterval time.Duration

	Catalogue []faultline.SiteRecord
	Catalog   infra.MergedCatalog  // what sites are called
	Providers *faultline.Providers // who runs what; nil: nobody is known
	Matcher   *infra.Matcher
	Drill     *drill.Drill // nil: the world

	Keys       *token.Keys
	SelfKeys   bool // people may make keys without the operator
	Record     Record
	Limits     *ingest.Limits
	LimitReads bool
	Places     *ingest.Places // nil: nothing is known of addresses
	Hosting    ingest.Hosting

	Statements Statements
	Schedule   Schedule
	Prober     *Prober // nil: this node does not probe

	Now      func() time.Time // the world's clock: that of Time, if there is one
	Time     *store.Clock     // the log's clock on this node; nil: Now is believed
	Log      *slog.Logger
	Tracer   *trace.Tracer // nil: nothing is traced; whoever made it closes it
	Registry *prometheus.Registry
}

// Statements say which providers' pages a leader reads. Only the leader reads them, so
// that a provider gets one request at a time from all nodes.
type Statements struct {
	Sources []statements.Source // none: no page is read
	Every   time.Duration       // between two requests for one page
	Agent   string              // the User-Agent
}

// Schedule says how sites are checked, by this node and by agents.
type Schedule struct {
	Period  time.Duration // between two checks of a site from one vantage
	Exclude []string      // sites that are not checked
	Pages   time.Duration // between two requests for a site's page, of which its uses are read; 0: none is
}

// Prober is this node's own vantage.
type Prober struct {
	Vantage  faultline.Vantage
	Version  string // of this program
	Canaries probe.Canaries
	// Eyes make what sends the checks; page is where they are explained.
	Eyes func(page string, grounds probe.Grounds) (*probe.Checker, error)
	// NameServers make what remembers the name servers of sites; nil: nobody asks.
	NameServers func() (*infra.NameServers, error)
}

// Node is one serve. It begins with [Node.Run].
// Its fields are set by New and not changed afterwards, but for wasWritable.
type Node struct {
	cfg     Config
	log     *slog.Logger
	clock   replica.Clock
	stale   time.Duration // how old a view may be; 0: the board's own limit
	handler http.Handler
	// prepared answers again what the handler answered, in front of it.
	prepared *api.Prepared
	door     *ingest.Door
	checks   *ingest.Checks // nil in a drill
	board    *board.Board
	notices  *board.Notices
	streams  *stream.Streams
	replica  *replica.Replica
	maps     *infra.Mapper
	names    *ingest.Names
	sites    *replica.SiteMap
	labels   ingest.Labels
	archive  *archive.Archive // nil: there is none
	dumps    *dump.Daily      // nil: this node writes none
	index    *board.Index
	finder   *find.Index
	holder   string
	keeper   *record.Keeper
	push     *push.Service // nil: no browser is notified
	pages    *web.Web
	work     *agent.Schedule             // nil in a drill: nothing is probed
	probes   func(context.Context) error // nil when this node does not probe
	eyes     *probe.Checker              // nil likewise; pages are read with it

	started     time.Time
	wasWritable atomic.Bool // it was once ready for everything
}

// New puts a node together. Nothing runs and nothing is written before [Node.Run]. The
// order follows who needs whom: the list of sites before the replica that fills it, the
// replica before what asks it for room, the board before the pages that read it. An error
// is a part that can't be made from this configuration.
func New(cfg Config) (*Node, error) {
	if cfg.KnownLog == nil {
		cfg.KnownLog = new(replica.KnownLog)
	}
	n := &Node{cfg: cfg, log: cfg.Log, started: cfg.Now(),
		holder: cmp.Or(cfg.Holder, HolderName()), names: ingest.NewNames(), index: board.NewIndex(),
		clock: replica.Clock{Now: cfg.Now, Every: time.Second, OfEntries: cfg.Time != nil}}
	if err := errors.Join(n.openArchive(), n.openDumps()); err != nil {
		return nil, err
	}
	n.finder = newFinder(cfg.Catalog, cfg.Providers)
	n.sites = replica.NewSiteMap(
		func(r faultline.SiteRecord) { n.names.Add(r.Site); n.index.Put(r); found(n.finder, r) })
	// The catalogue is there before the log was read, so that the first reader finds sites
	// by name.
	for _, r := range cfg.Catalogue {
		n.sites.Put(r)
	}
	cfg.Catalog.Teach(n.names)
	describe(n.index, cfg.Catalog)
	known, err := infra.FoldProviders()
	if err != nil {
		return nil, err
	}
	engine := correlate.Config{Providers: known}
	// A nil *Places in the interface would not be nil.
	if cfg.Places != nil {
		n.labels = cfg.Places
	}
	// A drill has its own clock, its own idea of old, and addresses that lie in its
	// networks.
	if d := cfg.Drill; d != nil {
		n.clock = replica.Clock{Now: d.Now, Every: d.TickEvery()}
		n.stale, n.labels, engine = d.StaleAfter(), d.Places(), correlate.Config{Drill: true, Providers: known}
	}
	n.maps = infra.NewMapper(cfg.Matcher, n.sites.Lookup, cfg.Log, cfg.Registry)
	n.push = cfg.push()
	n.replica = replica.New(replica.Config{Store: cfg.Store, NewEngine: newEngine(engine),
		Format:   correlate.CheckpointVersion,
		KnownLog: cfg.KnownLog, Sites: n.sites, Published: n.published(),
		Probed: n.probed(), Vantages: n.vantages(), Follow: cfg.NeverLead, Catalogue: cfg.Catalogue, Duties: n.duties(),
		Holder:   n.holder,
		LeaseTTL: cfg.LeaseTTL, CheckpointInterval: cfg.CheckpointInterval, Clock: n.clock, Now: cfg.Now,
		Time: cfg.Time,
		Log:  cfg.Log, Tracer: cfg.Tracer, Registerer: cfg.Registry})
	n.keeper = n.newKeeper()
	n.notices = board.NewNotices(cfg.Store, cfg.Now, cfg.Log)
	n.openDoor()
	boardConfig := board.Config{Source: n.source(), Complete: n.stored().Complete, Series: cfg.Store, Days: cfg.Store,
		Index: n.index, Began: cfg.Store.LogStart, Durable: cfg.Store.Durable(),
		PublicURL: cfg.BaseURL, SnapshotFile: n.snapshotFile(), Map: mapOnDisk{n.sites, n.replica}, Now: n.clock.Now,
		StaleAfter: n.stale, Providers: cfg.Providers, Tracer: cfg.Tracer, Log: cfg.Log, Registry: cfg.Registry}
	if cfg.Drill == nil {
		n.openProber()
		boardConfig.VantageStates = n.work.Vantages
	}
	n.board = board.New(boardConfig)
	n.streams = stream.New(n.board, stream.Config{Registry: cfg.Registry})
	return n, n.face()
}

// snapshotFile is where this node writes down what readers see; in a drill nowhere, or
// made-up incidents would be served as true ones after the next start.
func (n *Node) snapshotFile() string {
	if n.cfg.Drill != nil {
		return ""
	}
	return n.cfg.SnapshotFile
}

// fixedDir is where pages of revisions are kept, beside the snapshot. A page of a
// revision never changes, so the files stay valid over restarts and releases that do
// not change the pages.
func (n *Node) fixedDir() string {
	if file := n.snapshotFile(); file != "" {
		return filepath.Join(filepath.Dir(file), "fixed")
	}
	return ""
}

// openDoor makes the door, and what takes requests for checks. In a drill the map and
// the components are the scenario's, and nothing is probed.
func (n *Node) openDoor() {
	st, reg := n.cfg.Store, n.cfg.Registry
	door := ingest.DoorConfig{Log: logAdapter{st}, Keys: st, Names: n.names, Labels: n.labels, Hosting: n.cfg.Hosting,
		Durable: st.Durable(), Patience: st.Patience, Headroom: n.replica.Headroom, Now: n.clock.Now,
		Writer: randomWriter(), Tracer: n.cfg.Tracer, Registerer: reg}
	if n.cfg.Drill == nil {
		door.Newcomers = ingest.NewNewcomers(ingest.PublicDNS{}, n.cfg.Now, reg)
		door.Checks, door.Recognises = st, n.cfg.Matcher.Recognises
		door.Certificates, door.Noted = st, n.notices.Certificate
		n.checks = ingest.NewChecks(ingest.ChecksConfig{Store: st, Names: n.names, Keys: st, Now: n.cfg.Now,
			Registerer: reg})
	}
	n.door = ingest.NewDoor(door)
}

// face puts pages and API in front of what this node knows. Pages that can't be made,
// and an API that can't be, are defects that a start must show. Parts that an operator
// has not asked for stay nil, and their pages and paths then do not exist.
func (n *Node) face() error {
	cfg := n.cfg
	pageConfig := web.Config{Source: pageSource{n.board, n.stored()}, Door: n.door, Keys: cfg.Store, Lookup: n.lookup,
		Concentration: n.concentrated,
		Components:    n.index.Components, Sites: n.index.Sites,
		Tally: n.tally, Providers: cfg.Providers, Find: n.finder.Find, Stack: n.stack,
		NameOf: cfg.Catalog.Title, Members: n.sites.Members, Dependents: n.sites.Dependents, Series: n.board,
		Verdicts: n.board, Parts: n.board.PartsOf, Partly: n.board.PartlyOf, Networks: n.labels,
		Contact: cfg.Contact, Registerer: cfg.Registry, BaseURL: cfg.BaseURL,
		Listen: cfg.Listen, FixedDir: n.fixedDir(), SelfKeys: cfg.SelfKeys, Dumps: n.dumps, Notifies: n.push != nil,
		Drill: cfg.Drill != nil, Now: n.clock.Now, Wall: cfg.Now, StaleAfter: n.stale, Log: cfg.Log}
	if n.work != nil {
		pageConfig.Checks, pageConfig.Vantages, pageConfig.Notices = n.checks, n.work.Vantages, n.notices
	}
	pages, err := web.New(pageConfig)
	if err != nil {
		return err
	}
	n.pages = pages
	var prepared api.Prepared
	config := api.Config{Door: n.door, Limits: cfg.Limits, Board: n.board, Streams: n.streams, Keys: cfg.Keys,
		Prepared:    &prepared,
		Revocations: cfg.Store, Registrar: cfg.Store, Notices: n.notices, Record: n.keeper, Dumps: n.dumps,
		Webhooks:  cfg.Store,
		Annotator: annotator{cfg.Store.Writer()}, Index: n.index, Find: n.finder.Find,
		Network: n.labels, Readers: n.door, Lookup: n.lookup, Ready: n.ready, Now: cfg.Now, Log: cfg.Log,
		Tracer: cfg.Tracer, ClientCertificates: cfg.TLS != nil && cfg.TLS.WantsClients(),
		NamedCertificates: cfg.NamedCertificates,
		Writable:          n.writable, Unwell: n.unwell, Listen: cfg.Listen,
		Registry: cfg.Registry, PrivateMetrics: cfg.AdminListen != "",
		TrustedProxies: cfg.TrustedProxies, Page: pages.Refuse}
	if cfg.LimitReads {
		config.Reads = cfg.Limits
	}
	if cfg.SelfKeys {
		config.MadeKeys = ingest.NewMadeKeys(cfg.Store, cfg.Store, cfg.Now)
	}
	if n.push != nil {
		config.Push, config.Subscribers = n.push, ingest.NewPushes(cfg.Store, cfg.Store, cfg.Now)
	}
	if n.work != nil {
		config.Work, config.Checks = n.work, n.checks
	}
	engine, err := api.New(config)
	if err != nil {
		return err
	}
	pages.Routes(engine)
	n.handler = engine
	n.prepared = &prepared
	return nil
}

// stack says how some things do, by what this node knows now.
func (n *Node) stack(items []faultline.StackItem) (board.Stack, error) {
	s, err := n.board.Snapshot()
	if err != nil {
		return board.Stack{}, err
	}
	return s.Stack(n.index, items), nil
}

// openProber sets up what this node gives to vantages to check, and its own vantage. A
// prober that can't be made is logged and left out: a node that can't probe still takes
// reports and serves readers.
func (n *Node) openProber() {
	cfg, page := n.cfg, agent.PageOf(n.cfg.BaseURL)
	// Agents need the schedule even where this node does not probe.
	n.work = agent.NewSchedule(agent.ScheduleConfig{Store: cfg.Store, Sites: n.sites, Exclude: cfg.Schedule.Exclude,
		Period: cfg.Schedule.Period, Page: page, Log: cfg.Log, Now: cfg.Now})
	own := cfg.Prober
	if own == nil {
		return
	}
	var servers *infra.NameServers
	if own.NameServers != nil {
		var err error
		if servers, err = own.NameServers(); err != nil { // it probes all the same
			cfg.Log.Warn("name servers are not asked for", "error", err)
		}
	}
	grounds := agent.Grounds{Vantage: own.Vantage.Vantage, Matcher: cfg.Matcher, Infer: n.maps.Via, Servers: servers}
	eyes, err := own.Eyes(page, grounds)
	if err != nil { // it serves all the same
		cfg.Log.Warn("this node can't probe", "error", err)
		return
	}
	n.eyes = eyes
	ledger := &agent.Ledger{}
	sink := agent.LocalSink{Door: n.door, Vantage: own.Vantage, Ledger: ledger, Now: cfg.Now, Log: cfg.Log}
	prober := probe.New(probe.Config{Vantage: own.Vantage.Vantage, Eyes: eyes, Sink: sink, Canaries: own.Canaries,
		Period: cfg.Schedule.Period, Log: cfg.Log, Registry: cfg.Registry, Now: cfg.Now})
	n.probes = func(ctx context.Context) error {
		return agent.WithNameServers(ctx, servers, func(ctx context.Context) error {
			return agent.Local{Prober: prober, Schedule: n.work, Vantage: own.Vantage, Ledger: ledger,
				Version: own.Version, ResolverFaults: eyes.ResolverFaults, Log: cfg.Log}.Run(ctx)
		})
	}
}

// probed are called for each probe of the log. In a drill nothing is probed, and the
// map is the scenario's.
func (n *Node) probed() []func(faultline.Probe, time.Time) {
	if n.cfg.Drill != nil {
		return nil
	}
	return []func(faultline.Probe, time.Time){n.maps.Probe}
}

// vantages are called for each vantage's record of the log.
func (n *Node) vantages() []func(faultline.Vantage) {
	if n.cfg.Drill != nil {
		return nil
	}
	return []func(faultline.Vantage){n.maps.Vantage}
}

// newEngine makes engines, of a checkpoint or, for nil, of nothing. The configuration
// is not part of the checkpoint: a release may change it and still go on from the last
// one.
func newEngine(cfg correlate.Config) func(checkpoint []byte) (replica.Engine, error) {
	return func(checkpoint []byte) (replica.Engine, error) {
		if checkpoint == nil {
			return correlate.New(cfg), nil
		}
		return correlate.Restore(cfg, checkpoint)
	}
}
