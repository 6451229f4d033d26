package web

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"

	"faultline"

	"github.com/gin-gonic/gin"
)

// faultPage says why there is no answer, and where to go on.
type faultPage struct {
	shell
	Status int
	Answer string
	Detail string
	Back   string // a page to go back to
	Label  string
}

// unknownSite: nothing is known by the name that was asked for.
type unknownSite struct {
	asked  string
	status int
}

func (e unknownSite) Error() string { return "no site is known by that name" }

// refusedForm: a report that does not count.
type refusedForm struct {
	site string
	why  error
}

func (e refusedForm) Error() string { return e.why.Error() }

// badForm: a body that our own form never sends.
type badForm struct{ status int }

func (e badForm) Error() string { return http.StatusText(e.status) }

// hostLike is what may be shown as the name of a site that we don't know: words
// of strangers are not put into our mouth.
var hostLike = regexp.MustCompile(`^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,10}$`)

// A client that is told to come back later waits between these many seconds,
// drawn at random, so that a crowd does not come back as one.
const (
	retryAtLeast = 2
	retryAtMost  = 9
)

// fail answers with the page that err amounts to. What it does not know is a
// fault of ours, and its text stays in the log.
func (w *Web) fail(c *gin.Context, pol policy, err error) {
	p := w.faultOf(err)
	c.Abort()
	if c.Writer.Written() {
		return
	}
	if p.Status == http.StatusInternalServerError && c.Request.Context().Err() == nil {
		w.log.ErrorContext(c, "page failed", "route", c.FullPath(), "error", err)
	}
	h := c.Writer.Header()
	h.Del("ETag")
	h.Set("Cache-Control", cacheNever)
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(retryAtLeast+rand.IntN(retryAtMost-retryAtLeast+1)))
	}
	query := p.Query
	p.shell = w.shell(p.Answer, p.Detail)
	p.Query, p.Widget = query, pol == embedPolicy
	body, err := w.tmpl.render("fault", p)
	if err != nil {
		w.log.ErrorContext(c, "page failed", "route", c.FullPath(), "error", err)
		body = []byte("Something went wrong on our side.")
	}
	writeHTML(c, p.Status, body)
}

func (w *Web) faultOf(err error) faultPage {
	var (
		unknown unknownSite
		form    refusedForm
		bad     badForm
		invalid faultline.InvalidError
	)
	home := func(status int, answer, detail string) faultPage {
		return faultPage{Status: status, Answer: answer, Detail: detail, Back: w.prefix + "/", Label: "What is broken now"}
	}
	switch {
	case errors.As(err, &unknown):
		return w.unknownSite(unknown)
	case errors.As(err, &form):
		return w.refusedForm(form)
	case errors.As(err, &bad):
		return home(bad.status, "This report was not counted.", "It was not what the form on our page sends.")
	case errors.As(err, &invalid):
		return home(http.StatusBadRequest, "This request was not understood.", "Nothing was counted.")
	case errors.Is(err, faultline.ErrNotFound):
		return home(http.StatusNotFound, "There is nothing here.", "The address may be mistyped, or what it named was never there: incidents are kept for good.")
	case errors.Is(err, faultline.ErrUnavailable), errors.Is(err, faultline.ErrNotLeader),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return home(http.StatusServiceUnavailable, "This can’t be answered just now.", "Nothing was counted and nothing was lost. Try again in a few seconds.")
	}
	return home(http.StatusInternalServerError, "Something went wrong on our side.", "Try again in a few seconds.")
}

func (w *Web) unknownSite(e unknownSite) faultPage {
	p := faultPage{shell: shell{Query: e.asked}, Status: e.status, Back: w.prefix + "/", Label: "What is broken now",
		Answer: "That is not the name of a site.", Detail: "Give a name such as bbc.co.uk, or the address of a page."}
	if e.status == http.StatusNotFound {
		p.Answer, p.Detail = "We do not know that site yet.", "We can only tell of sites that are on our map."
		if hostLike.MatchString(e.asked) {
			p.Answer = "We do not know " + e.asked + " yet."
		}
	}
	return p
}

func (w *Web) refusedForm(e refusedForm) faultPage {
	p := faultPage{Status: http.StatusForbidden, Answer: "This report was not counted.", Back: w.prefix + "/", Label: "What is broken now",
		Detail: "Reports count only when they are sent from the site’s page here, by the person who reads it."}
	if errors.Is(e.why, errExpired) {
		p.Detail = "The page had been open for more than an hour. Open it again and report from there."
	}
	if hostLike.MatchString(e.site) {
		p.Back, p.Label = w.prefix+"/site/"+e.site, "Go to the page of "+e.site
	}
	return p
}
