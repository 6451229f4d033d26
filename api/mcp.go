package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"faultline"
	"faultline/api/mcptools"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// routeMCP is where assistants ask. What they send are questions: it counts as reads.
const routeMCP = "/mcp"

// maxMCPBody bounds what an assistant sends at once, in bytes.
const maxMCPBody = 64 << 10

// newMCP returns the handler of [routeMCP]. Each request stands for itself: no session
// is kept.
func (a *api) newMCP(engine http.Handler) http.Handler {
	return mcp.NewStreamableHTTPHandler(func(r *http.Request) *mcp.Server {
		return mcptools.NewServer("1", func(ctx context.Context, path string, query url.Values) ([]byte, error) {
			return readOwn(ctx, engine, r, path, query)
		})
	}, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxMCPBody,
		// The name of this server is checked by ownOrigin where a browser asks.
		DisableLocalhostProtection: true})
}

// readOwn asks this API as whoever sent a request would, with the same limits.
func readOwn(ctx context.Context, engine http.Handler, of *http.Request, path string, query url.Values) ([]byte,
	error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://faultline.invalid"+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.RemoteAddr = of.RemoteAddr
	for _, name := range []string{"Authorization", "X-Forwarded-For"} {
		r.Header[name] = of.Header[name]
		if r.Header[name] == nil {
			delete(r.Header, name)
		}
	}
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, r)
	if w.Code == http.StatusOK {
		return w.Body.Bytes(), nil
	}
	if w.Code == http.StatusNotFound {
		return nil, faultline.ErrNotFound
	}
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		return nil, fmt.Errorf("answered %d", w.Code)
	}
	for _, e := range p.Errors {
		p.Detail += " " + e.Error() + "."
	}
	return nil, errors.New(p.Detail)
}

// postMCP answers assistants.
//
// @ID       postMCP
// @Summary  The API for assistants (Model Context Protocol, streamable HTTP)
// @Description The tools only read: verdict, stack, incidents, incident, provider, search, coverage. No key and no session is needed. Requests and answers are JSON-RPC 2.0 as the protocol defines it. `faultline mcp` offers the same on standard input and output.
// @Tags     stack
// @Accept   json
// @Produce  json
// @Param    message body object true "a request of JSON-RPC 2.0"
// @Success  200 {object} object "a response of JSON-RPC 2.0"
// @Success  202 "a notification was taken"
// @Failure  400,413,415 {object} Problem
// @Router   /mcp [post]
func (a *api) postMCP(c *gin.Context, _ url.Values) error {
	body, _, err := readBody(c, maxMCPBody, page.MediaJSON)
	if err != nil {
		return err
	}
	r := c.Request.Clone(c.Request.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Type", page.MediaJSON)
	r.Header.Set("Accept", "application/json, text/event-stream") // it gets JSON, whatever it can read besides
	r.Header.Del("Content-Encoding")
	w := httptest.NewRecorder()
	a.mcp.ServeHTTP(w, r)
	if w.Code >= http.StatusBadRequest {
		return &refusal{status: http.StatusBadRequest, detail: "That is no message of the protocol: " +
			strings.ToValidUTF8(shorten(strings.TrimSpace(w.Body.String())), "")}
	}
	h := c.Writer.Header()
	h["Cache-Control"] = page.CacheNever
	if media := w.Header().Get("Content-Type"); media != "" {
		h.Set("Content-Type", media)
	}
	c.Writer.WriteHeader(w.Code)
	_, _ = c.Writer.Write(w.Body.Bytes()) // the client may have gone
	c.Writer.WriteHeaderNow()
	return nil
}
