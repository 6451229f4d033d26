package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// Requests of these paths may be made by any page in any browser, without
// credentials; everything else is for the same origin and for programs.
var publicPrefixes = []string{"/v1/", "/.well-known/", "/record/", "/dumps/", "/openapi.",
	"/schemas/",
	"/feed.", "/oembed", "/statuspage/",
	"/api/v2/",
	"/badge.", "/metrics/stack"}

// Values of header fields that every answer carries, made once.
var (
	headerNosniff  = []string{"nosniff"}
	headerCSP      = []string{"default-src 'none'; frame-ancestors 'none'"}
	headerReferrer = []string{"no-referrer"}
	headerAny      = []string{"*"}
	headerExposed  = []string{
		"ETag, Link, Age, Retry-After, RateLimit, RateLimit-Policy, Deprecation, Sunset, " + headerAsOf + ", " +
			headerCoverage,
	}
)

// secure sets the headers that every answer carries. Pages that need more than
// nothing set a policy of their own. Names are in their canonical form.
func secure(c *gin.Context) {
	h := c.Writer.Header()
	h["X-Content-Type-Options"], h["Content-Security-Policy"], h["Referrer-Policy"] = headerNosniff, headerCSP,
		headerReferrer
	if m := c.Request.Method; (m == http.MethodGet || m == http.MethodHead) && isPublic(c.Request.URL.Path) {
		h["Access-Control-Allow-Origin"], h["Access-Control-Expose-Headers"] = headerAny, headerExposed
	}
}

func isPublic(path string) bool {
	for _, prefix := range publicPrefixes {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// portless takes the ports out of X-Forwarded-For, which some proxies write there.
// With one an address can't be read, and all clients would be the proxy.
func portless(c *gin.Context) {
	fields := c.Request.Header["X-Forwarded-For"]
	for i, field := range fields {
		if !strings.Contains(field, ":") {
			continue // as nearly all write it
		}
		items := strings.Split(field, ",")
		for j, item := range items {
			items[j] = withoutPort(strings.TrimSpace(item))
		}
		fields[i] = strings.Join(items, ", ")
	}
}

// observe counts a request and logs it, by its route: neither what the client
// wrote nor where it came from. Failures are logged where errors become
// answers; the rest only at level debug, as metrics count them anyway.
func (a *api) observe(c *gin.Context) {
	start := a.cfg.Now()
	c.Next()
	took := a.cfg.Now().Sub(start)
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	size := max(c.Writer.Size(), 0)
	a.observed(c.Request.Context(), route, methodLabel(c.Request.Method), c.Writer.Status(), size, took)
}

// unread are paths that programs ask for by themselves, and people do not read.
var unread = []string{"/healthz", "/readyz", "/metrics", "/static/", "/v1/probes/", "/statuspage/", "/feed."}

// countReader counts what a person may have read: an answer that was there, to a request
// without a token.
func (a *api) countReader(c *gin.Context) {
	c.Next()
	status := c.Writer.Status()
	if a.cfg.Readers == nil || c.Request.Method != http.MethodGet || hasBearer(c) ||
		status != http.StatusOK && status != http.StatusNotModified {
		return
	}
	if !countsReader(c.Request.URL.Path) {
		return
	}
	if addr, err := clientAddr(c); err == nil {
		a.cfg.Readers.Reads(addr)
	}
}

// countsReader reports whether a person may have asked for a path.
func countsReader(path string) bool {
	return !slices.ContainsFunc(unread, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
}

// methodLabel keeps the methods that a client invents out of logs and metrics.
func methodLabel(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// recovered answers a panic like any other failure of ours and logs where it
// happened.
func (a *api) recovered(c *gin.Context) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler: // net/http's own way to give up on a client
			panic(cause)
		default:
			a.log.LogAttrs(c.Request.Context(), slog.LevelError, "panic", slog.String("route", c.FullPath()),
				slog.String("stack", string(debug.Stack())))
			a.refuse(c, fmt.Errorf("panic: %v", cause))
		}
	}()
	c.Next()
}

// noRoute answers a path that has no route.
func (a *api) noRoute(c *gin.Context) {
	if a.withoutSlash(c) {
		return
	}
	a.refuse(c, &refusal{status: http.StatusNotFound, detail: nothingAt(c.Request.URL.Path)})
}

// nothingAt says what a path that nobody is at home for may lack.
func nothingAt(path string) string {
	const nothing = "There is nothing at this path. "
	switch {
	case strings.HasPrefix(path, "/v1/components/") && strings.Count(strings.Trim(path, "/"), "/") > 3:
		return nothing +
			"A slash in the name of a component is written as a tilde: /v1/components/cloud/aws~us-east-1."
	case len(path) > 1 && strings.HasSuffix(path, "/"):
		return nothing + "Paths here end without a slash; all of them stand in /openapi.json."
	}
	return nothing + "All paths stand in /openapi.json, and to read in /docs/."
}

// allowedHeaders are the fields that a page may send with a read, beyond those that
// browsers allow by themselves: what event source libraries, HTTP clients and
// tracing add to every request. None of them changes what is answered to others.
//
// Browsers that know the asterisk allow every other field too; Authorization is never meant by it.
const allowedHeaders = "*, Authorization, Cache-Control, Content-Type, If-None-Match, Last-Event-ID, Pragma, " +
	"X-Requested-With, baggage, traceparent, tracestate"

// noMethod answers a method that the path does not have; gin has set Allow. The
// preflight of a browser is one: reads are open to every page, writes to none.
func (a *api) noMethod(c *gin.Context) {
	h := c.Writer.Header()
	if c.Request.Method != http.MethodOptions {
		a.fail(
			c,
			&refusal{
				status: http.StatusMethodNotAllowed,
				detail: "This path does not take that method; Allow names those that it does.",
			},
		)
		return
	}
	if strings.Contains(h.Get("Allow"), http.MethodGet) && isPublic(c.Request.URL.Path) {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", allowedHeaders)
		h.Set("Access-Control-Max-Age", "86400")
	}
	c.Writer.WriteHeader(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
}
