package api

import (
	"net/url"
	"slices"
	"strings"

	"faultline"
	"faultline/board"

	"github.com/gin-gonic/gin"
)

// SiteList is one page of sites, the most visited first.
type SiteList struct {
	Meta  board.Meta `json:"meta"`
	Sites []SiteNow  `json:"sites"`
	Next  *string    `json:"next"` // cursor of the next page; null on the last
}

// siteListKeys are the query keys of the list of sites.
var siteListKeys = []string{"state", "component", "q", "limit", "cursor", asOfKey}

// getSites lists the sites of the list of sites with how each does.
//
// @ID       getSites
// @Summary  Sites, the most visited first
// @Description Sites with their state. A site that was neither checked nor reported is unknown. A page may have fewer entries than limit, or none, and still have a next: at most 20,000 sites are read for one page.
// @Tags     sites
// @Produce  json
// @Param    state     query string false "ok, down, degraded, recovered or unknown; several separated by commas" example(down,degraded)
// @Param    component query string false "a component that the site depends on; of several, separated by commas, one must match" example(cdn:fastly)
// @Param    q         query string false "text that occurs in the name; case is ignored" example(bbc)
// @Param    limit     query int    false "sites on one page" minimum(1) maximum(100) default(20)
// @Param    cursor    query string false "next of an earlier answer"
// @Param    as_of     query string false "their state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {object} SiteList
// @Header   200 {string} Link "the next page, if there is one (RFC 8288)"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/sites [get]
func (a *api) getSites(c *gin.Context, query url.Values) error {
	return a.writeNames(c, "/v1/sites", query, func(s *board.Snapshot, q nameQuery) (any, *string, error) {
		list, err := a.siteList(s, q)
		return list, list.Next, err
	})
}

func (a *api) siteList(s *board.Snapshot, q nameQuery) (SiteList, error) {
	names, next, err := pick(q, a.cfg.Index.Sites(), func(name string) bool { return a.siteFits(s, q, name) })
	list := SiteList{Meta: s.Meta, Next: next, Sites: make([]SiteNow, 0, len(names))}
	for _, name := range names {
		site := siteNow
		if !q.at.IsZero() {
			site = siteThen
		}
		list.Sites = append(list.Sites, site(s.Status(a.cfg.Index.Record(name))))
	}
	return list, err
}

// siteFits reports whether a query takes a site.
func (a *api) siteFits(s *board.Snapshot, q nameQuery, name string) bool {
	if !strings.Contains(name, q.text) {
		return false
	}
	if len(q.components) > 0 && !slices.ContainsFunc(q.components, func(c string) bool {
		return a.cfg.Index.On(faultline.Component(c), name)
	}) {
		return false
	}
	if len(q.states) == 0 {
		return true
	}
	state := faultline.SiteUnknown
	if status, ok := s.Site(name); ok {
		state = status.State
	}
	return slices.Contains(q.states, string(state))
}
