package api

import (
	"net/url"

	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// getSite says how one site does. A site of the map that nobody has said
// anything about is unknown, not ok: silence is no evidence.
//
// @ID       getSite
// @Summary  One site
// @Description A site that was neither checked nor reported is unknown, not ok. A site that is not on the list is not found; POST /v1/checks checks one.
// @Tags     sites
// @Produce  json
// @Param    site path string true "name or address of the site, as a person would type it" example(bbc.co.uk)
// @Param    as_of query string false "its state in the incidents that were open at that time, as published then; counts of ten minutes are null: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {object} SiteAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/sites/{site} [get]
func (a *api) getSite(c *gin.Context, query url.Values) error {
	record, err := a.cfg.Lookup(c.Param("site"))
	if err != nil {
		return siteFault(err)
	}
	if query.Has(asOfKey) {
		return a.writePast(c, query, func(s *board.Snapshot) any {
			answer := SiteAnswer{Meta: s.Meta, SiteNow: siteThen(s.Status(record))}
			if e := s.OfOwner(record.Site); e != nil {
				ref := newIncidentRef(&e.Incident, a.cfg.Board.PublicURL())
				answer.OwnerIncident = &ref
			}
			return answer
		})
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	p, err := s.Sites.Get(record.Site, func() (*page.Page, error) {
		return page.New(a.siteAnswer(s, record))
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}
