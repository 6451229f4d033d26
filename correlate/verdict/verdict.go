// Package verdict answers "is it me?" for one site and one viewer's network: the
// site, its provider, the viewer's network, or the viewer.
//
// What belongs here: the judgement, from what a fold of the log has published, and
// its thresholds. It is a pure function. What does not: where its inputs are held
// (package board), and what incidents there are (package correlate).
package verdict

import (
	"fmt"

	"faultline"
)

// Question is what a verdict is about, with what is known.
type Question struct {
	Site   string
	Status faultline.SiteStatus
	// ASN is the viewer's network, 0 if unknown, and Network what its people report.
	ASN     uint32
	Network faultline.NetworkStatus
	// Incident is the open incident that explains what this viewer sees of the site,
	// or nil. See [IsNetwork].
	Incident *faultline.Incident
	// Owned says that the site is no member of the incident: its owner runs what fails.
	Owned bool
	// Partly says that the site is no member of the incident and answers: parts of its page
	// come from what fails.
	Partly bool
	// Blind says that nothing is observed just now: then nobody is called well, so that
	// neither the viewer nor their network can be at fault by contrast.
	Blind bool
}

// Of weighs the answers, those with firm evidence first: an incident that explains what the
// viewer sees, then the viewer's network, then what the probes see. The order is
// load-bearing: during an outage the people of a network report many sites too, and would
// otherwise be told that their network is at fault.
func Of(q Question) faultline.Verdict {
	status, network, asn, inc := q.Status, q.Network, q.ASN, q.Incident
	v := faultline.Verdict{Site: q.Site, Reports: status.Reports, Probes: status.Probes,
		ProbesFailed: status.ProbesFailed,
		ASN:          int(asn), NetworkSites: network.Sites, NetworkReports: network.Reports}
	switch {
	case inc != nil && q.Owned:
		v.Blame, v.Incident = faultline.BlameProvider, inc
		v.Because = ownersFault(v, inc)
	case inc != nil && q.Partly:
		v.Blame, v.Incident, v.Partly = faultline.BlameProvider, inc, true
		v.Because = inPart(v, inc)
	case inc != nil && status.State == faultline.SiteRecovered && !IsNetwork(inc, asn):
		v.Incident = inc
		v.Blame, v.Because = recovered(v, q.Blind)
	case inc != nil:
		v.Incident = inc
		v.Blame, v.Because = explain(v.Site, status, inc)
	// An incident that is open is still an answer while nothing is observed; a contrast
	// with other people or networks is not.
	case q.Blind:
		v.Blame, v.Because = faultline.BlameUnknown, fmt.Sprintf(
			"We do not know: %s is not observed just now. %s reported it in the last 10 minutes.",
			v.Site, people(v.Reports))
	case network.Sites >= verdictSites && float64(network.Reports) >= verdictRise*network.Expected &&
		v.ProbesFailed == 0 &&
		float64(v.Reports) <= float64(network.Reports)+faultline.ExpectedHigh(status.Expected)+verdictOthers &&
		v.Probes > 0:
		v.Blame = faultline.BlameISP
		v.Because = fmt.Sprintf(
			"Your network, AS%d, is where it fails: its people made %d reports of %d sites in the last 10 minutes "+
				"(%.0f are usual), and all %d probes of %s succeeded.",
			asn, network.Reports, network.Sites, network.Expected, v.Probes, v.Site)
	default:
		v.Blame, v.Because = withoutIncident(v, status.State, status.Expected)
	}
	if inc != nil && q.Blind {
		v.Because += " Nothing is observed just now: this was last seen at " +
			inc.UpdatedAt.UTC().Format("15:04 UTC on 2 January 2006") + "."
	}
	return v
}

// recovered is the verdict on a site of an open incident that works again. That the fault is
// near the viewer is said only where every recent probe of the site succeeded: a site comes back
// in one place before another.
func recovered(v faultline.Verdict, blind bool) (faultline.Blame, string) {
	switch {
	case blind:
		return faultline.BlameUnknown, "We do not know: " + v.Site + " was failing and answered again."
	case v.Probes < verdictProbes || v.ProbesFailed > 0:
		return faultline.BlameUnknown, "We do not know: " + v.Site + " was failing and answers again. " +
			"If it still fails for you, it may not have recovered everywhere yet."
	}
	return faultline.BlameYou, fmt.Sprintf("%s was failing, and all %d probes of it succeeded in the last 10 minutes: "+
		"if it still fails for you, the fault is near you.", v.Site, v.Probes)
}

// ownersFault says what an open incident of its owner's infrastructure means for a site.
func ownersFault(v faultline.Verdict, inc *faultline.Incident) string {
	sure := "is failing"
	if inc.State == faultline.StateCandidate {
		sure = "may be failing, which is not confirmed yet"
	}
	return fmt.Sprintf("%s, which the owner of %s runs, %s: %d of %d sites on it that we observe fail. "+
		"Of %s itself, %d of %d probes failed in the last 10 minutes.",
		inc.Cause.Name, v.Site, sure, inc.Impact.Failing, inc.Impact.Observed, v.Site, v.ProbesFailed, v.Probes)
}

// inPart says what a confirmed incident means for a site that answers and whose pages use
// what fails.
func inPart(v faultline.Verdict, inc *faultline.Incident) string {
	return fmt.Sprintf("%s answers: all %d probes of it succeeded in the last 10 minutes. Parts of its pages come "+
		"from %s, which is failing. They may be missing.", v.Site, v.Probes, inc.Cause.Name)
}

// explain says what an open incident means for one of its sites: who is to blame, and the
// sentence that says why. The blame follows the kind of the cause, so that a cause which is
// not known blames nobody.
func explain(site string, status faultline.SiteStatus, inc *faultline.Incident) (faultline.Blame, string) {
	sure := "is failing"
	if inc.State == faultline.StateCandidate {
		sure = "seems to be failing, which nothing confirms yet"
	}
	share := fmt.Sprintf("%d of %d sites", inc.Impact.Failing, inc.Impact.Observed)
	switch {
	case inc.Cause == nil:
		return faultline.BlameUnknown,
			fmt.Sprintf("It is not you: %s fails for others too, among %s; what these share is not known.", site, share)
	case inc.Cause.Kind == faultline.KindISP:
		return faultline.BlameISP, fmt.Sprintf("Your network, %s, %s: its people miss %d sites that others reach.",
			inc.Cause.Name, sure, inc.Impact.Observed)
	case inc.Cause.Kind == faultline.KindSite:
		return faultline.BlameSite,
			fmt.Sprintf(
				"%s %s: %d of %d probes of it failed in the last 10 minutes and %d people reported it, while what it "+
					"depends on works for others.",
				site, sure, status.ProbesFailed, status.Probes, status.Reports)
	}
	return faultline.BlameProvider, fmt.Sprintf("%s, which %s depends on, %s: %s on it that we observe fail.",
		inc.Cause.Name, site, sure, share)
}

// withoutIncident is the verdict where no incident and no network explains it.
func withoutIncident(v faultline.Verdict, state faultline.SiteState, usual float64) (faultline.Blame, string) {
	seen := fmt.Sprintf("%d of %d probes of %s failed in the last 10 minutes and %d people reported it", v.ProbesFailed,
		v.Probes, v.Site, v.Reports)
	switch {
	case state == faultline.SiteDown:
		return faultline.BlameSite, "It is not you: " + seen + ". Nothing else that we know of fails with it."
	// Some probes fail and the site does not count as down: neither "it is down" nor "it is
	// you" would be true.
	case v.ProbesFailed > 0:
		return faultline.BlameUnknown, "We do not know: " + seen + "."
	case v.Probes < verdictProbes && v.Reports == 0:
		return faultline.BlameUnknown,
			"We do not know: " + v.Site + " was hardly checked and not reported in the last 10 minutes."
	case v.Probes < verdictProbes:
		return faultline.BlameUnknown,
			fmt.Sprintf("We do not know: %d people reported %s in the last 10 minutes, and too few of our probes "+
				"checked it.", v.Reports, v.Site)
	}
	if float64(v.Reports) > faultline.ExpectedHigh(usual)+verdictOthers {
		return faultline.BlameUnknown,
			fmt.Sprintf(
				"We do not know: all %d probes of %s succeeded in the last 10 minutes, and %d people report it all "+
					"the same (%.0f are usual).", v.Probes, v.Site, v.Reports, usual)
	}
	return faultline.BlameYou,
		fmt.Sprintf(
			"Everyone else is fine: all %d probes of %s succeeded in the last 10 minutes and %d people reported it. "+
				"The fault is most likely near you.", v.Probes, v.Site, v.Reports)
}

// people says how many people reported a site, as the start of a sentence.
func people(n int) string {
	switch n {
	case 0:
		return "Nobody"
	case 1:
		return "One person"
	}
	return fmt.Sprintf("%d people", n)
}

// IsNetwork reports whether an incident's cause is that network.
func IsNetwork(inc *faultline.Incident, asn uint32) bool {
	return inc.Cause != nil && asn != 0 &&
		inc.Cause.Component == faultline.NewComponent(faultline.KindISP, fmt.Sprintf("AS%d", asn))
}
