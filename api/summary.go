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
	Meta board.Meta `json:"meta"`
	// Coverage is what can be said at all just now; null with as_of.
	Coverage  *faultline.Coverage `json:"coverage"`
	Incidents OpenCounts          `json:"incidents"`
	Open      []IncidentRef       `json:"open"`  // newest onset first, at most 100
	Sites     *SiteCounts         `json:"sites"` // null with as_of
	// Dependencies says by kind of component for how many sites of our list one is known.
	Dependencies []board.KindCoverage `json:"dependencies"`
	// Vantages are those that reported in the last 15 minutes; null with as_of.
	Vantages *int                `json:"vantages"`
	Counters *faultline.Counters `json:"counters"` // null with as_of
	Durable  bool                `json:"durable"`  // false: nothing outlives the process
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
	sum := openSummary(s, b)
	coverage := s.Coverage()
	sum.Coverage, sum.Dependencies = &coverage, x.Coverage()
	sum.Sites = &SiteCounts{Known: s.View.SitesKnown, Observed: s.View.SitesObserved}
	sum.Vantages, sum.Counters = &s.View.Vantages, &s.View.Counters
	return sum
}

// openSummary is what the incidents of a snapshot say, of now or of the past.
func openSummary(s *board.Snapshot, b *board.Board) Summary {
	sum := Summary{Meta: s.Meta, Dependencies: []board.KindCoverage{}, Durable: b.Durable()}
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
// @Summary  Open incidents, and how much is observed
// @Tags     incidents
// @Produce  json
// @Param    as_of query string false "what was open at that time, as it was published then; what is not kept is null: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {object} Summary
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/summary [get]
func (a *api) getSummary(c *gin.Context, query url.Values) error {
	if query.Has(asOfKey) {
		return a.writePast(c, query, func(s *board.Snapshot) any { return openSummary(s, a.cfg.Board) })
	}
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
