package api

import (
	"net/url"
	"strconv"
	"time"

	"faultline"

	"github.com/gin-gonic/gin"
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
	Meta      Meta                 `json:"meta"`
	Incidents []faultline.Incident `json:"incidents"`
	Next      *string              `json:"next"` // cursor of the next page; null on the last
}

// IncidentSites are all sites of an incident at one revision.
type IncidentSites struct {
	ID         string                   `json:"id"`
	Revision   int                      `json:"revision"`
	State      faultline.IncidentState  `json:"state"`
	UpdatedAt  time.Time                `json:"updated_at"`
	Sites      []faultline.IncidentSite `json:"sites"`
	SitesTotal int                      `json:"sites_total"`
}

func newIncidentSites(inc *faultline.Incident) IncidentSites {
	return IncidentSites{ID: inc.ID, Revision: inc.Revision, State: inc.State,
		UpdatedAt: inc.UpdatedAt, Sites: inc.Sites, SitesTotal: inc.SitesTotal}
}

// getIncidents lists the newest incidents.
//
// @ID       getIncidents
// @Summary  Incidents, newest onset first
// @Description Each carries its first 20 sites. Follow next until it is null.
// @Tags     incidents
// @Produce  json
// @Param    state  query string false "states with commas between them; open is candidate, confirmed and recovering" example(open)
// @Param    cause  query string false "a component such as cdn:fastly, or none for unattributed" example(cdn:fastly)
// @Param    limit  query int    false "incidents on one page" minimum(1) maximum(100) default(20)
// @Param    cursor query string false "next of an earlier answer"
// @Success  200 {object} IncidentList
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  400,503 {object} Problem
// @Router   /v1/incidents [get]
func (a *api) getIncidents(c *gin.Context, query url.Values) error {
	q, err := newListQuery(query)
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.snapshot()
	if err != nil {
		return err
	}
	p, err := s.lists.get(q.key(), func() (*page, error) { return s.list(q) })
	if err != nil {
		return err
	}
	writeRead(c, p, s.listMeta, cacheCurrent)
	return nil
}

// list puts a page of the list together from incidents that are rendered
// already.
func (s *snapshot) list(q listQuery) (*page, error) {
	meta, err := render(s.listMeta)
	if err != nil {
		return nil, err
	}
	body := append([]byte(`{"meta":`), meta...)
	body = append(body, `,"incidents":[`...)
	next, taken := "null", 0
	var last cursor
	for _, e := range s.order {
		if q.after.id != "" && !q.after.before(cursorOf(&e.inc)) || !q.takes(&e.inc) {
			continue
		}
		if taken == q.limit {
			next = strconv.Quote(last.String()) // base64url: nothing to escape
			break
		}
		if taken++; taken > 1 {
			body = append(body, ',')
		}
		body = append(body, e.listed.body...)
		last = cursorOf(&e.inc)
	}
	body = append(append(append(body, `],"next":`...), next...), '}')
	return pageOf(body), nil
}

// getIncident answers with the last revision.
//
// @ID       getIncident
// @Summary  One incident, with its first 20 sites
// @Tags     incidents
// @Produce  json
// @Param    id path string true "inc_…"
// @Success  200 {object} faultline.Incident
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  400,404,503 {object} Problem
// @Router   /v1/incidents/{id} [get]
func (a *api) getIncident(c *gin.Context, _ url.Values) error {
	return a.writeIncident(c, 0, cacheCurrent,
		func(e *entry) (*page, error) { return e.listed, nil },
		func(inc faultline.Incident) (*page, error) { return newPage(inc.Listed()) })
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
// @Failure  400,404,503 {object} Problem
// @Router   /v1/incidents/{id}/sites [get]
func (a *api) getIncidentSites(c *gin.Context, _ url.Values) error {
	return a.writeIncident(c, 0, cacheCurrent,
		func(e *entry) (*page, error) {
			if !e.complete {
				return nil, nil
			}
			return e.sites()
		},
		func(inc faultline.Incident) (*page, error) { return newPage(newIncidentSites(&inc)) })
}

// getRevision answers with one revision as it was told, with all its sites. It
// never changes.
//
// @ID       getIncidentRevision
// @Summary  One revision of an incident, with all its sites
// @Description A revision is never rewritten: this is what to cite.
// @Tags     incidents
// @Produce  json
// @Param    id path string true "inc_…"
// @Param    n  path int    true "from 1 on" minimum(1)
// @Success  200 {object} faultline.Incident
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  400,404,503 {object} Problem
// @Router   /v1/incidents/{id}/revisions/{n} [get]
func (a *api) getRevision(c *gin.Context, _ url.Values) error {
	text := c.Param("n")
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return invalidParameter("n", "must be a whole number from 1 on")
	}
	return a.writeIncident(c, int(n), cacheImmutable,
		func(e *entry) (*page, error) {
			if !e.complete || e.inc.Revision != int(n) {
				return nil, nil
			}
			return e.whole()
		},
		func(inc faultline.Incident) (*page, error) { return newPage(inc) })
}

// writeIncident answers from memory if held has a page there, else with what
// the source has, rendered for this request.
func (a *api) writeIncident(c *gin.Context, revision int, cacheControl string,
	held func(*entry) (*page, error), rendered func(faultline.Incident) (*page, error)) error {
	s, err := a.cfg.Board.snapshot()
	if err != nil {
		return err
	}
	id := c.Param("id")
	var p *page
	if e := s.byID[id]; e != nil {
		if p, err = held(e); err != nil {
			return err
		}
	}
	if p == nil {
		inc, err := a.cfg.Board.readThrough(c.Request.Context(), id, revision)
		if err != nil {
			return err
		}
		if p, err = rendered(inc); err != nil {
			return err
		}
	}
	writeRead(c, p, s.meta, cacheControl)
	return nil
}

// headerAsOf says on every read how old it is, so that the bodies of incidents
// and sites need not change to say so.
const headerAsOf = "Faultline-As-Of"

func writeRead(c *gin.Context, p *page, meta Meta, cacheControl string) {
	if meta.AsOf != nil {
		c.Writer.Header().Set(headerAsOf, meta.AsOf.UTC().Format(time.RFC3339Nano))
	}
	writePage(c, p, cacheControl)
}
