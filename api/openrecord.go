package api

import (
	"net/url"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"
	"faultline/scenario/history"

	"github.com/gin-gonic/gin"
)

// Bounds of what these answers name.
const (
	radiusSites      = 100
	concentrationTop = 20
)

// countedBounds are those of what is counted over the whole list: it changes slowly, and
// costs more than a look into memory.
var countedBounds = page.Bounds{Bytes: 8 << 20, Pages: 1_024, Life: time.Minute}

// BlastRadiusAnswer is what depends on a component, with what of it has an alternative.
type BlastRadiusAnswer struct {
	Meta      board.Meta          `json:"meta"`
	Component faultline.Component `json:"component"`
	Name      string              `json:"name"`
	board.Radius
}

// ConcentrationAnswer is how the sites of our list share out over those who serve them.
type ConcentrationAnswer struct {
	Meta  board.Meta            `json:"meta"`
	Kinds []board.Concentration `json:"kinds"`
}

// ScorecardAnswer is how Faultline did, by its own record.
type ScorecardAnswer struct {
	Meta board.Meta `json:"meta"`
	// Live counts the incidents of this server that are held for lists. Of a drill it is
	// empty: a drill is graded apart.
	Live  board.Scorecard `json:"live"`
	Drill board.Scorecard `json:"drill"`
	// Replays are outages of the past, played from reconstructions.
	Replays []ReplayRef `json:"replays"`
}

// getBlastRadius says what depends on a component.
//
// @ID       getBlastRadius
// @Summary  What depends on a component, and what of it has nothing else
// @Description Counts sites of our list, by how much they are visited. known is how many sites there have a component of that kind at all: of the others we do not know what they depend on.
// @Tags     components
// @Produce  json
// @Param    kind path string true "cdn, cloud, dns, asn, …" example(cdn)
// @Param    name path string true "its name; a slash in it is written as a tilde" example(fastly)
// @Success  200 {object} BlastRadiusAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/components/{kind}/{name}/blast-radius [get]
func (a *api) getBlastRadius(c *gin.Context, _ url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	component, err := a.component(c, s)
	if err != nil {
		return err
	}
	return a.counted(c, s, "radius "+string(component), func() any {
		return BlastRadiusAnswer{Meta: s.Meta, Component: component, Name: component.DisplayName(),
			Radius: board.BlastRadius(a.cfg.Index, component, radiusSites)}
	})
}

// getConcentration says how few companies serve how many sites.
//
// @ID       getConcentration
// @Summary  How the sites of our list share out over those who serve them
// @Description For each kind of component: the largest providers with their share of the sites whose component of that kind is known, the Herfindahl-Hirschman index, and how many sites have a second provider.
// @Tags     components
// @Produce  json
// @Success  200 {object} ConcentrationAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/concentration [get]
func (a *api) getConcentration(c *gin.Context, _ url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	return a.counted(c, s, "concentration", func() any {
		return ConcentrationAnswer{Meta: s.Meta,
			Kinds: board.Concentrations(a.cfg.Index, a.cfg.Board.Providers(), concentrationTop)}
	})
}

// getScorecard grades Faultline by its own record.
//
// @ID       getScorecard
// @Summary  How Faultline did, by its own record
// @Description Counts the confirmed incidents that are over: whether their cause held against corrections, how long the confirmation took, and whether it came before the provider's first statement. Drills and replays are apart.
// @Tags     incidents
// @Produce  json
// @Success  200 {object} ScorecardAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/scorecard [get]
func (a *api) getScorecard(c *gin.Context, _ url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	return a.counted(c, s, "scorecard", func() any {
		out := ScorecardAnswer{Meta: s.Meta, Replays: []ReplayRef{}}
		var live, drill []*faultline.Incident
		for _, e := range s.Order {
			if e.Incident.Drill {
				drill = append(drill, &e.Incident)
			} else {
				live = append(live, &e.Incident)
			}
		}
		out.Live, out.Drill = board.Grade(live), board.Grade(drill)
		for _, name := range history.Names() {
			if r, err := history.Open(name); err == nil {
				out.Replays = append(out.Replays, a.replayRef(r))
			}
		}
		return out
	})
}

// counted answers with what is counted over the whole list, once a minute.
func (a *api) counted(c *gin.Context, s *board.Snapshot, key string, of func() any) error {
	p, err := a.counts.GetAt(key, a.cfg.Now(), func() (*page.Page, error) { return page.New(of()) })
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheBriefly)
	return nil
}
