package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Concentrated is how the sites of a part of the list share out over providers: how many
// depend on each, and how concentrated that is. Package board counts; the pages only show.
type Concentrated struct {
	Kinds []board.Concentration
	// Countries and Services count the same for each group of the part apart.
	Countries, Services []board.Group
}

// concentrationPage says how few companies serve how many sites, for the whole list, or for a
// country or a kind of service.
type concentrationPage struct {
	shell
	Countries, Services []partOption // to choose from
	Kinds               []concentrationKind
	Data                string // the query of the same data
}

// partOption is one country or kind of service that a reader may choose.
type partOption struct {
	Value, Name string
	Current     bool
}

// concentrationKind is one kind of infrastructure, such as CDNs: sentences with the numbers
// that matter, the largest providers, and tables by country and service.
type concentrationKind struct {
	ID, Name string
	Said     []string
	Rows     []concentrationRow
	Groups   []groupTable
}

// groupTable is one way to group the sites of a kind. Region is its name among the landmarks
// of the page, for screen readers: without one, tables of the same title could not be told
// apart.
type groupTable struct {
	Summary, Label string
	Region         string // what the table is called among all of the page
	Rows           []concentrationGroup
}

// concentrationRow is one provider: its share, its sites, and how many of these have nobody
// else (Alone).
type concentrationRow struct{ URL, Name, Share, Sites, Alone string }

// concentrationGroup is one country or kind of service, with its largest provider.
type concentrationGroup struct{ URL, Name, Known, Index, Largest string }

// counted keeps what is counted over the whole list of sites, for a minute. Counting goes
// over 40,000 sites, and the numbers change when the list does, which is rarely.
type counted struct {
	mu sync.Mutex
	at time.Time
	by map[board.Part]Concentrated
}

// countedParts bounds the parts of the list that are kept. Addresses choose the parts, so a
// stranger could ask for many; beyond the bound all are counted again.
const countedParts = 256

// of returns what count says of a part, from memory if that is younger than a minute. Others
// wait while it counts, so that it is counted once.
func (k *counted) of(now time.Time, part board.Part, count func(board.Part) Concentrated) Concentrated {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.at.IsZero() || now.Sub(k.at) >= time.Minute || len(k.by) >= countedParts {
		k.at, k.by = now, map[board.Part]Concentrated{}
	}
	if _, known := k.by[part]; !known {
		k.by[part] = count(part)
	}
	return k.by[part]
}

// How much of each kind the page names.
const (
	concentrationListed = 8
	groupsListed        = 10
)

// concentration shows how concentrated the list is. A country or service in the address that
// is none of the list's is left out, so that no stranger can make the page say a word of
// theirs.
func (w *Web) concentration(c *gin.Context, v *localizer) error {
	all := w.kinds.of(w.cfg.Wall(), board.Part{}, w.cfg.Concentration)
	// What is no group of the list is left out, as in addresses that others wrote.
	part := board.Part{Country: listedGroup(all.Countries, c.Query("country")),
		Service: listedGroup(all.Services, c.Query("service"))}
	return w.show(c, v, "concentration "+part.Country+" "+part.Service, func(context.Context) (doc, error) {
		title, lead := v.say("concentration.title"), v.say("concentration.lead")
		p := concentrationPage{shell: v.shell("/concentration", title, lead),
			Countries: v.parts(all.Countries, part.Country, v.countryName),
			Services:  v.parts(all.Services, part.Service, v.serviceName)}
		p.Data = dataOf(part)
		counted := w.kinds.of(w.cfg.Wall(), part, w.cfg.Concentration)
		for i, kind := range counted.Kinds {
			if kind.Known == 0 {
				continue
			}
			k := v.concentrationKind(kind)
			k.Groups = v.groupTables(counted, part, i)
			for at := range k.Groups {
				k.Groups[at].Region = k.Name + ", " + k.Groups[at].Summary
			}
			p.Kinds = append(p.Kinds, k)
		}
		return doc{page: "concentration", data: p, cache: page.CacheBriefly}, nil
	})
}

// groupTables are the ways to group what was counted of the kind at a place of the list: by
// what the part of the list does not fix. A page for one country has no table of countries.
func (v *localizer) groupTables(counted Concentrated, part board.Part, kind int) []groupTable {
	var tables []groupTable
	if rows := v.groupRows(counted.Countries, kind, "country", v.countryName); part.Country == "" && len(rows) > 0 {
		tables = append(tables, groupTable{Summary: v.say("concentration.by_country"),
			Label: v.say("concentration.country"), Rows: rows})
	}
	if rows := v.groupRows(counted.Services, kind, "service", v.serviceName); part.Service == "" && len(rows) > 0 {
		tables = append(tables, groupTable{Summary: v.say("concentration.by_service"),
			Label: v.say("concentration.service"), Rows: rows})
	}
	return tables
}

// dataOf is the query by which the API has the same part of the list.
func dataOf(part board.Part) string {
	q := url.Values{}
	for key, value := range map[string]string{"country": part.Country, "service": part.Service} {
		if value != "" {
			q.Set(key, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// listedGroup is a name if it is that of a group.
func listedGroup(groups []board.Group, name string) string {
	if slices.ContainsFunc(groups, func(g board.Group) bool { return g.Group == name }) {
		return name
	}
	return ""
}

// parts are the groups to choose from, in order of their names.
func (v *localizer) parts(groups []board.Group, current string, name func(string) string) []partOption {
	var all []partOption
	for _, g := range groups {
		all = append(all, partOption{Value: g.Group, Name: name(g.Group), Current: g.Group == current})
	}
	slices.SortFunc(all, func(a, b partOption) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// countryName is what a country is called in the language of the page (Unicode CLDR); its
// code where that is not known.
func (v *localizer) countryName(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return cmp.Or(display.Regions(language.Make(v.Lang)).Name(region), code)
}

// serviceName is what a kind of service is called; as the list of sites writes it where we
// have no word for it.
func (v *localizer) serviceName(service string) string {
	return cmp.Or(v.say("service."+service), service)
}

// concentrationKind says one kind in sentences and rows. HHI is the Herfindahl-Hirschman
// index, from 0 (many small ones) to 10,000 (one has all), which competition authorities use.
func (v *localizer) concentrationKind(c board.Concentration) concentrationKind {
	k := concentrationKind{ID: c.Kind, Name: v.say("kind." + c.Kind), Said: []string{
		v.say("concentration.coverage", "N", v.number(c.Known), "Of", v.number(c.Sites)),
		v.say("concentration.firebreak", "N", v.number(c.Firebreak), "Of", v.number(c.Known)),
		v.say("concentration.index", "N", v.number(*c.HHI))}}
	if c.HHIRanked != nil {
		k.Said = append(k.Said, v.say("concentration.index_ranked", "N", v.number(*c.HHIRanked), "Of",
			v.number(c.Ranked)))
	}
	for _, band := range c.Ranks {
		if band.Known > 0 && band.Top < c.Sites {
			k.Said = append(k.Said, v.say("concentration.top", "Top", v.number(band.Top), "Known", v.number(band.Known),
				"N", v.number(band.Firebreak)))
		}
	}
	for _, p := range c.Providers[:min(len(c.Providers), concentrationListed)] {
		row := concentrationRow{Name: p.Provider, Share: v.percent(p.Share), Sites: v.number(p.Sites),
			Alone: v.number(p.Alone)}
		if p.Slug != "" {
			row.URL = v.link("/provider/" + p.Slug)
		}
		k.Rows = append(k.Rows, row)
	}
	return k
}

// groupRows are the groups with most sites that have a provider of the kind at a place of
// their list of kinds.
func (v *localizer) groupRows(groups []board.Group, kind int, key string,
	name func(string) string) []concentrationGroup {
	var out []concentrationGroup
	for _, g := range groups {
		if kind >= len(g.Kinds) || g.Kinds[kind].Known == 0 || len(out) == groupsListed {
			continue
		}
		k := g.Kinds[kind]
		one := concentrationGroup{URL: v.prefix + "/concentration?" + key + "=" + g.Group, Name: name(g.Group),
			Known: v.outOf(k.Known, k.Sites), Index: strconv.Itoa(*k.HHI)}
		if v.Query != "" {
			one.URL += "&" + v.Query[1:]
		}
		if len(k.Providers) > 0 {
			one.Largest = k.Providers[0].Provider + ", " + v.percent(k.Providers[0].Share)
		}
		out = append(out, one)
	}
	return out
}
