package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"faultline"
	"faultline/api/push"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/api/webhook"
	"faultline/board"
	"faultline/board/find"
	"faultline/board/page"
	"faultline/dump"
	"faultline/record"
	"faultline/trace"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is what the API is made of. Door, Board, Keys, Lookup and Now are
// required.
type Config struct {
	Door  Door
	Board *board.Board
	// Streams serves the changes of the Board; nil: nobody does.
	Streams *stream.Streams
	Keys    *token.Keys
	// Lookup normalises what a person calls a site and says what it depends on.
	// It fails with [faultline.InvalidError] or [faultline.ErrNotFound], in which
	// case the record holds the name as ingest writes it.
	Lookup func(input string) (faultline.SiteRecord, error)
	// Work tells vantages what to check; nil: nobody does.
	Work Work
	// Checks has sites checked that are not on the list, when a person asks for it;
	// nil: nobody checks such sites.
	Checks Checks
	// Limits says who may send how often; nil: everybody, always.
	Limits Limiter
	// Reads says who may read how often; nil: everybody, always.
	Reads ReadLimiter
	// Revocations keeps which tokens are revoked; nil: none can be.
	Revocations Revocations
	// Registrar keeps which vantages operators have added; nil: none can be.
	Registrar Registrar
	// Notices are what is known of the time to come; nil: nothing.
	Notices *board.Notices
	// MadeKeys keeps keys that people make without the operator; nil: they can't.
	MadeKeys MadeKeys
	// KeyBits is the work of such a key: how many bits of a hash must be 0. 0: 20, a second.
	KeyBits int
	// Annotator takes statements and corrections; nil: nobody does.
	Annotator Annotator
	// Webhooks keeps webhooks; nil: there can be none.
	Webhooks webhook.Store
	// Push notifies browsers, and Subscribers keeps which; nil: none are notified.
	Push        *push.Service
	Subscribers Subscribers
	// Index finds sites and components; nil: there are none.
	Index *board.Index
	// Find reads what people call things; nil: nothing is found by its other names.
	Find func(text string, limit int) []find.Match
	// Record is the signed record of what was published; nil: one that is empty.
	Record *record.Keeper
	// Dumps are the days as open data; nil: there are none.
	Dumps *dump.Daily
	// Readers counts requests of people by network, without their addresses; nil: nobody does.
	Readers Readers
	// Network labels an address with its network, for verdicts; nil: unknown.
	Network Network
	// Ready says why this node can't be read just now; nil: it always can.
	Ready func() error
	// Writable says why this node should get nothing that is to be written down; nil: it
	// always should.
	Writable func() error
	// Listen is the HOST:PORT that this node listens on: a name in it is one of its own.
	Listen string
	// Unwell is what a person should look after although the node works; nil or "": nothing.
	Unwell func() string
	Now    func() time.Time
	Log    *slog.Logger // nil: says nothing
	// ClientCertificates says that agents and operators need a certificate besides their token.
	ClientCertificates bool
	// NamedCertificates says that an agent's certificate must name its vantage.
	NamedCertificates bool
	// Tracer makes spans of requests; nil: nobody does.
	Tracer *trace.Tracer
	// Registry is what /metrics shows; nil: one of the API's own.
	Registry *prometheus.Registry
	// PrivateMetrics says that /metrics is served elsewhere, for operators alone: here it
	// is not found.
	PrivateMetrics bool
	// TrustedProxies are the addresses or networks whose X-Forwarded-For is
	// believed. Empty: none, and the peer is the client.
	TrustedProxies []string
	// Prepared answers again what was answered before, for whoever puts it in front of the
	// engine that New returns; nil: nothing is prepared.
	Prepared *Prepared
	// Page answers browsers where a page was asked for and there is none to be had:
	// status says why, and Retry-After is set already. nil: they get a problem like
	// programs do.
	Page func(c *gin.Context, status int)
}

// Readers counts a request that a person may have made. Package ingest has it.
type Readers interface {
	Reads(addr netip.Addr)
}

// Network knows which autonomous system, 0 if none, and country an address
// belongs to. Package ingest has it.
type Network interface {
	Label(addr netip.Addr) (asn uint32, country string)
}

// api is the state that handlers share.
type api struct {
	cfg     Config
	log     *slog.Logger
	metrics httpMetrics
	// uncertified counts whose client certificate was not enough.
	uncertified *prometheus.CounterVec
	proxies     proxies
	docs        *docPages
	fixed       *page.Cache // of what a release fixes
	counts      *page.Cache // of what is counted over the whole list, once a minute
	changes     stateChanges
	scrape      http.Handler // of /metrics
	mcp         http.Handler // of /mcp
	// firstSegments are of the routes of the whole engine, to which others add: they are
	// read at the first path that has no route.
	firstSegments func() map[string]bool
	// saidUnavailable is the second in which a 503 was last logged.
	saidUnavailable atomic.Int64
	saidProxy       sync.Once // that a proxy may not be trusted that should be
}

// New returns the API as a gin engine, to which other rooms may add routes. It
// fails on a Config that lacks something and on malformed TrustedProxies.
func New(cfg Config) (*gin.Engine, error) {
	if cfg.Door == nil || cfg.Board == nil || cfg.Keys == nil || cfg.Lookup == nil || cfg.Now == nil {
		return nil, errors.New("api: Door, Board, Keys, Lookup and Now are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Record == nil {
		cfg.Record = record.NewKeeper(record.KeeperConfig{})
	}
	if cfg.Index == nil {
		cfg.Index = board.NewIndex()
	}
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
	}
	documents, err := newDocPages(cfg.Board.PublicURL())
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	trusted, err := newProxies(cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	a := &api{cfg: cfg, proxies: trusted, log: cfg.Log, metrics: newHTTPMetrics(cfg.Registry),
		uncertified: refusedCertificates(cfg.Registry), docs: documents,
		fixed:  page.NewCache(replayBounds),
		counts: page.NewCache(countedBounds),
		scrape: promhttp.HandlerFor(cfg.Registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes})}

	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.ContextWithFallback = true // deadlines of a request reach whoever is called
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.UseRawPath = true // so that an escaped slash stays inside its parameter
	e.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := e.SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	e.Use(portless, a.observe)
	if cfg.Tracer != nil {
		e.Use(a.traced)
	}
	e.Use(secure, a.recovered, a.countReader, a.limit)
	e.NoRoute(a.noRoute)
	e.NoMethod(a.noMethod)
	a.mcp = a.newMCP(e)
	a.firstSegments = sync.OnceValue(func() map[string]bool { return firstSegments(e.Routes()) })
	a.install(e)
	if cfg.Prepared != nil {
		cfg.Prepared.api, cfg.Prepared.engine = a, e
	}
	return e, nil
}
