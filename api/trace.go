package api

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
)

// untraced are routes whose requests get no span: programs ask for the first ones every few
// seconds, and requests of the others stay open.
var untraced = map[string]bool{"/healthz": true, "/readyz": true, "/readyz/write": true, "/metrics": true,
	routeStream: true, routeWork: true, "/mcp": true}

// traced makes the span of a request, as a part of the caller's trace if it names one. The span
// has the route, the method and the status, and nothing that the client wrote.
func (a *api) traced(c *gin.Context) {
	route := c.FullPath()
	if route == "" || untraced[route] {
		return
	}
	method := methodLabel(c.Request.Method)
	ctx, span := a.cfg.Tracer.Receive(c.Request.Context(), c.Request.Header, method+" "+route)
	defer span.End()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
	if span == nil {
		return
	}
	status := c.Writer.Status()
	span.Set("http.request.method", method)
	span.Set("http.route", route)
	span.Count("http.response.status_code", status)
	if status >= http.StatusInternalServerError {
		span.Fail(strconv.Itoa(status))
	}
	if method != http.MethodGet && method != http.MethodHead {
		return
	}
	if s, err := a.cfg.Board.Snapshot(); err == nil { // what the answer was made from
		span.Link(s.Trace())
	}
}
