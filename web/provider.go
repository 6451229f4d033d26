package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"faultline"
	"faultline/board/find"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Bounds of a provider's page and of a search, in lines.
const (
	// Some clouds have more regions and services than a page can show.
	partsListed = 60 // components of one provider
	ownListed   = 30 // sites that it runs itself
	foundListed = 20
)

// providerPage answers: is this provider failing, and what of it? Kicker says above the
// name what kind of provider it is. The statements are the provider's words, and stand
// apart from what Faultline observed.
type providerPage struct {
	shell
	Name, Kicker string
	Answer       string
	Status       string // the address of its own status page
	Notices      []noticeRow
	Open         []headline
	Parts        []standing
	Sites        []statusRow
	Statements   []statementRow
	Ended        []incidentLine
}

// provider shows a provider by its slug. With .md at its end the address is that of the same
// page in Markdown. Slugs are lower case; other spellings are redirected to the one address.
func (w *Web) provider(c *gin.Context, v *localizer) error {
	slug, markdown := strings.CutSuffix(strings.ToLower(c.Param("slug")), asMarkdown)
	p, ok := w.cfg.Providers.Slug(slug)
	if !ok {
		return faultline.ErrNotFound
	}
	if markdown {
		return w.providerMarkdown(c, p)
	}
	if slug != c.Param("slug") {
		v.seeOther(c, "/provider/"+slug+v.Query, page.CacheBriefly)
		return nil
	}
	return w.show(c, v, "provider/"+slug, func(context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		return doc{page: "provider", data: v.providerPage(p, incidents), cache: page.CacheCurrent}, nil
	})
}

// providerPage builds the page: the state of what it runs, and what it publishes about that.
// The worst incident stands first. Only the statements of the newest incident are shown,
// since older ones are on the pages of theirs.
func (v *localizer) providerPage(of faultline.Provider, incidents []faultline.Incident) providerPage {
	asOf, _ := v.clock()
	p := providerPage{Name: of.Name, Status: of.Status, Kicker: v.say("provider.kind")}
	if of.ISP {
		p.Kicker = v.say("provider.isp")
	}
	drill := false
	for i := range incidents {
		inc := &incidents[i]
		// A merged incident lives on in another one, which is listed itself.
		if inc.Cause == nil || inc.State == faultline.StateMerged || !of.Runs(inc.Cause.Component) {
			continue
		}
		drill = drill || inc.Drill
		// incidents has the newest first.
		if p.Statements == nil {
			p.Statements = v.statements(inc.Statements)
		}
		if inc.State.Open() {
			h := v.liveHeadlineOf(inc, asOf)
			h.Linked = true
			p.Open = append(p.Open, h)
			// One that was never confirmed accused nobody, and is not held against a provider
			// afterwards.
		} else if len(p.Ended) < incidentsListed && inc.ConfirmedAt != nil {
			p.Ended = append(p.Ended, v.lineOf(inc, asOf))
		}
	}
	slices.SortStableFunc(p.Open, func(a, b headline) int { return weight(b.State) - weight(a.State) })
	parts := v.partsOf(of)
	p.Answer = v.answerComponent(of.Name, p.Open, v.cfg.Tally(parts...), of.ISP)
	p.Parts = v.standings(parts, incidents)
	p.Sites = v.ownSites(of)
	p.Notices = v.notices(of.Runs)
	p.shell = v.shell("/provider/"+of.Slug, v.say("component.title", "Name", of.Name), p.Answer)
	p.inMarkdown(v.prefix + "/provider/" + of.Slug + asMarkdown)
	p.follow("all", 0, p.Answer)
	v.offer(&p.shell, of.Slug)
	v.illustrate(&p.shell, "/card/provider/"+of.Slug+".png", p.Answer)
	p.Drill = p.Drill || drill
	return p
}

// partsOf are the components of a provider that sites depend on. One that no site of
// our list depends on is left out: nothing could be observed of it. They come in the
// order of Components, the most used first, so the bound leaves out the least used.
func (v *localizer) partsOf(of faultline.Provider) []faultline.Component {
	var parts []faultline.Component
	for _, c := range v.cfg.Components() {
		if len(parts) < partsListed && of.Runs(c) && v.cfg.Members(c) > 0 {
			parts = append(parts, c)
		}
	}
	return parts
}

// ownSites are the sites that a provider runs itself. That one of them answers says
// nothing of what it runs for others. The order of equal states is that of the
// provider's own list.
func (v *localizer) ownSites(of faultline.Provider) (rows []statusRow) {
	shown := map[string]bool{} // a host of a site leads to the site
	for _, site := range of.Sites {
		record, err := v.cfg.Lookup(site)
		if err != nil || shown[record.Site] {
			continue
		}
		shown[record.Site] = true
		status, _ := v.statusOf(record)
		rows = append(rows, v.statusRow(status))
	}
	slices.SortStableFunc(rows, func(a, b statusRow) int {
		return slices.Index(siteStates, a.State) - slices.Index(siteStates, b.State)
	})
	// Cut after sorting, so that a failing site is never among those left out.
	return rows[:min(len(rows), ownListed)]
}

// foundPage lists what may be meant by what was typed. It is shown when a name is that of
// several things, or of none exactly.
type foundPage struct {
	shell
	Answer string
	Rows   []foundRow
}

// foundRow is one thing that may be meant.
type foundRow struct {
	URL, Name, Kind, Detail string
	Open                    []incidentLine // that concern it
}

// find leads to what was asked for where there is no doubt what that is: one exact
// match, or several that one provider owns. It lists what may be meant where there is
// doubt. It reports false when it knows nothing by that name, and then the name is read
// as that of a site. Only an exact name redirects. To guess between near names would
// lead a reader who mistypes to the page of another service, which says that all is
// well.
func (w *Web) find(c *gin.Context, v *localizer, asked string) (bool, error) {
	if w.cfg.Find == nil {
		return false, nil
	}
	matches := w.cfg.Find(asked, foundListed)
	// of no capacity, so that append does not write into matches
	exact := matches[:0:0]
	for _, m := range matches {
		if m.Exact {
			exact = append(exact, m)
		}
	}
	switch {
	case len(matches) == 0:
		return false, nil
	case len(exact) == 1 || len(exact) > 1 && w.oneOwner(exact):
		v.seeOther(c, v.foundPath(exact[0].Thing)+v.Query, page.CacheBriefly)
		return true, nil
	// Near names are dropped where there are exact ones: they would only distract.
	case len(exact) > 1:
		matches = exact
	}
	return true, w.show(c, v, "found/"+find.Question(asked), func(context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		return doc{
			page:  "found",
			data:  v.foundPage(find.Question(asked), matches, len(exact) > 0, incidents),
			cache: page.CacheCurrent,
		}, nil
	})
}

// oneOwner reports whether everything that a name means belongs to the provider that it
// means first: its page then has the rest. For example, the name of a company may be
// that of the provider, of its site and of a component of it.
func (w *Web) oneOwner(exact []find.Match) bool {
	p, ok := w.cfg.Providers.Slug(exact[0].ID)
	if !ok || exact[0].Kind != find.Provider {
		return false
	}
	for _, m := range exact[1:] {
		switch {
		case m.Kind == find.Site && slices.Contains(p.Sites, m.ID):
		case m.Kind == find.Component && p.Runs(faultline.Component(m.ID)):
		default:
			return false
		}
	}
	return true
}

// foundPath is the page of a thing.
func (v *localizer) foundPath(t find.Thing) string {
	switch t.Kind {
	case find.Provider:
		return "/provider/" + t.ID
	case find.Component:
		return "/component/" + faultline.Component(t.ID).Path()
	}
	return "/site/" + url.PathEscape(t.ID)
}

// foundPage lists what a search may have meant. It has no address of its own in the
// shell, since a list of guesses is nothing to link to.
func (v *localizer) foundPage(text string, matches []find.Match, exact bool, incidents []faultline.Incident) foundPage {
	p := foundPage{Answer: v.say("found.nearly", "Text", text)}
	if exact {
		p.Answer = v.say("found.several", "Text", text)
	}
	for _, m := range matches {
		row := v.foundRow(m)
		row.Open = v.openOf(m.Thing, incidents)
		p.Rows = append(p.Rows, row)
	}
	p.shell = v.shell("", v.say("found.title"), p.Answer)
	return p
}

// foundIncidents is how many open incidents are named beside one thing that may be meant.
const foundIncidents = 3

// openOf are the open incidents that concern a thing. Whoever searches during an outage then
// reads of it in the list already, whichever of several things they meant.
func (v *localizer) openOf(t find.Thing, incidents []faultline.Incident) (open []incidentLine) {
	asOf, _ := v.clock()
	for i := range incidents {
		inc := &incidents[i]
		if inc.State.Open() && len(open) < foundIncidents && v.concerns(t, inc) {
			open = append(open, v.lineOf(inc, asOf))
		}
	}
	return open
}

// concerns reports whether an incident is of a thing: of what a provider runs, of a
// component, of a site that it takes down or whose owner runs what fails. It follows
// the same rule as the site's page: an outage of what the owner runs concerns the
// owner's site.
func (v *localizer) concerns(t find.Thing, inc *faultline.Incident) bool {
	if t.Kind == find.Site && slices.ContainsFunc(inc.Sites,
		func(s faultline.IncidentSite) bool { return s.Site == t.ID }) {
		return true
	}
	if inc.Cause == nil {
		return false
	}
	switch t.Kind {
	case find.Component:
		return inc.Cause.Component == faultline.Component(t.ID)
	case find.Provider:
		p, ok := v.cfg.Providers.Slug(t.ID)
		return ok && p.Runs(inc.Cause.Component)
	}
	return slices.ContainsFunc(v.cfg.Providers.All(), func(p faultline.Provider) bool {
		return slices.Contains(p.Sites, t.ID) && p.Runs(inc.Cause.Component)
	})
}

// foundRow is one match of a search.
func (v *localizer) foundRow(m find.Match) foundRow {
	row := foundRow{
		URL:    v.link(v.foundPath(m.Thing)),
		Name:   m.Name,
		Kind:   v.say("found." + string(m.Kind)),
		Detail: m.ID,
	}
	if m.Kind == find.Provider {
		row.Detail = ""
	}
	if row.Name == "" {
		row.Name = m.ID
	}
	return row
}
