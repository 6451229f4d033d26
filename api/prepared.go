package api

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Bounds of what is prepared.
const (
	maxPrepared      = 4_096
	maxPreparedBytes = 32 << 20 // of bodies, most of which the board holds too
)

// clockKeys are query keys whose values may mean another time when they are asked again.
var clockKeys = []string{"since", "until", asOfKey}

// Prepared holds answers that were given by the rows of the table, by the address that
// was asked, for as long as the board shows the same snapshot. Whoever asks for one again
// is answered without the router and the chain of handlers in front of it. The zero value
// is empty and ready. It is safe for concurrent use.
type Prepared struct {
	api    *api // nil until [New] has it
	engine http.Handler

	mu    sync.RWMutex
	of    *board.Snapshot
	byURI map[string]*prepared
	bytes int
}

// prepared is one answer.
type prepared struct {
	route    string // as metrics name it
	path     string
	header   http.Header // that every answer has
	page     *page.Page
	cache    []string
	snapshot *board.Snapshot
}

// keep prepares the answer that a row is about to give, unless it is of one reader, of
// one time, or depends on what else the request says.
func (p *Prepared) keep(c *gin.Context, s *board.Snapshot, body *page.Page, cache []string) {
	header := c.Writer.Header()
	if p == nil || c.Request.Method != http.MethodGet || c.Request.Header["Authorization"] != nil ||
		header["Vary"] != nil || !strings.HasPrefix(cache[0], "public") {
		return
	}
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil || slices.ContainsFunc(clockKeys, query.Has) {
		return
	}
	if now, err := p.api.cfg.Board.Snapshot(); err != nil || now != s {
		return
	}
	kept := maps.Clone(header)
	for _, name := range []string{headerPolicy, headerLimit} {
		delete(kept, name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of != s {
		p.of, p.byURI, p.bytes = s, map[string]*prepared{}, 0
	}
	uri := c.Request.URL.RequestURI()
	if p.byURI[uri] != nil || len(p.byURI) >= maxPrepared || p.bytes+len(body.Body()) > maxPreparedBytes {
		return
	}
	p.bytes += len(body.Body())
	p.byURI[uri] = &prepared{c.FullPath(), c.Request.URL.Path, kept, body, cache, s}
}

// find returns the answer for an address, or nil.
func (p *Prepared) find(uri string) *prepared {
	now, err := p.api.cfg.Board.Snapshot()
	if err != nil {
		return nil
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.of != now {
		return nil
	}
	return p.byURI[uri]
}

// Answer answers a GET without credentials for which there is a prepared answer, with
// the same header fields, quotas and counters as the chain of handlers. It reports false,
// and has done nothing, for every other request.
func (p *Prepared) Answer(w http.ResponseWriter, r *http.Request) bool {
	if p.api == nil || r.Method != http.MethodGet || r.Header["Authorization"] != nil {
		return false
	}
	if p.api.cfg.Tracer != nil && r.Header["Traceparent"] != nil {
		return false // the caller asks for a span, which the chain of handlers makes
	}
	found := p.find(r.RequestURI)
	if found == nil {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	p.write(w, r, found, p.api.proxies.client(peer.Addr(), r.Header["X-Forwarded-For"]))
	return true
}

func (p *Prepared) write(w http.ResponseWriter, r *http.Request, found *prepared, addr netip.Addr) {
	a := p.api
	start := a.cfg.Now()
	who, h := faultline.Reader{Addr: addr}, w.Header()
	if a.cfg.Reads != nil {
		allowance := a.cfg.Reads.Read(who, r.Header["If-None-Match"] != nil)
		if !allowance.OK {
			p.refuse(w, r, allowance)
			return
		}
		stand(h, allowance)
	}
	for name, values := range found.header {
		h[name] = values
	}
	status, size := a.writePage(w, r, found.page, found.snapshot, found.cache)
	if a.cfg.Reads != nil && status == http.StatusNotModified {
		a.cfg.Reads.Unread(who)
	}
	if a.cfg.Readers != nil && countsReader(found.path) {
		a.cfg.Readers.Reads(addr)
	}
	a.observed(r.Context(), found.route, r.Method, status, size, a.cfg.Now().Sub(start))
}

// allowanceKey is where the context of a request has what its quota was found to be.
type allowanceKey struct{}

// refuse has the chain of handlers refuse a request whose quota was asked already.
func (p *Prepared) refuse(w http.ResponseWriter, r *http.Request, allowance faultline.Allowance) {
	again := r.WithContext(context.WithValue(r.Context(), allowanceKey{}, allowance))
	if again.URL == nil {
		var err error
		if again.URL, err = url.ParseRequestURI(r.RequestURI); err != nil {
			w.WriteHeader(http.StatusBadRequest) // it was read before, by the same rules
			return
		}
	}
	p.engine.ServeHTTP(w, again)
}

// mayRead takes one read of a reader's quota, unless that was done for this request.
func (a *api) mayRead(c *gin.Context, who faultline.Reader) faultline.Allowance {
	if asked, ok := c.Request.Context().Value(allowanceKey{}).(faultline.Allowance); ok {
		return asked
	}
	return a.cfg.Reads.Read(who, c.Request.Header["If-None-Match"] != nil)
}

// observed counts a request that was answered, and logs it at level debug.
func (a *api) observed(ctx context.Context, route, method string, status, size int, took time.Duration) {
	count, seconds := a.metrics.of(route, method, status)
	count.Inc()
	if route != routeStream && route != routeWork {
		seconds.Observe(took.Seconds())
	}
	if a.log.Enabled(ctx, slog.LevelDebug) {
		a.log.LogAttrs(ctx, slog.LevelDebug, "request", slog.String("route", route), slog.String("method", method),
			slog.Int("status", status), slog.Int("bytes", size), slog.Duration("took", took.Round(time.Microsecond)))
	}
}
