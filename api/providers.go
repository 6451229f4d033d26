package api

import (
	"cmp"
	"net/url"
	"slices"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// What a provider's answer names at most.
const (
	listedParts      = 100 // components that it runs
	listedOwn        = 100 // sites that it runs itself
	listedStatements = 20
)

// ProviderList is one page of providers, in the order of the table of providers.
type ProviderList struct {
	Meta      board.Meta       `json:"meta"`
	Providers []ListedProvider `json:"providers"`
	Next      *string          `json:"next"` // cursor of the next page; null on the last
}

// ListedProvider is one provider in short.
type ListedProvider struct {
	Slug    string `json:"slug"`
	Name    string `json:"name"`              // as a person would write it
	ISP     bool   `json:"isp"`               // people reach the internet through its networks
	Country string `json:"country,omitempty"` // where an ISP serves, ISO 3166-1
	// State is down while a confirmed incident has something that it runs as its cause,
	// degraded while one is a candidate or recovers, or one of its components is; ok where
	// sites that depend on it are observed and fewer than half of them fail; else unknown.
	State faultline.SiteState `json:"state"`
	// SitesTotal counts the sites of our list that depend on something that it runs.
	SitesTotal int    `json:"sites_total"`
	URL        string `json:"url"`
}

// ProviderAnswer is one provider: what it runs, what fails of it, and what it says.
type ProviderAnswer struct {
	Meta board.Meta `json:"meta"`
	ListedProvider
	Aliases []string `json:"aliases"` // what people call it
	// StatusPage is the address of its own status page; null: none is known.
	StatusPage *string `json:"status_page"`
	// Components are those of its components that sites depend on or that an incident
	// blames, those that fail first, at most 100.
	Components []ListedComponent `json:"components"`
	Networks   []uint32          `json:"networks"` // autonomous systems that it runs for itself
	// Incidents are those that something it runs is the cause of: the open ones first,
	// then the newest, at most 20. The list with its filter provider has the others.
	Incidents []IncidentRef `json:"incidents"`
	// Dependents are the most visited sites that depend on it, at most 100.
	Dependents []MemberSite `json:"dependents"`
	// Sites are those that it runs itself, at most 100. That one answers says nothing of
	// what it runs for others.
	Sites []MemberSite `json:"sites"`
	// Statements are what it said of these incidents, newest first, at most 20.
	Statements []ProviderStatement `json:"statements"`
}

// ProviderStatement is what a provider said of an incident; lag_s is how many seconds
// after its onset.
type ProviderStatement struct {
	Incident string `json:"incident"`
	faultline.SaidStatement
}

// providerListKeys are the query keys of the list of providers.
var providerListKeys = []string{"state", "q", "limit", "cursor", asOfKey}

// getProviders lists who runs what sites depend on.
//
// @ID       getProviders
// @Summary  Providers of infrastructure and of access
// @Description In the order of the table of providers, internet service providers last.
// @Tags     components
// @Produce  json
// @Param    state  query string false "ok, down, degraded or unknown; several separated by commas" example(down,degraded)
// @Param    q      query string false "text that occurs in its slug, its name or an alias; case is ignored" example(amazon)
// @Param    limit  query int    false "providers on one page" minimum(1) maximum(100) default(20)
// @Param    cursor query string false "next of an earlier answer"
// @Param    as_of  query string false "their state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {object} ProviderList
// @Header   200 {string} Link "the next page, if there is one (RFC 8288)"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  503 {object} Problem
// @Router   /v1/providers [get]
func (a *api) getProviders(c *gin.Context, query url.Values) error {
	return a.writeNames(c, "/v1/providers", query, func(s *board.Snapshot, q nameQuery) (any, *string, error) {
		list, err := a.providerList(s, q)
		return list, list.Next, err
	})
}

func (a *api) providerList(s *board.Snapshot, q nameQuery) (ProviderList, error) {
	providers := a.cfg.Board.Providers()
	var slugs []string
	for _, p := range providers.All() {
		slugs = append(slugs, p.Slug)
	}
	parts := a.parts(s)
	found, next, err := pick(q, slugs, func(slug string) bool {
		p, _ := providers.Slug(slug)
		return p.Holds(q.text) &&
			(len(q.states) == 0 || slices.Contains(q.states, string(a.providerState(s, parts[slug]))))
	})
	list := ProviderList{Meta: s.Meta, Next: next, Providers: make([]ListedProvider, 0, len(found))}
	for _, slug := range found {
		p, _ := providers.Slug(slug)
		list.Providers = append(list.Providers, a.listedProvider(s, p, parts[slug]))
	}
	return list, err
}

// parts are the components of each provider, by its slug, that sites depend on or that
// an incident blames.
func (a *api) parts(s *board.Snapshot) map[string][]faultline.Component {
	parts := map[string][]faultline.Component{}
	for _, c := range a.allComponents(s) {
		if p, ok := a.cfg.Board.Providers().Of(c); ok {
			parts[p.Slug] = append(parts[p.Slug], c)
		}
	}
	return parts
}

func (a *api) providerState(s *board.Snapshot, parts []faultline.Component) faultline.SiteState {
	return s.Tally(a.cfg.Index, parts...).State
}

func (a *api) listedProvider(s *board.Snapshot, p faultline.Provider, parts []faultline.Component) ListedProvider {
	_, total := a.dependentsOf(parts)
	return ListedProvider{Slug: p.Slug, Name: p.Name, ISP: p.ISP, Country: p.Country, State: a.providerState(s, parts),
		SitesTotal: total, URL: a.cfg.Board.PublicURL() + "/v1/providers/" + p.Slug}
}

// dependentsOf are the most visited sites that depend on one of some components, and how
// many there are.
func (a *api) dependentsOf(parts []faultline.Component) (sites []string, total int) {
	all := map[string]bool{}
	for _, c := range parts {
		members, n, _ := a.cfg.Index.Members(c, maxNamesSeen)
		for _, site := range members[:min(n, len(members))] {
			all[site] = true
		}
	}
	for site := range all {
		sites = append(sites, site)
	}
	rank := func(site string) int { return cmp.Or(a.cfg.Index.Record(site).Rank, maxNamesSeen*maxNamesSeen) }
	slices.SortFunc(sites, func(x, y string) int { return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(x, y)) })
	return sites[:min(len(sites), listedMembers)], len(sites)
}

// getProvider says what one provider runs and how that does.
//
// @ID       getProvider
// @Summary  One provider: what it runs, what fails of it, and what it says
// @Description It is found by its slug, its name, or what people call it.
// @Tags     components
// @Produce  json
// @Param    slug path string true "its slug" example(fastly)
// @Param    as_of query string false "its state in the incidents that were open at that time, as published then; unknown if none of them named it: RFC 3339 or Unix seconds" example(2021-06-08T10:00:00Z)
// @Success  200 {object} ProviderAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  404,503 {object} Problem
// @Router   /v1/providers/{slug} [get]
func (a *api) getProvider(c *gin.Context, query url.Values) error {
	p, ok := a.cfg.Board.Providers().Named(c.Param("slug"))
	if !ok {
		return faultline.ErrNotFound
	}
	if query.Has(asOfKey) {
		return a.writePast(c, query, func(s *board.Snapshot) any { return a.providerAnswer(s, p) })
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	answer, err := s.Sites.Get("provider "+p.Slug,
		func() (*page.Page, error) { return page.New(a.providerAnswer(s, p)) })
	if err != nil {
		return err
	}
	a.writeRead(c, answer, s, page.CacheCurrent)
	return nil
}

func (a *api) providerAnswer(s *board.Snapshot, p faultline.Provider) ProviderAnswer {
	parts := a.parts(s)[p.Slug]
	out := ProviderAnswer{Meta: s.Meta, ListedProvider: a.listedProvider(s, p, parts), Aliases: p.Aliases,
		Networks: p.Networks}
	if p.Status != "" {
		out.StatusPage = &p.Status
	}
	for _, c := range parts {
		out.Components = append(out.Components, a.listedComponent(s, c))
	}
	slices.SortStableFunc(out.Components, func(x, y ListedComponent) int { return worse(x.State) - worse(y.State) })
	out.Components = out.Components[:min(len(out.Components), listedParts)]
	sites, _ := a.dependentsOf(parts)
	for _, site := range sites {
		out.Dependents = append(out.Dependents, a.memberSite(s, site))
	}
	for _, site := range p.Sites[:min(len(p.Sites), listedOwn)] {
		out.Sites = append(out.Sites, a.memberSite(s, site))
	}
	out.Incidents, out.Statements = a.incidentsOf(s, p)
	return out
}

func (a *api) memberSite(s *board.Snapshot, site string) MemberSite {
	return MemberSite{site, s.Status(faultline.SiteRecord{Site: site}).State}
}

// worse orders states, the worst first.
func worse(state faultline.SiteState) int {
	order := []faultline.SiteState{faultline.SiteDown, faultline.SiteDegraded, faultline.SiteRecovered,
		faultline.SiteOK}
	if at := slices.Index(order, state); at >= 0 {
		return at
	}
	return len(order)
}

// incidentsOf are the incidents that something a provider runs is the cause of, the
// open ones first, and what it said of them.
func (a *api) incidentsOf(s *board.Snapshot, p faultline.Provider) (refs []IncidentRef, said []ProviderStatement) {
	var caused []*faultline.Incident
	for _, e := range s.Order {
		inc := &e.Incident
		if inc.Cause != nil && inc.State != faultline.StateMerged && inc.State != faultline.StateRetracted &&
			p.Runs(inc.Cause.Component) {
			caused = append(caused, inc)
		}
	}
	slices.SortStableFunc(caused, func(x, y *faultline.Incident) int {
		return cmp.Compare(closed(x), closed(y))
	})
	for _, inc := range caused[:min(len(caused), faultline.ListedSites)] {
		refs = append(refs, newIncidentRef(inc, a.cfg.Board.PublicURL()))
		for _, st := range inc.Statements {
			said = append(said, ProviderStatement{inc.ID, st})
		}
	}
	slices.SortStableFunc(said, func(x, y ProviderStatement) int { return y.At.Compare(x.At) })
	return refs, said[:min(len(said), listedStatements)]
}

func closed(inc *faultline.Incident) int {
	if inc.State.Open() {
		return 0
	}
	return 1
}
