package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// How far back the history of the concentration goes unless asked, and at most.
const (
	historyDays    = 400 * 24 * time.Hour
	historyMost    = 10 * 366 * 24 * time.Hour
	historyDaysSay = "must lie at most ten years before until"
)

var historyKeys = []string{"kind", "since", "until"}

// ConcentrationHistory is the concentration of earlier days.
type ConcentrationHistory struct {
	Meta board.Meta `json:"meta"`
	// LeftOut: what is kept of earlier days could not be read in time, and days is empty.
	// Ask again.
	LeftOut bool `json:"left_out"`
	// Days that were counted, the oldest first. A day on which nobody counted is missing.
	Days []faultline.ConcentrationDay `json:"days"`
}

// historyQuery is what a reader asks of the history.
type historyQuery struct {
	kinds       []string
	from, until time.Time
}

func readHistory(q url.Values, now time.Time) (h historyQuery, err error) {
	if h.kinds, err = readItems(q, "kind", board.ConcentratedKinds()); err != nil {
		return h, err
	}
	h.until = now.UTC().Truncate(time.Minute)
	if q.Has("until") {
		if h.until, err = readTime(q.Get("until"), h.until); err != nil {
			return h, invalidParameter("until", timeForm)
		}
	}
	h.from = h.until.Add(-historyDays)
	if q.Has("since") {
		if h.from, err = readTime(q.Get("since"), now.UTC().Truncate(time.Minute)); err != nil {
			return h, invalidParameter("since", timeForm)
		}
	}
	switch {
	case !h.from.Before(h.until):
		return h, invalidParameter("since", "must lie before until")
	case h.until.Sub(h.from) > historyMost:
		return h, invalidParameter("since", historyDaysSay)
	}
	return h, nil
}

// daysOf reads the days that a query asks for, with the kinds that it asks for.
func (a *api) daysOf(ctx context.Context, q historyQuery) ([]faultline.ConcentrationDay, error) {
	days, err := a.cfg.Board.ConcentrationDays(ctx, q.from, q.until)
	for i := range days {
		days[i].Kinds = slices.DeleteFunc(days[i].Kinds, func(p faultline.ConcentrationPoint) bool {
			return len(q.kinds) > 0 && !slices.Contains(q.kinds, p.Kind)
		})
	}
	return days, err
}

// getConcentrationHistory says how the concentration changed.
//
// @ID       getConcentrationHistory
// @Summary  How few companies served how many sites, day by day
// @Description One point for each day of UTC on which the list was counted. A day on which nobody counted is missing. coverage is known of sites: what changes may be the list, or what is known of it.
// @Tags     components
// @Produce  json
// @Param    kind  query string false "cdn, cloud, dns, ca or asn; several with commas between them" example(cdn,dns)
// @Param    since query string false "from which day on: RFC 3339, a day, or how long ago; 400 days before until unless said" example(2021-06-01)
// @Param    until query string false "up to which day; now unless said" example(2021-06-08)
// @Success  200 {object} ConcentrationHistory
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/concentration/history [get]
func (a *api) getConcentrationHistory(c *gin.Context, query url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	q, err := readHistory(query, a.cfg.Board.Now())
	if err != nil {
		return err
	}
	days, err := a.daysOf(c.Request.Context(), q)
	out := ConcentrationHistory{Meta: s.Meta, LeftOut: err != nil, Days: []faultline.ConcentrationDay{}}
	if err == nil {
		out.Days = append(out.Days, days...)
	}
	p, err := page.New(out)
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheBriefly)
	return nil
}

// getConcentrationHistoryCSV is the same as comma-separated values.
//
// @ID       getConcentrationHistoryCSV
// @Summary  How few companies served how many sites, day by day, as CSV
// @Description A row for each kind and day that was counted. What can't be read in time is 503.
// @Tags     components
// @Produce  text/csv
// @Param    kind  query string false "cdn, cloud, dns, ca or asn; several with commas between them" example(cdn,dns)
// @Param    since query string false "from which day on: RFC 3339, a day, or how long ago; 400 days before until unless said" example(2021-06-01)
// @Param    until query string false "up to which day; now unless said" example(2021-06-08)
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Header   200 {string} Faultline-Coverage "observing, impaired or blind: how much is observed just now"
// @Failure  503 {object} Problem
// @Router   /v1/concentration/history.csv [get]
func (a *api) getConcentrationHistoryCSV(c *gin.Context, query url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	q, err := readHistory(query, a.cfg.Board.Now())
	if err != nil {
		return err
	}
	days, err := a.daysOf(c.Request.Context(), q)
	if err != nil {
		return fmt.Errorf("%w: %w", faultline.ErrUnavailable, err)
	}
	rows := table{strings.Split("day,at,kind,known,sites,hhi,ranked,hhi_ranked,firebreak", ",")}
	for _, day := range days {
		for _, k := range day.Kinds {
			rows = append(rows, []string{day.Day, timeText(day.At), k.Kind, strconv.Itoa(k.Known),
				strconv.Itoa(k.Sites), count(k.HHI), strconv.Itoa(k.Ranked), count(k.HHIRanked),
				strconv.Itoa(k.Firebreak)})
		}
	}
	p, err := listPage(rows)
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheBriefly)
	return nil
}
