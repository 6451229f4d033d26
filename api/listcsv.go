package api

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// table is a list as CSV has it: rows of cells, the first of which names the columns.
type table [][]string

// listPage renders a list in the form that its type says.
func listPage(answer any) (*page.Page, error) {
	if rows, ok := answer.(table); ok {
		return page.File(csvRows(rows), mediaCSV), nil
	}
	return page.New(answer)
}

// getSitesCSV is the list of sites as comma-separated values.
//
// @ID       getSitesCSV
// @Summary  Sites, the most visited first, as CSV
// @Description The same pages as those of /v1/sites; only the header Link has the address of the next one. Components and incidents are in one cell each, separated by spaces. The rank is empty where it is not known, and so is the symptom of a site that is unknown.
// @Tags     sites
// @Produce  text/csv
// @Param    state     query string false "ok, down, degraded, recovered or unknown; several separated by commas" example(down,degraded)
// @Param    component query string false "a component that the site depends on; of several, separated by commas, one must match" example(cdn:fastly)
// @Param    q         query string false "text that occurs in the name; case is ignored" example(bbc)
// @Param    limit     query int    false "sites on one page" minimum(1) maximum(100) default(20)
// @Param    cursor    query string false "next of an earlier answer"
// @Param    as_of     query string false "their state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} Link "the next page, if there is one (RFC 8288)"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Header   200 {string} Faultline-Coverage "observing, impaired or blind: of what is not observed a table says nothing; not with as_of"
// @Failure  503 {object} Problem
// @Router   /v1/sites.csv [get]
func (a *api) getSitesCSV(c *gin.Context, query url.Values) error {
	return a.writeNames(c, "/v1/sites.csv", query, func(s *board.Snapshot, q nameQuery) (any, *string, error) {
		list, err := a.siteList(s, q)
		rows := table{{"site", "rank", "state", "symptom", "components", "reports", "expected", "probes",
			"probes_failed", "last_report_at", "first_report_at", "last_probe_at", "incidents"}}
		for _, site := range list.Sites {
			rank := ""
			if site.Rank > 0 {
				rank = strconv.Itoa(site.Rank)
			}
			rows = append(rows, []string{cell(site.Site), rank, string(site.State), cell(string(site.Symptom)),
				namesIn(site.Components), countOrNone(site.Reports), decimalOrNone(site.Expected),
				countOrNone(site.Probes), countOrNone(site.ProbesFailed), timeOrNone(site.LastReportAt),
				timeOrNone(site.FirstReportAt), timeOrNone(site.LastProbeAt), namesIn(site.Incidents)})
		}
		return rows, list.Next, err
	})
}

// getComponentsCSV is the list of components as comma-separated values.
//
// @ID       getComponentsCSV
// @Summary  Components, those that most sites depend on first, as CSV
// @Description The same pages as those of /v1/components; only the header Link has the address of the next one.
// @Tags     components
// @Produce  text/csv
// @Param    kind   query string false "cdn, cloud, dns, asn, …; several separated by commas" example(cdn,dns)
// @Param    state  query string false "ok, down, degraded or unknown; several separated by commas" example(down,degraded)
// @Param    q      query string false "text that occurs in the name; case is ignored" example(fast)
// @Param    limit  query int    false "components on one page" minimum(1) maximum(100) default(20)
// @Param    cursor query string false "next of an earlier answer"
// @Param    as_of  query string false "their state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} Link "the next page, if there is one (RFC 8288)"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Header   200 {string} Faultline-Coverage "observing, impaired or blind: of what is not observed a table says nothing; not with as_of"
// @Failure  503 {object} Problem
// @Router   /v1/components.csv [get]
func (a *api) getComponentsCSV(c *gin.Context, query url.Values) error {
	return a.writeNames(c, "/v1/components.csv", query, func(s *board.Snapshot, q nameQuery) (any, *string, error) {
		list, err := a.componentList(s, q)
		rows := table{{"component", "kind", "name", "state", "failing", "observed", "sites_total", "url"}}
		for _, one := range list.Components {
			rows = append(rows, []string{cell(string(one.Component)), one.Kind, cell(one.Name), string(one.State),
				strconv.Itoa(one.Failing), strconv.Itoa(one.Observed), strconv.Itoa(one.SitesTotal), cell(one.URL)})
		}
		return rows, list.Next, err
	})
}

// getProvidersCSV is the list of providers as comma-separated values.
//
// @ID       getProvidersCSV
// @Summary  Providers of infrastructure and of access, as CSV
// @Description The same pages as those of /v1/providers; only the header Link has the address of the next one.
// @Tags     components
// @Produce  text/csv
// @Param    state  query string false "ok, down, degraded or unknown; several separated by commas" example(down,degraded)
// @Param    q      query string false "text that occurs in its slug, its name or an alias; case is ignored" example(amazon)
// @Param    limit  query int    false "providers on one page" minimum(1) maximum(100) default(20)
// @Param    cursor query string false "next of an earlier answer"
// @Param    as_of  query string false "their state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} Link "the next page, if there is one (RFC 8288)"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Header   200 {string} Faultline-Coverage "observing, impaired or blind: of what is not observed a table says nothing; not with as_of"
// @Failure  503 {object} Problem
// @Router   /v1/providers.csv [get]
func (a *api) getProvidersCSV(c *gin.Context, query url.Values) error {
	return a.writeNames(c, "/v1/providers.csv", query, func(s *board.Snapshot, q nameQuery) (any, *string, error) {
		list, err := a.providerList(s, q)
		rows := table{{"slug", "name", "isp", "country", "state", "sites_total", "url"}}
		for _, p := range list.Providers {
			rows = append(rows, []string{cell(p.Slug), cell(p.Name), strconv.FormatBool(p.ISP), cell(p.Country),
				string(p.State), strconv.Itoa(p.SitesTotal), cell(p.URL)})
		}
		return rows, list.Next, err
	})
}

// namesIn is a list of names without spaces, in one cell.
func namesIn[T ~string](names []T) string {
	var text []string
	for _, name := range names {
		text = append(text, string(name))
	}
	return cell(strings.Join(text, " "))
}

func timeText(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// timeOrNone is a time, or nothing where there is none.
func timeOrNone(at *time.Time) string {
	if at == nil {
		return ""
	}
	return timeText(*at)
}

// countOrNone is a count, or nothing where it is not known.
func countOrNone(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}
