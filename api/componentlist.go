package api

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"faultline"
	"faultline/board"

	"github.com/gin-gonic/gin"
)

// ComponentList is one page of components, those that most sites depend on first.
type ComponentList struct {
	Meta       board.Meta        `json:"meta"`
	Components []ListedComponent `json:"components"`
	Next       *string           `json:"next"` // cursor of the next page; null on the last
}

// ListedComponent is one component in short.
type ListedComponent struct {
	Component faultline.Component `json:"component"`
	Kind      string              `json:"kind"`
	Name      string              `json:"name"` // as a person would write it
	State     faultline.SiteState `json:"state"`
	// Failing and Observed count the sites that depend on it just now: those that are
	// down or degraded, and those that probes judge.
	Failing    int    `json:"failing"`
	Observed   int    `json:"observed"`
	SitesTotal int    `json:"sites_total"` // that depend on it by our list of sites
	URL        string `json:"url"`
}

// componentListKeys are the query keys of the list of components.
var componentListKeys = []string{"kind", "state", "q", "limit", "cursor", asOfKey}

// getComponents lists the infrastructure that sites depend on.
//
// @ID       getComponents
// @Summary  Components, those that most sites depend on first
// @Description A page may have fewer entries than limit, or none, and still have a next: at most 20,000 components are read for one page.
// @Tags     components
// @Produce  json
// @Param    kind   query string false "cdn, cloud, dns, asn, …; several separated by commas" example(cdn,dns)
// @Param    state  query string false "ok, down, degraded or unknown; several separated by commas" example(down,degraded)
// @Param    q      query string false "text that occurs in the name; case is ignored" example(fast)
// @Param    limit  query int    false "components on one page" minimum(1) maximum(100) default(20)
// @Param    cursor query string false "next of an earlier answer"
// @Param    as_of  query string false "their state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {object} ComponentList
// @Header   200 {string} Link "the next page, if there is one (RFC 8288)"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/components [get]
func (a *api) getComponents(c *gin.Context, query url.Values) error {
	return a.writeNames(c, "/v1/components", query, func(s *board.Snapshot, q nameQuery) (any, *string, error) {
		list, err := a.componentList(s, q)
		return list, list.Next, err
	})
}

func (a *api) componentList(s *board.Snapshot, q nameQuery) (ComponentList, error) {
	found, next, err := pick(q, a.allComponents(s), func(c faultline.Component) bool {
		return a.componentFits(s, q, c)
	})
	list := ComponentList{Meta: s.Meta, Next: next, Components: make([]ListedComponent, 0, len(found))}
	for _, c := range found {
		list.Components = append(list.Components, a.listedComponent(s, c))
	}
	return list, err
}

// allComponents is what sites depend on, and behind that what an incident blames
// although no site of the list depends on it: ISPs are on the viewers' side.
func (a *api) allComponents(s *board.Snapshot) []faultline.Component {
	all := a.cfg.Index.Components()
	var blamed []faultline.Component
	for _, e := range s.Order {
		if e.Incident.Cause == nil {
			continue
		}
		c := e.Incident.Cause.Component
		if a.sitesOf(c) == 0 {
			blamed = append(blamed, c)
		}
	}
	slices.Sort(blamed)
	return append(all, slices.Compact(blamed)...)
}

// sitesOf is how many sites depend on a component by the list of sites.
func (a *api) sitesOf(c faultline.Component) int {
	_, total, _ := a.cfg.Index.Members(c, 0)
	return total
}

// componentFits reports whether a query takes a component.
func (a *api) componentFits(s *board.Snapshot, q nameQuery, c faultline.Component) bool {
	if len(q.kinds) > 0 && !slices.Contains(q.kinds, c.Kind()) {
		return false
	}
	if q.text != "" && !strings.Contains(strings.ToLower(string(c)), q.text) &&
		!strings.Contains(strings.ToLower(c.DisplayName()), q.text) {
		return false
	}
	return len(q.states) == 0 || slices.Contains(q.states, string(a.stateNow(s, c)))
}

func (a *api) stateNow(s *board.Snapshot, c faultline.Component) faultline.SiteState {
	return cmp.Or(s.Tallies(a.cfg.Index)[c].State, faultline.SiteUnknown)
}

func (a *api) listedComponent(s *board.Snapshot, c faultline.Component) ListedComponent {
	t := s.Tallies(a.cfg.Index)[c]
	return ListedComponent{
		Component: c, Kind: c.Kind(), Name: c.DisplayName(), State: a.stateNow(s, c),
		Failing: t.Failing, Observed: t.Observed, SitesTotal: a.sitesOf(c),
		URL: a.cfg.Board.PublicURL() + "/v1/components/" + c.Path(),
	}
}
