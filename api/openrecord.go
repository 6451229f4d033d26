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

// countedBounds are those of what is counted over the whole list: it changes slowly, and
// costs more than a look into memory.
var countedBounds = page.Bounds{Bytes: 8 << 20, Pages: 1_024, Life: time.Minute}

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

// getScorecard grades Faultline by its own record.
//
// @ID       getScorecard
// @Summary  How many confirmed causes were withdrawn or corrected, and how early they came
// @Description Counts the confirmed incidents that are over: how many causes were neither withdrawn nor corrected, how long confirmation took, how often it came before the provider's first statement, and how late each provider spoke, by month. Drills and replays are counted separately.
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
		providers := a.cfg.Board.Providers()
		out.Live, out.Drill = board.Grade(live, providers), board.Grade(drill, providers)
		for _, name := range history.Names() {
			if r, err := history.Open(name); err == nil {
				out.Replays = append(out.Replays, a.replayRef(r))
			}
		}
		return out
	})
}
