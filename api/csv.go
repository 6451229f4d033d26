package api

import (
	"bytes"
	"encoding/csv"
	"net/url"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

const mediaCSV = "text/csv; charset=utf-8; header=present"

// getSiteSeriesCSV is a site's series as comma-separated values (RFC 4180).
//
// @ID       getSiteSeriesCSV
// @Summary  A site over time, as CSV
// @Tags     sites
// @Produce  text/csv
// @Param    site  path  string true  "name or address of the site, as a person would type it" example(bbc.co.uk)
// @Param    step  query int    false "seconds of a step" Enums(60, 300, 3600) default(60)
// @Param    since query string false "beginning of the range: RFC 3339, Unix seconds, or how long ago: 90m, 24h, 7d" example(2021-06-08T09:30:00Z)
// @Param    until query string false "end of the range, exclusive; now by default" example(2021-06-08T10:05:00Z)
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404,503 {object} Problem
// @Router   /v1/sites/{site}/series.csv [get]
func (a *api) getSiteSeriesCSV(c *gin.Context, query url.Values) error {
	record, err := a.cfg.Lookup(c.Param("site"))
	if err != nil {
		return siteFault(err)
	}
	return a.writeSeriesCSV(c, record.Site, query)
}

// getComponentSeriesCSV is a component's series as comma-separated values.
//
// @ID       getComponentSeriesCSV
// @Summary  A component over time, as CSV
// @Tags     components
// @Produce  text/csv
// @Param    kind  path  string true  "cdn, cloud, dns, asn, …" example(cdn)
// @Param    name  path  string true  "its name; a slash in it is written as a tilde" example(fastly)
// @Param    step  query int    false "seconds of a step" Enums(60, 300, 3600) default(60)
// @Param    since query string false "beginning of the range: RFC 3339, Unix seconds, or how long ago: 90m, 24h, 7d" example(2021-06-08T09:30:00Z)
// @Param    until query string false "end of the range, exclusive; now by default" example(2021-06-08T10:05:00Z)
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404,503 {object} Problem
// @Router   /v1/components/{kind}/{name}/series.csv [get]
func (a *api) getComponentSeriesCSV(c *gin.Context, query url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	component, err := a.component(c, s)
	if err != nil {
		return err
	}
	return a.writeSeriesCSV(c, string(component), query)
}

// writeSeriesCSV has no place to say that something is left out: what can't be
// read in time is 503.
func (a *api) writeSeriesCSV(c *gin.Context, of string, query url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	q, err := newSeriesQuery(query, s.Now(a.cfg.Board))
	if err != nil {
		return err
	}
	p, err := s.Pages.Get("csv "+q.key(of), func() (*page.Page, error) {
		series, err := a.cfg.Board.Series(c.Request.Context(), of, q.step, q.from, q.until)
		if err != nil {
			return nil, err
		}
		return page.File(csvOf(series), mediaCSV), nil
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// csvOf writes a series; its cells are times and numbers, which no spreadsheet
// takes for a formula.
func csvOf(s faultline.Series) []byte {
	rows := [][]string{
		{"at", "reports", "expected", "expected_high", "probes", "probes_failed", "sites", "sites_failing", "state"},
	}
	for _, point := range s.Points {
		p := newSeriesPoint(point)
		rows = append(rows, []string{p.At.UTC().Format(time.RFC3339), count(p.Reports), decimal(p.Expected),
			decimal(p.ExpectedHigh),
			count(p.Probes), count(p.ProbesFailed), count(p.Sites), count(p.SitesFailing), p.State})
	}
	return csvRows(rows)
}

// csvRows writes rows as RFC 4180 has them.
func csvRows(rows [][]string) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	_ = w.WriteAll(rows) // a buffer takes everything
	return out.Bytes()
}

// cell is a text that others chose as it stands in a table: a spreadsheet takes what
// begins with one of these for a formula.
func cell(text string) string {
	if strings.IndexAny(text, "=+-@\t\r") == 0 {
		return "'" + text
	}
	return text
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// count is a number, or nothing where there is none: an empty cell is no zero.
func count(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}
