package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

const mediaHTML = "text/html; charset=utf-8"

// fixedBounds are those of the pages that never change: of revisions, which many
// articles embed. They are served on when the store is gone or busy.
var fixedBounds = page.Bounds{Bytes: 16 << 20, Pages: 1_024}

// pageBounds are those of the rendered pages. A page that was rendered serves
// everybody who asks within its life.
var pageBounds = page.Bounds{Bytes: 16 << 20, Pages: 1_024, Life: time.Second}

const (
	// renderLimit is what one page may take, reads of the store included.
	renderLimit = 2 * time.Second
)

// doc is a page that is about to be rendered.
type doc struct {
	page  string // its folder
	data  any
	cache []string // how long the answer may be kept: one of package page's
}

// show answers with the page that a key stands for, in the language of v. Requests with the
// same key and language share one rendered page.
func (w *Web) show(c *gin.Context, v *localizer, key string, build func(ctx context.Context) (doc, error)) error {
	p, err := w.cache.GetAt(v.keyed(key), w.cfg.Wall(), func() (*page.Page, error) {
		p, _, err := v.made(c, build)
		return p, err
	})
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, nil)
	return nil
}

// showFixed is show for what says the same permanently, once it is whole: a revision. It
// is kept, in memory and on disk, with the policy of headers that it is answered with.
func (w *Web) showFixed(c *gin.Context, v *localizer, pol policy, key string,
	build func(ctx context.Context) (doc, error),
) error {
	p, err := w.once(v.keyed(key), pol, func() (*page.Page, string, bool, error) {
		p, final, err := v.made(c, build)
		return p, mediaHTML, final, err
	})
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, nil)
	return nil
}

// keyed tells pages of one kind apart by how they speak.
func (v *localizer) keyed(key string) string { return v.Lang + v.Query + " " + key }

// made renders a page. It reports whether that says the same permanently.
func (v *localizer) made(ctx context.Context, build func(ctx context.Context) (doc, error)) (*page.Page, bool, error) {
	// Whoever came first may go: the others still wait for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renderLimit)
	defer cancel()
	d, err := build(ctx)
	if err != nil {
		return nil, false, err
	}
	body, err := v.tmpl.render(d.page, d.data)
	if err != nil {
		return nil, false, err
	}
	return page.File(body, mediaHTML).KeptFor(d.cache), d.cache[0] == page.CacheImmutable[0], nil
}

// writeHTML writes a whole page. The length is set, so that a client can tell a page that was cut
// off.
func writeHTML(c *gin.Context, status int, body []byte) {
	h := c.Writer.Header()
	h.Set("Content-Type", mediaHTML)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body) // the client may have gone; net/http leaves it out for HEAD
}

// seeOther sends a browser elsewhere with GET.
func (v *localizer) seeOther(c *gin.Context, path string, cache []string) {
	h := c.Writer.Header()
	h["Cache-Control"] = cache
	h.Set("Location", v.prefix+path)
	c.Writer.WriteHeader(http.StatusSeeOther)
	c.Writer.WriteHeaderNow()
}
