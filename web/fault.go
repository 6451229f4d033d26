package web

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// faultPage says why there is no answer, and where to go on. Every error of every page ends
// in one.
type faultPage struct {
	shell
	Status int
	Answer string
	Detail string
	Back   string // a page to go back to
	Label  string
	Retry  int    // seconds after which to try again; 0: not said
	Again  string // that it asks again by itself
	Link   string // of a widget: what it was to show
	// Instead are pages that the reader may have been looking for.
	Instead []languageLink
}

// unknownSite: nothing is known by the name that was asked for. status is 400 or 404, see
// siteFault.
// The name is shown only where it looks like a host, see hostLike.
type unknownSite struct {
	asked  string
	status int
}

func (e unknownSite) Error() string { return "no site is known by that name" }

// refusedForm: a report that does not count, because it came from elsewhere or too late.
type refusedForm struct {
	site string
	why  error
}

func (e refusedForm) Error() string { return e.why.Error() }

// tooMuch: more came from one address than may.
type tooMuch struct {
	site    string // whose form it was, or empty
	seconds int    // until there is room again
}

func (e tooMuch) Error() string { return http.StatusText(http.StatusTooManyRequests) }

// badForm: a body that our own form never sends.
type badForm struct{ status int }

func (e badForm) Error() string { return http.StatusText(e.status) }

// hostLike is what may be shown as the name of a site that we do not know. Anything else that
// stands in an address is not repeated on a page, or strangers could make our pages say what
// they like.
var hostLike = regexp.MustCompile(`^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63}){1,10}$`)

// A client that must come back later waits between these many seconds, drawn at random, so
// that a crowd does not come back as one.
const (
	retryAtLeast = 2
	retryAtMost  = 9
)

// fail answers with the page that err amounts to. What it does not know is a fault of ours,
// and its text stays in the log. A page that failed is never kept by a cache, and loses the
// headers of the page that it might have been.
func (w *Web) fail(c *gin.Context, v *localizer, pol policy, err error) {
	p := v.faultOf(err)
	c.Abort()
	// A part of the page is out already, and a second status cannot be sent.
	if c.Writer.Written() {
		return
	}
	// A reader who has hung up is no fault of ours.
	if p.Status == http.StatusInternalServerError && c.Request.Context().Err() == nil {
		w.log.ErrorContext(c, "page failed", "route", c.FullPath(), "error", err)
	}
	h := c.Writer.Header()
	h.Del("ETag")
	h.Del("Content-Encoding")
	h["Cache-Control"] = page.CacheNever
	retry := p.Retry
	if p.Status == http.StatusServiceUnavailable {
		retry = retryAtLeast + rand.IntN(retryAtMost-retryAtLeast+1)
	}
	if retry > 0 {
		h.Set("Retry-After", strconv.Itoa(retry))
	}
	// shell makes a new head, and what the reader searched for must stay in the search
	// box.
	query := p.Query
	p.shell = v.shell("", p.Answer, p.Detail)
	if p.Query = query; pol == w.policies.embed {
		v.faultWidget(c, &p)
	} else {
		v.helpOn(c, &p, err, retry)
	}
	body, err := v.tmpl.render("fault", p)
	if err != nil {
		w.log.ErrorContext(c, "page failed", "route", c.FullPath(), "error", err)
		// The last resort has no template, since it may be the template that fails.
		body = []byte(v.say("fault.ours"))
	}
	writeHTML(c, p.Status, body)
}

// reloadWithin is the longest that a page waits before it loads again by itself, in seconds.
// Readers do not wait longer than a minute.
const reloadWithin = 60

// helpOn says on a page of ours what its reader can do: wait for it, or go elsewhere. Only a
// page that was read is loaded again by itself: a form that was sent must not be sent twice.
func (v *localizer) helpOn(c *gin.Context, p *faultPage, err error, retry int) {
	reads := c.Request.Method == http.MethodGet
	var much tooMuch
	if reads && errors.As(err, &much) {
		retry, p.Detail = much.seconds, v.count("fault.limited_read", much.seconds)
		p.Instead = []languageLink{{Name: v.say("layout.developers"), URL: v.link("/developers")}}
	}
	// A form that was sent is not sent again.
	if reads && retry > 0 && retry <= reloadWithin && p.Status != http.StatusNotFound {
		p.Refresh, p.Again = retry, v.count("fault.reloads", retry)
	}
	if p.Status != http.StatusNotFound && p.Status != http.StatusBadRequest {
		return
	}
	for _, to := range [][2]string{{"layout.sites", "/sites"}, {"layout.providers", "/providers"},
		{"layout.components", "/components"}, {"layout.archive", "/archive"}, {"layout.stack", "/stack"}} {
		p.Instead = append(p.Instead, languageLink{Name: v.say(to[0]), URL: v.link(to[1])})
	}
}

// A widget that cannot say anything just now asks again after so many seconds, drawn at
// random, so that all readers of an article do not come back as one.
const (
	widgetRetryAtLeast = 10
	widgetRetryAtMost  = 30
)

// faultWidget is a fault on somebody else's page: small, with where it is from, and
// asking again by itself where that may help.
func (v *localizer) faultWidget(c *gin.Context, p *faultPage) {
	v.widget(&p.shell, v.options(c))
	p.Link = v.whole("/")
	if p.Status == http.StatusNotFound {
		return
	}
	p.Again = v.say("fault.again")
	p.Refresh = max(p.Retry, widgetRetryAtLeast+rand.IntN(widgetRetryAtMost-widgetRetryAtLeast+1))
	if rest, ok := strings.CutPrefix(c.Request.URL.Path, "/embed/"); ok && rest != "now" {
		p.Link = v.whole("/" + rest)
	}
}

// faultOf makes the page of an error. Each says what was wrong, and leads to where the reader
// probably wanted to go.
func (v *localizer) faultOf(err error) faultPage {
	var (
		unknown unknownSite
		absent  noIncident
		form    refusedForm
		much    tooMuch
		busy    faultline.BusyError
		bad     badForm
		invalid faultline.InvalidError
	)
	home := func(status int, answer, detail string) faultPage {
		return faultPage{
			Status: status,
			Answer: v.say(answer),
			Detail: v.say(detail),
			Back:   v.link("/"),
			Label:  v.say("fault.home"),
		}
	}
	// The order matters only where an error wraps several: what says most to the reader
	// comes first.
	switch {
	case errors.As(err, &unknown):
		return v.unknownSite(unknown)
	case errors.As(err, &absent):
		return v.noIncident(absent, home(http.StatusNotFound, "fault.no_incident", "fault.no_incident_detail"))
	case errors.As(err, &form):
		return v.refusedForm(form)
	case errors.As(err, &much):
		p := home(http.StatusTooManyRequests, "fault.limited", "")
		p.Detail = v.count("fault.limited_detail", much.seconds)
		v.backTo(&p, much.site)
		return p
	case errors.As(err, &busy):
		p := home(http.StatusTooManyRequests, "fault.busy_"+string(busy.Limit), "")
		p.Retry = max(1, int(math.Ceil(busy.RetryAfter.Seconds())))
		p.Detail = v.count("fault.busy_detail", p.Retry)
		return p
	case errors.As(err, &bad):
		return home(bad.status, "fault.not_counted", "fault.not_counted_form")
	case errors.As(err, &invalid):
		return home(http.StatusBadRequest, "fault.bad", "fault.bad_detail")
	case errors.Is(err, faultline.ErrNotFound):
		return home(http.StatusNotFound, "fault.nothing", "fault.nothing_detail")
	case errors.Is(err, faultline.ErrUnavailable), errors.Is(err, faultline.ErrNotLeader),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return home(http.StatusServiceUnavailable, "fault.away", "fault.away_detail")
	}
	return home(http.StatusInternalServerError, "fault.ours", "fault.ours_detail")
}

// unknownSite offers a check of a name that is not on the list.
func (v *localizer) unknownSite(e unknownSite) faultPage {
	p := faultPage{shell: shell{Query: e.asked}, Status: e.status, Back: v.link("/"), Label: v.say("fault.home"),
		Answer: v.say("fault.no_site"), Detail: v.say("fault.no_site_detail")}
	if e.status == http.StatusNotFound {
		p.Answer, p.Detail = v.say("fault.unknown_site"), v.say("fault.unknown_site_detail")
		if hostLike.MatchString(e.asked) {
			p.Answer = v.say("fault.unknown_named", "Site", e.asked)
		}
	}
	return p
}

// refusedForm says that a report was not counted, and why. All reasons but age get the same text:
// the exact one would help whoever forges forms.
func (v *localizer) refusedForm(e refusedForm) faultPage {
	p := faultPage{
		Status: http.StatusForbidden,
		Answer: v.say("fault.not_counted"),
		Back:   v.link("/"),
		Label:  v.say("fault.home"),
		Detail: v.say("fault.foreign_detail"),
	}
	if errors.Is(e.why, errExpired) {
		p.Detail = v.say("fault.expired_detail")
	}
	v.backTo(&p, e.site)
	return p
}

// backTo leads back to the page of a site, if its name may be shown.
func (v *localizer) backTo(p *faultPage, site string) {
	if hostLike.MatchString(site) {
		p.Back, p.Label = v.link("/site/"+site), v.say("fault.to_site", "Site", site)
	}
}
