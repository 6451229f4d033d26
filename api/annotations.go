package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Annotator writes events into the log. The wiring has it.
type Annotator interface {
	// Annotate returns once the event is in the log.
	Annotate(ctx context.Context, ev faultline.Event) error
}

const (
	maxAnnotationBody = 16 << 10
	maxAnnotationText = 4_000 // bytes
	maxAnnotationName = 200   // bytes
	annotationReach   = 7 * 24 * time.Hour
)

// The types of annotation.
const (
	annotateStatement  = "statement"
	annotateCorrection = "correction"
)

// AnnotationRequest attaches words to an incident. What the machine concluded is
// never edited: the words stand beside it, in a revision of their own.
type AnnotationRequest struct {
	// Type is statement, of the provider that is the cause, or correction, by you.
	Type string `json:"type" enums:"statement,correction" example:"statement"`
	Text string `json:"text" example:"We are investigating elevated errors."`
	// Status, of a statement, is the provider's own word for how things stand.
	Status string `json:"status,omitempty" example:"investigating"`
	// Source, of a statement, is where the provider said so.
	Source string `json:"source,omitempty" example:"https://status.example.com/incidents/1"`
	// At, of a statement, is when it was said: now unless given, at most a week ago.
	At *time.Time `json:"at,omitempty" format:"date-time" example:"2021-06-08T09:58:00Z"`
	// Retract, of a correction, says that the incident was none.
	Retract bool `json:"retract,omitempty" example:"false"`
}

// AnnotationAnswer acknowledges an annotation.
type AnnotationAnswer struct {
	Incident string    `json:"incident"`
	Type     string    `json:"type"`
	At       time.Time `json:"at"`
	// Durable is false only where nothing outlives the process.
	Durable bool `json:"durable"`
}

// postAnnotation attaches a provider's statement or a correction to an incident.
//
// @ID       postAnnotation
// @Summary  Add a provider's statement or a correction to an incident
// @Description Both are written to the log, and a new revision follows within seconds. A statement is shown and is never evidence. It belongs to the component that is the cause, so an incident without a cause refuses it (409). A correction may say that there was no incident.
// @Tags     incidents
// @Accept   json
// @Produce  json
// @Param    id path string true "inc_…"
// @Param    annotation body AnnotationRequest true "the words"
// @Success  202 {object} AnnotationAnswer "in the log"
// @Failure  404,409,413,415,503 {object} Problem
// @Router   /v1/incidents/{id}/annotations [post]
func (a *api) postAnnotation(c *gin.Context, _ url.Values) error {
	body, _, err := readBody(c, maxAnnotationBody, page.MediaJSON)
	if err != nil {
		return err
	}
	var req AnnotationRequest
	if err := decodeStrict(body, &req); err != nil {
		return err
	}
	now := faultline.Millis(a.cfg.Board.Now())
	if err := req.check(now); err != nil {
		return err
	}
	inc, err := a.cfg.Board.Incident(c.Request.Context(), c.Param("id"), 0)
	if err != nil {
		return err
	}
	if a.cfg.Annotator == nil {
		return faultline.ErrUnavailable
	}
	ev, err := req.event(inc, claimsOf(c).Subject, now)
	if err != nil {
		return err
	}
	if err := a.cfg.Annotator.Annotate(c.Request.Context(), ev); err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(
		c,
		http.StatusAccepted,
		page.MediaJSON,
		AnnotationAnswer{Incident: inc.ID, Type: req.Type, At: ev.Time(), Durable: a.cfg.Board.Durable()},
	)
	return nil
}

// check refuses what can't be an annotation, field by field.
func (r AnnotationRequest) check(now time.Time) error {
	var faults faultline.InvalidError
	refuse := func(bad bool, pointer, detail string) {
		if bad {
			faults = append(faults, faultline.Invalid{Pointer: pointer, Detail: detail})
		}
	}
	said := r.Type == annotateStatement
	refuse(!said && r.Type != annotateCorrection, "/type", "must be statement or correction")
	refuse(
		r.Text == "" || !readable(r.Text, maxAnnotationText),
		"/text",
		"must be 1 to 4000 bytes of text without control characters",
	)
	refuse(
		said && r.Status == "" || !readable(r.Status, maxAnnotationName),
		"/status",
		"must be 1 to 200 bytes of text, of a statement",
	)
	refuse(
		said && r.Source == "" || !readable(r.Source, maxAnnotationName),
		"/source",
		"must be 1 to 200 bytes of text, of a statement",
	)
	refuse(!said && (r.Status != "" || r.Source != ""), "/type", "a correction has neither status nor source")
	refuse(!said && r.At != nil, "/at", "is of a statement alone")
	refuse(said && r.Retract, "/retract", "is of a correction alone")
	refuse(
		said && r.At != nil && (r.At.After(now) || now.Sub(*r.At) > annotationReach),
		"/at",
		"must lie within the last week",
	)
	if faults != nil {
		return faults
	}
	return nil
}

// readable reports whether a text can be shown to people as it is: no control
// characters but line breaks, nothing that turns the direction of writing.
func readable(text string, most int) bool {
	return len(text) <= most && strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' || r == unicode.ReplacementChar || r >= 0x202a && r <= 0x202e ||
			r >= 0x2066 && r <= 0x2069
	}) < 0
}

// event is what goes into the log.
func (r AnnotationRequest) event(inc faultline.Incident, by string, now time.Time) (faultline.Event, error) {
	if r.Type == annotateCorrection {
		ev := faultline.Correction{At: now, Incident: inc.ID, By: by, Text: r.Text}
		if r.Retract {
			ev.State = faultline.StateRetracted
		}
		return ev, nil
	}
	if inc.Cause == nil {
		return nil, &refusal{
			status: http.StatusConflict,
			detail: "The incident has no known cause, so no provider can comment on it.",
		}
	}
	ev := faultline.Statement{At: now, Component: inc.Cause.Component, Source: r.Source, Status: r.Status, Text: r.Text}
	if r.At != nil {
		ev.At = faultline.Millis(*r.At)
	}
	return ev, nil
}
