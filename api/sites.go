package api

import (
	"net/url"

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
// @Param    site path string true "as a person would name it" example(bbc.co.uk)
// @Success  200 {object} SiteAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/sites/{site} [get]
func (a *api) getSite(c *gin.Context, _ url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	record, err := a.cfg.Lookup(c.Param("site"))
	if err != nil {
		return siteFault(err)
	}
	p, err := s.Sites.Get(record.Site, func() (*page.Page, error) {
		return page.New(a.siteAnswer(s, s.Status(record)))
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}
