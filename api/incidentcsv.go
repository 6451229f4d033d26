package api

import (
	"net/url"
	"slices"
	"strconv"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// incidentColumn is one column of the list of incidents as CSV.
type incidentColumn struct {
	name   string
	member string // of the incident in JSON that it is a part of
	cell   func(*faultline.Incident) string
}

// incidentColumns are the columns in their order. New ones are added at the end: people
// have programs that count them. A member of JSON that is a list of records has none.
var incidentColumns = slices.Concat(incidentHead, incidentTimes, incidentCounts)

// incidentHead is what an incident is.
var incidentHead = []incidentColumn{
	{"id", "id", func(i *faultline.Incident) string { return cell(i.ID) }},
	{"revision", "revision", func(i *faultline.Incident) string { return strconv.Itoa(i.Revision) }},
	{"state", "state", func(i *faultline.Incident) string { return string(i.State) }},
	{"basis", "basis", func(i *faultline.Incident) string { return cell(i.Basis) }},
	{"drill", "drill", func(i *faultline.Incident) string { return strconv.FormatBool(i.Drill) }},
	{"title", "title", func(i *faultline.Incident) string { return cell(i.Title) }},
	{"headline", "headline", func(i *faultline.Incident) string { return cell(i.Headline) }},
	ofCause("cause", func(c *faultline.Cause) string { return string(c.Component) }),
	ofCause("cause_kind", func(c *faultline.Cause) string { return c.Kind }),
	ofCause("cause_name", func(c *faultline.Cause) string { return c.Name }),
	ofCause("confidence", func(c *faultline.Cause) string { return decimal(c.Confidence) }),
	{"worldwide", "scope", func(i *faultline.Incident) string { return strconv.FormatBool(i.Scope.Worldwide) }},
	{"countries", "scope", func(i *faultline.Incident) string { return namesIn(i.Scope.Countries) }},
	{"isps", "scope", func(i *faultline.Incident) string { return namesIn(i.Scope.ISPs) }},
	{"pops", "scope", func(i *faultline.Incident) string { return namesIn(i.Scope.POPs) }},
	{"symptoms", "symptoms", func(i *faultline.Incident) string {
		var names []faultline.Symptom
		for _, s := range i.Symptoms {
			names = append(names, s.Symptom)
		}
		return namesIn(names)
	}},
}

// incidentTimes is when things happened to it.
var incidentTimes = []incidentColumn{
	{"onset", "onset", func(i *faultline.Incident) string { return timeText(i.Onset.At) }},
	{"onset_earliest", "onset", func(i *faultline.Incident) string { return timeText(i.Onset.Earliest) }},
	{"onset_latest", "onset", func(i *faultline.Incident) string { return timeText(i.Onset.Latest) }},
	{"detected_at", "detected_at", func(i *faultline.Incident) string { return timeText(i.DetectedAt) }},
	{"confirmed_at", "confirmed_at", func(i *faultline.Incident) string { return timeOrNone(i.ConfirmedAt) }},
	{"recovering_at", "recovering_at", func(i *faultline.Incident) string { return timeOrNone(i.RecoveringAt) }},
	{"resolved_at", "resolved_at", func(i *faultline.Incident) string { return timeOrNone(i.ResolvedAt) }},
	{"updated_at", "updated_at", func(i *faultline.Incident) string { return timeText(i.UpdatedAt) }},
}

// incidentCounts is what it takes down, and what says so.
var incidentCounts = []incidentColumn{
	counted("failing", "impact", func(i *faultline.Incident) int { return i.Impact.Failing }),
	counted("observed", "impact", func(i *faultline.Incident) int { return i.Impact.Observed }),
	counted("peak_failing", "impact", func(i *faultline.Incident) int { return i.Impact.PeakFailing }),
	counted("joined", "impact", func(i *faultline.Incident) int { return i.Impact.Joined }),
	counted("reports", "evidence", func(i *faultline.Incident) int { return i.Evidence.Reports }),
	counted("reporters", "evidence", func(i *faultline.Incident) int { return i.Evidence.Reporters }),
	counted("networks", "evidence", func(i *faultline.Incident) int { return i.Evidence.Networks }),
	counted("probes", "evidence", func(i *faultline.Incident) int { return i.Evidence.Probes }),
	counted("probes_failed", "evidence", func(i *faultline.Incident) int { return i.Evidence.ProbesFailed }),
	counted("vantages", "evidence", func(i *faultline.Incident) int { return i.Evidence.Vantages }),
	{"sites", "sites", func(i *faultline.Incident) string {
		var names []string
		for _, s := range i.Sites[:min(len(i.Sites), faultline.ListedSites)] {
			names = append(names, s.Site)
		}
		return namesIn(names)
	}},
	counted("sites_total", "sites_total", func(i *faultline.Incident) int { return i.SitesTotal }),
	{"merged_into", "merged_into", func(i *faultline.Incident) string {
		if i.MergedInto == nil {
			return ""
		}
		return cell(*i.MergedInto)
	}},
	{"hash", "hash", func(i *faultline.Incident) string { return cell(i.Hash) }},
}

func counted(name, member string, number func(*faultline.Incident) int) incidentColumn {
	return incidentColumn{name, member, func(i *faultline.Incident) string { return strconv.Itoa(number(i)) }}
}

// ofCause is a column that is empty where no cause is known.
func ofCause(name string, text func(*faultline.Cause) string) incidentColumn {
	return incidentColumn{name, "cause", func(i *faultline.Incident) string {
		if i.Cause == nil {
			return ""
		}
		return cell(text(i.Cause))
	}}
}

// getIncidentsCSV is the list of incidents as comma-separated values.
//
// @ID       getIncidentsCSV
// @Summary  Incidents, newest onset first, as CSV
// @Description The same pages as those of /v1/incidents; only the header Link has the address of the next one. Lists of names, such as the first 20 sites, are in one cell each, separated by spaces. A cell is empty where the value is not known or does not exist yet. The members exonerated, rejected, statements and corrections have no column.
// @Tags     incidents
// @Produce  text/csv
// @Param    since  query string false "began at or after: RFC 3339, Unix seconds, or how long ago: 90m, 24h, 7d" example(2021-06-08T09:00:00Z)
// @Param    until  query string false "began before" example(2021-06-08T12:00:00Z)
// @Param    overlapping query boolean false "with since: also those that began earlier and were not over then" default(false)
// @Param    as_of  query string false "the incidents that were open at that time, as they were published then; with limit and filters alone: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Param    fields query string false "members that get a column, separated by commas; id always has one" example(id,title,state)
// @Param    limit  query int    false "incidents on one page" minimum(1) maximum(100) default(20)
// @Param    cursor query string false "next of an earlier answer"
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} Link "the next page, if there is one (RFC 8288)"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Header   200 {string} Faultline-Coverage "observing, impaired or blind: of what is not observed a table says nothing; not with as_of"
// @Failure  503 {object} Problem
// @Router   /v1/incidents.csv [get]
func (a *api) getIncidentsCSV(c *gin.Context, query url.Values) error {
	return a.writeIncidents(c, query, incidentForm{path: "/v1/incidents.csv",
		now: func(_ *board.Snapshot, found board.Listing, q listQuery) (*page.Page, error) {
			incidents := make([]*faultline.Incident, 0, len(found.Entries))
			for _, e := range found.Entries {
				incidents = append(incidents, &e.Incident)
			}
			return incidentTable(incidents, q.fields)
		},
		then: func(_ board.Meta, published []faultline.Incident) (*page.Page, error) {
			incidents := make([]*faultline.Incident, 0, len(published))
			for i := range published {
				incidents = append(incidents, &published[i])
			}
			return incidentTable(incidents, nil)
		}})
}

// incidentTable renders incidents with the columns of some members; none: all columns.
func incidentTable(incidents []*faultline.Incident, members []string) (*page.Page, error) {
	columns, err := columnsOf(members)
	if err != nil {
		return nil, err
	}
	rows := make(table, 1+len(incidents))
	for _, column := range columns {
		rows[0] = append(rows[0], column.name)
		for i, inc := range incidents {
			rows[1+i] = append(rows[1+i], column.cell(inc))
		}
	}
	return listPage(rows)
}

// columnsOf are the columns of some members. A member without one is refused: a table
// without it would look as if it were empty.
func columnsOf(members []string) ([]incidentColumn, error) {
	if len(members) == 0 {
		return incidentColumns, nil
	}
	var columns []incidentColumn
	for _, column := range incidentColumns {
		if slices.Contains(members, column.member) {
			columns = append(columns, column)
		}
	}
	for _, member := range members {
		if !slices.ContainsFunc(columns, func(c incidentColumn) bool { return c.member == member }) {
			return nil, invalidParameter("fields", member+" has no column in CSV: ask for it as JSON")
		}
	}
	return columns, nil
}
