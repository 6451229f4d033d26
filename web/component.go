package web

import (
	"context"
	"net/url"
	"slices"

	"faultline"

	"github.com/gin-gonic/gin"
)

// Bounds of a component's page.
const (
	membersListed   = 60
	incidentsListed = 20
)

// componentPage answers: how is this piece of infrastructure?
type componentPage struct {
	shell
	Name, Kind string
	Component  faultline.Component
	Answer     string
	Open       []headline
	Members    int // sites of the map that stand on it; 0: unknown
	Sites      []statusRow
	SitesTotal int
	Ended      []incidentLine
}

// statusRow is how one site does just now.
type statusRow struct {
	siteLink
	State   faultline.SiteState
	Word    string
	Probes  string
	Reports string
}

func (w *Web) component(c *gin.Context) error {
	comp := faultline.ComponentFromPath(c.Param("kind"), c.Param("name"))
	if comp == "" {
		return faultline.ErrNotFound
	}
	if comp.Kind() == faultline.KindSite {
		w.seeOther(c, "/site/"+url.PathEscape(comp.Name()), cacheBriefly)
		return nil
	}
	return w.show(c, "component/"+string(comp), func(context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		p, known := w.componentPage(comp, incidents)
		if !known {
			return doc{}, faultline.ErrNotFound
		}
		return doc{page: "component", data: p, cache: cacheCurrent}, nil
	})
}

// componentPage reports whether anything is known of the component at all.
func (w *Web) componentPage(comp faultline.Component, incidents []faultline.Incident) (p componentPage, known bool) {
	asOf, _ := w.clock()
	p = componentPage{Component: comp, Name: comp.DisplayName(), Kind: kindWords[comp.Kind()], Members: w.cfg.Members(comp)}
	drill := false
	for i := range incidents {
		inc := &incidents[i]
		if inc.Cause == nil || inc.Cause.Component != comp || inc.State == faultline.StateMerged {
			continue
		}
		p.Name, known, drill = inc.Cause.Name, true, drill || inc.Drill
		if inc.State.Open() {
			h := w.headlineOf(inc, asOf)
			h.Linked = true
			p.Open = append(p.Open, h)
		} else if len(p.Ended) < incidentsListed && inc.ConfirmedAt != nil {
			p.Ended = append(p.Ended, w.lineOf(inc, asOf))
		}
	}
	for _, s := range w.cfg.Source.View().Sites {
		for _, c := range s.Components {
			if c != comp {
				continue
			}
			p.Sites = append(p.Sites, w.statusRow(s))
			break
		}
	}
	slices.SortStableFunc(p.Sites, func(a, b statusRow) int { return slices.Index(siteStates, a.State) - slices.Index(siteStates, b.State) })
	p.SitesTotal, p.Sites = len(p.Sites), p.Sites[:min(len(p.Sites), membersListed)]
	p.Answer = answerComponent(p.Name, p.Open)
	p.shell = w.shell(p.Name+": is it failing? Faultline", p.Answer)
	p.Canonical, p.Live, p.Say, p.Drill = w.absolute("/component/"+comp.Path()), "all", p.Answer, p.Drill || drill
	return p, known || p.Members > 0 || p.SitesTotal > 0
}

func answerComponent(name string, open []headline) string {
	for _, h := range open {
		switch h.State {
		case faultline.StateConfirmed:
			return "Yes: " + name + " is failing."
		case faultline.StateRecovering:
			return name + " is recovering."
		}
	}
	if len(open) > 0 {
		return "Perhaps: " + name + " is suspected, and nothing confirms it yet."
	}
	return "Nothing points to a fault of " + name + "."
}

func (w *Web) statusRow(s faultline.SiteStatus) statusRow {
	row := statusRow{siteLink: w.siteLink(s.Site), State: s.State, Word: siteStateWords[s.State], Reports: number(s.Reports)}
	if s.Probes > 0 {
		row.Probes = number(s.ProbesFailed) + " of " + number(s.Probes)
	}
	return row
}
