package web

import (
	"context"
	"sync"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"
	"faultline/scenario/history"

	"github.com/gin-gonic/gin"
)

// concentrationPage says how few companies serve how many sites.
type concentrationPage struct {
	shell
	Kinds []concentrationKind
}

type concentrationKind struct {
	ID, Name, Coverage, Index, Firebreak string
	Rows                                 []concentrationRow
}

type concentrationRow struct{ URL, Name, Share, Sites, Alone string }

// counted keeps what is counted over the whole list of sites, for a minute.
type counted struct {
	mu    sync.Mutex
	at    time.Time
	kinds []board.Concentration
}

// of counts at most once a minute: it goes through all sites.
func (k *counted) of(now time.Time, count func() []board.Concentration) []board.Concentration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.at.IsZero() || now.Sub(k.at) >= time.Minute {
		k.at, k.kinds = now, count()
	}
	return k.kinds
}

// concentrationListed is how many providers of a kind the page names.
const concentrationListed = 8

// concentration shows how the sites of the list are divided among providers, by kind.
func (w *Web) concentration(c *gin.Context, v *voice) error {
	return w.show(c, v, "concentration", func(context.Context) (doc, error) {
		title, lead := v.say("concentration.title"), v.say("concentration.lead")
		p := concentrationPage{shell: v.shell("/concentration", title, lead)}
		for _, kind := range w.kinds.of(w.cfg.Wall(), w.cfg.Concentration) {
			if kind.Known > 0 {
				p.Kinds = append(p.Kinds, v.concentrationKind(kind))
			}
		}
		return doc{page: "concentration", data: p, cache: page.CacheBriefly}, nil
	})
}

// concentrationKind is one kind of component with its largest providers.
func (v *voice) concentrationKind(c board.Concentration) concentrationKind {
	k := concentrationKind{ID: c.Kind, Name: v.say("kind." + c.Kind), Index: v.number(*c.HHI),
		Coverage:  v.say("concentration.coverage", "N", v.number(c.Known), "Of", v.number(c.Sites)),
		Firebreak: v.say("concentration.firebreak", "N", v.number(c.Firebreak), "Of", v.number(c.Known))}
	for _, p := range c.Providers[:min(len(c.Providers), concentrationListed)] {
		row := concentrationRow{Name: p.Provider, Share: v.percent(p.Share), Sites: v.number(p.Sites),
			Alone: v.number(p.Alone)}
		if p.Slug != "" {
			row.URL = v.link("/provider/" + p.Slug)
		}
		k.Rows = append(k.Rows, row)
	}
	return k
}

// scorecardPage says how Faultline did.
type scorecardPage struct {
	shell
	Live, Drilled []string
	Bands         []calibrationRow
	Replays       []string
}

type calibrationRow struct{ Band, Held, Of string }

// scorecard shows how confirmed incidents compare with what became known later. Drills are counted
// apart.
func (w *Web) scorecard(c *gin.Context, v *voice) error {
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

// graded says a scorecard in sentences.
func (v *voice) graded(s board.Scorecard) []string {
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
func (v *voice) gradedReplays() ([]string, error) {
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
