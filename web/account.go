package web

import (
	"slices"

	"faultline"
)

// siteStates are the states of sites in the order in which a reader asks for them: what fails
// first, what is well last.
var siteStates = []faultline.SiteState{
	faultline.SiteDown,
	faultline.SiteDegraded,
	faultline.SiteUnknown,
	faultline.SiteRecovered,
	faultline.SiteOK,
}

// groupsOf names the sites of an incident by their states. Groups without a site are
// left out. The bound is of each state, so that many recovered sites do not push out
// those that fail.
func (v *localizer) groupsOf(inc *faultline.Incident) []stateGroup {
	var groups []stateGroup
	for _, state := range siteStates {
		g, n := stateGroup{State: state, Word: v.memberWord(inc, state)}, 0
		for i := range inc.Sites {
			if inc.Sites[i].State != state {
				continue
			}
			if n++; n <= sitesNamed {
				g.Sites = append(g.Sites, v.siteLink(inc.Sites[i].Site))
			}
		}
		if n > 0 {
			g.Count, g.More = v.number(n), n-len(g.Sites)
			groups = append(groups, g)
		}
	}
	return groups
}

// memberWord says how a site of an incident does. What a viewer's provider takes
// from its subscribers is not known from anywhere else.
func (v *localizer) memberWord(inc *faultline.Incident, state faultline.SiteState) string {
	if state == faultline.SiteUnknown && inc.Cause != nil && inc.Cause.Kind == faultline.KindISP {
		return v.say("site_state.reported")
	}
	return v.siteStateWord(state)
}

// siteLink leads to the page of a site.
func (v *localizer) siteLink(site string) siteLink {
	return siteLink{URL: v.link("/site/" + site), Site: site, Own: ownScript(site)}
}

// rowsOf is the table of an incident's sites on a widget, of at most so many rows: those that
// still fail first, and within a state in the order of the incident.
func (v *localizer) rowsOf(inc *faultline.Incident, most int) []siteRow {
	var rows []siteRow
	for _, state := range siteStates {
		for i := range inc.Sites {
			if inc.Sites[i].State == state && len(rows) < most {
				rows = append(rows, v.rowOf(inc, &inc.Sites[i]))
			}
		}
	}
	return rows
}

// rowOf is one site of an incident's table. A site that joined the incident, although our
// list does not connect it with the cause, says so: it is counted apart, and a reader may
// wonder why it is there.
func (v *localizer) rowOf(inc *faultline.Incident, s *faultline.IncidentSite) siteRow {
	row := siteRow{
		siteLink: v.siteLink(s.Site),
		State:    s.State,
		Word:     v.memberWord(inc, s.State),
		Symptom:  v.symptom(s.Symptom),
		Since:    v.moment(s.Onset, formMinute),
		Reports:  v.number(s.Reports),
	}
	if s.Member == faultline.MemberJoined {
		row.Joined = v.say("incident.joined")
	}
	if s.Probes > 0 {
		row.Probes = v.outOf(s.ProbesFailed, s.Probes)
	}
	if s.RecoveredAt != nil {
		back := v.moment(*s.RecoveredAt, formMinute)
		row.Back = &back
	}
	return row
}

// partlyGroup names sites that answer and whose pages use what fails.
type partlyGroup struct {
	Note, Count string
	Sites       []siteLink
	More        int
}

// partlyMost bounds the sites that are looked at for the page of an incident.
const partlyMost = 20_000

// inPartOf names the sites that may load only in part because of an incident, and takes them
// from those of which it is said that they are well. A revision of the past says nothing of
// them: what pages use is not part of it.
func (v *localizer) inPartOf(p *incidentPage, inc *faultline.Incident) {
	if v.cfg.Partly == nil || inc.Cause == nil {
		return
	}
	sites, total := v.cfg.Partly(inc.ID, partlyMost)
	if total == 0 {
		return
	}
	for i := range p.Exonerated {
		group := &p.Exonerated[i]
		group.Sites = slices.DeleteFunc(group.Sites, func(s siteLink) bool { return slices.Contains(sites, s.Site) })
	}
	p.Exonerated = slices.DeleteFunc(p.Exonerated, func(g blamelessGroup) bool { return len(g.Sites) == 0 })
	group := partlyGroup{Note: v.say("incident.in_part_note", "Name", inc.Cause.Name), Count: v.number(total)}
	for _, site := range sites[:min(len(sites), sitesNamed)] {
		group.Sites = append(group.Sites, v.siteLink(site))
	}
	group.More = total - len(group.Sites)
	p.Partly = &group
}

// blamelessGroup names the sites that are well although others of the cause fail, grouped by
// why we think that they are.
type blamelessGroup struct {
	Reason string
	Sites  []siteLink
}

// blameless are the sites that people reported although probes find them working. Naming them
// is as useful as naming those that fail: during a large outage people report every site that
// they use. A site that failed after all is not among them.
func (v *localizer) blameless(inc *faultline.Incident) []blamelessGroup {
	failed := make(map[string]bool, len(inc.Sites))
	for _, s := range inc.Sites {
		failed[s.Site] = true
	}
	var groups []blamelessGroup
	for _, x := range inc.Exonerated {
		if failed[x.Site] {
			continue
		}
		at := slices.IndexFunc(groups, func(g blamelessGroup) bool { return g.Reason == v.reason(x.Reason) })
		if at < 0 {
			at, groups = len(groups), append(groups, blamelessGroup{Reason: v.reason(x.Reason)})
		}
		groups[at].Sites = append(groups[at].Sites, v.siteLink(x.Site))
	}
	return groups
}

// outOf writes a count with its denominator. A count without it cannot be judged: 48 of
// 50 and 48 of 5,000 are different outages.
func (v *localizer) outOf(n, of int) string {
	return v.say("number.of", "N", v.number(n), "Of", v.number(of))
}

// reasons says what an incident rests on: first what confirmed it, then the probes, the
// reports, and how sites elsewhere do. Every number has its denominator.
func (v *localizer) reasons(inc *faultline.Incident) []string {
	ev, im := inc.Evidence, inc.Impact
	basis := "because.probes"
	switch {
	case crowdWitness[inc.Basis] != "" && inc.ConfirmedAt != nil:
		basis = "because." + crowdWitness[inc.Basis]
	case inc.ConfirmedAt == nil:
		basis = "because.unconfirmed"
	case inc.Basis == faultline.BasisBoth:
		basis = "because.both"
	}
	said := []string{v.say(basis)}
	if ev.Probes > 0 {
		seen := v.say("because.probes_failed", "Of", v.outOf(ev.ProbesFailed, ev.Probes))
		if ev.Vantages > 0 {
			seen = v.count("because.probes_seen", ev.Vantages, "Of", v.outOf(ev.ProbesFailed, ev.Probes))
		}
		said = append(said, seen)
	}
	if ev.Reports > 0 {
		said = append(said, v.reportsSaid(ev))
	}
	if im.Joined > 0 {
		said = append(said, v.count("because.joined", im.Joined))
	}
	if im.ElsewhereObserved > 0 {
		said = append(said, v.count("because.elsewhere", im.ElsewhereFailing, "Sites", v.number(im.ElsewhereObserved)))
	}
	return said
}

// reportsSaid counts what people said, and says what a report is. Networks and
// countries are told because many reports from one network may be one person's work.
func (v *localizer) reportsSaid(ev faultline.Evidence) string {
	networks, countries := "", ""
	if ev.Networks > 0 {
		networks = v.say("because.on", "Networks", v.count("of.networks", ev.Networks))
	}
	if len(ev.Countries) > 0 {
		countries = v.say("because.in", "Countries", v.listed(ev.Countries, countriesNamed))
	}
	return v.say(
		"because.reports",
		"Reports",
		v.count("of.reports", ev.Reports),
		"Reporters",
		v.count("of.reporters", ev.Reporters),
		"Networks",
		networks,
		"Countries",
		countries,
	)
}

// countriesNamed is how many countries are named one by one.
const countriesNamed = 12

// unknowns says what is not known about an incident. It is never empty, because nobody here
// counts how many people are affected, which is the first thing that a journalist asks.
func (v *localizer) unknowns(inc *faultline.Incident) []string {
	said := []string{v.say("unknown.people")}
	switch {
	case inc.Cause == nil:
		said = append(said, v.say("unknown.cause"))
	case inc.State == faultline.StateCandidate:
		said = append(said, v.say("unknown.confirmed"))
	default:
		said = append(said, v.say("unknown.why", "Name", inc.Cause.Name))
		for _, a := range inc.Cause.Alternatives {
			if a.Confidence == inc.Cause.Confidence {
				said = append(said, v.say("unknown.which", "Name", inc.Cause.Name, "Other", a.Component.DisplayName()))
				break
			}
		}
	}
	return said
}

// explain fills in the cause and what else was considered. An alternative below one per cent
// stands there without a reason, because it explains nothing any more.
func (v *localizer) explain(p *incidentPage, inc *faultline.Incident) {
	if inc.Cause == nil {
		return
	}
	c := inc.Cause
	p.Cause = &causeRow{
		URL:        v.componentURL(c.Component),
		Name:       c.Name,
		Kind:       v.kindWord(c.Kind),
		Confidence: v.percent(c.Confidence),
	}
	for _, a := range c.Alternatives {
		row := alternativeRow{
			URL:        v.componentURL(a.Component),
			Name:       a.Component.DisplayName(),
			Kind:       v.kindWord(a.Component.Kind()),
			Confidence: v.percent(a.Confidence),
			Reason:     v.reason(a.Reason),
		}
		if a.Confidence < 0.01 {
			row.Confidence, row.Reason = v.percent(0.001), "" // it no longer explains anything
		}
		p.Others = append(p.Others, row)
	}
}

// componentURL is the page of a component; a site has one of its own. A page for
// "component/site/bbc.co.uk" would be a second address of the same thing.
func (v *localizer) componentURL(c faultline.Component) string {
	if c.Kind() == faultline.KindSite {
		return v.link("/site/" + c.Name())
	}
	return v.link("/component/" + c.Path())
}
