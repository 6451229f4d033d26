package api

import (
	"maps"
	"net/http"
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

// IncidentRef is an incident in short, as the summary and the answer to a
// report carry it.
type IncidentRef struct {
	ID        string                  `json:"id"`
	Revision  int                     `json:"revision"`
	State     faultline.IncidentState `json:"state"`
	Title     string                  `json:"title"`
	Component *faultline.Component    `json:"component"` // null: unattributed
	Onset     time.Time               `json:"onset"`
	Failing   int                     `json:"failing"`
	Observed  int                     `json:"observed"`
	UpdatedAt time.Time               `json:"updated_at"`
	URL       string                  `json:"url"`
}

func newIncidentRef(inc *faultline.Incident, publicURL string) IncidentRef {
	ref := IncidentRef{
		ID: inc.ID, Revision: inc.Revision, State: inc.State, Title: inc.Title, Onset: inc.Onset.At,
		Failing: inc.Impact.Failing, Observed: inc.Impact.Observed, UpdatedAt: inc.UpdatedAt,
		URL: publicURL + "/v1/incidents/" + inc.ID,
	}
	if inc.Cause != nil {
		ref.Component = &inc.Cause.Component
	}
	return ref
}

// IncidentList is one page of incidents, newest onset first, in the form of the
// list: the first 20 sites each.
type IncidentList struct {
	Meta      board.Meta           `json:"meta"`
	Incidents []faultline.Incident `json:"incidents"`
	Next      *string              `json:"next"` // cursor of the next page; null on the last
}

// IncidentSites are all sites of an incident at one revision.
type IncidentSites struct {
	Meta       board.Meta               `json:"meta"`
	ID         string                   `json:"id"`
	Revision   int                      `json:"revision"`
	State      faultline.IncidentState  `json:"state"`
	UpdatedAt  time.Time                `json:"updated_at"`
	Sites      []faultline.IncidentSite `json:"sites"`
	SitesTotal int                      `json:"sites_total"`
	// Partly are sites that answer and whose pages use what fails. It is absent where there is none.
	Partly *PartlySites `json:"partly,omitempty"`
}

// PartlySites are sites that answer while what serves parts of their pages fails: they may load
// only in part. None of them is a member of the incident, nor counted in it.
type PartlySites struct {
	Sites []string `json:"sites"` // the most visited first, at most 100
	Total int      `json:"total"`
}

// partlyNamed bounds the sites that are named as loading only in part.
const partlyNamed = 100

func newIncidentSites(inc *faultline.Incident, s *board.Snapshot) IncidentSites {
	answer := IncidentSites{Meta: s.Meta, ID: inc.ID, Revision: inc.Revision, State: inc.State,
		UpdatedAt: inc.UpdatedAt, Sites: inc.Sites, SitesTotal: inc.SitesTotal}
	if sites, total := s.PartlyOf(inc.ID, partlyNamed); total > 0 {
		answer.Partly = &PartlySites{Sites: sites, Total: total}
	}
	return answer
}

// getIncidents lists the newest incidents.
//
// @ID       getIncidents
// @Summary  Incidents, newest onset first
// @Description Each incident has its first 20 sites. Follow next until it is null to reach the first incident of all. A page may have fewer entries than limit, or none, and still have a next: beyond the newest 1,000 incidents, at most 1,000 are read for one page.
// @Tags     incidents
// @Produce  json
// @Param    since  query string false "began at or after: RFC 3339, Unix seconds, or how long ago: 90m, 24h, 7d" example(2021-06-08T09:00:00Z)
// @Param    until  query string false "began before" example(2021-06-08T12:00:00Z)
// @Param    overlapping query boolean false "with since: also those that began earlier and were not over then" default(false)
// @Param    as_of  query string false "the incidents that were open at that time, as they were published then; with limit and filters alone: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Param    fields query string false "members that are told, with commas between them; id always is" example(id,title,state)
// @Param    limit  query int    false "incidents on one page" minimum(1) maximum(100) default(20)
// @Param    cursor query string false "next of an earlier answer"
// @Success  200 {object} IncidentList
// @Header   200 {string} Link "the next page, if there is one (RFC 8288)"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/incidents [get]
func (a *api) getIncidents(c *gin.Context, query url.Values) error {
	return a.writeIncidents(c, query, incidentForm{path: "/v1/incidents", now: incidentsJSON,
		then: func(meta board.Meta, incidents []faultline.Incident) (*page.Page, error) {
			return page.New(IncidentList{Meta: meta, Incidents: incidents})
		}})
}

// membersOf is an incident as a list holds it, reduced to the JSON members with these
// names. Without names it holds all of them.
func membersOf(e *board.Entry, names []string) ([]byte, error) {
	if len(names) == 0 {
		return e.Listed, nil
	}
	var all map[string]jsontext.Value
	if err := json.Unmarshal(e.Listed, &all); err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(name string, _ jsontext.Value) bool { return !slices.Contains(names, name) })
	return page.Render(all)
}

// getIncident answers with the last revision.
//
// @ID       getIncident
// @Summary  One incident, with its first 20 sites
// @Tags     incidents
// @Produce  json
// @Param    id path string true "inc_…"
// @Param    as_of query string false "what was published by that time: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {object} IncidentAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/incidents/{id} [get]
func (a *api) getIncident(c *gin.Context, query url.Values) error {
	if at, err := a.readAsOf(query); err != nil || !at.IsZero() {
		if err != nil {
			return err
		}
		return a.incidentAsOf(c, at)
	}
	return a.writeIncident(c, 0, func(s *board.Snapshot, e *board.Entry) (*page.Page, error) {
		return s.Pages.Get(
			e.Incident.ID,
			func() (*page.Page, error) { return page.Of(board.WithMeta(s.MetaBody, e.Listed)), nil },
		)
	}, func(s *board.Snapshot, inc faultline.Incident) (*page.Page, error) {
		return page.New(IncidentAnswer{Meta: s.Meta, Incident: inc.Listed()})
	})
}

// getIncidentSites answers with every site of the last revision.
//
// @ID       getIncidentSites
// @Summary  All sites of an incident
// @Tags     incidents
// @Produce  json
// @Param    id path string true "inc_…"
// @Success  200 {object} IncidentSites
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/incidents/{id}/sites [get]
func (a *api) getIncidentSites(c *gin.Context, _ url.Values) error {
	rendered := func(s *board.Snapshot, inc faultline.Incident) (*page.Page, error) {
		return page.New(newIncidentSites(&inc, s))
	}
	return a.writeIncident(c, 0, func(s *board.Snapshot, e *board.Entry) (*page.Page, error) {
		if !e.Complete {
			return nil, nil
		}
		return s.Pages.Get("sites "+e.Incident.ID, func() (*page.Page, error) { return rendered(s, e.Incident) })
	}, rendered)
}

// getRevision answers with one revision as it was published, with all its sites. It never changes.
//
// @ID       getIncidentRevision
// @Summary  One revision of an incident, with all its sites
// @Description A revision never changes, so this is the address to cite.
// @Tags     incidents
// @Produce  json
// @Param    id path string true "inc_…"
// @Param    n  path int    true "from 1 on" minimum(1)
// @Success  200 {object} IncidentAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/incidents/{id}/revisions/{n} [get]
func (a *api) getRevision(c *gin.Context, _ url.Values) error {
	n, err := readRevisionNumber(c.Param("n"))
	if err != nil {
		return err
	}
	return a.writeIncident(c, n, func(_ *board.Snapshot, e *board.Entry) (*page.Page, error) {
		if !e.Complete || e.Incident.Revision != n {
			return nil, nil
		}
		return e.Revision(a.revisionPage)
	}, func(_ *board.Snapshot, inc faultline.Incident) (*page.Page, error) {
		return a.revisionPage(inc)
	})
}

// writeIncident answers from memory if held has a page there, else with what
// the source has, rendered for this request. A revision, but not 0 for the last
// one, is for good.
func (a *api) writeIncident(
	c *gin.Context,
	revision int,
	held func(*board.Snapshot, *board.Entry) (*page.Page, error),
	rendered func(*board.Snapshot, faultline.Incident) (*page.Page, error),
) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	id := c.Param("id")
	var p *page.Page
	if e := s.Entry(id); e != nil {
		if p, err = held(s, e); err != nil {
			return err
		}
	}
	if p == nil {
		inc, err := a.cfg.Board.ReadThrough(c.Request.Context(), id, revision)
		if err != nil {
			return err
		}
		if p, err = rendered(s, inc); err != nil {
			return err
		}
		p = p.Plain()
	}
	if revision > 0 {
		a.writeRead(c, p, s, page.CacheImmutable)
		return nil
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// headerAsOf says on every read how old what is known is, to the second, which
// bodies do every 10 seconds.
const headerAsOf = "Faultline-As-Of"

// headerCoverage says on reads of current state how much is observed. Answers of JSON say
// so too; a table, a feed or a badge has no place for it, and an empty one is no calm.
const headerCoverage = "Faultline-Coverage"

// writeRead answers with a page of what is known now. What is stale says its age
// to caches, too.
func (a *api) writeRead(c *gin.Context, p *page.Page, s *board.Snapshot, cacheControl []string) {
	a.cfg.Prepared.keep(c, s, p, cacheControl)
	a.writePage(c.Writer, c.Request, p, s, cacheControl)
}

// writePage writes what [api.writeRead] and [Prepared] answer with. What never changes
// has no age.
func (a *api) writePage(w http.ResponseWriter, r *http.Request, p *page.Page, s *board.Snapshot,
	cacheControl []string) (status, size int) {
	h := w.Header()
	if s.AsOf != nil {
		h[headerAsOf] = s.AsOf
	}
	if cacheControl[0] == page.CacheCurrent[0] || cacheControl[0] == page.CacheBriefly[0] {
		h[headerCoverage] = []string{string(s.Coverage().State)}
	}
	if s.Live.Stale && s.Live.AsOf != nil && cacheControl[0] != page.CacheImmutable[0] {
		age := a.cfg.Board.Now().Sub(*s.Live.AsOf)
		h["Age"] = []string{strconv.FormatInt(int64(age/time.Second), 10)}
	}
	return page.Write(w, r, p, cacheControl)
}
