package api

import (
	"net/url"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// TimelineAnswer is the course of one incident.
type TimelineAnswer struct {
	Meta     board.Meta `json:"meta"`
	ID       string     `json:"id"`
	Revision int        `json:"revision"` // as of which
	// CompleteUntil is up to when the points are complete: the step of that moment goes on
	// while the incident is open.
	CompleteUntil time.Time `json:"complete_until"`
	// Points are a minute apart, and further apart the longer the incident lasts. A step
	// in which nothing was evaluated is absent.
	Points []TimelineEntry `json:"points"`
}

// TimelineEntry is one step. What was not observed is null, never 0.
type TimelineEntry struct {
	At                time.Time               `json:"at"` // the beginning of the step
	State             faultline.IncidentState `json:"state"`
	Failing           *int                    `json:"failing"`  // sites that depend on the cause
	Observed          *int                    `json:"observed"` // of which so many were observed
	Joined            *int                    `json:"joined"`   // failing sites that our list does not place there
	ElsewhereFailing  *int                    `json:"elsewhere_failing"`
	ElsewhereObserved *int                    `json:"elsewhere_observed"`
	Reports           int                     `json:"reports"` // in this step
}

// getTimeline says how an incident went, without reading its revisions.
//
// @ID       getIncidentTimeline
// @Summary  The course of an incident
// @Description At most 180 points: one a minute at first, then fewer as the incident lasts longer. What was not observed is null.
// @Tags     incidents
// @Produce  json
// @Param    id path string true "inc_…"
// @Success  200 {object} TimelineAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/incidents/{id}/timeline [get]
func (a *api) getTimeline(c *gin.Context, _ url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	id := c.Param("id")
	p, err := s.Pages.Get("timeline "+id, func() (*page.Page, error) {
		inc, err := a.cfg.Board.Incident(c.Request.Context(), id, 0)
		if err != nil {
			return nil, err
		}
		return page.New(newTimelineAnswer(s.Meta, &inc))
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

func newTimelineAnswer(meta board.Meta, inc *faultline.Incident) TimelineAnswer {
	out := TimelineAnswer{Meta: meta, ID: inc.ID, Revision: inc.Revision, CompleteUntil: inc.UpdatedAt,
		Points: make([]TimelineEntry, 0, len(inc.Timeline))}
	for _, p := range inc.Timeline {
		entry := TimelineEntry{At: p.At, State: p.State, Reports: p.Reports}
		if p.Observed > 0 {
			entry.Failing, entry.Observed, entry.Joined = &p.Failing, &p.Observed, &p.Joined
		}
		if p.ElsewhereObserved > 0 {
			entry.ElsewhereFailing, entry.ElsewhereObserved = &p.ElsewhereFailing, &p.ElsewhereObserved
		}
		out.Points = append(out.Points, entry)
	}
	return out
}
