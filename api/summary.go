package api

import (
	"net/url"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// maxSummaryOpen bounds the open incidents that the summary names; the list has
// all of them.
const maxSummaryOpen = 100

// Summary is the state of the world on one page.
type Summary struct {
	Meta      board.Meta         `json:"meta"`
	Coverage  faultline.Coverage `json:"coverage"` // what can be said at all just now
	Incidents OpenCounts         `json:"incidents"`
	Open      []IncidentRef      `json:"open"` // newest onset first, at most 100
	Sites     SiteCounts         `json:"sites"`
	// Dependencies says by kind of component for how many sites of our list one is known.
	Dependencies []board.KindCoverage `json:"dependencies"`
	Vantages     int                  `json:"vantages"` // that reported in the last 15 minutes
	Counters     faultline.Counters   `json:"counters"`
	Durable      bool                 `json:"durable"` // false: nothing outlives the process
}

// OpenCounts counts the open incidents by their state.
type OpenCounts struct {
	Candidate  int `json:"candidate"`
	Confirmed  int `json:"confirmed"`
	Recovering int `json:"recovering"`
}

// SiteCounts counts sites: of the map, and judged in the last 15 minutes.
type SiteCounts struct {
	Known    int `json:"known"`
	Observed int `json:"observed"`
}

func newSummary(s *board.Snapshot, b *board.Board, x *board.Index) Summary {
	sum := Summary{
		Meta:         s.Meta,
		Coverage:     s.Coverage(),
		Dependencies: x.Coverage(),
		Sites:        SiteCounts{Known: s.View.SitesKnown, Observed: s.View.SitesObserved},
		Vantages:     s.View.Vantages, Counters: s.View.Counters, Durable: b.Durable(),
	}
	for _, e := range s.Order {
		switch e.Incident.State {
		case faultline.StateCandidate:
			sum.Incidents.Candidate++
		case faultline.StateConfirmed:
			sum.Incidents.Confirmed++
		case faultline.StateRecovering:
			sum.Incidents.Recovering++
		default:
			continue
		}
		if len(sum.Open) < maxSummaryOpen {
			sum.Open = append(sum.Open, newIncidentRef(&e.Incident, b.PublicURL()))
		}
	}
	return sum
}

// getSummary answers with the state of the world.
//
// @ID       getSummary
// @Summary  What is open, and what it rests on
// @Tags     incidents
// @Produce  json
// @Success  200 {object} Summary
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/summary [get]
func (a *api) getSummary(c *gin.Context, _ url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	p, err := s.Sites.Get("", func() (*page.Page, error) { return page.New(newSummary(s, a.cfg.Board, a.cfg.Index)) })
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}
