package page

import (
	"net/http"
	"strings"
)

// How long an answer may be kept by those who cache it, as values of the header
// field Cache-Control.
var (
	// CacheCurrent is for what changes: worth five seconds, and yesterday's answer
	// is better than an error page.
	CacheCurrent = []string{"public, max-age=5, stale-while-revalidate=30, stale-if-error=86400"}
	// CacheImmutable is for what never changes, such as a revision.
	CacheImmutable = []string{"public, max-age=31536000, immutable"}
	// CachePersonal is for what says something of one reader's network.
	CachePersonal = []string{"private, max-age=5"}
	// CacheBriefly is for pictures, redirects and files whose address may soon mean
	// something else.
	CacheBriefly = []string{"public, max-age=60"}
	// CacheDocuments is for keys, documents and other things that change by a
	// deployment.
	CacheDocuments = []string{"public, max-age=300"}
	// CacheElement is for the script that other sites include by a fixed address.
	CacheElement = []string{"public, max-age=3600, stale-if-error=604800"}
	// CacheNever is for answers to one request.
	CacheNever = []string{"no-store"}
)

// varyEncoding is what every page varies by.
var varyEncoding = []string{"Accept-Encoding"}

// perRequest are header fields that say how one client stands with its quotas.
// They are left out of a 304: it costs nothing, and a cache would put them beside
// the answer that it holds.
var perRequest = []string{"Ratelimit-Policy", "Ratelimit"}

// Write answers a read with a page, or with 304 where the client holds it already
// (RFC 9110 section 13.1.2). HEAD gets the same header fields; net/http leaves out
// the body. Cache-Control is one of the values above; nil: what the page says of
// itself. It returns the status and the length of the body that a GET gets.
func Write(w http.ResponseWriter, r *http.Request, p *Page, cacheControl []string) (status, size int) {
	if cacheControl == nil {
		cacheControl = p.cache
	}
	h := w.Header() // names of fields are in their canonical form, which saves looking for it
	v := p.negotiate(acceptEncoding(r.Header))
	h["Etag"], h["Cache-Control"] = v.tags, cacheControl
	if others := h["Vary"]; others == nil {
		h["Vary"] = varyEncoding
	} else {
		h["Vary"] = append(others, varyEncoding...)
	}
	if held := r.Header["If-None-Match"]; held != nil && noneMatch(held, v.etag) {
		for _, name := range perRequest {
			delete(h, name)
		}
		w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified, 0
	}
	if p.policy != nil {
		h["Content-Security-Policy"] = p.policy
	}
	if p.Link != nil {
		h["Link"] = p.Link
	}
	h["Content-Type"], h["Content-Length"] = p.media, v.length
	if v.encoding != nil {
		h["Content-Encoding"] = v.encoding
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(v.body) // the client may have gone; there is nobody left to tell
	return http.StatusOK, len(v.body)
}

// acceptEncoding is the field of a request, joined where it was sent in several lines.
func acceptEncoding(h http.Header) string {
	switch lines := h["Accept-Encoding"]; len(lines) {
	case 0:
		return ""
	case 1:
		return lines[0]
	default:
		return strings.Join(lines, ",")
	}
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
