package api

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// seriesSpan is how far a series goes back unless asked, and at most.
type seriesSpan struct{ usual, most time.Duration }

var seriesSpans = map[int]seriesSpan{
	faultline.StepMinute:      {3 * time.Hour, 24 * time.Hour},
	faultline.StepFiveMinutes: {24 * time.Hour, 8 * 24 * time.Hour},
	faultline.StepHour:        {30 * 24 * time.Hour, 400 * 24 * time.Hour},
}

// SeriesAnswer is a series with how old it is.
type SeriesAnswer struct {
	Meta board.Meta `json:"meta"`
	// LeftOut: what is kept of older minutes could not be read in time, and points
	// is empty. Ask again.
	LeftOut bool `json:"left_out"`
	// Of is the site, or the component as kind:name.
	Of string `json:"of"`
	// StepS is the length of a step in seconds: 60, 300 or 3600.
	StepS int `json:"step_s"`
	// CompleteUntil is the end of the last minute whose counts are stored; null: none is.
	CompleteUntil *time.Time `json:"complete_until"`
	// Points cover whole steps of UTC, oldest first and without gaps.
	Points []SeriesPoint `json:"points"`
}

// SeriesPoint is one step of a series. A count is null where nothing says what it is:
// where nobody looked, or where it is not stored yet. 0 means none.
type SeriesPoint struct {
	At time.Time `json:"at"` // the beginning of the step
	// State is observed; unfinished, while the step is still filling; not_observed, where
	// nobody looked; or not_stored, where its counts are still to be written.
	State   string `json:"state"`
	Reports *int   `json:"reports"` // counted reports of failure
	// Expected and ExpectedHigh are the reports that a quiet step at this hour would
	// bring: the mean, and the end of the band that 99 of 100 quiet steps stay within.
	Expected     float64 `json:"expected"`
	ExpectedHigh float64 `json:"expected_high"`
	Probes       *int    `json:"probes"`
	ProbesFailed *int    `json:"probes_failed"` // null as well where nothing probed
	// Sites and SitesFailing say, of a component, how many members were observed at the
	// end of the step and how many of them were failing; null for a site.
	Sites        *int `json:"sites"`
	SitesFailing *int `json:"sites_failing"`
}

func newSeriesAnswer(meta board.Meta, s faultline.Series) SeriesAnswer {
	out := SeriesAnswer{Meta: meta, Of: s.Of, StepS: s.StepS, Points: make([]SeriesPoint, 0, len(s.Points))}
	if !s.CompleteUntil.IsZero() {
		out.CompleteUntil = &s.CompleteUntil
	}
	for _, p := range s.Points {
		out.Points = append(out.Points, newSeriesPoint(p))
	}
	return out
}

func newSeriesPoint(p faultline.SeriesPoint) SeriesPoint {
	out := SeriesPoint{At: p.At, State: cmp.Or(string(p.State), "observed"), Expected: p.Expected,
		ExpectedHigh: p.ExpectedHigh}
	if !p.State.Counted() {
		return out
	}
	out.Reports, out.Probes = &p.Reports, &p.Probes
	if p.Probes > 0 {
		out.ProbesFailed = &p.ProbesFailed
	}
	if p.Sites > 0 {
		out.Sites, out.SitesFailing = &p.Sites, &p.SitesFailing
	}
	return out
}

// seriesQuery is what a reader asks of a series.
type seriesQuery struct {
	step        int
	from, until time.Time
}

var seriesKeys = []string{"step", "since", "until"}

// newSeriesQuery reads a query; now is that of the log.
func newSeriesQuery(q url.Values, now time.Time) (seriesQuery, error) {
	s := seriesQuery{step: faultline.StepMinute, until: now}
	if q.Has("step") {
		n, err := strconv.Atoi(q.Get("step"))
		if _, ok := seriesSpans[n]; err != nil || !ok {
			return s, invalidParameter("step", "must be 60, 300 or 3600 seconds")
		}
		s.step = n
	}
	var err error
	if q.Has("until") {
		if s.until, err = readTime(q.Get("until"), now); err != nil {
			return s, invalidParameter("until", timeForm)
		}
	}
	span := seriesSpans[s.step]
	s.from = s.until.Add(-span.usual)
	if q.Has("since") {
		if s.from, err = readTime(q.Get("since"), now); err != nil {
			return s, invalidParameter("since", timeForm)
		}
	}
	switch d := s.until.Sub(s.from); {
	case d <= 0:
		return s, invalidParameter("since", "must lie before until")
	case d > span.most:
		return s, invalidParameter("since", fmt.Sprintf("steps of %d s reach back %s at most", s.step, span.most))
	}
	return s, nil
}

// key is the same for queries that ask for the same.
func (q seriesQuery) key(of string) string {
	return fmt.Sprint(of, " ", q.step, " ", q.from.Unix(), " ", q.until.Unix())
}

// getSiteSeries answers with how one site did over time.
//
// @ID       getSiteSeries
// @Summary  A site over time: reports and probes, with what is expected
// @Description The data of a site's charts. Minutes go back 8 days, hours 400 days.
// @Tags     sites
// @Produce  json
// @Param    site  path  string true  "name or address of the site, as a person would type it" example(bbc.co.uk)
// @Param    step  query int    false "seconds of a step" Enums(60, 300, 3600) default(60)
// @Param    since query string false "from when on: RFC 3339 or Unix seconds; 3 hours, a day or 30 days before until, by step" example(2021-06-08T09:30:00Z)
// @Param    until query string false "end of the range, exclusive; now by default" example(2021-06-08T10:05:00Z)
// @Success  200 {object} SeriesAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/sites/{site}/series [get]
func (a *api) getSiteSeries(c *gin.Context, query url.Values) error {
	record, err := a.cfg.Lookup(c.Param("site"))
	if err != nil {
		return siteFault(err)
	}
	return a.writeSeries(c, record.Site, query)
}

// getComponentSeries answers with how one component did over time.
//
// @ID       getComponentSeries
// @Summary  A component over time: reports of its sites, and how many of them failed
// @Tags     components
// @Produce  json
// @Param    kind  path  string true  "cdn, cloud, dns, asn, …" example(cdn)
// @Param    name  path  string true  "its name; a slash in it is written as a tilde" example(fastly)
// @Param    step  query int    false "seconds of a step" Enums(60, 300, 3600) default(60)
// @Param    since query string false "from when on: RFC 3339 or Unix seconds; 3 hours, a day or 30 days before until, by step" example(2021-06-08T09:30:00Z)
// @Param    until query string false "end of the range, exclusive; now by default" example(2021-06-08T10:05:00Z)
// @Success  200 {object} SeriesAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/components/{kind}/{name}/series [get]
func (a *api) getComponentSeries(c *gin.Context, query url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	component, err := a.component(c, s)
	if err != nil {
		return err
	}
	return a.writeSeries(c, string(component), query)
}

// writeSeries answers with a series; what can't be read in time is left out, and
// the answer says so.
func (a *api) writeSeries(c *gin.Context, of string, query url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	q, err := newSeriesQuery(query, s.Now(a.cfg.Board))
	if err != nil {
		return err
	}
	p, err := s.Pages.Get("series "+q.key(of), func() (*page.Page, error) {
		series, err := a.cfg.Board.Series(c.Request.Context(), of, q.step, q.from, q.until)
		if err != nil {
			return nil, err
		}
		return page.New(newSeriesAnswer(s.Meta, series))
	})
	cacheControl := page.CacheCurrent
	if err != nil {
		cacheControl = page.CacheNever
		a.logFailure(c, http.StatusServiceUnavailable, err)
		left := SeriesAnswer{
			Meta:    s.Meta,
			LeftOut: true,
			Of:      of,
			StepS:   q.step,
			Points:  []SeriesPoint{},
		}
		if p, err = page.New(left); err != nil {
			return err
		}
	}
	a.writeRead(c, p, s, cacheControl)
	return nil
}

// timeForm says how times are written in a query.
const timeForm = "must be a time such as 2021-06-08T09:47:05Z, Unix seconds, or how long ago: 90m, 24h, 7d"

// ago is how long ago something was, in seconds, minutes, hours, days or weeks.
var ago = regexp.MustCompile(`^([1-9][0-9]{0,4})([smhdw])$`)

// agoUnits are what the letters of [ago] stand for.
var agoUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
	"w": 7 * 24 * time.Hour}

// unixTime is a number of seconds since 1970, perhaps with a fraction.
var unixTime = regexp.MustCompile(`^[0-9]{1,13}(\.[0-9]{1,9})?$`)

// From this number on Unix time is in milliseconds, as JavaScript has it: as seconds it would be
// the year 5138.
const unixMillis = 1e11

// readTime reads RFC 3339, a day, Unix time, or how long before now.
func readTime(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if m := ago.FindStringSubmatch(strings.ToLower(text)); m != nil {
		n, err := strconv.Atoi(m[1])
		return now.Add(-time.Duration(n) * agoUnits[m[2]]).UTC(), err
	}
	if unixTime.MatchString(text) {
		n, err := strconv.ParseFloat(text, 64)
		if n >= unixMillis {
			return time.UnixMilli(int64(n)).UTC(), err
		}
		return time.UnixMicro(int64(math.Round(n * 1e6))).UTC(), err
	}
	at, err := time.Parse(time.RFC3339, asRFC3339(text))
	if err != nil { // forms in browsers leave the seconds out
		at, err = time.Parse("2006-01-02T15:04Z07:00", asRFC3339(text))
	}
	if err == nil && (at.Year() < 1970 || at.Year() > 9999) {
		err = faultline.ErrNotFound
	}
	return at.UTC(), err
}

// asRFC3339 is a time as RFC 3339 has it: a day alone begins at midnight UTC, a space may stand
// for T, and a plus that was not escaped in a query has become a space.
func asRFC3339(text string) string {
	text = strings.ToUpper(text)
	if len(text) == len(time.DateOnly) {
		return text + "T00:00:00Z"
	}
	day, clock, _ := strings.Cut(text, " ")
	if len(day) == len(time.DateOnly) {
		text = day + "T" + clock
	}
	return strings.Replace(text, " ", "+", 1)
}
