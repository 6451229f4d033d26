package web

import (
	"context"
	"strconv"

	"faultline"

	"github.com/gin-gonic/gin"
)

// changesTable is what changed of an incident since a revision that somebody has quoted. It
// is for whoever finds an old quotation and asks whether it still holds.
type changesTable struct {
	Title  string
	Rows   []changeRow
	Same   string // that nothing of it changed
	Frozen string // the revision's own page
}

// changeRow is one fact, as it was and as it is.
type changeRow struct{ What, Was, Is string }

// sinceOf reads ?since= of an incident's page, the number of a revision; 0 where it is none.
func sinceOf(c *gin.Context) int {
	n, err := strconv.Atoi(c.Query("since"))
	if err != nil || n < 1 || n > 999_999_999 {
		return 0
	}
	return n
}

// changesSince compares an incident with one of its own revisions. It returns nil where that
// revision cannot be read, or is not older.
func (v *localizer) changesSince(ctx context.Context, inc *faultline.Incident, since int) *changesTable {
	if since == 0 || since >= inc.Revision {
		return nil
	}
	was, err := v.cfg.Source.Incident(ctx, inc.ID, since)
	if err != nil {
		return nil
	}
	n := v.number(since)
	t := &changesTable{Title: v.say("changes.title", "N", n), Frozen: v.link(incidentPath(inc.ID, since))}
	before, after := v.factsOf(&was), v.factsOf(inc)
	for i, fact := range after {
		if before[i].Is != fact.Is {
			t.Rows = append(t.Rows, changeRow{What: fact.What, Was: before[i].Is, Is: fact.Is})
		}
	}
	if len(t.Rows) == 0 {
		t.Same = v.say("changes.none", "N", n)
	}
	return t
}

// factsOf are the facts of an incident that a reader may have quoted, always in the same
// order, which is how two revisions are compared. A fact that is not known is a dash.
func (v *localizer) factsOf(inc *faultline.Incident) []changeRow {
	none := "–"
	cause, confidence := none, none
	if inc.Cause != nil {
		cause, confidence = inc.Cause.Name, v.percent(inc.Cause.Confidence)
	}
	count := func(n, of int) string {
		if of == 0 || n > of {
			return v.number(n)
		}
		return v.outOf(n, of)
	}
	ended := none
	if inc.ResolvedAt != nil {
		ended = v.moment(*inc.ResolvedAt, formDated).Text
	}
	scope := v.within(inc.Scope)
	if scope == "" {
		scope = none
	}
	im := inc.Impact
	return []changeRow{
		{What: v.say("incident.state"), Is: v.stateWord(inc.State)},
		{What: v.say("changes.cause"), Is: cause},
		{What: v.say("changes.confidence"), Is: confidence},
		{What: v.say("chart.failing.failing"), Is: count(im.Failing, im.Observed)},
		{What: v.say("changes.peak"), Is: v.number(im.PeakFailing)},
		{What: v.say("chart.failing.others_failing"), Is: count(im.ElsewhereFailing, im.ElsewhereObserved)},
		{What: v.say("changes.scope"), Is: scope},
		{What: v.say("changes.onset"), Is: v.moment(inc.Onset.At, formDated).Text},
		{What: v.say("changes.ended"), Is: ended},
		{What: v.say("incident.reports"), Is: v.number(inc.Evidence.Reports)},
		{What: v.say("changes.statements"), Is: v.number(len(inc.Statements))},
		{What: v.say("incident.corrections"), Is: v.number(len(inc.Corrections))},
	}
}
