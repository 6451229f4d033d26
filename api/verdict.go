package api

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"faultline"
	"faultline/board"
	"faultline/board/find"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// VerdictAnswer is a verdict with how old it is.
type VerdictAnswer struct {
	Meta board.Meta `json:"meta"`
	faultline.Verdict
}

// getVerdict answers "is it me?". The viewer's network is read off the address
// of the request, for this answer alone.
//
// @ID       getVerdict
// @Summary  Is it me? Whether the fault is at the site, its provider, your ISP or you
// @Description The network of the requesting address is looked up for this answer and never stored. Its counts cover the last 10 minutes.
// @Tags     sites
// @Produce  json
// @Param    site query string true "name or address of the site, as a person would type it" example(bbc.co.uk)
// @Success  200 {object} VerdictAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/verdict [get]
func (a *api) getVerdict(c *gin.Context, query url.Values) error {
	if !query.Has("site") {
		return invalidParameter("site", "is needed here: which site is it about?")
	}
	asked := query.Get("site")
	record, err := a.cfg.Lookup(asked)
	if name := find.Question(asked); err != nil && name != asked { // "is reddit down"
		asked = name
		record, err = a.cfg.Lookup(name)
	}
	if err != nil {
		return a.notASite(asked, siteFault(err))
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	p, err := page.New(VerdictAnswer{Meta: s.Meta, Verdict: s.Verdict(record, a.network(c))})
	if err != nil {
		return err
	}
	a.writeRead(c, p.Plain(), s, page.CachePersonal)
	return nil
}

// notASite says where to ask about a provider, a region or a network that was asked for as
// if it were a site. What is known by no such name keeps its error.
func (a *api) notASite(text string, err error) error {
	var invalid faultline.InvalidError
	if !errors.As(err, &invalid) || a.cfg.Find == nil {
		return err
	}
	for _, m := range a.cfg.Find(strings.ToLower(strings.TrimSpace(text)), thingsLimit) {
		if m.Exact {
			return invalidParameter("site", fmt.Sprintf("names %s, a %s and not a site: ask /v1/stack?of=%s about it",
				m.Name, m.Kind, m.ID))
		}
	}
	return err
}

// network is the autonomous system that a request comes from, 0 if unknown.
func (a *api) network(c *gin.Context) uint32 {
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil || a.cfg.Network == nil {
		return 0
	}
	asn, _ := a.cfg.Network.Label(addr.Unmap())
	return asn
}
