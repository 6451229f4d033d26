package web

import (
	"fmt"
	"slices"

	"faultline"
)

// verdict answers whether a site is down, in a sentence, and says why in another. It never
// calls a site well that nobody has checked: "blind" is that our probes see nothing at all,
// "unheard" that this site was neither probed nor reported.
func (v *localizer) verdict(site string, status faultline.SiteStatus, reported bool, cause *faultline.Incident,
	member faultline.IncidentSite) (answer, reason string) {
	if cause != nil {
		return v.explained(site, cause, member)
	}
	kind := "unknown"
	switch blind := v.coverage().State == faultline.Blind; {
	case blind && (!reported || status.State == faultline.SiteOK || status.State == faultline.SiteRecovered):
		kind = "blind"
	case !reported:
		kind = "unheard"
	case status.State == faultline.SiteDown, status.State == faultline.SiteDegraded,
		status.State == faultline.SiteRecovered:
		kind = string(status.State)
	case status.State == faultline.SiteOK && status.Reports > 0:
		kind = "reported"
	case status.State == faultline.SiteOK:
		kind = "ok"
	case status.Reports > 0 && status.ProbesFailed == 0:
		kind = "unconfirmed"
	}
	return v.say("verdict."+kind, "Site", site), v.say("verdict."+kind+"_because", "Symptom", v.symptom(status.Symptom))
}

// explained is the verdict on a site that belongs to an open incident. The site's own state
// in the incident comes before the incident's: a site that is back is back, whatever its
// provider does.
func (v *localizer) explained(site string, inc *faultline.Incident, member faultline.IncidentSite) (answer,
	reason string) {
	why := v.fault(inc)
	switch {
	case inc.State == faultline.StateCandidate:
		return v.say("verdict.candidate", "Site", site), v.say("verdict.candidate_because")
	case member.State == faultline.SiteRecovered:
		answer = v.say("verdict.recovered_early", "Site", site)
		if inc.State == faultline.StateRecovering {
			answer = v.say("verdict.recovered", "Site", site)
		}
		if member.RecoveredAt != nil {
			why = lines(v.say("verdict.failed_until", "Time", v.moment(*member.RecoveredAt, formMinute).Text), why)
		}
		return answer, why
	case member.State == faultline.SiteDegraded:
		return v.say("verdict.partly", "Site", site), why
	case inc.Cause != nil && inc.Cause.Kind == faultline.KindISP:
		return v.say("verdict.isp", "Site", site, "Name", inc.Cause.Name), why
	}
	return v.say("verdict.down", "Site", site), why
}

// fault says whose fault it is, as a second sentence after an answer. The sentence for an
// internet provider or a top-level domain differs, because there the site itself works for
// others.
func (v *localizer) fault(inc *faultline.Incident) string {
	if inc.Cause == nil {
		return v.say("fault_of.none")
	}
	state := "failing"
	if inc.State == faultline.StateRecovering {
		state = "recovering"
	}
	kind := inc.Cause.Kind
	switch kind {
	case faultline.KindSite:
		return v.say("fault_of.site")
	case faultline.KindISP, faultline.KindTLD:
	default:
		kind = "any"
	}
	return v.say("fault_of."+kind+"_"+state, "Kind", v.kindWord(inc.Cause.Kind), "Name", inc.Cause.Name)
}

// statusTallies counts what the last ten minutes brought: failed probes of all probes, and
// reports. While nothing is observed there are none, since a zero would read as "all well".
func (v *localizer) statusTallies(status faultline.SiteStatus, reported bool) []tally {
	if !reported || v.coverage().State == faultline.Blind {
		return nil // of minutes that nothing observed, no count says anything
	}
	rows := []tally{v.share(status.ProbesFailed, status.Probes, v.say("tally.probes_10"))}
	if status.Probes == 0 {
		rows = []tally{{N: "0", What: v.say("tally.no_probes_10")}}
	}
	return append(rows, tally{N: v.number(status.Reports), What: v.count("tally.reports_10", status.Reports)})
}

// viewerVerdict is the verdict of package correlate/verdict for one viewer's network.
type viewerVerdict struct{ faultline.Verdict }

// key tells verdicts apart that read differently, for the cache of rendered pages.
func (j *viewerVerdict) key() string {
	if j == nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d %d", j.Blame, j.ASN, j.NetworkSites, j.NetworkReports)
}

// viewerAnswer is the answer to "is it me?": four places where the trouble may
// lie, and which of them it is.
type viewerAnswer struct {
	Answer, Reason string
	Places         []place
}

// ownedBy reports whether what fails is run by the owner of the site, while the site itself
// is not seen to fail. The answer then says that, instead of that the site depends on it.
func (v *localizer) ownedBy(j *viewerVerdict) bool {
	return j.ProbesFailed < j.Probes && slices.ContainsFunc(v.cfg.Providers.Running(j.Site),
		func(p faultline.Provider) bool { return p.Runs(j.Incident.Cause.Component) })
}

// place is one of the four, and what is said of it.
type place struct {
	Name  string
	State string // here, clear, unknown
	Word  string
}

// places are where the trouble may lie, in the order in which a request passes them.
var places = []faultline.Blame{faultline.BlameYou, faultline.BlameISP, faultline.BlameSite, faultline.BlameProvider}

// viewerAnswer says what a verdict means for the reader; nil for no verdict. Where the blame
// is known, all other places are clear; where it is not, none is called clear.
func (v *localizer) viewerAnswer(j *viewerVerdict) *viewerAnswer {
	if j == nil {
		return nil
	}
	network := v.say("you.network")
	if j.ASN != 0 {
		network = v.say("you.network_named", "ASN", fmt.Sprintf("AS%d", j.ASN))
	}
	provider := ""
	if j.Incident != nil && j.Incident.Cause != nil {
		provider = j.Incident.Cause.Name
	}
	a := &viewerAnswer{Answer: v.say("you."+string(j.Blame), "Site", j.Site, "Provider", provider, "Network", network)}
	switch {
	case j.Blame == faultline.BlameProvider && provider == "":
		a.Answer = v.say("you.provider_unnamed", "Site", j.Site)
	case j.Partly:
		a.Answer = v.say("you.in_part", "Site", j.Site, "Provider", provider)
	case j.Blame == faultline.BlameProvider && v.ownedBy(j):
		a.Answer = v.say("you.owner", "Site", j.Site, "Provider", provider)
	}
	if j.ASN != 0 {
		a.Reason = v.count("you.network_said", j.NetworkReports, "Network", network, "Sites",
			v.count("of.sites", j.NetworkSites))
	}
	known := j.Blame != faultline.BlameUnknown
	for _, p := range places {
		at := place{Name: v.say("you.place_" + string(p)), State: "unknown"}
		switch {
		case p == j.Blame:
			at.State = "here"
		case known:
			at.State = "clear"
		}
		at.Word = v.say("you.word_" + at.State)
		a.Places = append(a.Places, at)
	}
	return a
}
