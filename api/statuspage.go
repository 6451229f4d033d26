package api

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// The read shape of Atlassian Statuspage v2, field by field as live pages answer
// it: what reads those can be pointed at us. Values that it knows no word for are
// never made up.

// StatuspageAnswer is any of its answers: page is always there, the rest as the
// file has it.
type StatuspageAnswer struct {
	Page        StatuspagePage         `json:"page"`
	Status      *StatuspageStatus      `json:"status,omitzero"`
	Components  *[]StatuspageComponent `json:"components,omitzero"`
	Incidents   *[]StatuspageIncident  `json:"incidents,omitzero"`
	Maintenance *[]StatuspageIncident  `json:"scheduled_maintenances,omitzero"` // always empty
}

// StatuspagePage names what the status is of.
type StatuspagePage struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	URL       string `json:"url"`
	TimeZone  string `json:"time_zone"`
	UpdatedAt string `json:"updated_at"`
}

// StatuspageStatus is the state in one word: none, minor, major or critical.
type StatuspageStatus struct {
	Indicator   string `json:"indicator"`
	Description string `json:"description"`
}

// StatuspageComponent is a part: a site of a component's page, a piece of
// infrastructure on the page of all.
type StatuspageComponent struct {
	ID                 string  `json:"id"`
	Name               string  `json:"name"`
	Status             string  `json:"status"`
	CreatedAt          string  `json:"created_at"`
	UpdatedAt          string  `json:"updated_at"`
	Position           int     `json:"position"`
	Description        *string `json:"description"`
	Showcase           bool    `json:"showcase"`
	StartDate          *string `json:"start_date"`
	GroupID            *string `json:"group_id"`
	PageID             string  `json:"page_id"`
	Group              bool    `json:"group"`
	OnlyShowIfDegraded bool    `json:"only_show_if_degraded"`
}

// StatuspageIncident is an incident with its updates, newest first.
type StatuspageIncident struct {
	ID              string                `json:"id"`
	Name            string                `json:"name"`
	Status          string                `json:"status"`
	CreatedAt       string                `json:"created_at"`
	UpdatedAt       string                `json:"updated_at"`
	MonitoringAt    *string               `json:"monitoring_at"`
	ResolvedAt      *string               `json:"resolved_at"`
	Impact          string                `json:"impact"`
	Shortlink       string                `json:"shortlink"`
	StartedAt       string                `json:"started_at"`
	PageID          string                `json:"page_id"`
	IncidentUpdates []StatuspageUpdate    `json:"incident_updates"`
	Components      []StatuspageComponent `json:"components"`
}

// StatuspageUpdate is one thing that was said of an incident.
type StatuspageUpdate struct {
	ID                   string               `json:"id"`
	Status               string               `json:"status"`
	Body                 string               `json:"body"`
	IncidentID           string               `json:"incident_id"`
	CreatedAt            string               `json:"created_at"`
	UpdatedAt            string               `json:"updated_at"`
	DisplayAt            string               `json:"display_at"`
	AffectedComponents   []StatuspageAffected `json:"affected_components"`
	DeliverNotifications bool                 `json:"deliver_notifications"`
	CustomTweet          *string              `json:"custom_tweet"`
	TweetID              *string              `json:"tweet_id"`
}

// StatuspageAffected is a part whose state an update changed.
type StatuspageAffected struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	OldStatus string `json:"old_status"`
	NewStatus string `json:"new_status"`
}

// statuspageFiles says which members an answer has, by the path behind /api/v2/.
var statuspageFiles = map[string][]string{
	"summary.json": {"status", "components", "unresolved", "maintenance"}, "status.json": {"status"},
	"components.json": {"components"}, "incidents.json": {"incidents"}, "incidents/unresolved.json": {"unresolved"},
	"scheduled-maintenances.json": {"maintenance"}, "scheduled-maintenances/upcoming.json": {"maintenance"},
	"scheduled-maintenances/active.json": {"maintenance"},
}

// getStatuspage is the status of everything in the shape of Statuspage v2.
//
// @ID       getStatuspage
// @Summary  The status of everything, in the shape of Statuspage v2
// @Description summary, status, components, incidents or scheduled-maintenances. Components are the pieces of infrastructure that most sites depend on.
// @Tags     statuspage
// @Produce  json
// @Param    file path string true "the file" Enums(summary.json, status.json, components.json, incidents.json, scheduled-maintenances.json) example(summary.json)
// @Success  200 {object} StatuspageAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404,503 {object} Problem
// @Router   /statuspage/api/v2/{file} [get]
func (a *api) getStatuspage(c *gin.Context, _ url.Values) error { return a.writeStatuspage(c) }

// getStatuspageList is one of the shorter lists of the same.
//
// @ID       getStatuspageList
// @Summary  What is unresolved, or planned, in the shape of Statuspage v2
// @Tags     statuspage
// @Produce  json
// @Param    file path string true "the list" Enums(incidents, scheduled-maintenances) example(incidents)
// @Param    part path string true "unresolved.json of incidents; upcoming.json or active.json of maintenances, which are always empty" Enums(unresolved.json, upcoming.json, active.json) example(unresolved.json)
// @Success  200 {object} StatuspageAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404,503 {object} Problem
// @Router   /statuspage/api/v2/{file}/{part} [get]
func (a *api) getStatuspageList(c *gin.Context, _ url.Values) error { return a.writeStatuspage(c) }

// getRootStatuspage is the status of everything, for clients that know a host and
// no path.
//
// @ID       getRootStatuspage
// @Summary  The same, where clients look for it that take a host and no path
// @Tags     statuspage
// @Produce  json
// @Param    file path string true "the file" Enums(summary.json, status.json, components.json, incidents.json, scheduled-maintenances.json) example(summary.json)
// @Success  200 {object} StatuspageAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404,503 {object} Problem
// @Router   /api/v2/{file} [get]
func (a *api) getRootStatuspage(c *gin.Context, _ url.Values) error { return a.writeStatuspage(c) }

// getRootStatuspageList is one of the shorter lists of the same.
//
// @ID       getRootStatuspageList
// @Summary  What is unresolved, or planned, where such clients look for it
// @Tags     statuspage
// @Produce  json
// @Param    file path string true "the list" Enums(incidents, scheduled-maintenances) example(incidents)
// @Param    part path string true "unresolved.json of incidents; upcoming.json or active.json of maintenances, which are always empty" Enums(unresolved.json, upcoming.json, active.json) example(unresolved.json)
// @Success  200 {object} StatuspageAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404,503 {object} Problem
// @Router   /api/v2/{file}/{part} [get]
func (a *api) getRootStatuspageList(c *gin.Context, _ url.Values) error { return a.writeStatuspage(c) }

// getComponentStatuspage is the status of one component, or of one provider.
//
// @ID       getComponentStatuspage
// @Summary  The status of one component, in the shape of Statuspage v2
// @Description Its parts are the most visited sites that depend on it, its incidents those that it is the cause of. With the kind provider and a provider's slug, its parts are the components that the provider runs; with the kind site and its name, it is of that site; with the kind stack and a list of names with commas between them, its parts are what you depend on.
// @Tags     statuspage
// @Produce  json
// @Param    kind path string true "cdn, cloud, dns, asn, …, or provider, site or stack" example(cdn)
// @Param    name path string true "its name; a slash in it is written as a tilde" example(fastly)
// @Param    file path string true "the file" Enums(summary.json, status.json, components.json, incidents.json, scheduled-maintenances.json) example(summary.json)
// @Success  200 {object} StatuspageAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  400,404,503 {object} Problem
// @Router   /statuspage/{kind}/{name}/api/v2/{file} [get]
func (a *api) getComponentStatuspage(c *gin.Context, _ url.Values) error { return a.writeStatuspage(c) }

// getComponentStatuspageList is one of the shorter lists of the same.
//
// @ID       getComponentStatuspageList
// @Summary  What of one component is unresolved, or planned, in the shape of Statuspage v2
// @Tags     statuspage
// @Produce  json
// @Param    kind path string true "cdn, cloud, dns, asn, …, or provider, site or stack" example(cdn)
// @Param    name path string true "its name; a slash in it is written as a tilde" example(fastly)
// @Param    file path string true "the list" Enums(incidents, scheduled-maintenances) example(incidents)
// @Param    part path string true "unresolved.json of incidents; upcoming.json or active.json of maintenances, which are always empty" Enums(unresolved.json, upcoming.json, active.json) example(unresolved.json)
// @Success  200 {object} StatuspageAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  400,404,503 {object} Problem
// @Router   /statuspage/{kind}/{name}/api/v2/{file}/{part} [get]
func (a *api) getComponentStatuspageList(c *gin.Context, _ url.Values) error {
	return a.writeStatuspage(c)
}

func (a *api) writeStatuspage(c *gin.Context) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	file := strings.TrimSuffix(c.Param("file")+"/"+c.Param("part"), "/")
	members, known := statuspageFiles[file]
	if !known {
		return faultline.ErrNotFound
	}
	of, err := a.statuspageOf(c, s)
	if err != nil {
		return err
	}
	p, err := s.Pages.Get("statuspage "+of.key()+" "+file, func() (*page.Page, error) {
		return page.New(a.statuspage(c.Request.Context(), s, of, members))
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// statuspageOf reads what a page is of. A path without a kind is of everything.
func (a *api) statuspageOf(c *gin.Context, s *board.Snapshot) (of statuspageOf, err error) {
	switch c.Param("kind") {
	case "":
	case kindStack, faultline.KindSite:
		of.stack, err = faultline.ReadStack(c.Param("name"), a.cfg.Lookup, a.cfg.Board.Providers())
		if err != nil {
			return of, stackFault(err)
		}
	case kindProvider:
		p, ok := a.cfg.Board.Providers().Named(c.Param("name"))
		if !ok {
			return of, faultline.ErrNotFound
		}
		of.provider = &p
	default:
		of.component, err = a.component(c, s)
	}
	return of, err
}

func (a *api) statuspage(ctx context.Context, s *board.Snapshot, of statuspageOf,
	members []string) StatuspageAnswer {
	page := a.newStatuspagePage(ctx, s, of)
	all := page.incidents(statuspageIncidents)
	open := slices.DeleteFunc(slices.Clone(all), func(i StatuspageIncident) bool { return i.Status == "resolved" })
	out := StatuspageAnswer{Page: page.StatuspagePage}
	for _, member := range members {
		switch member {
		case "status":
			out.Status = page.status(open, s.Coverage())
		case "components":
			out.Components = &page.parts
		case "incidents":
			out.Incidents = &all
		case "unresolved":
			out.Incidents = &open
		case "maintenance":
			out.Maintenance = &[]StatuspageIncident{}
		}
	}
	return out
}

// kindProvider stands where the kind of a component does, in addresses of what is a
// provider's.
const kindProvider = "provider"

// kindStack stands there before a list of things that somebody depends on.
const kindStack = "stack"

// stackFault says of a list in a path what is wrong with it: that nothing of it is known
// is as if nothing were there.
func stackFault(err error) error {
	var invalid faultline.InvalidError
	if errors.As(err, &invalid) {
		return faultline.ErrNotFound
	}
	return err
}

// names is the list of a stack as it stands in addresses.
func (o statuspageOf) names() string {
	f := faultline.Filter{Of: o.stack}
	return f.Query().Get("of")
}

// statuspageOf is what a page is of: one component, what one provider runs, what
// somebody depends on, or everything.
type statuspageOf struct {
	component faultline.Component
	provider  *faultline.Provider
	stack     []faultline.StackItem
}

func (o statuspageOf) key() string {
	if o.stack != nil {
		return kindStack + " " + o.names()
	}
	if o.provider != nil {
		return kindProvider + " " + o.provider.Slug
	}
	return string(o.component)
}

// has reports whether an incident depends on the page.
func (o statuspageOf) has(inc *faultline.Incident) bool {
	switch {
	case o.stack != nil:
		return slices.ContainsFunc(o.stack, func(i faultline.StackItem) bool { return i.Takes(inc) })
	case o.provider != nil:
		return inc.Cause != nil && o.provider.Runs(inc.Cause.Component)
	case o.component != "":
		return inc.Cause != nil && inc.Cause.Component == o.component
	}
	return true
}

// impacts are its words for how bad something is, in order.
var impacts = []string{"none", "minor", "major", "critical"}
