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
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/api/webhook"
	"faultline/board"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

// Config is what the API is made of. Door, Board, Keys, Lookup and Now are
// required.
type Config struct {
	Door  Door
	Board *board.Board
	// Streams serves the changes of the Board; nil: nobody does.
	Streams *stream.Streams
	Keys    *token.Keys
	// Lookup normalises what a person calls a site and says what it stands on.
	// It fails with [faultline.InvalidError] or [faultline.ErrNotFound], in which
	// case the record holds the name as the door writes it.
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
	// Annotator takes statements and corrections; nil: nobody does.
	Annotator Annotator
	// Webhooks keeps webhooks; nil: there can be none.
	Webhooks webhook.Store
	// Index finds sites and components; nil: there are none.
	Index *board.Index
	// Network labels an address with its network, for verdicts; nil: unknown.
	Network Network
	// Ready says why this node should get no traffic just now; nil: never.
	Ready func() error
	Now   func() time.Time
	Log   *slog.Logger // nil: says nothing
	// Registry is what /metrics shows; nil: one of the API's own.
	Registry *prometheus.Registry
	// TrustedProxies are the addresses or networks whose X-Forwarded-For is
	// believed. Empty: none, and the peer is the client.
	TrustedProxies []string
	// Page answers browsers where a page was asked for and there is none to be had:
	// status says why, and Retry-After is set already. nil: they get a problem like
	// programs do.
	Page func(c *gin.Context, status int)
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
	docs    *docPages
	// saidUnavailable is the second in which a 503 was last logged.
	saidUnavailable atomic.Int64
	saidProxy       sync.Once // that a proxy may not be trusted that should be
}

// Routes whose requests last as long as their clients want.
const (
	routeStream = "/v1/stream"
	routeWork   = "/v1/probes/work"
)

// New returns the API as a gin engine, to which other rooms may add routes. It
// fails on a Config that lacks something and on malformed TrustedProxies.
func New(cfg Config) (*gin.Engine, error) {
	if cfg.Door == nil || cfg.Board == nil || cfg.Keys == nil || cfg.Lookup == nil || cfg.Now == nil {
		return nil, errors.New("api: Door, Board, Keys, Lookup and Now are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Index == nil {
		cfg.Index = board.NewIndex()
	}
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
	}
	documents, err := newDocPages()
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	a := &api{cfg: cfg, log: cfg.Log, metrics: newHTTPMetrics(cfg.Registry), docs: documents}

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
	e.Use(a.observe, secure, a.recovered, a.limit)
	e.NoRoute(a.noRoute)
	e.NoMethod(a.noMethod)
	a.routes(e)
	return e, nil
}

// routes is the whole table: what is not here is 404 or 405. The strings behind
// a handler are the keys that its query may hold.
func (a *api) routes(e *gin.Engine) {
	free := func(path string, h handler, keys ...string) {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, a.answer(h, keys))
	}
	read := func(path string, h handler, keys ...string) {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, a.metered, a.answer(h, keys))
	}
	e.POST("/v1/reports", a.answer(a.postReport, nil))
	e.POST("/v1/checks", a.answer(a.postCheck, nil))
	read("/v1/checks/:id", a.getCheck)
	e.POST("/v1/probes", a.answer(a.postProbes, nil))
	e.GET(routeWork, a.answer(a.getWork, []string{"revision", "wait", "state", "why"}))
	read("/v1/vantages", a.getVantages)
	e.POST("/v1/inbound/alertmanager", a.answer(a.postAlertmanager, nil))
	e.POST("/v1/inbound/uptime-kuma", a.answer(a.postUptimeKuma, nil))
	e.POST("/v1/inbound/gatus", a.answer(a.postGatus, nil))
	e.POST("/v1/incidents/:id/annotations", a.answer(a.postAnnotation, nil))
	e.POST("/v1/tokens", a.answer(a.postToken, nil))
	e.DELETE("/v1/tokens/:id", a.answer(a.deleteToken, nil))
	e.POST("/v1/webhooks", a.answer(a.postWebhook, nil))
	e.GET("/v1/webhooks", a.answer(a.getWebhooks, nil))
	e.DELETE("/v1/webhooks/:id", a.answer(a.deleteWebhook, nil))
	e.POST("/v1/webhooks/:id/test", a.answer(a.postWebhookTest, nil))

	read("/v1/incidents", a.getIncidents, listKeys...)
	read("/v1/incidents/:id", a.getIncident)
	read("/v1/incidents/:id/sites", a.getIncidentSites)
	read("/v1/incidents/:id/revisions/:n", a.getRevision)
	read("/v1/sites/:site", a.getSite)
	read("/v1/sites/:site/series", a.getSiteSeries, seriesKeys...)
	read("/v1/components/:kind/:name", a.getComponent)
	read("/v1/components/:kind/:name/series", a.getComponentSeries, seriesKeys...)
	read("/v1/sites/:site/series.csv", a.getSiteSeriesCSV, seriesKeys...)
	read("/v1/components/:kind/:name/series.csv", a.getComponentSeriesCSV, seriesKeys...)
	read("/v1/metrics/incidents", a.getIncidentMetrics)
	read("/feed.atom", a.getAtom, faultline.FilterKeys...)
	read("/feed.json", a.getJSONFeed, faultline.FilterKeys...)
	read("/statuspage/api/v2/:file", a.getStatuspage)
	read("/statuspage/api/v2/:file/:part", a.getStatuspageList)
	read("/api/v2/:file", a.getRootStatuspage)
	read("/api/v2/:file/:part", a.getRootStatuspageList)
	read("/statuspage/:kind/:name/api/v2/:file", a.getComponentStatuspage)
	read("/statuspage/:kind/:name/api/v2/:file/:part", a.getComponentStatuspageList)
	read("/oembed", a.getOEmbed, "url", "format", "maxwidth", "maxheight")
	read("/v1/verdict", a.getVerdict, "site")
	read("/v1/search", a.getSearch, "q")
	read("/v1/summary", a.getSummary)
	e.GET(routeStream, a.metered, a.answer(a.getStream, streamKeys))

	free("/.well-known/jwks.json", a.getJWKS)
	free("/healthz", a.getHealth)
	free("/readyz", a.getReady)

	plain := func(path string, h gin.HandlerFunc) { e.Match([]string{http.MethodGet, http.MethodHead}, path, h) }
	plain("/metrics", a.serveMetrics())
	free("/openapi.json", a.getOpenAPI)
	plain("/docs", a.redirectDocs)
	plain("/docs/", a.getDocs)
	plain("/docs/:file", a.getDocsFile)
}
