package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"faultline"

	"github.com/gin-gonic/gin"
)

// Bounds of the table of an incident's sites. The largest outages have thousands, and a page
// with all of them would be megabytes.
const (
	sitesFiltered = 20    // from more rows on it can be filtered and sorted
	sitesPaged    = 50    // rows of one page of it
	tablePages    = 1_000 // as far as an address can ask
)

// siteTable is the table of an incident's sites: one page of those that match what was asked
// for. It works by plain links and a form, without a script.
type siteTable struct {
	Rows         []siteRow
	Known        int  // sites that can be shown, whatever was asked for
	Form         bool // there are enough sites to look for one
	Action       string
	Q, Sort      string
	Sorts        []sortChoice
	Open         bool // it was asked for
	Count        string
	Before, Next string // other pages of it; empty: there is none
}

// sortChoice is one order that the reader may choose.
type sortChoice struct {
	Value, Name string
	Chosen      bool
}

// tableAsked is what a reader wants to see of the table: names that contain q, in an order,
// and which page. The zero value is the table as it comes.
type tableAsked struct {
	q, sort string
	page    int // from 0
}

// tableSorts are the orders of the table by what an address calls them, with the words for
// them; the first is that of the states.
var tableSorts = [][2]string{{"", "incident.state"}, {"site", "incident.site"}, {"since", "incident.since"},
	{"reports", "incident.reports"}}

// tableOf reads the address of an incident's page. What is none of the orders is the first.
func tableOf(c *gin.Context) tableAsked {
	a := tableAsked{q: strings.ToLower(strings.TrimSpace(c.Query("site")))}
	a.q = strings.ToValidUTF8(a.q[:min(len(a.q), listQuery)], "")
	for _, s := range tableSorts {
		if c.Query("sort") == s[0] {
			a.sort = s[0]
		}
	}
	if n, err := strconv.Atoi(c.Query("page")); err == nil && n > 1 && n <= tablePages {
		a.page = n - 1
	}
	return a
}

// query is what was asked for, as it stands in an address.
func (a tableAsked) query(page int) url.Values {
	q := url.Values{}
	for key, value := range map[string]string{"site": a.q, "sort": a.sort} {
		if value != "" {
			q.Set(key, value)
		}
	}
	if page > 0 {
		q.Set("page", strconv.Itoa(page+1))
	}
	return q
}

// plain reports whether nothing was asked for.
func (a tableAsked) plain() bool { return a == tableAsked{} }

// siteTable shows a page of an incident's sites. Names are compared as they are written in
// DNS and in their own script.
func (v *localizer) siteTable(inc *faultline.Incident, path string, a tableAsked) siteTable {
	t := siteTable{Known: len(inc.Sites), Form: len(inc.Sites) > sitesFiltered, Action: v.prefix + path, Q: a.q,
		Sort: a.sort, Open: !a.plain()}
	for _, s := range tableSorts {
		t.Sorts = append(t.Sorts, sortChoice{Value: s[0], Name: v.say(s[1]), Chosen: s[0] == a.sort})
	}
	found := slices.DeleteFunc(slices.Clone(inc.Sites), func(s faultline.IncidentSite) bool {
		return a.q != "" && !strings.Contains(s.Site, a.q) && !strings.Contains(ownScript(s.Site), a.q)
	})
	slices.SortStableFunc(found, func(x, y faultline.IncidentSite) int { return a.compare(&x, &y) })
	from := min(a.page*sitesPaged, len(found))
	until := min(from+sitesPaged, len(found))
	for i := range found[from:until] {
		t.Rows = append(t.Rows, v.rowOf(inc, &found[from+i]))
	}
	t.Count = v.say("list.count", "From", v.number(min(from+1, until)), "To", v.number(until), "Of",
		v.number(len(found)))
	at := func(page int) string { return v.listLink(path, a.query(page)) + "#all-sites" }
	if from > 0 {
		t.Before = at(a.page - 1)
	}
	if until < len(found) {
		t.Next = at(a.page + 1)
	}
	return t
}

// compare is the order that was asked for.
func (a tableAsked) compare(x, y *faultline.IncidentSite) int {
	switch a.sort {
	case "site":
		return cmp.Compare(x.Site, y.Site)
	case "since":
		return x.Onset.Compare(y.Onset)
	case "reports":
		return cmp.Compare(y.Reports, x.Reports)
	}
	return cmp.Compare(slices.Index(siteStates, x.State), slices.Index(siteStates, y.State))
}
