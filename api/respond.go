package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// How long an answer may be kept by those who cache it, as values of a header
// field. What changes is worth five seconds, and yesterday's truth beats an error
// page; a revision is for ever; a verdict is of one viewer.
var (
	cacheCurrent   = []string{"public, max-age=5, stale-while-revalidate=30, stale-if-error=86400"}
	cacheImmutable = []string{"public, max-age=31536000, immutable"}
	cachePersonal  = []string{"private, max-age=5"}
	cacheKeys      = []string{"public, max-age=300"}
	cacheDocs      = []string{"public, max-age=300"}
	cacheNever     = []string{"no-store"}

	varyEncoding = []string{"Accept-Encoding"}
)

func render(v any) ([]byte, error) {
	return json.Marshal(v, jsontext.EscapeForHTML(true), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
}

// writeJSON answers with v, rendered for this request alone.
func writeJSON(c *gin.Context, status int, media string, v any) {
	body, err := render(v)
	if err != nil { // our own shapes always render; a bug must not look like a success
		c.Writer.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := c.Writer.Header()
	values := [2]string{media, strconv.Itoa(len(body))} // one piece of memory for both
	h["Content-Type"], h["Content-Length"] = values[0:1:1], values[1:2:2]
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body) // the client may have gone; there is nobody left to tell
}

// writePage answers a read with a rendered page, or with 304 where the client
// holds it already. HEAD gets the same headers; net/http leaves out the body.
// Names of fields are in their canonical form, which saves looking for it.
func writePage(c *gin.Context, p *page, cacheControl []string) {
	h, r := c.Writer.Header(), c.Request.Header
	accept := ""
	if lines := r["Accept-Encoding"]; len(lines) == 1 {
		accept = lines[0]
	} else if len(lines) > 1 {
		accept = strings.Join(lines, ",")
	}
	v := p.negotiate(accept)
	h["Etag"], h["Cache-Control"], h["Vary"] = v.tags, cacheControl, varyEncoding
	if held := r["If-None-Match"]; held != nil && noneMatch(held, v.etag) {
		delete(h, headerPolicy) // it costs nothing; a cache would put them beside the answer that it holds
		delete(h, headerLimit)
		c.Writer.WriteHeader(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return
	}
	if p.link != nil {
		h["Link"] = p.link
	}
	h["Content-Type"], h["Content-Length"] = p.media, v.length
	if v.encoding != nil {
		h["Content-Encoding"] = v.encoding
	}
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.Write(v.body)
}

// noneMatch reports whether an If-None-Match field names etag: a list over any
// number of lines, or *, compared weakly (RFC 9110 section 13.1.2).
func noneMatch(lines []string, etag string) bool {
	for _, rest := range lines {
		for {
			rest = strings.TrimLeft(rest, " \t,")
			if rest == "" {
				break
			}
			if rest[0] == '*' {
				return true
			}
			rest = strings.TrimPrefix(rest, "W/")
			if rest == "" || rest[0] != '"' {
				break // not an entity tag: the rest of the line can't be trusted
			}
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				break
			}
			if rest[:end+2] == etag {
				return true
			}
			rest = rest[end+2:]
		}
	}
	return false
}
