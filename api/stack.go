package api

import (
	"net/url"
	"strconv"
	"strings"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// stackKeys are the query keys of what is said of a stack.
var stackKeys = []string{"of"}

// StackAnswer is how the things do that somebody depends on.
type StackAnswer struct {
	Meta    board.Meta         `json:"meta"`
	Verdict board.StackVerdict `json:"verdict"`
	// Of is the list in its usual form, to be used wherever incidents are chosen.
	Of     string             `json:"of"`
	Things []board.StackThing `json:"things"` // in the order in which they were asked for
	// Incidents are the open ones that concern them, newest onset first, at most 100.
	Incidents []IncidentRef `json:"incidents"`
}

// stackOf reads the things that a query names, with what is known now.
func (a *api) stackOf(query url.Values) (*board.Snapshot, faultline.Filter, error) {
	if query.Get("of") == "" {
		return nil, faultline.Filter{}, invalidParameter("of",
			"is needed here: what do you depend on? Sites, providers or components with commas between them")
	}
	f, err := faultline.ReadFilter(query, a.cfg.Lookup, a.cfg.Board.Providers())
	if err != nil {
		return nil, f, err
	}
	s, err := a.cfg.Board.Snapshot()
	return s, f, err
}

// writeStack answers with what render makes of a stack.
func (a *api) writeStack(c *gin.Context, query url.Values, form string,
	render func(*board.Snapshot, faultline.Filter, board.Stack) (*page.Page, error)) error {
	s, f, err := a.stackOf(query)
	if err != nil {
		return err
	}
	p, err := s.Sites.Get(form+"?"+f.Query().Encode(), func() (*page.Page, error) {
		return render(s, f, s.Stack(a.cfg.Index, f.Of))
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// getStack says how the things do that somebody depends on.
//
// @ID       getStack
// @Summary  State of what you depend on
// @Description Up to 200 sites, providers and components. Failing is said of what a confirmed outage takes down; what nobody observes is unknown, never ok, and what is on none of our lists has covered false. The same list, as of, chooses incidents in /v1/incidents, /v1/stream, /feed.atom, /feed.json, /feed.ics and in webhooks; /statuspage/stack/LIST/api/v2/summary.json has it in the shape of Statuspage, /badge.svg as a picture.
// @Tags     stack
// @Produce  json
// @Param    of query string true "what you depend on, separated by commas" example(bbc.co.uk,cdn:fastly,fastly)
// @Param    as_of query string false "their state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {object} StackAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/stack [get]
func (a *api) getStack(c *gin.Context, query url.Values) error {
	if query.Has(asOfKey) {
		return a.stackThen(c, query, a.stackAnswer)
	}
	return a.writeStack(c, query, "stack",
		func(s *board.Snapshot, f faultline.Filter, st board.Stack) (*page.Page, error) {
			return page.New(a.stackAnswer(s, f, st))
		})
}

// stackThen answers with what was published of a stack at the moment that a query asks for.
func (a *api) stackThen(c *gin.Context, query url.Values,
	answer func(*board.Snapshot, faultline.Filter, board.Stack) any) error {
	_, f, err := a.stackOf(url.Values{"of": query["of"]})
	if err != nil {
		return err
	}
	return a.writePast(c, query, func(s *board.Snapshot) any { return answer(s, f, s.Stack(a.cfg.Index, f.Of)) })
}

// stackAnswer is the answer about a stack, of now or of the past.
func (a *api) stackAnswer(s *board.Snapshot, f faultline.Filter, st board.Stack) any {
	out := StackAnswer{Meta: s.Meta, Verdict: st.Verdict, Of: f.Query().Get("of"), Things: st.Things,
		Incidents: []IncidentRef{}}
	for _, e := range st.Open[:min(len(st.Open), maxSummaryOpen)] {
		out.Incidents = append(out.Incidents, newIncidentRef(&e.Incident, a.cfg.Board.PublicURL()))
	}
	return out
}

// getStackCSV is the same as comma-separated values.
//
// @ID       getStackCSV
// @Summary  State of what you depend on, as CSV
// @Tags     stack
// @Produce  text/csv
// @Param    of query string true "what you depend on, separated by commas" example(bbc.co.uk,cdn:fastly)
// @Param    as_of query string false "their state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {string} string "RFC 4180, with a header line"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-Coverage "observing, impaired or blind: of what is not observed a table says nothing; not with as_of"
// @Failure  503 {object} Problem
// @Router   /v1/stack.csv [get]
func (a *api) getStackCSV(c *gin.Context, query url.Values) error {
	if query.Has(asOfKey) {
		return a.stackThen(c, query,
			func(_ *board.Snapshot, _ faultline.Filter, st board.Stack) any { return stackTable(st) })
	}
	return a.writeStack(c, query, "stack.csv",
		func(_ *board.Snapshot, _ faultline.Filter, st board.Stack) (*page.Page, error) {
			return listPage(stackTable(st))
		})
}

// stackTable is a stack as CSV has it.
func stackTable(st board.Stack) table {
	rows := table{{"kind", "id", "name", "state", "covered", "since", "incidents"}}
	for _, t := range st.Things {
		rows = append(rows, []string{t.Kind, cell(t.ID), cell(t.Name), string(t.State), strconv.FormatBool(t.Covered),
			timeOrNone(t.Since), strings.Join(t.Incidents, " ")})
	}
	return rows
}

// getStackMetrics is a stack as series of Prometheus.
//
// @ID       getStackMetrics
// @Summary  State of what you depend on, for Prometheus
// @Description faultline_stack_state has one series for each thing: 0 ok, 1 suspected, 2 recovering, 3 failing, NaN where it is not known. faultline_stack_things counts them by state.
// @Tags     stack
// @Produce  plain
// @Param    of query string true "what you depend on, separated by commas" example(bbc.co.uk,cdn:fastly)
// @Success  200 {string} string "the Prometheus text format"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  503 {object} Problem
// @Router   /metrics/stack [get]
func (a *api) getStackMetrics(c *gin.Context, query url.Values) error {
	return a.writeStack(
		c,
		query,
		"stack.prom",
		func(_ *board.Snapshot, _ faultline.Filter, st board.Stack) (*page.Page, error) {
			return scraped(stackGauges{st})
		},
	)
}
