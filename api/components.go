package api

import (
	"errors"
	"net/url"
	"strings"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// listedMembers are the members that a component's answer names.
const listedMembers = 100

// ComponentAnswer is how one piece of shared infrastructure does.
type ComponentAnswer struct {
	Meta      board.Meta          `json:"meta"`
	Component faultline.Component `json:"component"`
	Kind      string              `json:"kind"`
	Name      string              `json:"name"` // as a person would write it
	// State is down while a confirmed incident has it as its cause, degraded while
	// it is a candidate or recovers, ok where members are observed and few fail,
	// else unknown.
	State faultline.SiteState `json:"state"`
	// Failing and Observed count its members just now: those with a failed probe or
	// a report that are down or degraded, and those that probes judge.
	Failing  int `json:"failing"`
	Observed int `json:"observed"`
	// SitesTotal is its blast radius: the sites of the map that depend on it.
	SitesTotal int `json:"sites_total"`
	// Sites are the most visited of them, at most 100, with how each does.
	Sites []MemberSite `json:"sites"`
	// Incidents that it is the cause of, newest onset first, at most 20; the list
	// with its filter cause has the others.
	Incidents []IncidentRef `json:"incidents"`
}

// MemberSite is one site of a component.
type MemberSite struct {
	Site  string              `json:"site"`
	State faultline.SiteState `json:"state"`
}

// component reads the component that a path names. One that no site depends on is
// not found, unless an incident speaks of it: ISPs are on the viewers' side.
func (a *api) component(c *gin.Context, s *board.Snapshot) (faultline.Component, error) {
	component := faultline.ComponentFromPath(strings.ToLower(c.Param("kind")), c.Param("name"))
	if component == "" {
		return "", invalidParameter("name", "is no name of a component of that kind")
	}
	if _, _, known := a.cfg.Index.Members(component, 0); known {
		return component, nil
	}
	usual := component.AsWritten()
	if _, _, known := a.cfg.Index.Members(usual, 0); known {
		return usual, nil
	}
	for _, e := range s.Order {
		if e.Incident.Cause != nil && strings.EqualFold(string(e.Incident.Cause.Component), string(component)) {
			return e.Incident.Cause.Component, nil
		}
	}
	return "", faultline.ErrNotFound
}

// getComponent says how one component does.
//
// @ID       getComponent
// @Summary  One component: its state, and what depends on it
// @Tags     components
// @Produce  json
// @Param    kind path string true "cdn, cloud, dns, asn, …" example(cdn)
// @Param    name path string true "its name; a slash in it is written as a tilde" example(fastly)
// @Param    as_of query string false "its state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {object} ComponentAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/components/{kind}/{name} [get]
func (a *api) getComponent(c *gin.Context, query url.Values) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	if query.Has(asOfKey) {
		return a.componentThen(c, query, s)
	}
	component, err := a.component(c, s)
	if err != nil {
		return err
	}
	p, err := s.Pages.Get(
		"component "+string(component),
		func() (*page.Page, error) { return page.New(a.componentAnswer(s, component)) },
	)
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// componentThen answers with what was published of a component at the moment that a query asks
// for. One that was blamed only then is found there.
func (a *api) componentThen(c *gin.Context, query url.Values, now *board.Snapshot) error {
	at, past, err := a.past(c.Request.Context(), query)
	if err != nil {
		return err
	}
	component, err := a.component(c, past)
	if errors.Is(err, faultline.ErrNotFound) {
		component, err = a.component(c, now)
	}
	if err != nil {
		return err
	}
	p, err := page.New(a.componentAnswer(past, component))
	if err != nil {
		return err
	}
	a.writeAsOf(c, p, at)
	return nil
}

func (a *api) componentAnswer(s *board.Snapshot, component faultline.Component) ComponentAnswer {
	members, total, _ := a.cfg.Index.Members(component, listedMembers)
	out := ComponentAnswer{Meta: s.Meta, Component: component, Kind: component.Kind(), Name: component.DisplayName(),
		State: faultline.SiteUnknown, SitesTotal: total}
	for _, name := range members {
		status, reported := s.Site(name)
		if !reported {
			status.State = faultline.SiteUnknown
		}
		out.Sites = append(out.Sites, MemberSite{name, status.State})
	}
	if t, ok := s.Tallies(a.cfg.Index)[component]; ok {
		out.State, out.Failing, out.Observed = t.State, t.Failing, t.Observed
	}
	for _, e := range s.Order {
		if e.Incident.Cause == nil || e.Incident.Cause.Component != component {
			continue
		}
		if len(out.Incidents) < faultline.ListedSites {
			out.Incidents = append(out.Incidents, newIncidentRef(&e.Incident, a.cfg.Board.PublicURL()))
		}
	}
	return out
}
