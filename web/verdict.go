package web

import (
	"fmt"

	"faultline"
)

// verdict answers whether a site is down, in a sentence, and says why in
// another. It never calls a site well that nobody has looked at.
func verdict(site string, status faultline.SiteStatus, heard bool, cause *faultline.Incident, member faultline.IncidentSite) (answer, because string) {
	if cause != nil {
		return explained(site, cause, member)
	}
	switch {
	case !heard:
		return "Nothing points to a fault of " + site + ".",
			"In the last 15 minutes nobody has reported it and no probe of it has failed. If it does not work for you, say so below: the fault may be near you, or you may be the first."
	case status.State == faultline.SiteDown:
		return "Yes: " + site + " is failing, and it is not just you.",
			"Most of the last probes of it failed (" + symptomWords(status.Symptom) + "). No shared cause is known."
	case status.State == faultline.SiteDegraded:
		return "Partly: " + site + " fails for some.", "Some of the last probes of it failed (" + symptomWords(status.Symptom) + ")."
	case status.State == faultline.SiteOK && status.Reports > 0:
		return "Not that we can see: our probes of " + site + " succeed.",
			"Some people report it all the same. The fault may be near them."
	case status.State == faultline.SiteOK:
		return "No: " + site + " works as seen from our probes.", "If it does not work for you, the fault may be near you."
	case status.State == faultline.SiteRecovered:
		return site + " is back.", "It failed a while ago; the last probes of it succeed."
	case status.Reports > 0 && status.ProbesFailed == 0:
		return "We can’t tell: people report " + site + ", and no probe confirms it.", ""
	}
	return "We can’t tell how " + site + " does just now.", ""
}

// explained is the verdict on a site that belongs to an open incident.
func explained(site string, inc *faultline.Incident, member faultline.IncidentSite) (answer, because string) {
	why := blame(site, inc)
	switch {
	case inc.State == faultline.StateCandidate:
		return "Perhaps: there are signs that " + site + " is failing.", "Nothing confirms it yet."
	case member.State == faultline.SiteRecovered && member.RecoveredAt != nil:
		return site + " is back.", fmt.Sprintf("It failed until %s. %s", member.RecoveredAt.UTC().Format(formMinute), why)
	case member.State == faultline.SiteRecovered:
		return site + " is back.", why
	case member.State == faultline.SiteDegraded:
		return "Partly: " + site + " fails for some, and it is not just you.", why
	case inc.Cause != nil && inc.Cause.Kind == faultline.KindISP:
		return "It depends on where you are: " + site + " can’t be reached from " + inc.Cause.Name + ".", why
	}
	return "Yes: " + site + " is failing, and it is not just you.", why
}

// blame says whose fault it is.
func blame(site string, inc *faultline.Incident) string {
	if inc.Cause == nil {
		return "Many sites are failing with it, and nothing is known that they share."
	}
	verb := "is failing"
	if inc.State == faultline.StateRecovering {
		verb = "is recovering"
	}
	switch inc.Cause.Kind {
	case faultline.KindSite:
		return "The fault is its own: what it stands on works for others."
	case faultline.KindISP:
		return "The internet provider " + inc.Cause.Name + " " + verb + " for many unrelated sites."
	case faultline.KindTLD:
		return "The top-level domain " + inc.Cause.Name + " " + verb + "."
	}
	return "Its " + kindWords[inc.Cause.Kind] + ", " + inc.Cause.Name + ", " + verb + "."
}

// statusTallies counts what the last ten minutes brought.
func statusTallies(status faultline.SiteStatus, heard bool) []tally {
	if !heard {
		return nil
	}
	rows := []tally{share(status.ProbesFailed, status.Probes, "probes failed in the last 10 minutes")}
	if status.Probes == 0 {
		rows = []tally{{N: "0", What: "probes in the last 10 minutes"}}
	}
	return append(rows, tally{N: number(status.Reports), What: noun(status.Reports, "report") + " in the last 10 minutes"})
}
