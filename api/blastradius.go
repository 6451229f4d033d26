package api

import (
	"net/url"
	"strings"

	"faultline"
	"faultline/board"

	"github.com/gin-gonic/gin"
)

// radiusSites is how many sites the blast radius of a component names, and of a provider
// for each kind.
const (
	radiusSites         = 100
	providerRadiusSites = 20
)

// BlastRadiusAnswer is what depends on a component, with what of it has an alternative.
type BlastRadiusAnswer struct {
	Meta      board.Meta          `json:"meta"`
	Component faultline.Component `json:"component"`
	Name      string              `json:"name"`
	// Of which part of our list the numbers are: empty words take every site.
	board.Part
	board.Radius
}

// ProviderRadiusAnswer is what depends on a provider, by kind of what it runs.
type ProviderRadiusAnswer struct {
	Meta board.Meta `json:"meta"`
	Slug string     `json:"slug"`
	Name string     `json:"name"`
	board.Part
	// Kinds are those of which the provider runs what a site of the list depends on.
	Kinds []KindRadius `json:"kinds"`
}

// KindRadius is what depends on all that a provider runs of one kind.
type KindRadius struct {
	Kind string `json:"kind"`
	board.Radius
}

// getBlastRadius says what depends on a component.
//
// @ID       getBlastRadius
// @Summary  Sites that depend on a component, and how many have no second provider
// @Description Counts sites of our list, by how much they are visited, by country and by kind of service. known is how many sites there have a component of that kind at all: of the others we do not know what they depend on.
// @Tags     components
// @Produce  json
// @Param    kind    path  string true  "cdn, cloud, dns, asn, …" example(cdn)
// @Param    name    path  string true  "its name; a slash in it is written as a tilde" example(fastly)
// @Param    country query string false "sites that are at home there alone (ISO 3166-1 alpha-2)" example(GB)
// @Param    service query string false "sites of that kind of service alone" example(news)
// @Success  200 {object} BlastRadiusAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/components/{kind}/{name}/blast-radius [get]
func (a *api) getBlastRadius(c *gin.Context, query url.Values) error {
	part, err := a.readPart(query)
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	component, err := a.component(c, s)
	if err != nil {
		return err
	}
	return a.counted(c, s, strings.Join([]string{"radius", string(component), part.Country, part.Service}, " "),
		func() any {
			return BlastRadiusAnswer{Meta: s.Meta, Component: component, Name: component.DisplayName(), Part: part,
				Radius: board.BlastRadius(a.cfg.Index, component, part, radiusSites)}
		})
}

// getProviderRadius says what depends on a provider.
//
// @ID       getProviderRadius
// @Summary  What depends on a provider, and what of it has nothing else
// @Description For each kind of component that the provider runs: how many sites of our list depend on any of it, and how many of those have nobody else of that kind.
// @Tags     components
// @Produce  json
// @Param    slug    path  string true  "its slug" example(fastly)
// @Param    country query string false "sites that are at home there alone (ISO 3166-1 alpha-2)" example(GB)
// @Param    service query string false "sites of that kind of service alone" example(news)
// @Success  200 {object} ProviderRadiusAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/providers/{slug}/blast-radius [get]
func (a *api) getProviderRadius(c *gin.Context, query url.Values) error {
	part, err := a.readPart(query)
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	p, known := a.cfg.Board.Providers().Slug(c.Param("slug"))
	if !known {
		return faultline.ErrNotFound
	}
	return a.counted(c, s, strings.Join([]string{"radius of", p.Slug, part.Country, part.Service}, " "), func() any {
		out := ProviderRadiusAnswer{Meta: s.Meta, Slug: p.Slug, Name: p.Name, Part: part, Kinds: []KindRadius{}}
		for _, kind := range board.ConcentratedKinds() {
			r := board.ProviderRadius(a.cfg.Index, p, kind, part, providerRadiusSites)
			if r.Sites > 0 {
				out.Kinds = append(out.Kinds, KindRadius{kind, r})
			}
		}
		return out
	})
}
