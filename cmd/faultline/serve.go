package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline/ingest/infra"
	"faultline/scenario/drill"
	"faultline/store"
	"faultline/store/redisd"
)

type serveCmd struct {
	Listen string `default:":8080" env:"FAULTLINE_LISTEN" help:"Address to listen on; without a host on every interface."`
	redisFlags
	Catalog        []string `sep:"," placeholder:"FILE" env:"FAULTLINE_CATALOG" help:"Catalogue of sites (JSON) that is laid over the built-in one, site by site; several with commas, the later ones on top."`
	BaseURL        string   `name:"base-url" placeholder:"URL" env:"FAULTLINE_BASE_URL" help:"Address that people reach this service by, such as https://faultline.example, for links in answers. Never taken from requests."`
	Contact        string   `placeholder:"ADDRESS" env:"FAULTLINE_CONTACT" help:"How to reach whoever runs this service: an address for mail or of a page, shown on /about."`
	TrustedProxies []string `sep:"," placeholder:"CIDR" env:"FAULTLINE_TRUSTED_PROXIES" help:"Addresses or networks of the proxies whose X-Forwarded-For is believed; several with commas. Without it none is, and a reporter is whoever connects."`

	infraFlags
	statementFlags
	localFlags
	doorFlags

	Drill string  `placeholder:"NAME" env:"FAULTLINE_DRILL" help:"Play an outage of the past, such as fastly-2021-06-08, on a store of its own in memory; everything that is shown is marked as a drill. The onset comes 10 s after the start."`
	Speed float64 `default:"60" env:"FAULTLINE_SPEED" help:"How many times as fast as the world's clock a drill runs: 1 to 120."`

	LeaseTTL           time.Duration `default:"3s" env:"FAULTLINE_LEASE_TTL" help:"How long a leader that has died goes on counting as one; a standby takes over after it. 500ms to 1m."`
	CheckpointInterval time.Duration `default:"30s" env:"FAULTLINE_CHECKPOINT_INTERVAL" help:"How often the leader stores the state of the fold; a start folds the log from there. 1s to 10m."`
	DrainDelay         time.Duration `default:"500ms" env:"FAULTLINE_DRAIN_DELAY" help:"After SIGTERM, how long requests are still taken while /readyz says 503, so that a load balancer notices. Up to 2s."`
	logFlags
}

// Help is the longer text of --help.
func (serveCmd) Help() string {
	return `Any number of nodes may run on one Redis: one leads and decides, the others take requests, answer from memory and stand by. ` +
		`SIGTERM or SIGINT ends a node in order within 5 s: /readyz says 503, streams are closed, what was accepted is written, the lease is let go of. A second signal ends it at once.`
}

func (c *serveCmd) AfterApply() error {
	for _, proxy := range c.TrustedProxies {
		_, asPrefix := netip.ParsePrefix(proxy)
		if _, asAddr := netip.ParseAddr(proxy); asAddr != nil && asPrefix != nil {
			return usageError{fmt.Errorf("--trusted-proxies: %q is neither an address nor a network such as 10.0.0.0/8", proxy)}
		}
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return usageError{fmt.Errorf("--base-url: %q is not http(s)://HOST[/PATH]", c.BaseURL)}
		}
		c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	}
	if c.Drill != "" && (c.RedisURL != "" || len(c.Catalog) > 0) {
		return usageError{errors.New("--drill: runs on a store and a map of its own; leave --redis-url and --catalog out")}
	}
	if c.Speed < 1 || c.Speed > 120 {
		return usageError{fmt.Errorf("--speed: must be between 1 and 120 but got %g", c.Speed)}
	}
	return cmp.Or( // the first of these that is wrong
		checkListen(c.Listen), checkRedisURL(c.RedisURL), c.localFlags.check(), c.doorFlags.check(),
		within("lease-ttl", c.LeaseTTL, 500*time.Millisecond, time.Minute),
		within("checkpoint-interval", c.CheckpointInterval, time.Second, 10*time.Minute),
		within("drain-delay", c.DrainDelay, 0, 2*time.Second),
		c.statementFlags.check(),
	)
}

func (c *serveCmd) Run(ctx context.Context, w world) error {
	log, reg := c.logger(w.stderr), newRegistry()
	parts := nodeParts{log: log, reg: reg}
	err := c.readTables(&parts)
	if err != nil {
		return err
	}
	if parts.keys, err = openKeys(c.stateFlags); err != nil {
		return err
	}
	if parts.places, err = c.openPlaces(log, reg); err != nil {
		return err
	}
	if parts.hosting, err = c.hosting(); err != nil {
		return err
	}
	back, err := c.openBackend(ctx, log, reg)
	if err != nil {
		return err
	}
	defer back.stop()
	parts.store, err = store.Open(ctx, store.Config{URL: back.url, Durable: back.durable, Registerer: reg})
	if err != nil {
		return err
	}
	defer parts.store.Close()
	n, err := newNode(c, parts)
	if err != nil {
		return err
	}
	if d := parts.drill; d != nil {
		if _, err := parts.store.Epoch(ctx, d.Start()); err != nil {
			return fmt.Errorf("open the drill's log: %w", err)
		}
		writer := parts.store.Writer()
		rest, stop, err := d.Prepare(ctx, writer)
		if err != nil {
			return err
		}
		defer stop()
		n.play = func(ctx context.Context) error {
			return d.Play(ctx, n.door, writer, rest, func() time.Time { return n.replica.Status().Clock })
		}
	}
	return n.run(ctx)
}

// readTables reads what the world, or the drill, is known by.
func (c *serveCmd) readTables(parts *nodeParts) (err error) {
	if parts.book, err = loadBook(c.Catalog); err != nil {
		return err
	}
	parts.catalogue = parts.book.Records()
	from := infra.Sources{Owner: parts.book.Owner}
	for _, name := range c.AddressDB {
		if systems, err := infra.OpenMMDB(name); err == nil { // what can't be read is complained of by the door
			from.Networks = systems
			break
		}
	}
	if parts.matcher, err = c.infraFlags.matcher(from, c.StateDir); err != nil {
		return err
	}
	if c.Drill == "" {
		parts.statements, err = c.statementFlags.load()
		return err
	}
	if parts.drill, err = drill.New(c.Drill, c.Speed, parts.log); err != nil {
		return usageError{fmt.Errorf("--drill: %w", err)}
	}
	parts.catalogue = parts.drill.Records()
	return nil
}

// openBackend finds the Redis of the log; that of a drill is its own, in memory.
func (c *serveCmd) openBackend(ctx context.Context, log *slog.Logger, reg prometheus.Registerer) (*backend, error) {
	if c.Drill == "" {
		return openBackend(ctx, c.redisFlags, log, reg)
	}
	url, stop, err := redisd.StartMemory()
	if err != nil {
		return nil, err
	}
	return &backend{url: url, durable: false, stop: stop}, nil
}

// holderName tells this process from all that may lead, in the lease and in logs.
func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}

// randomWriter names a sender to the log that never was before.
func randomWriter() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the process instead
	return binary.LittleEndian.Uint64(b[:])
}
