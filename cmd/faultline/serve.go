package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline/ingest/infra"
	"faultline/node"
	"faultline/record"
	"faultline/replica"
	"faultline/scenario/drill"
	"faultline/store"
	"faultline/store/redisd"
)

// serveCmd runs a node. Its flags are the settings of a deployment: each is an environment variable
// too, and docker-compose.yml names them all.
type serveCmd struct {
	Listen      string `default:":8080" env:"FAULTLINE_LISTEN" help:"Address to listen on. Without a host, every interface is used."`
	AdminListen string `placeholder:"HOST:PORT" env:"FAULTLINE_ADMIN_LISTEN" help:"Address for operators alone, such as 127.0.0.1:9090: /metrics and the profiles of /debug/pprof. With it /metrics is not served to the public; without it there are no profiles."`
	redisFlags
	Catalog        []string `sep:"," placeholder:"FILE" env:"FAULTLINE_CATALOG" help:"Catalogue of sites (JSON) that adds to or replaces entries of the built-in one, separated by commas; later ones win."`
	Providers      []string `sep:"," placeholder:"FILE" env:"FAULTLINE_PROVIDERS" help:"Table of providers (JSON) that adds to or replaces entries of the built-in one, separated by commas; later ones win."`
	BaseURL        string   `name:"base-url" placeholder:"URL" env:"FAULTLINE_BASE_URL" help:"Public address of this service, such as https://faultline.example, for links in answers. It is never taken from requests. Without it browsers may report only from pages under an address, localhost or the name in --listen, because any other name may be pointed here by its owner."`
	Contact        string   `placeholder:"ADDRESS" env:"FAULTLINE_CONTACT" help:"How to reach the operator, shown on /about: a mail address or the address of a page."`
	TrustedProxies []string `sep:"," placeholder:"CIDR" env:"FAULTLINE_TRUSTED_PROXIES" help:"Addresses or networks of proxies whose X-Forwarded-For is trusted, separated by commas. By default none is, and the connecting address counts as the reporter's."`

	infraFlags
	statementFlags
	localFlags
	doorFlags
	traceFlags
	tlsFlags

	RecordKey string `type:"path" placeholder:"FILE" env:"FAULTLINE_RECORD_KEY" help:"Key that signs the public record of what is published. Every node that signs needs the same key. By default record.key in the state directory, which is made if it does not exist."`

	Drill string  `placeholder:"NAME" env:"FAULTLINE_DRILL" help:"Play a past outage, such as fastly-2021-06-08. Its data is kept in memory, apart from any real log, and every page is marked as a drill. The outage begins 10 s after the start."`
	Speed float64 `default:"60" env:"FAULTLINE_SPEED" help:"Speed of the drill: how many times as fast as real time, 1 to 120."`

	LeaseTTL           time.Duration `default:"3s" env:"FAULTLINE_LEASE_TTL" help:"How long the lease of the leader lasts; after a leader dies, a standby takes over when it has expired. 500ms to 1m."`
	CheckpointInterval time.Duration `default:"30s" env:"FAULTLINE_CHECKPOINT_INTERVAL" help:"How often the leader stores a checkpoint. A node that starts reads the log from the newest one. 1s to 10m."`
	Keep               time.Duration `default:"9600h" env:"FAULTLINE_KEEP" help:"How long incidents and their revisions stay in Redis after they are over. Then they move into files in the state directory of every node, and can be read as before. 24h to 87600h (ten years); 0 leaves them in Redis."`
	DumpKeep           int           `default:"30" env:"FAULTLINE_DUMP_KEEP" help:"How many days of open data this node keeps below dumps in the state directory and serves at /dumps. 0 to 3650; 0 writes none."`
	AcceptNewLog       bool          `env:"FAULTLINE_ACCEPT_NEW_LOG" help:"Accept the log that Redis holds, or begin a new one, although this node knows another. Without this flag a Redis that came back empty is refused, so that it can be restored first."`
	DrainDelay         time.Duration `default:"500ms" env:"FAULTLINE_DRAIN_DELAY" help:"How long after SIGTERM requests are still accepted while /readyz answers 503, so that a load balancer notices. Up to 2s."`
	logFlags
}

// Help is the longer text of --help.
func (serveCmd) Help() string {
	return `Any number of nodes may run on one Redis: one leads and decides, the others take requests, answer from ` +
		`memory and stand by. ` +
		`SIGTERM or SIGINT ends a node in order within 5 s: /readyz says 503, streams are closed, what was accepted ` +
		`is written, the lease is let go of. A second signal ends it at once.`
}

// AfterApply checks what kong cannot: addresses, names, and flags that exclude each other. A node
// with a wrong setting must not start, because it would fail later and in the middle of an outage.
func (c *serveCmd) AfterApply() error {
	for _, proxy := range c.TrustedProxies {
		_, asPrefix := netip.ParsePrefix(proxy)
		if _, asAddr := netip.ParseAddr(proxy); asAddr != nil && asPrefix != nil {
			return usageError{fmt.Errorf("--trusted-proxies: %q is neither an address nor a network such as 10.0.0.0/8",
				proxy)}
		}
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" ||
			u.Fragment != "" {
			return usageError{fmt.Errorf("--base-url: %q is not http(s)://HOST[/PATH]", c.BaseURL)}
		}
		c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	}
	if c.Drill != "" && (c.RedisURL != "" || len(c.Catalog) > 0) {
		return usageError{
			errors.New("--drill: runs on a store and a map of its own; leave --redis-url and --catalog out")}
	}
	if c.Speed < 1 || c.Speed > 120 {
		return usageError{fmt.Errorf("--speed: must be between 1 and 120 but got %g", c.Speed)}
	}
	return cmp.Or( // the first of these that is wrong
		checkListen("listen", c.Listen), c.checkAdmin(), c.redisFlags.check(), c.localFlags.check(),
		c.doorFlags.check(),
		within("lease-ttl", c.LeaseTTL, 500*time.Millisecond, time.Minute),
		within("checkpoint-interval", c.CheckpointInterval, time.Second, 10*time.Minute),
		c.checkKeep(), c.checkDumpKeep(),
		within("drain-delay", c.DrainDelay, 0, 2*time.Second),
		c.statementFlags.check(), c.traceFlags.check(), c.tlsFlags.check(), c.checkRedisFiles(),
	)
}

// checkRedisFiles refuses files that can't be read: connections would be tried for ever.
func (c *serveCmd) checkRedisFiles() error {
	if _, err := c.redisFiles().Load(); err != nil {
		return usageError{fmt.Errorf("--redis-cert, --redis-ca: %w", err)}
	}
	return nil
}

// checkKeep refuses what is too short for an incident to be over in.
func (c *serveCmd) checkKeep() error {
	if c.Keep == 0 {
		return nil
	}
	return within("keep", c.Keep, leastKeep, mostKeep)
}

// checkDumpKeep refuses a number of days that nobody means.
func (c *serveCmd) checkDumpKeep() error {
	if c.DumpKeep < 0 || c.DumpKeep > mostDumps {
		return usageError{fmt.Errorf("--dump-keep: must be between 0 and %d days but got %d", mostDumps, c.DumpKeep)}
	}
	return nil
}

// mostDumps bounds --dump-keep, in days: ten years.
const mostDumps = 3650

// Bounds of --keep. In less than a day an incident may not be over, and an open one must not
// be moved into files. Ten years is what "permanently" may be written as.
const (
	leastKeep = 24 * time.Hour
	mostKeep  = 87_600 * time.Hour
)

// checkAdmin refuses an address for operators that the public can reach too: profiles of
// /debug/pprof show what the process does, and cost it time.
func (c *serveCmd) checkAdmin() error {
	if c.AdminListen == "" {
		return nil
	}
	if c.AdminListen == c.Listen {
		return usageError{errors.New("--admin-listen: must be another address than --listen")}
	}
	return checkListen("admin-listen", c.AdminListen)
}

// Run opens the store, builds the node and runs it until ctx ends. It measures the offset of this
// machine's clock against that of Redis from the start, because the log is dated by Redis.
func (c *serveCmd) Run(ctx context.Context, w world) error {
	log, reg := c.logger(w.stderr), newRegistry()
	began := time.Now()
	clock := store.NewClock(time.Now, func() time.Duration { return time.Since(began) })
	cfg, err := c.config(log, reg, clock)
	if err != nil {
		return err
	}
	back, err := c.openBackend(ctx, log, reg)
	if err != nil {
		return err
	}
	defer back.stop()
	cfg.Store, err = store.Open(ctx, store.Config{URL: back.url, Durable: back.durable, Registerer: reg})
	if err != nil {
		return err
	}
	defer cfg.Store.Close()
	if err := clock.Sync(ctx, cfg.Store); err != nil {
		log.Debug("Redis does not say what time it is yet", "error", err)
	}
	if cfg.KnownLog, err = c.knownLog(back); err != nil {
		return err
	}
	if cfg.Record, err = c.record(back.durable); err != nil {
		return err
	}
	cfg.Limits, cfg.Holder = c.limits(cfg.Store, clock.Steady, reg), node.HolderName()
	if cfg.Tracer, err = c.tracer(cfg.Holder, log, reg); err != nil {
		return err
	}
	defer closeTracer(cfg.Tracer, log)
	cfg.NamedCertificates = c.TLSClientVantage
	if cfg.TLS, err = c.tlsFlags.source(log, reg); err != nil {
		return err
	}
	n, err := node.New(cfg)
	if err != nil {
		return err
	}
	return n.Run(ctx)
}

// knownLog is which log this node knows, remembered in the state directory. A node that finds
// another log in Redis refuses to write until an operator decides, because the published
// incidents would contradict those of the old one. With a store in memory nothing is
// remembered, since each start has a new log.
func (c *serveCmd) knownLog(back *backend) (*replica.KnownLog, error) {
	if !back.durable {
		return replica.OpenKnownLog("")
	}
	known, err := replica.OpenKnownLog(filepath.Join(c.StateDir, "log.json"))
	if err == nil && c.AcceptNewLog {
		err = known.Forget()
	}
	return known, err
}

// record is how this node signs what it publishes (package record). With a store in memory
// the key is in memory too: a signature must not outlive the record that it is about. A node
// that never leads signs only with a key that it was given, and never makes one, since a
// second key would make two records.
func (c *serveCmd) record(durable bool) (r node.Record, err error) {
	if !durable {
		r.Key, err = record.NewKey("")
		return r, err
	}
	file := cmp.Or(c.RecordKey, filepath.Join(c.StateDir, "record.key"))
	if c.RecordKey != "" || c.Role != roleProbe {
		if r.Key, err = record.OpenKey(file, c.BaseURL, c.RecordKey == ""); err != nil {
			return r, usageError{fmt.Errorf("--record-key: %w", err)}
		}
	}
	r.SignedFile = filepath.Join(c.StateDir, "record.head")
	if c.AcceptNewLog {
		err = os.Remove(r.SignedFile)
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	return r, err
}

// config makes the configuration of a node from the flags and the files that they name. What
// needs the store (limits, the known log, the record) is added by Run, once the store is
// open.
func (c *serveCmd) config(log *slog.Logger, reg *prometheus.Registry,
	clock *store.Clock) (node.Config, error) {
	cfg := node.Config{Listen: c.Listen, AdminListen: c.AdminListen, BaseURL: c.BaseURL, Contact: c.Contact,
		PushContact:    c.PushContact,
		TrustedProxies: c.TrustedProxies,
		DrainDelay:     c.DrainDelay, SnapshotFile: filepath.Join(c.StateDir, snapshotFile),
		ArchiveDir: filepath.Join(c.StateDir, archiveDir), Keep: c.Keep,
		Dumps:     node.Dumps{Dir: filepath.Join(c.StateDir, dumpsDir), Keep: c.DumpKeep},
		NeverLead: c.Role == roleProbe, LeaseTTL: c.LeaseTTL, CheckpointInterval: c.CheckpointInterval,
		LimitReads: c.ReadLimit > 0, SelfKeys: c.SelfKeys, MaxConnections: c.ConnectionLimit,
		Schedule: node.Schedule{Period: c.ProbePeriod, Exclude: c.ProbeExclude, Pages: c.pages()},
		Now:      clock.Now, Time: clock, Log: log, Registry: reg}
	if c.Role != roleServe {
		cfg.Prober = &node.Prober{Vantage: c.vantage(), Version: programVersion(), Canaries: c.canaries(), Eyes: c.eyes,
			NameServers: c.nameServers}
	}
	err := c.readTables(&cfg)
	if err != nil {
		return cfg, err
	}
	if cfg.Keys, err = openKeys(c.stateFlags, clock.Now); err != nil {
		return cfg, err
	}
	if cfg.Places, err = c.openPlaces(log, reg); err != nil {
		return cfg, err
	}
	cfg.Hosting, err = c.hosting()
	return cfg, err
}

// readTables reads the catalogue, the providers, the signatures and the list of status pages.
// A drill replaces the catalogue by the sites of its day, and reads no status pages: what
// providers publish today has nothing to do with an outage of 2021.
func (c *serveCmd) readTables(cfg *node.Config) (err error) {
	if cfg.Catalog, err = loadCatalogs(c.Catalog); err != nil {
		return err
	}
	if cfg.Providers, err = loadProviders(c.Providers, cfg.Catalog); err != nil {
		return err
	}
	cfg.Catalogue = cfg.Catalog.Records()
	if err = infra.Claim(cfg.Catalogue, cfg.Providers); err != nil {
		return err
	}
	from := infra.Sources{Owner: cfg.Catalog.Owner}
	// openPlaces reports what can't be read.
	if networks, err := infra.OpenNetworks(c.AddressDB); err == nil && networks != nil {
		from.Networks = networks
	}
	if cfg.Matcher, err = c.infraFlags.matcher(from, c.StateDir); err != nil {
		return err
	}
	if c.Drill == "" {
		cfg.Statements = node.Statements{Every: c.StatementsEvery, Agent: userAgent()}
		cfg.Statements.Sources, err = c.statementFlags.load()
		return err
	}
	if cfg.Drill, err = drill.New(c.Drill, c.Speed, cfg.Log); err != nil {
		return usageError{fmt.Errorf("--drill: %w", err)}
	}
	cfg.Catalogue = cfg.Drill.Records()
	return nil
}

// openBackend finds the Redis of the log. That of a drill is a server of its own in the
// process, whatever the flags say, so that nothing of a drill can reach a real log.
func (c *serveCmd) openBackend(ctx context.Context, log *slog.Logger, reg prometheus.Registerer) (*backend, error) {
	if c.Drill == "" {
		return openBackend(ctx, c.redisFlags, redisd.Briefly, log, reg)
	}
	url, stop, err := redisd.StartMemory()
	if err != nil {
		return nil, err
	}
	return &backend{url: url, durable: false, stop: stop}, nil
}
