package api

import (
	"fmt"
	"net/url"
	"strings"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

const (
	searchLimit = 10
	thingsLimit = 20
	maxSearch   = 100 // bytes of what is searched for
)

// SearchAnswer is what begins with some letters, or may be meant by them.
type SearchAnswer struct {
	Meta       board.Meta       `json:"meta"`
	Components []FoundComponent `json:"components"` // those with most sites first
	Sites      []MemberSite     `json:"sites"`      // the most visited first
	// Things are what the letters may mean, the likeliest first, at most 20: names that
	// are the same, that begin with them, that contain them, and where none does, that
	// are spelt nearly so. Their ids are what a stack is made of.
	Things []FoundThing `json:"things"`
}

// FoundThing is a site, a provider or a component that may be meant.
type FoundThing struct {
	Kind  string `json:"kind"`  // site, provider or component
	ID    string `json:"id"`    // the site, the slug of the provider, the component
	Name  string `json:"name"`  // as a person would write it; empty: only the id is known
	Exact bool   `json:"exact"` // it is called so to the letter
}

// FoundComponent is a component that was searched for.
type FoundComponent struct {
	Component  faultline.Component `json:"component"`
	Name       string              `json:"name"` // as a person would write it
	SitesTotal int                 `json:"sites_total"`
}

// getSearch finds sites, providers and components by their names.
//
// @ID       getSearch
// @Summary  Sites, providers and components by their names
// @Tags     sites
// @Produce  json
// @Param    q query string true "letters of a name; case does not matter. components and sites begin with them; things may contain them, or be spelt nearly so" example(fas)
// @Success  200 {object} SearchAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/search [get]
func (a *api) getSearch(c *gin.Context, query url.Values) error {
	text := strings.ToLower(strings.TrimSpace(query.Get("q")))
	text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "http://"), "www.")
	if text == "" || len(text) > maxSearch {
		return invalidParameter("q", fmt.Sprintf("must be 1 to %d bytes of a name", maxSearch))
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	p, err := s.Pages.Get("search "+text, func() (*page.Page, error) {
		out := SearchAnswer{Meta: s.Meta}
		components, sites := a.cfg.Index.Search(text, searchLimit)
		for _, found := range components {
			_, total, _ := a.cfg.Index.Members(found, 0)
			out.Components = append(out.Components, FoundComponent{found, found.DisplayName(), total})
		}
		for _, name := range sites {
			out.Sites = append(out.Sites, MemberSite{name, s.Status(faultline.SiteRecord{Site: name}).State})
		}
		if a.cfg.Find != nil {
			for _, m := range a.cfg.Find(text, thingsLimit) {
				out.Things = append(out.Things, FoundThing{string(m.Kind), m.ID, m.Name, m.Exact})
			}
		}
		return page.New(out)
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}
