package main

import (
	"slices"
	"strings"
	"time"

	"faultline"
)

// lie is what an army reports, and of which sites. Vantages that lie report the same.
type lie struct {
	name    string
	sites   func(*town, stage) []string
	symptom faultline.Symptom
}

// goal is something untrue that a lie may make Faultline publish, or something true that it
// may hide.
type goal struct {
	name   string
	title  string // in the table
	outage bool   // the CDN truly fails meanwhile; otherwise all is well
	alone  bool   // for one network
	lies   []lie
	// reached says whether it came to that. Truth is what would have come of it
	// without the lie.
	reached func(p, truth played) bool
}

// culprit is the CDN that lies are about, and that truly fails in some goals.
const culprit = faultline.Component("cdn:c0")

// What lies are about. The CDN is the town's first forty sites.
func ofCDN(t *town, _ stage) []string      { return t.sites[:cdnSites] }
func ofOne(t *town, _ stage) []string      { return t.sites[7:8] }
func ofOthers(t *town, _ stage) []string   { return t.sites[cdnSites : 2*cdnSites] }
func ofSome(t *town, _ stage) []string     { return t.sites[cdnSites : cdnSites+5] }
func everywhere(t *town, _ stage) []string { return t.sites }

// ofUnprobed are the sites of the CDN that nothing probes, or all of them where all are
// probed: the sites at which people alone are believed.
func ofUnprobed(t *town, s stage) []string {
	var out []string
	for _, site := range t.sites[:cdnSites] {
		if !s.probed(site) {
			out = append(out, site)
		}
	}
	if len(out) == 0 {
		return t.sites[:cdnSites]
	}
	return out
}

// ofOneNameServer are the sites outside the CDN that one name server serves.
func ofOneNameServer(t *town, _ stage) []string {
	var out []string
	for i := cdnSites; i < len(t.sites); i++ {
		if i%nameServers == 0 {
			out = append(out, t.sites[i])
		}
	}
	return out
}

var (
	forged = []lie{{"its sites fail", ofCDN, "http_503"}, {"one site fails", ofOne, "http_503"},
		{"its unprobed sites fail", ofUnprobed, "http_503"}}
	hiding = []lie{{"others fail", ofOthers, "http_503"}, {"five others fail", ofSome, "http_503"},
		{"it works", ofCDN, faultline.SymptomOK}}
	astray = []lie{{"others fail", ofOthers, "http_503"}, {"five others fail", ofSome, "http_503"},
		{"a name server's sites fail", ofOneNameServer, "dns"}}
)

// goals are in the order of the table.
var goals = []*goal{
	{name: "candidate", title: "a candidate", lies: forged, reached: isPublished(faultline.StateCandidate)},
	{name: "confirmed", title: "a confirmed outage", lies: forged, reached: isPublished(faultline.StateConfirmed)},
	{name: "network", title: "a confirmed outage of their own network", alone: true,
		lies: []lie{{"everything fails", everywhere, "timeout"}}, reached: networkFails},
	{name: "wrong-cause", title: "a second, wrong cause of a true outage", outage: true, lies: astray,
		reached: wrongCause},
	{name: "hidden", title: "a true outage hidden for 10 min", outage: true, lies: hiding, reached: hidden},
	{name: "delayed", title: "a true outage confirmed 2 min late", outage: true, lies: hiding, reached: delayed},
	{name: "innocent", title: "a healthy, probed site among the failing", outage: true, lies: astray,
		reached: innocent},
	{name: "wrong-onset", title: "an onset 5 min off", outage: true,
		lies: []lie{{"its sites fail", ofCDN, "http_503"}, {"one site fails", ofOne, "http_503"}}, reached: wrongOnset},
	{name: "wrong-title", title: "a title with another symptom", outage: true,
		lies: []lie{{"names do not resolve", ofCDN, "dns"}, {"it is slow", ofCDN, "timeout"},
			{"others time out", ofOthers, "timeout"}}, reached: wrongTitle},
	{name: "exonerated", title: "a failing site cleared, or the outage over", outage: true,
		lies:    []lie{{"it works", ofCDN, faultline.SymptomOK}, {"one site works", ofOne, faultline.SymptomOK}},
		reached: cleared},
}

// isPublished reports whether any incident but one of a viewers' network came so far.
func isPublished(state faultline.IncidentState) func(p, truth played) bool {
	return func(p, _ played) bool {
		return slices.ContainsFunc(p.revisions, func(in faultline.Incident) bool {
			return isNotNetwork(in.Cause) && (in.ConfirmedAt != nil || state == faultline.StateCandidate)
		})
	}
}

// networkFails: a viewers' network is confirmed to fail, which only reports can show.
func networkFails(p, _ played) bool {
	return slices.ContainsFunc(p.revisions, func(in faultline.Incident) bool {
		return isNetwork(in.Cause) && in.ConfirmedAt != nil
	})
}

// ofCulprit reports whether an incident is confirmed and names the CDN.
func ofCulprit(in faultline.Incident) bool {
	return in.ConfirmedAt != nil && in.Cause != nil && in.Cause.Component == culprit
}

// wrongCause: something else is confirmed, unless it is without the lie, too.
func wrongCause(p, truth played) bool {
	wrong := func(p played) bool {
		return slices.ContainsFunc(p.revisions, func(in faultline.Incident) bool {
			return in.ConfirmedAt != nil &&
				!ofCulprit(in)
		})
	}
	return wrong(p) && !wrong(truth)
}

// took is how long the outage took to be confirmed and named; false: it never was.
func took(p played) (time.Duration, bool) {
	for _, in := range p.revisions {
		if ofCulprit(in) {
			return in.UpdatedAt.Sub(p.began), true
		}
	}
	return 0, false
}

// lateBy and offBy are how late a confirmation and how far off an onset must be to count as
// harm.
const (
	lateBy = 2 * time.Minute
	offBy  = 5 * time.Minute
)

// hidden: the outage is found without the lie, and with it not before it is over.
func hidden(p, truth played) bool {
	_, shown := took(truth)
	after, said := took(p)
	return shown && (!said || after > outageLasts)
}

// delayed: the outage is confirmed much later than without the lie.
func delayed(p, truth played) bool {
	usual, shown := took(truth)
	after, said := took(p)
	return shown && (!said || after > usual+lateBy)
}

// innocent: a site that probes find well belongs to a confirmed incident.
func innocent(p, _ played) bool {
	return slices.ContainsFunc(p.revisions, func(in faultline.Incident) bool {
		return in.ConfirmedAt != nil && slices.ContainsFunc(in.Sites, func(s faultline.IncidentSite) bool {
			return p.probed(s.Site) && !p.failing[s.Site]
		})
	})
}

// newest is the last revision of the confirmed outage of the CDN; false where there is none.
func newest(p played) (faultline.Incident, bool) {
	for _, in := range slices.Backward(p.revisions) {
		if ofCulprit(in) {
			return in, true
		}
	}
	return faultline.Incident{}, false
}

// wrongOnset: the published onset is far off, and would not be without the lie.
func wrongOnset(p, truth played) bool {
	off := func(p played) bool {
		in, ok := newest(p)
		return ok && in.Onset.At.Sub(p.began).Abs() > offBy
	}
	return off(p) && !off(truth)
}

// wrongTitle: the title says something else than without the lie. The time in it is not
// compared.
func wrongTitle(p, truth played) bool {
	what := func(in faultline.Incident) string { said, _, _ := strings.Cut(in.Title, ", began"); return said }
	in, ok := newest(p)
	right, known := newest(truth)
	return ok && known && what(in) != what(right)
}

// cleared: a failing site is exonerated, or the outage is published as over while it goes on.
func cleared(p, _ played) bool {
	return slices.ContainsFunc(p.revisions, func(in faultline.Incident) bool {
		if ofCulprit(in) && (in.State == faultline.StateRecovering || in.State == faultline.StateResolved ||
			in.State == faultline.StateRetracted) {
			return true
		}
		return slices.ContainsFunc(in.Exonerated, func(e faultline.Exonerated) bool { return p.failing[e.Site] })
	})
}
