package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Bounds of the archive's page: incidents of a month, months to choose from, and causes to
// choose from. What is left out is counted.
const (
	archiveListed     = 100
	archiveMonths     = 36
	archiveComponents = 24
)

// archivePage lists what is over, one month at a time, by what it was. It is made from
// what is in memory. Incidents that only the store has are reached by their address and
// in the dumps.
type archivePage struct {
	shell
	Answer     string
	Months     []archiveLink
	Components []archiveLink
	Lines      []incidentLine
	More       int
	Begins     *moment // the oldest that is held here; nil: nothing is
}

// archiveLink narrows the list down, with the number of incidents that are then shown.
type archiveLink struct {
	URL, Name string
	Count     string
	Current   bool
}

// monthForm is how a month stands in addresses, in the layout of package time.
const monthForm = "2006-01"

// archive shows the incidents that are over, by month and cause. A month or cause that is not
// one is ignored, because the address may have been typed.
func (w *Web) archive(c *gin.Context, v *localizer) error {
	month, comp := c.Query("month"), faultline.Component(c.Query("component"))
	if _, err := time.Parse(monthForm, month); err != nil {
		month = ""
	}
	if comp != noCause && !comp.Valid() {
		comp = ""
	}
	return w.show(c, v, "archive?"+month+" "+string(comp), func(context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		return doc{page: "archive", data: v.archivePage(incidents, month, comp), cache: page.CacheBriefly}, nil
	})
}

// noCause stands in addresses for incidents without a cause. No component is called so,
// because a component has a kind and a colon.
const noCause faultline.Component = "none"

// archivePage builds the page from the incidents in memory. Without a month the newest
// one that has incidents is shown, so the page is never empty while there is anything.
func (v *localizer) archivePage(incidents []faultline.Incident, month string, comp faultline.Component) archivePage {
	asOf, _ := v.clock()
	published := archived(incidents)
	p := archivePage{
		shell:  v.shell("/archive", v.say("archive.title"), v.say("archive.answer")),
		Answer: v.say("archive.answer"),
	}
	if len(published) == 0 {
		return p
	}
	begins := v.moment(published[len(published)-1].Onset.At, formDated)
	p.Begins = &begins
	if month == "" {
		month = monthOf(published[0])
	}
	p.Months = v.archiveMonthLinks(published, month, comp)
	var shown []*faultline.Incident
	for _, inc := range published {
		if monthOf(inc) == month {
			shown = append(shown, inc)
		}
	}
	p.Components = v.archiveComponentLinks(shown, month, comp)
	for _, inc := range shown {
		if comp != "" && componentOf(inc) != comp {
			continue
		}
		p.Drill = p.Drill || inc.Drill
		if len(p.Lines) == archiveListed {
			p.More++
			continue
		}
		p.Lines = append(p.Lines, v.lineOf(inc, asOf))
	}
	return p
}

// archived are the incidents that were confirmed once, newest onset first. One that was
// merged is left out, since the incident that it belongs to has its sites. A candidate
// that came to nothing was never published as an outage and is no part of the past.
func archived(incidents []faultline.Incident) []*faultline.Incident {
	var published []*faultline.Incident
	for i := range incidents {
		if inc := &incidents[i]; inc.ConfirmedAt != nil && inc.State != faultline.StateMerged {
			published = append(published, inc)
		}
	}
	slices.SortStableFunc(published, func(a, b *faultline.Incident) int { return b.Onset.At.Compare(a.Onset.At) })
	return published
}

// monthOf is the month of an onset in UTC, as the address has it.
func monthOf(inc *faultline.Incident) string { return inc.Onset.At.UTC().Format(monthForm) }

// componentOf is the cause of an incident, or noCause.
func componentOf(inc *faultline.Incident) faultline.Component {
	if inc.Cause == nil {
		return noCause
	}
	return inc.Cause.Component
}

// archiveURL is the address of the archive with a month and a cause chosen. A choice
// that is empty is left out, so that each list has one address.
func (v *localizer) archiveURL(month string, comp faultline.Component) string {
	q := url.Values{}
	for key, value := range map[string]string{"month": month, "component": string(comp)} {
		if value != "" {
			q.Set(key, value)
		}
	}
	if v.Query != "" {
		q.Set("lang", v.Lang)
	}
	return v.prefix + "/archive?" + q.Encode()
}

// archiveMonthLinks lists the newest months that have incidents, each with their
// number. Count holds the month itself until all are counted. The numbers are of all
// causes: a month must not look empty because of a choice of cause.
func (v *localizer) archiveMonthLinks(published []*faultline.Incident, month string,
	comp faultline.Component) []archiveLink {
	var links []archiveLink
	counts := map[string]int{}
	for _, inc := range published {
		m := monthOf(inc)
		if counts[m]++; counts[m] == 1 && len(links) < archiveMonths {
			links = append(
				links,
				archiveLink{URL: v.archiveURL(m, comp), Name: v.month(inc.Onset.At), Count: m, Current: m == month},
			)
		}
	}
	for i := range links {
		links[i].Count = v.number(counts[links[i].Count])
	}
	return links
}

// archiveComponentLinks lists the causes of what is shown, the most frequent first.
// Equal numbers keep the order of the list, in which the newest is first.
func (v *localizer) archiveComponentLinks(
	shown []*faultline.Incident,
	month string,
	comp faultline.Component,
) []archiveLink {
	counts, names := map[faultline.Component]int{}, map[faultline.Component]string{noCause: v.say("archive.none")}
	var comps []faultline.Component
	for _, inc := range shown {
		c := componentOf(inc)
		if counts[c]++; counts[c] == 1 {
			comps = append(comps, c)
		}
		if inc.Cause != nil {
			names[c] = inc.Cause.Name
		}
	}
	slices.SortStableFunc(comps, func(a, b faultline.Component) int { return cmp.Compare(counts[b], counts[a]) })
	links := []archiveLink{
		{URL: v.archiveURL(month, ""), Name: v.say("archive.all"), Count: v.number(len(shown)), Current: comp == ""},
	}
	for _, c := range comps[:min(len(comps), archiveComponents)] {
		links = append(
			links,
			archiveLink{URL: v.archiveURL(month, c), Name: names[c], Count: v.number(counts[c]), Current: c == comp},
		)
	}
	return links
}
