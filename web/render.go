package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/singleflight"
)

// How long an answer may be kept by those who cache it.
const (
	cacheCurrent   = "public, max-age=5, stale-while-revalidate=30, stale-if-error=86400"
	cacheOwn       = "private, max-age=5" // it says something of the reader's network
	cacheElement   = "public, max-age=3600, stale-if-error=604800"
	cacheImmutable = "public, max-age=31536000, immutable"
	cacheBriefly   = "public, max-age=60"
	cacheNever     = "no-store"
)

const (
	// A page that was rendered serves everybody who asks within this time.
	pageLife = time.Second
	// pagesKept bounds the rendered pages, pageBytes their bytes. Beyond it a
	// page is rendered for each request.
	pagesKept = 1_024
	pageBytes = 32 << 20
	// renderLimit is what one page may take, reads of the store included.
	renderLimit = 2 * time.Second
)

// doc is a page that is about to be rendered.
type doc struct {
	page  string // its folder
	data  any
	cache string
}

// rendered is a page as it goes out, plain and compressed (RFC 1952).
type rendered struct {
	body, gzip []byte
	etag       string // weak: one for both forms
	cache      string
	until      time.Time
}

func (r *rendered) size() int { return len(r.body) + len(r.gzip) }

// show answers with the page that key stands for in a voice: two requests with
// one key get the same.
func (w *Web) show(c *gin.Context, v *voice, key string, build func(ctx context.Context) (doc, error)) error {
	r, err := w.cache.get(v.Lang+v.Query+" "+key, w.cfg.Wall(), func() (*rendered, error) {
		// Whoever came first may go: the others still wait for it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c), renderLimit)
		defer cancel()
		d, err := build(ctx)
		if err != nil {
			return nil, err
		}
		body, err := v.tmpl.render(d.page, d.data)
		if err != nil {
			return nil, err
		}
		return newRendered(body, d.cache)
	})
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("ETag", r.etag)
	h.Set("Cache-Control", r.cache)
	h.Add("Vary", "Accept-Encoding")
	if strings.Contains(c.GetHeader("If-None-Match"), r.etag) {
		c.Writer.WriteHeader(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		writeHTML(c, http.StatusOK, r.gzip)
		return nil
	}
	writeHTML(c, http.StatusOK, r.body)
	return nil
}

func newRendered(body []byte, cache string) (*rendered, error) {
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	if _, err := z.Write(body); err != nil {
		return nil, fmt.Errorf("compress a page: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress a page: %w", err)
	}
	sum := sha256.Sum256(body)
	return &rendered{body: body, gzip: small.Bytes(), cache: cache,
		etag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`}, nil
}

func writeHTML(c *gin.Context, status int, body []byte) {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body) // the client may have gone; net/http leaves it out for HEAD
}

// seeOther sends a browser elsewhere with GET.
func (v *voice) seeOther(c *gin.Context, path, cache string) {
	h := c.Writer.Header()
	h.Set("Cache-Control", cache)
	h.Set("Location", v.prefix+path)
	c.Writer.WriteHeader(http.StatusSeeOther)
	c.Writer.WriteHeaderNow()
}

// pageCache keeps pages for a moment, so that a thousand readers at once cost
// what one costs.
type pageCache struct {
	flight singleflight.Group
	mu     sync.Mutex
	pages  map[string]*rendered
	bytes  int
}

func newPageCache() *pageCache { return &pageCache{pages: map[string]*rendered{}} }

func (p *pageCache) get(key string, now time.Time, render func() (*rendered, error)) (*rendered, error) {
	if kept := p.fresh(key, now); kept != nil {
		return kept, nil
	}
	fresh, err, _ := p.flight.Do(key, func() (any, error) {
		if kept := p.fresh(key, now); kept != nil { // another flight has just landed
			return kept, nil
		}
		r, err := render()
		if err != nil {
			return nil, err
		}
		r.until = now.Add(pageLife)
		p.put(key, now, r)
		return r, nil
	})
	if err != nil {
		return nil, err
	}
	return fresh.(*rendered), nil
}

// fresh returns the page of key if it was rendered within pageLife of now.
func (p *pageCache) fresh(key string, now time.Time) *rendered {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept, ok := p.pages[key]
	if !ok || !now.Before(kept.until) || now.Before(kept.until.Add(-pageLife)) {
		return nil
	}
	return kept
}

func (p *pageCache) put(key string, now time.Time, r *rendered) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, ok := p.pages[key]; ok {
		p.bytes -= old.size()
		delete(p.pages, key)
	}
	if len(p.pages) >= pagesKept || p.bytes+r.size() > pageBytes {
		for k, old := range p.pages {
			if !now.Before(old.until) {
				p.bytes -= old.size()
				delete(p.pages, k)
			}
		}
	}
	if len(p.pages) < pagesKept && p.bytes+r.size() <= pageBytes {
		p.pages[key] = r
		p.bytes += r.size()
	}
}
