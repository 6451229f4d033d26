package web

import (
	"context"
	"time"

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
	Late          []lateRow
	Replays       []string
}

// lateRow is how late one provider spoke, and how late in each of the newest months.
type lateRow struct {
	Provider, URL, Of, Spoken, Median string
	Months                            []string
}

// Of how many providers, and of how many months of each, the page says how late they spoke. The
// API has more.
const (
	lateShown       = 20
	lateMonthsShown = 6
)

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
		graded := board.Grade(live, w.cfg.Providers)
		p.Live, p.Late = v.graded(graded), v.late(graded.Providers)
		for _, b := range graded.Calibration {
			p.Bands = append(p.Bands, calibrationRow{Band: v.percent(b.From) + " – " + v.percent(b.To),
				Held: v.number(b.Held), Of: v.number(b.Incidents)})
		}
		if len(drill) > 0 {
			drilled := board.Grade(drill, w.cfg.Providers)
			p.Drilled = v.graded(drilled)
			if len(live) == 0 { // a server that plays a drill has nothing else to show
				p.Late = v.late(drilled.Providers)
			}
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
		v.say("scorecard.retracted", "N", v.number(s.Retracted), "Corrected", v.number(s.Corrected),
			"False", v.number(s.False)),
	}
	if s.MedianSeconds != nil {
		said = append(said, v.say("scorecard.seconds", "N", v.number(*s.MedianSeconds)))
	}
	if s.MedianAhead != nil {
		said = append(said, v.say("scorecard.ahead", "N", v.number(s.Before), "Minutes", v.number(*s.MedianAhead)))
	}
	return said
}

// late are the rows of the providers that spoke late.
func (v *localizer) late(of []board.ProviderLag) (rows []lateRow) {
	for _, p := range of[:min(len(of), lateShown)] {
		row := lateRow{Provider: p.Provider, URL: v.prefix + "/provider/" + p.Slug, Of: v.number(p.Incidents),
			Spoken: v.number(p.Spoken), Median: v.lagMinutes(p.Lag)}
		for _, m := range p.Months[max(0, len(p.Months)-lateMonthsShown):] {
			month, err := time.Parse("2006-01", m.Month)
			if err != nil {
				continue // board writes months so
			}
			row.Months = append(row.Months, v.say("scorecard.month_lag", "Month", v.month(month),
				"Lag", v.lagMinutes(m.Lag), "Spoken", v.number(m.Spoken), "Of", v.number(m.Incidents)))
		}
		rows = append(rows, row)
	}
	return rows
}

// lagMinutes says a median in minutes.
func (v *localizer) lagMinutes(l board.Lag) string {
	if l.MedianMinutes == nil {
		return v.say("scorecard.silent")
	}
	return v.say("scorecard.minutes", "N", v.number(*l.MedianMinutes))
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
