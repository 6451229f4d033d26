package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Bounds of a component's page, in lines.
const (
	membersListed    = 60
	dependentsListed = 60
	incidentsListed  = 20
)

// componentPage answers: how is this piece of infrastructure? State and Word are those of its
// worst open incident, and empty without one.
type componentPage struct {
	shell
	Name, Kind string
	Component  faultline.Component
	State      faultline.IncidentState // of its weightiest open incident
	Word       string
	Answer     string
	Open       []headline
	Members    int // sites of the map that depend on it; 0: unknown
	Counts     []tally
	Charts     []figure
	Sites      []statusRow
	SitesTotal int
	Dependents []siteLink
	Statements []statementRow
	Ended      []incidentLine
}

// statusRow is one site in a table: its state, the probes of it that failed of all, and the
// number of reports.
type statusRow struct {
	siteLink
	State   faultline.SiteState
	Word    string
	Probes  string
	Reports string
}

// componentOf is the component that a path names, in the spelling of our list. Names
// are case-sensitive for some kinds ("asn:AS54113") and people type them in any case,
// so the usual spelling is tried when nothing is known by the one that was asked for.
// Networks and internet service providers are taken in the usual spelling even when
// nothing is known of them, for a report may name one that no site is on.
func (w *Web) componentOf(kind, name string) faultline.Component {
	comp := faultline.ComponentFromPath(strings.ToLower(kind), name)
	if comp == "" || w.cfg.Members(comp) > 0 {
		return comp
	}
	usual := comp.AsWritten()
	if network := usual.Kind() == faultline.KindASN || usual.Kind() == faultline.KindISP; network ||
		w.cfg.Members(usual) > 0 {
		return usual
	}
	return comp
}

// component shows a component. Other spellings are redirected, so that there is one page for
// one component. The kind "site" leads to the page of the site, which is the same thing.
func (w *Web) component(c *gin.Context, v *localizer) error {
	asked := faultline.ComponentFromPath(c.Param("kind"), c.Param("name"))
	comp := w.componentOf(c.Param("kind"), c.Param("name"))
	if comp == "" {
		return faultline.ErrNotFound
	}
	if comp != asked { // one page for one component
		v.seeOther(c, "/component/"+comp.Path()+v.Query, page.CacheBriefly)
		return nil
	}
	if comp.Kind() == faultline.KindSite {
		v.seeOther(c, "/site/"+url.PathEscape(comp.Name())+v.Query, page.CacheBriefly)
		return nil
	}
	if shown, err := w.componentMarkdown(c, comp); shown {
		return err
	}
	return w.show(c, v, "component/"+string(comp), func(ctx context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		p, known := v.componentPage(comp, incidents)
		if !known {
			return doc{}, faultline.ErrNotFound
		}
		p.Charts = v.dayCharts(ctx, string(comp), membersShare)
		return doc{page: "component", data: p, cache: page.CacheCurrent}, nil
	})
}

// componentPage builds the page, and reports whether anything is known of the component at
// all: an incident, a site that depends on it, or a name. A page for any made-up component
// would be a page for search engines to get lost in.
func (v *localizer) componentPage(comp faultline.Component, incidents []faultline.Incident) (
	p componentPage, known bool,
) {
	p = componentPage{
		Component: comp,
		Name:      comp.DisplayName(),
		Kind:      v.kindWord(comp.Kind()),
		Members:   v.cfg.Members(comp),
	}
	drill := v.caused(&p, incidents)
	known = len(p.Open)+len(p.Ended) > 0 || p.Name != comp.DisplayName()
	v.membersSeen(&p)
	counted := v.cfg.Tally(comp)
	p.Answer = v.answerComponent(p.Name, p.Open, counted, comp.Kind() == faultline.KindISP)
	if p.Members > 0 && v.coverage().State != faultline.Blind {
		p.Counts = []tally{v.share(counted.Failing, counted.Observed, v.count("component.failing", counted.Observed)),
			v.share(min(counted.Observed, p.Members), p.Members, v.count("component.observed", p.Members))}
		p.Counts[0].Strong = true
		if counted.Observed == 0 {
			p.Counts = p.Counts[1:]
		}
	}
	for _, site := range v.cfg.Dependents(comp, dependentsListed) {
		p.Dependents = append(p.Dependents, v.siteLink(site))
	}
	p.shell = v.shell("/component/"+comp.Path(), v.say("component.title", "Name", p.Name), p.Answer)
	p.inMarkdown(v.prefix + "/component/" + comp.Path() + asMarkdown)
	p.follow("all", 0, p.Answer)
	v.offer(&p.shell, string(comp))
	v.illustrate(&p.shell, "/card/component/"+comp.Path()+".png", p.Answer)
	p.Drill = p.Drill || drill
	return p, known || p.Members > 0 || p.SitesTotal > 0
}

// caused fills in the incidents that the component caused, and what its provider
// published in the newest of them. The name comes from the incidents, since that is the
// one under which they were published. It reports whether any is from a drill. Merged
// incidents are left out: the one that they went into is in the list.
func (v *localizer) caused(p *componentPage, incidents []faultline.Incident) (drill bool) {
	asOf, _ := v.clock()
	for i := range incidents {
		inc := &incidents[i]
		if inc.Cause == nil || inc.Cause.Component != p.Component || inc.State == faultline.StateMerged {
			continue
		}
		p.Name, drill = inc.Cause.Name, drill || inc.Drill
		if p.Statements == nil {
			p.Statements = v.statements(inc.Statements)
		}
		if inc.State.Open() {
			h := v.liveHeadlineOf(inc, asOf)
			h.Linked = true
			p.Open = append(p.Open, h)
			if weight(inc.State) > weight(p.State) {
				p.State, p.Word = inc.State, h.Word
			}
		} else if len(p.Ended) < incidentsListed && inc.ConfirmedAt != nil {
			p.Ended = append(p.Ended, v.lineOf(inc, asOf))
		}
	}
	return drill
}

// membersSeen fills in those of the component's sites that had a report or a failed probe
// lately, the worst first.
func (v *localizer) membersSeen(p *componentPage) {
	var seen []faultline.SiteStatus
	for _, s := range v.cfg.Source.View().Sites {
		if slices.Contains(s.Components, p.Component) {
			seen = append(seen, s)
		}
	}
	slices.SortStableFunc(seen, func(a, b faultline.SiteStatus) int {
		return slices.Index(siteStates, a.State) - slices.Index(siteStates, b.State)
	})
	// counted before the cut, so that the page can say how many are not shown
	p.SitesTotal = len(seen)
	for _, s := range seen[:min(len(seen), membersListed)] {
		p.Sites = append(p.Sites, v.statusRow(s))
	}
}

// answerComponent says how a component or a provider does, by its open incidents and by
// the sites that depend on it. It is called well only where enough such sites are
// observed. An internet service provider can be seen to fail only by its customers, so
// without reports of theirs the sentence says that nobody reported a failure, and not
// that it works. A component of which fewer sites are observed than tell anything is
// "unobserved", and the one with mixed results is "unsure".
func (v *localizer) answerComponent(name string, open []headline, counted board.Tally, isp bool) string {
	best := faultline.IncidentState("")
	for _, h := range open {
		if weight(h.State) > weight(best) {
			best = h.State
		}
	}
	answer := string(best)
	switch {
	case best != "":
	case v.coverage().State == faultline.Blind:
		answer = "unknown"
	case !counted.Telling() && isp:
		answer = "isp_calm"
	case !counted.Telling():
		answer = "unobserved"
	case !counted.Sound():
		answer = "unsure"
	default:
		answer = "calm"
	}
	return v.say("component."+answer, "Name", name)
}

// statusRow is the row of one site in a table. A site without probes shows none: "0 of
// 0" would look like a measurement.
func (v *localizer) statusRow(s faultline.SiteStatus) statusRow {
	row := statusRow{
		siteLink: v.siteLink(s.Site),
		State:    s.State,
		Word:     v.siteStateWord(s.State),
		Reports:  v.number(s.Reports),
	}
	if s.Probes > 0 {
		row.Probes = v.outOf(s.ProbesFailed, s.Probes)
	}
	return row
}

// dayCharts draw the last day of a site or a component: reports, and the share that k
// draws. It returns none where no series can be had. A page without charts is still an
// answer, so a store that is away costs only the charts.
func (v *localizer) dayCharts(ctx context.Context, of string, k shareFigure) []figure {
	asOf, _ := v.clock()
	shown := span{asOf.Add(-dayShown), asOf}
	s, ok := v.seriesOf(ctx, of, dayStep, shown.from, shown.to)
	if !ok {
		return nil
	}
	charts := []figure{v.reportsFigure(s, "chart-reports", shown, panelHeight)}
	if f, ok := k.draw(v, s, shown); ok {
		charts = append(charts, f)
	}
	return charts
}
