package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Bounds of what these answers name.
const (
	concentrationTop    = 20
	concentrationTopMax = 100
	firebreakSites      = 100
)

const (
	countryKey = "country"
	serviceKey = "service"
)

// Query keys of what is counted over the list of sites.
var (
	partKeys          = []string{countryKey, serviceKey}
	concentrationKeys = append([]string{"kind", "by", "limit"}, partKeys...)
	firebreakKeys     = append([]string{"limit"}, partKeys...)
)

// ConcentrationAnswer is how the sites of our list share out over those who serve them.
type ConcentrationAnswer struct {
	Meta board.Meta `json:"meta"`
	// Of which part of our list the numbers are: empty words take every site.
	board.Part
	Kinds []board.Concentration `json:"kinds"`
	// By is what the groups are of: country or service; empty where none were asked for.
	By     string        `json:"by"`
	Groups []board.Group `json:"groups"`
	// Ungrouped are the sites of which our list does not say their group. They are in kinds.
	Ungrouped int `json:"ungrouped"`
}

// FirebreaksAnswer says which of the most visited sites have a second provider.
type FirebreaksAnswer struct {
	Meta board.Meta `json:"meta"`
	board.Part
	Sites []board.Firebreak `json:"sites"`
}

// concentrationQuery is what a reader asks of the concentration.
type concentrationQuery struct {
	part  board.Part
	kinds []string // empty: all
	by    string   // empty: no groups
	limit int
}

func (q concentrationQuery) key() string {
	return fmt.Sprintf("concentration %s %s %s %d %s", q.part.Country, q.part.Service, q.by, q.limit,
		strings.Join(q.kinds, ","))
}

// readPart reads of which part of the list of sites something is asked.
func (a *api) readPart(q url.Values) (p board.Part, err error) {
	for key, into := range map[string]*string{countryKey: &p.Country, serviceKey: &p.Service} {
		if !q.Has(key) {
			continue
		}
		*into = strings.TrimSpace(q.Get(key))
		if key == countryKey {
			*into = strings.ToUpper(*into)
		}
		if there := a.cfg.Index.Values(key); !slices.Contains(there, *into) {
			return p, invalidParameter(key, "is of no site of our list; there are "+strings.Join(there, ", "))
		}
	}
	return p, nil
}

// readLimit reads how many things a reader wants.
func readLimit(q url.Values, usual, most int) (int, error) {
	if !q.Has("limit") {
		return usual, nil
	}
	n, err := strconv.Atoi(q.Get("limit"))
	if err != nil || n < 1 || n > most {
		return 0, invalidParameter("limit", fmt.Sprintf("must be a number from 1 to %d", most))
	}
	return n, nil
}

func (a *api) readConcentration(q url.Values) (ask concentrationQuery, err error) {
	if ask.part, err = a.readPart(q); err != nil {
		return ask, err
	}
	if ask.kinds, err = readItems(q, "kind", board.ConcentratedKinds()); err != nil {
		return ask, err
	}
	if ask.limit, err = readLimit(q, concentrationTop, concentrationTopMax); err != nil {
		return ask, err
	}
	if ask.by = q.Get("by"); q.Has("by") && !slices.Contains(board.Groupings, ask.by) {
		return ask, invalidParameter("by", "must be one of "+strings.Join(board.Groupings, ", "))
	}
	return ask, nil
}

// concentration counts what a query asks for.
func (a *api) concentration(s *board.Snapshot, q concentrationQuery) ConcentrationAnswer {
	providers := a.cfg.Board.Providers()
	only := func(all []board.Concentration) []board.Concentration {
		return slices.DeleteFunc(all, func(c board.Concentration) bool {
			return len(q.kinds) > 0 && !slices.Contains(q.kinds, c.Kind)
		})
	}
	out := ConcentrationAnswer{Meta: s.Meta, Part: q.part, By: q.by, Groups: []board.Group{},
		Kinds: only(board.Concentrations(a.cfg.Index, providers, q.part, q.limit))}
	if q.by != "" {
		out.Groups, out.Ungrouped = board.Groups(a.cfg.Index, providers, q.part, q.by)
		for i := range out.Groups {
			out.Groups[i].Kinds = only(out.Groups[i].Kinds)
		}
	}
	return out
}

// getConcentration says how few companies serve how many sites.
//
// @ID       getConcentration
// @Summary  How the sites of our list are divided among providers
// @Description For each kind of component: the largest providers with their share of the sites whose component of that kind is known, the Herfindahl-Hirschman index, and how many sites have a second provider. With by the same stands for each country or each kind of service apart. coverage is the share of sites of which the provider is known: of the others the numbers say nothing.
// @Tags     components
// @Produce  json
// @Param    kind    query string false "cdn, cloud, dns, ca or asn; several separated by commas" example(cdn,dns)
// @Param    country query string false "sites that are at home there alone (ISO 3166-1 alpha-2)" example(GB)
// @Param    service query string false "sites of that kind of service alone" example(news)
// @Param    by      query string false "country or service: groups to count apart as well" example(country)
// @Param    limit   query int    false "providers of a kind" minimum(1) maximum(100) default(20)
// @Success  200 {object} ConcentrationAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/concentration [get]
func (a *api) getConcentration(c *gin.Context, query url.Values) error {
	q, err := a.readConcentration(query)
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	return a.counted(c, s, q.key(), func() any { return a.concentration(s, q) })
}

// getConcentrationCSV is the concentration as comma-separated values.
//
// @ID       getConcentrationCSV
// @Summary  How the sites of our list are divided among providers, as CSV
// @Description A row for each kind and provider, with what is said of the kind in front. With by there are rows of each group instead, which name its three largest providers of a kind. A cell is empty where nothing is known.
// @Tags     components
// @Produce  text/csv
// @Param    kind    query string false "cdn, cloud, dns, ca or asn; several separated by commas" example(cdn,dns)
// @Param    country query string false "sites that are at home there alone (ISO 3166-1 alpha-2)" example(GB)
// @Param    service query string false "sites of that kind of service alone" example(news)
// @Param    by      query string false "country or service: rows of each group" example(country)
// @Param    limit   query int    false "providers of a kind" minimum(1) maximum(100) default(20)
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Header   200 {string} Faultline-Coverage "observing, impaired or blind: how much is observed just now"
// @Failure  503 {object} Problem
// @Router   /v1/concentration.csv [get]
func (a *api) getConcentrationCSV(c *gin.Context, query url.Values) error {
	q, err := a.readConcentration(query)
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	return a.counted(c, s, "csv "+q.key(), func() any {
		rows := table{{"group", "kind", "sites", "known", "coverage", "hhi", "ranked", "hhi_ranked", "firebreak",
			"provider", "slug", "provider_sites", "alone", "share", "ranked_share"}}
		answer := a.concentration(s, q)
		if q.by == "" {
			return append(rows, concentrationRows("", answer.Kinds)...)
		}
		for _, g := range answer.Groups {
			rows = append(rows, concentrationRows(g.Group, g.Kinds)...)
		}
		return rows
	})
}

// concentrationRows are the rows of one group. A kind of which nothing is known has a row
// without a provider.
func concentrationRows(group string, kinds []board.Concentration) (rows table) {
	for _, k := range kinds {
		head := []string{group, k.Kind, strconv.Itoa(k.Sites), strconv.Itoa(k.Known), decimalOrNone(k.Coverage),
			count(k.HHI), strconv.Itoa(k.Ranked), count(k.HHIRanked), strconv.Itoa(k.Firebreak)}
		if len(k.Providers) == 0 {
			rows = append(rows, append(head, "", "", "", "", "", ""))
		}
		for _, p := range k.Providers {
			rows = append(rows, append(slices.Clone(head), cell(p.Provider), cell(p.Slug), strconv.Itoa(p.Sites),
				strconv.Itoa(p.Alone), decimal(p.Share), decimalOrNone(p.RankedShare)))
		}
	}
	return rows
}

// decimalOrNone is a number, or nothing where there is none.
func decimalOrNone(v *float64) string {
	if v == nil {
		return ""
	}
	return decimal(*v)
}

// getFirebreaks says which sites have a second provider.
//
// @ID       getFirebreaks
// @Summary  The most visited sites, and for which kinds each has a second provider
// @Description A kind that a site does not name is not known of it. Sites of which nothing is known are among them.
// @Tags     components
// @Produce  json
// @Param    country query string false "sites that are at home there alone (ISO 3166-1 alpha-2)" example(GB)
// @Param    service query string false "sites of that kind of service alone" example(news)
// @Param    limit   query int    false "sites" minimum(1) maximum(100) default(100)
// @Success  200 {object} FirebreaksAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/concentration/firebreaks [get]
func (a *api) getFirebreaks(c *gin.Context, query url.Values) error {
	return a.writeFirebreaks(c, query, "", func(out FirebreaksAnswer) any { return out })
}

// getFirebreaksCSV is the same as comma-separated values.
//
// @ID       getFirebreaksCSV
// @Summary  The most visited sites with who serves them, as CSV
// @Description A row for each site and kind of which its provider is known, and one without a kind for a site of which nothing is known. The names of providers stand in one cell, with semicolons between them.
// @Tags     components
// @Produce  text/csv
// @Param    country query string false "sites that are at home there alone (ISO 3166-1 alpha-2)" example(GB)
// @Param    service query string false "sites of that kind of service alone" example(news)
// @Param    limit   query int    false "sites" minimum(1) maximum(100) default(100)
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Header   200 {string} Faultline-Coverage "observing, impaired or blind: how much is observed just now"
// @Failure  503 {object} Problem
// @Router   /v1/concentration/firebreaks.csv [get]
func (a *api) getFirebreaksCSV(c *gin.Context, query url.Values) error {
	return a.writeFirebreaks(c, query, "csv ", func(out FirebreaksAnswer) any {
		rows := table{{"site", "rank", "kind", "providers", "second"}}
		for _, site := range out.Sites {
			rank := ""
			if site.Rank > 0 {
				rank = strconv.Itoa(site.Rank)
			}
			if len(site.Kinds) == 0 {
				rows = append(rows, []string{cell(site.Site), rank, "", "", ""})
			}
			for _, k := range site.Kinds {
				rows = append(rows, []string{cell(site.Site), rank, k.Kind, cell(strings.Join(k.Providers, "; ")),
					strconv.FormatBool(k.Second)})
			}
		}
		return rows
	})
}

// writeFirebreaks answers with the most visited sites of a part of the list, in a form.
func (a *api) writeFirebreaks(c *gin.Context, query url.Values, form string, of func(FirebreaksAnswer) any) error {
	part, err := a.readPart(query)
	if err != nil {
		return err
	}
	limit, err := readLimit(query, firebreakSites, firebreakSites)
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%sfirebreaks %s %s %d", form, part.Country, part.Service, limit)
	return a.counted(c, s, key, func() any {
		return of(FirebreaksAnswer{Meta: s.Meta, Part: part,
			Sites: board.Firebreaks(a.cfg.Index, a.cfg.Board.Providers(), part, limit)})
	})
}

// counted answers with what is counted over the whole list, once a minute and whenever another
// coverage is to be said: no answer may say for a minute that it observes what it does not.
func (a *api) counted(c *gin.Context, s *board.Snapshot, key string, of func() any) error {
	coverage := s.Coverage()
	key = fmt.Sprintf("%s %t %s %d", key, s.Meta.Stale, coverage.State, coverage.Vantages)
	p, err := a.counts.GetAt(key, a.cfg.Now(), func() (*page.Page, error) { return listPage(of()) })
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheBriefly)
	return nil
}
