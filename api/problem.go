package api

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"faultline"

	"github.com/gin-gonic/gin"
)

// Problem is the body of every answer that is not a success: RFC 9457, with the
// fields at fault in errors. Its type is always about:blank, so that title says
// no more than the status does; detail says the rest.
type Problem struct {
	Type   string              `json:"type"`
	Title  string              `json:"title"`
	Status int                 `json:"status"`
	Detail string              `json:"detail,omitempty"`
	Errors []faultline.Invalid `json:"errors,omitempty"`
}

const mediaProblem = "application/problem+json"

// A client that is told to come back later waits between these many seconds,
// drawn at random, so that a crowd does not come back as one.
const (
	retryAtLeast = 1
	retryAtMost  = 5
)

// refusal is an error that knows its status. Detail is shown to the client and
// must be a constant or quote nothing but validated input.
type refusal struct {
	status    int
	detail    string
	challenge string // WWW-Authenticate, with 401 and 403
	accept    string // Accept, with 415: what would have been understood
	encodings string // Accept-Encoding, with 415: the same of encodings (RFC 9110 section 12.5.3)
	// retryAfter is in seconds, with 429.
	retryAfter int
}

// Error returns the detail, which clients see too: it holds no cause from inside the service.
func (r *refusal) Error() string { return r.detail }

// fail answers with the problem that err amounts to. An answer that has begun can't be taken back:
// then only the log says so.
func (a *api) fail(c *gin.Context, err error) {
	if p, ok := a.failed(c, err); ok {
		writeJSON(c, p.Status, mediaProblem, p)
	}
}

// refuse is fail for what stands in front of pages too: a browser that wants one
// gets one.
func (a *api) refuse(c *gin.Context, err error) {
	p, ok := a.failed(c, err)
	switch {
	case !ok:
	case a.cfg.Page != nil && !isPublic(c.Request.URL.Path) && strings.Contains(c.GetHeader("Accept"), "text/html"):
		a.cfg.Page(c, p.Status)
	default:
		writeJSON(c, p.Status, mediaProblem, p)
	}
}

// failed logs err, sets the headers of its answer and returns its body; ok is
// false where an answer has begun.
func (a *api) failed(c *gin.Context, err error) (p Problem, ok bool) {
	p, r := problemOf(err)
	a.logFailure(c, p.Status, err)
	c.Abort()
	if c.Writer.Written() {
		return p, false
	}
	h := c.Writer.Header()
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(retryAtLeast+rand.IntN(retryAtMost-retryAtLeast+1)))
	}
	if r.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	if r.challenge != "" {
		h.Set("WWW-Authenticate", r.challenge)
	}
	if r.accept != "" {
		h.Set("Accept", r.accept)
	}
	if r.encodings != "" {
		h.Set("Accept-Encoding", r.encodings)
	}
	h.Del("ETag")
	h.Set("Cache-Control", "no-store")
	return p, true
}

// logFailure logs what is our fault. That something can't be reached is said at
// most once a second, as everybody then hears of it at once.
func (a *api) logFailure(c *gin.Context, status int, err error) {
	if status < http.StatusInternalServerError || c.Request.Context().Err() != nil {
		return
	}
	level := slog.LevelError
	if status == http.StatusServiceUnavailable {
		level = slog.LevelWarn
		now, last := a.cfg.Now().Unix(), a.saidUnavailable.Load()
		if now == last || !a.saidUnavailable.CompareAndSwap(last, now) {
			return
		}
	}
	a.log.LogAttrs(c.Request.Context(), level, "request failed",
		slog.String("route", c.FullPath()), slog.Int("status", status), slog.Any("error", err))
}

// problemOf says which problem an error is. What it does not know is a fault of
// ours, and its text stays in the log.
func problemOf(err error) (Problem, refusal) {
	var (
		invalid faultline.InvalidError
		tooBig  *http.MaxBytesError
		refused *refusal
		busy    faultline.BusyError
	)
	switch {
	case errors.As(err, &busy):
		return busyProblem(busy)
	case errors.As(err, &refused):
		return newProblem(refused.status, refused.detail), *refused
	case errors.As(err, &invalid):
		p := newProblem(http.StatusBadRequest, "The request was refused whole; errors names what is wrong with it.")
		p.Errors = invalid
		return p, refusal{}
	case errors.As(err, &tooBig):
		return newProblem(http.StatusRequestEntityTooLarge,
			"The body is larger than the "+strconv.FormatInt(tooBig.Limit, 10)+" bytes that are read here."), refusal{}
	case errors.Is(err, faultline.ErrNotFound):
		return newProblem(http.StatusNotFound, "There is nothing by that name here."), refusal{}
	case errors.Is(err, faultline.ErrUnavailable), errors.Is(err, faultline.ErrNotLeader),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return newProblem(http.StatusServiceUnavailable,
			"This can't be done just now. Try again after Retry-After seconds."), refusal{}
	}
	return newProblem(http.StatusInternalServerError, "Something went wrong on our side."), refusal{}
}

func newProblem(status int, detail string) Problem {
	return Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// invalidParameter refuses one query or path parameter.
func invalidParameter(name, detail string) error {
	return faultline.InvalidError{{Parameter: name, Detail: detail}}
}

// siteFault says that what is wrong came in the parameter site, where a function
// that also reads bodies pointed into one.
func siteFault(err error) error {
	var invalid faultline.InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	faults := make(faultline.InvalidError, len(invalid))
	for i, f := range invalid {
		faults[i] = faultline.Invalid{Parameter: "site", Detail: f.Detail}
	}
	return faults
}
