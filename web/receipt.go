package web

import (
	"context"
	"html/template"
	"time"

	"faultline"
)

// recentShown is what the small chart beside a receipt shows.
const recentShown = 2 * time.Hour

// offerReport adds the form that takes a report.
func (v *localizer) offerReport(ctx context.Context, p *sitePage) {
	for i, s := range choices {
		c := symptomChoice{Value: s, Label: v.choice(s), First: i == 0}
		if c.First {
			c.Label = v.say("site.report_problem", "Site", p.Site)
		}
		if c.First || s == faultline.SymptomOK {
			p.Main = append(p.Main, c)
		} else {
			p.Symptoms = append(p.Symptoms, c)
		}
	}
	token, err := v.forms.issue(ctx, p.Site, v.cfg.Wall())
	if err != nil {
		v.log.WarnContext(ctx, "the report form is left out", "error", err)
	}
	p.Token = token
}

// choice is how a person says that a site fails in a way.
func (v *localizer) choice(s faultline.Symptom) string {
	if n := s.HTTPStatus(); n != 0 {
		return v.say("choice.http", "Status", n)
	}
	return v.say("choice." + string(s))
}

// acknowledge says what became of a report once the site's page is shown again: the
// count, which is everybody's, a small chart, and what is done about it.
func (v *localizer) acknowledge(ctx context.Context, p *sitePage, reported string, status faultline.SiteStatus) {
	if p.Receipt = v.receiptWords(p.Site, reported, status.Reports); p.Receipt == "" {
		return
	}
	p.Doing = v.doing(p, status)
	asOf, _ := v.clock()
	shown := span{from: asOf.Add(-recentShown), to: asOf}
	if s, ok := v.seriesOf(ctx, p.Site, time.Minute, shown.from, shown.to); ok {
		f := v.reportsFigure(s, "chart-recent", shown, recentHeight)
		f.Rows = nil // those of the last day stand below
		p.Recent = &f
	}
}

// doing says what is done about a report, and nothing that is not.
func (v *localizer) doing(p *sitePage, status faultline.SiteStatus) []template.HTML {
	//nolint:gosec // the text is escaped
	plain := func(text string) template.HTML { return template.HTML(template.HTMLEscapeString(text)) }
	var said []template.HTML
	switch coverage := v.coverage(); {
	case coverage.State == faultline.Blind:
		said = append(said, plain(v.say("doing.blind", "Site", p.Site)))
	case status.Probes == 0:
		said = append(said, plain(v.say("doing.unprobed", "Site", p.Site)))
	default:
		said = append(
			said,
			plain(v.say("doing.probed", "Site", p.Site, "Of", v.outOf(status.ProbesFailed, status.Probes))),
		)
	}
	if p.Cause != nil {
		return append(said, v.rich("doing.incident", "Link", anchor(p.Cause.URL, p.Cause.Title)))
	}
	return append(said, plain(v.say("doing.confirm")))
}

// receiptWords says what became of a report, once the site's page is shown
// again. The count is everybody's.
func (v *localizer) receiptWords(site, reported string, reports int) string {
	switch {
	case reported == reportedCounted && reports > 1:
		return v.count("receipt.counted", reports, "Site", site)
	case reported == reportedCounted:
		return v.say("receipt.first")
	case reported == reportedNot:
		return v.say("receipt.repeat")
	}
	return ""
}
