package api

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// How many revisions one page of an incident's history holds.
const (
	revisionLimit    = 20
	revisionLimitMax = 100
)

// RevisionList is one page of an incident's history, the last revision first.
type RevisionList struct {
	Meta      board.Meta    `json:"meta"`
	ID        string        `json:"id"`
	Revision  int           `json:"revision"` // the last one
	Revisions []RevisionRef `json:"revisions"`
	Next      *string       `json:"next"` // cursor of the next page; null on the last
}

// RevisionRef is one revision in short, with what it changed.
type RevisionRef struct {
	Revision   int                     `json:"revision"`
	At         time.Time               `json:"at"`
	State      faultline.IncidentState `json:"state"`
	Title      string                  `json:"title"`
	Component  *faultline.Component    `json:"component"` // null: unattributed
	Confidence float64                 `json:"confidence"`
	Onset      time.Time               `json:"onset"`
	Failing    int                     `json:"failing"`
	Observed   int                     `json:"observed"`
	SitesTotal int                     `json:"sites_total"`
	// Changed names the members that differ from the revision before, in the order in
	// which an incident carries them; all that there are in the first one.
	Changed []string `json:"changed"`
	URL     string   `json:"url"`
}

// getRevisions lists what was said of an incident over time.
//
// @ID       getIncidentRevisions
// @Summary  The history of an incident, the last revision first
// @Description Each revision has its time and what it changed. It never changes, so its url is the address to cite.
// @Tags     incidents
// @Produce  json
// @Param    id     path  string true  "inc_…"
// @Param    limit  query int    false "revisions on one page" minimum(1) maximum(100) default(20)
// @Param    cursor query string false "next of an earlier answer"
// @Success  200 {object} RevisionList
// @Header   200 {string} Link "the next page, if there is one (RFC 8288)"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/incidents/{id}/revisions [get]
func (a *api) getRevisions(c *gin.Context, query url.Values) error {
	limit, before, err := readRevisionQuery(query)
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	id := c.Param("id")
	last := 0
	if e := s.Entry(id); e != nil {
		last = e.Incident.Revision
	} else {
		inc, err := a.cfg.Board.ReadThrough(c.Request.Context(), id, 0)
		if err != nil {
			return err
		}
		last = inc.Revision
	}
	to := last
	if before > 0 {
		to = min(to, before-1)
	}
	key := fmt.Sprintf("revisions %s %d %d %d", id, last, to, limit)
	p, err := s.Pages.Get(key, func() (*page.Page, error) { return a.revisionList(c, s, id, last, to, limit) })
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// readRevisionQuery reads how many revisions are asked for, and which one they stand
// before; 0: none.
func readRevisionQuery(q url.Values) (limit, before int, err error) {
	limit = revisionLimit
	if q.Has("limit") {
		limit, err = strconv.Atoi(q.Get("limit"))
		if err != nil || limit < 1 || limit > revisionLimitMax {
			return 0, 0, invalidParameter("limit", fmt.Sprintf("must be a number from 1 to %d", revisionLimitMax))
		}
	}
	if q.Has("cursor") {
		before, err = strconv.Atoi(q.Get("cursor"))
		if err != nil || before < 2 {
			return 0, 0, invalidParameter("cursor", "must be the value of next in an earlier answer")
		}
	}
	return limit, before, nil
}

// revisionList makes the page of the revisions up to one, of which it reads the one
// before the oldest as well, to say what changed.
func (a *api) revisionList(
	c *gin.Context, s *board.Snapshot, id string, last, to, limit int,
) (*page.Page, error) {
	out := RevisionList{Meta: s.Meta, ID: id, Revision: last, Revisions: []RevisionRef{}}
	first := max(1, to-limit+1)
	if to < 1 {
		return page.New(out)
	}
	found, err := a.cfg.Board.Revisions(c.Request.Context(), id, max(1, first-1), to)
	if err != nil {
		return nil, err
	}
	base := a.cfg.Board.PublicURL() + "/v1/incidents/" + id + "/revisions"
	var before []member
	for i := range found {
		members, err := membersIn(&found[i])
		if err != nil {
			return nil, err
		}
		if found[i].Revision >= first {
			ref := newRevisionRef(&found[i], base)
			ref.Changed = changed(before, members)
			out.Revisions = append(out.Revisions, ref)
		}
		before = members
	}
	slices.Reverse(out.Revisions)
	var link []string
	if first > 1 {
		next := strconv.Itoa(first)
		out.Next = &next
		link = []string{fmt.Sprintf(`<%s?limit=%d&cursor=%s>; rel="next"`, base, limit, next)}
	}
	p, err := page.New(out)
	if err == nil {
		p.Link = link
	}
	return p, err
}

func newRevisionRef(inc *faultline.Incident, base string) RevisionRef {
	ref := RevisionRef{
		Revision: inc.Revision, At: inc.UpdatedAt, State: inc.State, Title: inc.Title, Onset: inc.Onset.At,
		Failing: inc.Impact.Failing, Observed: inc.Impact.Observed, SitesTotal: inc.SitesTotal,
		URL: base + "/" + strconv.Itoa(inc.Revision),
	}
	if inc.Cause != nil {
		ref.Component, ref.Confidence = &inc.Cause.Component, inc.Cause.Confidence
	}
	return ref
}

// member is one member of an incident, as JSON.
type member struct {
	name  string
	value jsontext.Value
}

// ofEach are the members that differ in every revision.
var ofEach = []string{"id", "revision", "updated_at", "hash"}

// membersIn takes an incident apart, but for what differs in every revision.
func membersIn(inc *faultline.Incident) (list []member, err error) {
	body, err := page.Render(inc.WithoutTimeline())
	if err != nil {
		return nil, err
	}
	var all map[string]jsontext.Value
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, fmt.Errorf("take revision %d of %s apart: %w", inc.Revision, inc.ID, err)
	}
	for _, name := range incidentFields() {
		if value, ok := all[name]; ok && !slices.Contains(ofEach, name) {
			list = append(list, member{name, value})
		}
	}
	return list, nil
}

// changed names the members that are not as they were, in their order.
func changed(before, now []member) []string {
	names := []string{}
	for _, m := range now {
		at := slices.IndexFunc(before, func(was member) bool { return was.name == m.name })
		if at < 0 || !bytes.Equal(before[at].value, m.value) {
			names = append(names, m.name)
		}
	}
	for _, was := range before { // what is left out now
		if !slices.ContainsFunc(now, func(m member) bool { return m.name == was.name }) {
			names = append(names, was.name)
		}
	}
	return names
}
