package web

import (
	"context"

	"faultline"
	"faultline/board"
	"faultline/board/page"
	"faultline/scenario/history"

	"github.com/gin-gonic/gin"
)

// scorecardPage says how Faultline did: how its confirmed incidents compare with what became
// known later. Sentences are made from board.Scorecard, which the API has too.
type scorecardPage struct {
	shell
	Live, Drilled []string
	Bands         []calibrationRow
	Replays       []string
}

// calibrationRow is one band of confidence: of so many incidents that were named with it, so
// many held.
type calibrationRow struct{ Band, Held, Of string }

// scorecard shows the page. Drills are counted apart, because they are made to succeed.
func (w *Web) scorecard(c *gin.Context, v *localizer) error {
	return w.show(c, v, "scorecard", func(context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		var live, drill []*faultline.Incident
		for i := range incidents {
			if incidents[i].Drill {
				drill = append(drill, &incidents[i])
			} else {
				live = append(live, &incidents[i])
			}
		}
		p := scorecardPage{shell: v.shell("/scorecard", v.say("scorecard.title"), v.say("scorecard.lead"))}
		graded := board.Grade(live)
		p.Live = v.graded(graded)
		for _, b := range graded.Calibration {
			p.Bands = append(p.Bands, calibrationRow{Band: v.percent(b.From) + " – " + v.percent(b.To),
				Held: v.number(b.Held), Of: v.number(b.Incidents)})
		}
		if len(drill) > 0 {
			p.Drilled = v.graded(board.Grade(drill))
		}
		if p.Replays, err = v.gradedReplays(); err != nil {
			return doc{}, err
		}
		return doc{page: "scorecard", data: p, cache: page.CacheBriefly}, nil
	})
}

// graded says a scorecard in sentences. Medians are left out where there is nothing to take
// one of.
func (v *localizer) graded(s board.Scorecard) []string {
	if s.Incidents == 0 {
		return []string{v.say("scorecard.none")}
	}
	said := []string{
		v.say("scorecard.incidents", "N", v.number(s.Incidents), "Named", v.number(s.Named)),
		v.say("scorecard.held", "N", v.number(s.Held), "Of", v.number(s.Named), "Spoken", v.number(s.Spoken)),
		v.say("scorecard.retracted", "N", v.number(s.Retracted), "Corrected", v.number(s.Corrected)),
	}
	if s.MedianSeconds != nil {
		said = append(said, v.say("scorecard.seconds", "N", v.number(*s.MedianSeconds)))
	}
	if s.MedianAhead != nil {
		said = append(said, v.say("scorecard.ahead", "N", v.number(s.Before), "Minutes", v.number(*s.MedianAhead)))
	}
	return said
}

// gradedReplays counts how the outages of the past were named.
func (v *localizer) gradedReplays() ([]string, error) {
	names, right, wrong := history.Names(), 0, 0
	for _, name := range names {
		r, err := v.kept.open(name)
		if err != nil {
			return nil, err
		}
		wrong += r.Score.False
		if r.Score.Right {
			right++
		}
	}
	return []string{v.say("scorecard.replays", "N", v.number(right), "Of", v.number(len(names)),
		"False", v.number(wrong))}, nil
}
