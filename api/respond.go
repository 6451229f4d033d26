package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const mediaJSON = "application/json"

// How long an answer may be kept by those who cache it. What changes is worth
// five seconds, and yesterday's truth beats an error page; a revision is for
// ever.
const (
	cacheCurrent   = "public, max-age=5, stale-while-revalidate=30, stale-if-error=86400"
	cacheImmutable = "public, max-age=31536000, immutable"
	cacheKeys      = "public, max-age=300"
	cacheDocs      = "public, max-age=300"
)

// page is a body that was rendered once for everybody who asks.
type page struct {
	body  []byte
	etag  string // strong, RFC 9110 section 8.8.3
	media string
}

// newPage renders v. Empty lists are written as [], and <, > and & as escapes,
// so that a body which is mistaken for HTML stays harmless.
func newPage(v any) (*page, error) {
	body, err := render(v)
	if err != nil {
		return nil, err
	}
	return pageOf(body), nil
}

func pageOf(body []byte) *page { return fileOf(body, mediaJSON) }

// fileOf is a page of another media type than JSON.
func fileOf(body []byte, media string) *page {
	sum := sha256.Sum256(body)
	return &page{body: body, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`, media: media}
}

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
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body) // the client may have gone; there is nobody left to tell
}

// writePage answers a read with a rendered page, or with 304 where the client
// holds it already. HEAD gets the same headers; net/http leaves out the body.
func writePage(c *gin.Context, p *page, cacheControl string) {
	h := c.Writer.Header()
	h.Set("ETag", p.etag)
	h.Set("Cache-Control", cacheControl)
	if noneMatch(c.Request.Header.Values("If-None-Match"), p.etag) {
		c.Writer.WriteHeader(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return
	}
	h.Set("Content-Type", p.media)
	h.Set("Content-Length", strconv.Itoa(len(p.body)))
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.Write(p.body)
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
