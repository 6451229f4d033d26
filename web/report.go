package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// maxForm bounds the body of the report form, in bytes. The form has a token and a symptom.
const maxForm = 4 << 10

// What the page of a site says after a report, as the value of ?reported=. Only these two are
// read from an address, so that nobody can link to a page that says something else.
const (
	reportedCounted = "1"
	reportedNot     = "0"
)

// report takes the report form, and answers with a redirect to the site's page (303), so that
// a reload of the result does not report again. Only a reader of our own page can send it: a
// page elsewhere that posts it from its readers' browsers counts nothing, because it has no
// token and comes from another origin.
func (w *Web) report(c *gin.Context, v *localizer) error {
	site := c.Param("site")
	form, err := w.ownForm(c, site)
	if err != nil {
		return err
	}
	symptom := form.Get("symptom")
	if !slices.ContainsFunc(choices, func(s faultline.Symptom) bool { return string(s) == symptom }) {
		return faultline.InvalidError{{Pointer: "/symptom", Detail: "is none of the form's"}}
	}
	addr, err := readerAddr(c)
	if err != nil {
		return err
	}
	receipt, err := w.cfg.Door.Report(c, addr, site, symptom)
	if err != nil {
		return err
	}
	reported := reportedNot
	if receipt.Counted {
		reported = reportedCounted
	}
	query := url.Values{"reported": {reported}}
	if v.Query != "" {
		query.Set("lang", v.Lang)
	}
	v.seeOther(c, "/site/"+url.PathEscape(receipt.Site)+"?"+query.Encode()+"#report", page.CacheNever)
	return nil
}

// ownForm reads a form of a site's page, if it was sent from a page of ours that
// is not too old.
func (w *Web) ownForm(c *gin.Context, site string) (url.Values, error) {
	if !w.sameOrigin(c.Request) {
		return nil, refusedForm{site: site, why: errForeign}
	}
	form, err := readForm(c)
	if err != nil {
		return nil, err
	}
	err = w.forms.check(c, site, form.Get("token"), w.cfg.Wall())
	if errors.Is(err, errToken) || errors.Is(err, errExpired) {
		return nil, refusedForm{site: site, why: err}
	}
	return form, err
}

// readerAddr is the address that a request came from. It is that of the connection, or what a
// trusted proxy says (X-Forwarded-For). An IPv4 address that came over IPv6 is unmapped and a
// zone is dropped, so that one person is one address.
func readerAddr(c *gin.Context) (netip.Addr, error) {
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		return netip.Addr{}, fmt.Errorf("address of the reader: %w", err)
	}
	return addr.Unmap().WithZone(""), nil
}

// toForm answers who asks again for what the form was sent to, with GET: after a
// report that was refused, that is the address that a browser shows.
func (w *Web) toForm(c *gin.Context, v *localizer) error {
	v.seeOther(c, "/site/"+url.PathEscape(c.Param("site"))+v.Query+"#report", page.CacheNever)
	return nil
}

// readForm reads an URL-encoded body, each field once. A field that stands twice is refused,
// since programs differ in which of the two they would take.
func readForm(c *gin.Context) (url.Values, error) {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, badForm{status: http.StatusUnsupportedMediaType}
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	if err := c.Request.ParseForm(); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return nil, badForm{status: http.StatusRequestEntityTooLarge}
		}
		return nil, badForm{status: http.StatusBadRequest}
	}
	for _, values := range c.Request.PostForm {
		if len(values) > 1 {
			return nil, badForm{status: http.StatusBadRequest}
		}
	}
	return c.Request.PostForm, nil
}
