package web

import (
	"fmt"
	"slices"
	"strings"

	"faultline"
)

// siteStates in the order in which a reader asks for them.
var siteStates = []faultline.SiteState{faultline.SiteDown, faultline.SiteDegraded, faultline.SiteUnknown, faultline.SiteRecovered, faultline.SiteOK}

// groupsOf names the sites of an incident by their states.
func (w *Web) groupsOf(inc *faultline.Incident) []stateGroup {
	var groups []stateGroup
	for _, state := range siteStates {
		g, n := stateGroup{State: state, Word: memberWord(inc, state)}, 0
		for i := range inc.Sites {
			if inc.Sites[i].State != state {
				continue
			}
			if n++; n <= sitesNamed {
				g.Sites = append(g.Sites, w.siteLink(inc.Sites[i].Site))
			}
		}
		if n > 0 {
			g.Count, g.More = number(n), n-len(g.Sites)
			groups = append(groups, g)
		}
	}
	return groups
}

// memberWord says how a site of an incident does. What a viewer's provider takes
// from its subscribers is not known from anywhere else.
func memberWord(inc *faultline.Incident, state faultline.SiteState) string {
	if state == faultline.SiteUnknown && inc.Cause != nil && inc.Cause.Kind == faultline.KindISP {
		return "Reported from there"
	}
	return siteStateWords[state]
}

func (w *Web) siteLink(site string) siteLink {
	return siteLink{URL: w.prefix + "/site/" + site, Site: site}
}

// rowsOf is the table of an incident's sites: those that still fail first, in
// the incident's own order, which is by how well known they are.
func (w *Web) rowsOf(inc *faultline.Incident) []siteRow {
	var rows []siteRow
	for _, state := range siteStates {
		for _, s := range inc.Sites {
			if s.State != state || len(rows) == sitesListed {
				continue
			}
			row := siteRow{siteLink: w.siteLink(s.Site), State: s.State, Word: memberWord(inc, s.State), Symptom: symptomWords(s.Symptom),
				Since: momentOf(s.Onset, formMinute), Reports: number(s.Reports)}
			if s.Probes > 0 {
				row.Probes = number(s.ProbesFailed) + " of " + number(s.Probes)
			}
			if s.RecoveredAt != nil {
				back := momentOf(*s.RecoveredAt, formMinute)
				row.Back = &back
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// blamelessGroup names the sites that are well for one reason.
type blamelessGroup struct {
	Reason string
	Sites  []siteLink
}

// blameless are the sites that were accused and are well, by the reason why we
// think so. A site that failed after all is not among them.
func (w *Web) blameless(inc *faultline.Incident) []blamelessGroup {
	failed := make(map[string]bool, len(inc.Sites))
	for _, s := range inc.Sites {
		failed[s.Site] = true
	}
	var groups []blamelessGroup
	for _, x := range inc.Exonerated {
		if failed[x.Site] {
			continue
		}
		at := slices.IndexFunc(groups, func(g blamelessGroup) bool { return g.Reason == x.Reason })
		if at < 0 {
			at, groups = len(groups), append(groups, blamelessGroup{Reason: x.Reason})
		}
		groups[at].Sites = append(groups[at].Sites, w.siteLink(x.Site))
	}
	return groups
}

// because says what an incident rests on.
func because(inc *faultline.Incident) []string {
	ev, im := inc.Evidence, inc.Impact
	var said []string
	switch {
	case inc.Basis == faultline.BasisReports && inc.ConfirmedAt != nil:
		said = append(said, "It rests on people’s reports alone, over many unrelated networks or sites.")
	case inc.ConfirmedAt == nil:
		said = append(said, "Nothing that a crowd could not fake confirms it yet.")
	case inc.Basis == faultline.BasisBoth:
		said = append(said, "Our own probes confirm it, and people’s reports agree.")
	default:
		said = append(said, "Our own probes confirm it.")
	}
	if ev.Probes > 0 {
		s := fmt.Sprintf("%s of %s of these sites since it began failed", number(ev.ProbesFailed), count(ev.Probes, "probe"))
		if ev.Vantages > 0 {
			s += ", as seen from " + count(ev.Vantages, "place")
		}
		said = append(said, s+".")
	}
	if ev.Reports > 0 {
		s := fmt.Sprintf("%s by %s", count(ev.Reports, "report"), count(ev.Reporters, "reporter"))
		if ev.Networks > 0 {
			s += " on " + count(ev.Networks, "network")
		}
		if len(ev.Countries) > 0 {
			s += " in " + strings.Join(ev.Countries, ", ")
		}
		said = append(said, s+". A report is one person saying that one site does not work for them.")
	}
	if im.ElsewhereObserved > 0 {
		said = append(said, fmt.Sprintf("Of %s elsewhere that we look at in the same way, %s failing.",
			count(im.ElsewhereObserved, "site"), areFailing(im.ElsewhereFailing)))
	}
	return said
}

func areFailing(n int) string {
	switch n {
	case 0:
		return "none is"
	case 1:
		return "1 is"
	}
	return number(n) + " are"
}

// explain fills in the cause and what else was considered.
func (w *Web) explain(p *incidentPage, inc *faultline.Incident) {
	if inc.Cause == nil {
		return
	}
	c := inc.Cause
	p.Cause = &causeRow{URL: w.componentURL(c.Component), Name: c.Name, Kind: kindWords[c.Kind], Confidence: percent(c.Confidence)}
	for _, a := range c.Alternatives {
		row := alternativeRow{URL: w.componentURL(a.Component), Name: a.Component.DisplayName(), Kind: kindWords[a.Component.Kind()],
			Confidence: percent(a.Confidence), Reason: a.Reason}
		if a.Confidence < 0.01 {
			row.Confidence, row.Reason = "under 1 %", "" // it no longer explains anything
		}
		p.Others = append(p.Others, row)
	}
}

// componentURL is the page of a component; a site has one of its own.
func (w *Web) componentURL(c faultline.Component) string {
	if c.Kind() == faultline.KindSite {
		return w.prefix + "/site/" + c.Name()
	}
	return w.prefix + "/component/" + c.Path()
}
