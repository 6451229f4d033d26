package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Bounds of the pages to browse, and of the doors to them on the first page.
const (
	listRows = 50 // of one page
	// pages beyond this are answered with the first; a number in an address is a
	// stranger's
	listPages   = 1_000
	listQuery   = 64 // bytes of what is searched for
	doorEntries = 5
)

// listPage is a list to browse: of components, providers or sites. Before and Next are
// plain links, so that the list can be read without a script.
type listPage struct {
	shell
	Answer, Lead string
	Kinds        []kindLink // of components
	Q, Asked     string     // what is searched for, and the kind
	Rows         []listRow
	Count        string
	Before, Next string // other pages; empty: there is none
}

type kindLink struct {
	URL, Name string
	Current   bool
}

// listRow is something with a page of its own, and how it does. The state is told by an
// icon and by a word beside it: colour alone is lost on some readers.
type listRow struct {
	URL, Name, Kind string
	State           string // as of an icon; empty: nothing is said of it
	Word, Detail    string
}

// door is a way from the first page to a kind of things.
type door struct {
	Title, All string
	Rows       []listRow
}

// doorKinds are the kinds of components that have a door, in the order of the page.
// They are what most sites depend on. Networks and certificate authorities have no
// door; they are found by search and from the pages of sites.
var doorKinds = []string{faultline.KindCDN, faultline.KindCloud, faultline.KindDNS}

// doors lead to what most sites depend on, and to internet service providers.
// Components come in the order of how many sites depend on them, so the first five are
// the ones whose failure a reader would notice. A kind without any has no door.
func (v *localizer) doors(incidents []faultline.Incident) []door {
	open := openByComponent(incidents)
	var doors []door
	for _, kind := range doorKinds {
		d := door{Title: v.say("list.kinds." + kind), All: v.listLink("/components", url.Values{"kind": {kind}})}
		for _, c := range v.cfg.Components() {
			if c.Kind() == kind && len(d.Rows) < doorEntries {
				d.Rows = append(d.Rows, v.componentRow(c, open))
			}
		}
		if len(d.Rows) > 0 {
			doors = append(doors, d)
		}
	}
	d := door{Title: v.say("list.kinds.isp"), All: v.listLink("/providers", url.Values{"kind": {faultline.KindISP}})}
	for _, p := range v.cfg.Providers.All() {
		if p.ISP && len(d.Rows) < doorEntries {
			d.Rows = append(d.Rows, v.providerRow(p, open))
		}
	}
	if len(d.Rows) > 0 {
		doors = append(doors, d)
	}
	return doors
}

// openByComponent is the weightiest open incident of each component. One walk over the
// incidents serves all rows of a list, which may be thousands.
func openByComponent(incidents []faultline.Incident) map[faultline.Component]faultline.IncidentState {
	open := map[faultline.Component]faultline.IncidentState{}
	for i := range incidents {
		inc := &incidents[i]
		if inc.Cause != nil && inc.State.Open() && weight(inc.State) > weight(open[inc.Cause.Component]) {
			open[inc.Cause.Component] = inc.State
		}
	}
	return open
}

// componentRow is a component with its state and how many of its sites fail.
func (v *localizer) componentRow(c faultline.Component, open map[faultline.Component]faultline.IncidentState) listRow {
	r := listRow{URL: v.componentURL(c), Name: c.DisplayName(), Kind: v.kindWord(c.Kind())}
	return v.stateRow(r, open[c], v.cfg.Tally(c))
}

// providerRow is a provider with the worst state of what it runs. An internet service
// provider without an incident gets no state at all. Nobody but its customers can see
// it fail, so neither "well" nor "not observed" would tell a reader anything.
func (v *localizer) providerRow(p faultline.Provider, open map[faultline.Component]faultline.IncidentState) listRow {
	r := listRow{URL: v.link("/provider/" + p.Slug), Name: p.Name}
	best := faultline.IncidentState("")
	for c, state := range open {
		if p.Runs(c) && weight(state) > weight(best) {
			best = state
		}
	}
	if p.ISP && best == "" { // only its customers can see it fail
		return r
	}
	var parts []faultline.Component
	for _, c := range v.cfg.Components() {
		if p.Runs(c) {
			parts = append(parts, c)
		}
	}
	return v.stateRow(r, best, v.cfg.Tally(parts...))
}

// stateRow says how something does: by its open incident, else by the sites that depend
// on it. Nothing is called well that is not observed. An incident beats the counts.
// Sites that fail without one are told as "unsure", because their number alone does not
// say that they fail of this.
func (v *localizer) stateRow(r listRow, open faultline.IncidentState, counted board.Tally) listRow {
	switch {
	case open != "":
		r.State, r.Word = string(open), v.stateWord(open)
	case v.coverage().State == faultline.Blind || !counted.Telling():
		r.State, r.Word = string(faultline.SiteUnknown), v.siteStateWord(faultline.SiteUnknown)
	case !counted.Sound():
		r.State, r.Word = string(faultline.SiteDegraded), v.say("list.unsure")
	default:
		r.State, r.Word = string(faultline.SiteOK), v.say("list.calm")
	}
	if counted.Observed > 0 && counted.Failing > 0 && v.coverage().State != faultline.Blind {
		r.Detail = v.say("site.neighbours", "Of", v.outOf(counted.Failing, counted.Observed))
	}
	return r
}

// listLink is an address of a list in the reader's language.
func (v *localizer) listLink(path string, query url.Values) string {
	if v.Query != "" {
		query.Set("lang", v.Lang)
	}
	if len(query) == 0 {
		return v.prefix + path
	}
	return v.prefix + path + "?" + query.Encode()
}

// listAsked is what a list is to show.
type listAsked struct {
	q, kind string
	page    int // from 0
}

// askedOf reads what a list is asked to show from the address. A value that makes no
// sense is left out and not refused: old links and mistyped ones still lead to a list.
func askedOf(c *gin.Context) listAsked {
	a := listAsked{q: strings.ToLower(strings.TrimSpace(c.Query("q"))), kind: c.Query("kind")}
	// The cut may fall within a character, whose first bytes are then dropped.
	a.q = strings.ToValidUTF8(a.q[:min(len(a.q), listQuery)], "")
	if n, err := strconv.Atoi(c.Query("page")); err == nil && n > 1 && n <= listPages {
		a.page = n - 1
	}
	if len(a.kind) > listQuery || !slices.Contains(faultline.Kinds, a.kind) {
		a.kind = ""
	}
	return a
}

// listedPage shows one page of those rows that match. All rows are made and then cut to
// a page. There are some thousands at most, and only so can the count and the search be
// of all of them.
func (v *localizer) listedPage(name string, a listAsked, rows []listRow) listPage {
	path := "/" + name
	p := listPage{Answer: v.say("list." + name), Lead: v.say("list." + name + "_lead"), Q: a.q, Asked: a.kind}
	var found []listRow
	for _, r := range rows {
		if a.q == "" || strings.Contains(strings.ToLower(r.Name), a.q) || strings.Contains(r.URL, a.q) {
			found = append(found, r)
		}
	}
	from := min(a.page*listRows, len(found))
	until := min(from+listRows, len(found))
	p.Rows = found[from:until]
	p.Count = v.say(
		"list.count",
		"From",
		v.number(min(from+1, until)),
		"To",
		v.number(until),
		"Of",
		v.number(len(found)),
	)
	at := func(page int) string {
		query := url.Values{"page": {strconv.Itoa(page + 1)}}
		for key, value := range map[string]string{"q": a.q, "kind": a.kind} {
			if value != "" {
				query.Set(key, value)
			}
		}
		return v.listLink(path, query)
	}
	if from > 0 {
		p.Before = at(a.page - 1)
	}
	if until < len(found) {
		p.Next = at(a.page + 1)
	}
	p.shell = v.shell(path, p.Answer+" · Faultline", p.Lead)
	p.follow("all", 0, "")
	return p
}

// components lists what sites depend on, the most used first.
func (w *Web) components(c *gin.Context, v *localizer) error {
	a := askedOf(c)
	return w.list(c, v, "components", a, func(incidents []faultline.Incident) (rows []listRow) {
		open := openByComponent(incidents)
		for _, c := range w.cfg.Components() {
			if a.kind == "" || c.Kind() == a.kind {
				rows = append(rows, v.componentRow(c, open))
			}
		}
		return rows
	})
}

// providers lists who runs what.
func (w *Web) providers(c *gin.Context, v *localizer) error {
	a := askedOf(c)
	return w.list(c, v, "providers", a, func(incidents []faultline.Incident) (rows []listRow) {
		open := openByComponent(incidents)
		for _, p := range w.cfg.Providers.All() {
			if a.kind == "" || p.ISP == (a.kind == faultline.KindISP) {
				rows = append(rows, v.providerRow(p, open))
			}
		}
		return rows
	})
}

// sites lists the sites that were observed just now: those in trouble first. Those that
// work come behind, and they are in the list so that a reader finds their site whether
// it fails or not.
func (w *Web) sites(c *gin.Context, v *localizer) error {
	return w.list(c, v, "sites", askedOf(c), func([]faultline.Incident) (rows []listRow) {
		view := w.cfg.Source.View()
		for _, s := range view.Sites {
			l := v.siteLink(s.Site)
			r := listRow{URL: l.URL, Name: l.Site, State: string(s.State), Word: v.siteStateWord(s.State)}
			if s.Probes > 0 {
				r.Detail = v.say("line.probes", "Of", v.outOf(s.ProbesFailed, s.Probes))
			}
			rows = append(rows, r)
		}
		for _, s := range view.Well {
			l := v.siteLink(s.Site)
			rows = append(rows, listRow{URL: l.URL, Name: l.Site, State: string(faultline.SiteOK),
				Word: v.siteStateWord(faultline.SiteOK)})
		}
		if v.coverage().State != faultline.Blind {
			return rows
		}
		for i := range rows { // what was seen before nothing observed any more says nothing of now
			rows[i].State, rows[i].Detail = string(faultline.SiteUnknown), ""
			rows[i].Word = v.siteStateWord(faultline.SiteUnknown)
		}
		return rows
	})
}

// list answers with a page of a list. Few ask for the same one: it is not kept long.
// The key holds what was asked for in a fixed order, so that two orders of the same
// query are one page.
func (w *Web) list(c *gin.Context, v *localizer, name string, a listAsked,
	rows func([]faultline.Incident) []listRow) error {
	key := name + "?" + url.Values{"q": {a.q}, "kind": {a.kind}, "page": {strconv.Itoa(a.page)}}.Encode()
	return w.show(c, v, key, func(context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		p := v.listedPage(name, a, rows(incidents))
		if name == "components" {
			p.Kinds = v.kindLinks(a)
		}
		return doc{page: "list", data: p, cache: page.CacheCurrent}, nil
	})
}

// kindLinks are the kinds of the components that are known. A kind without components
// is left out: its link would lead to an empty list.
func (v *localizer) kindLinks(a listAsked) []kindLink {
	links := []kindLink{
		{URL: v.listLink("/components", url.Values{}), Name: v.say("archive.all"), Current: a.kind == ""},
	}
	for _, kind := range faultline.Kinds {
		known := func(c faultline.Component) bool { return c.Kind() == kind }
		if slices.ContainsFunc(v.cfg.Components(), known) {
			links = append(links, kindLink{URL: v.listLink("/components", url.Values{"kind": {kind}}),
				Name: v.kindWord(kind), Current: a.kind == kind})
		}
	}
	return links
}
