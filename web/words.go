package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"faultline"
)

// number writes a count with commas: 36,734.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent writes a share, 0 to 1, as people do.
func percent(share float64) string {
	switch p := math.Round(share * 100); {
	case share > 0 && p < 1:
		return "under 1 %"
	case share < 1 && p > 99:
		return "over 99 %"
	default:
		return fmt.Sprintf("%.0f %%", p)
	}
}

// count writes a number with its noun: 1 site, 3 sites.
func count(n int, word string) string { return number(n) + " " + noun(n, word) }

func noun(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// lasting writes a duration with what matters of it.
func lasting(d time.Duration) string {
	if d = max(d, 0); d < 59500*time.Millisecond {
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	}
	switch d = d.Round(time.Minute); {
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return pair(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	default:
		return pair(int(d.Hours())/24, "d", int(d.Hours())%24, "h")
	}
}

func pair(a int, unitA string, b int, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}

// stateWords say what an incident does, in one word.
var stateWords = map[faultline.IncidentState]string{
	faultline.StateCandidate: "Watching", faultline.StateConfirmed: "Failing",
	faultline.StateRecovering: "Recovering", faultline.StateResolved: "Resolved",
	faultline.StateMerged: "Part of another incident", faultline.StateRetracted: "Withdrawn",
}

// siteStateWords say how a site does.
var siteStateWords = map[faultline.SiteState]string{
	faultline.SiteOK: "Works", faultline.SiteDown: "Down", faultline.SiteDegraded: "Degraded",
	faultline.SiteRecovered: "Recovered", faultline.SiteUnknown: "Not known",
}

var symptoms = map[faultline.Symptom]string{
	faultline.SymptomOK: "works", faultline.SymptomConnect: "no connection", faultline.SymptomTimeout: "timeout",
	faultline.SymptomDNS: "name not found", faultline.SymptomTLS: "certificate or encryption", faultline.SymptomSlow: "slow",
	faultline.SymptomContent: "wrong content", faultline.SymptomBlocked: "prober refused", faultline.SymptomOther: "does not work",
}

// symptomWords says how something fails.
func symptomWords(s faultline.Symptom) string {
	if n := s.HTTPStatus(); n != 0 {
		return fmt.Sprintf("error %d", n)
	}
	if word, ok := symptoms[s]; ok {
		return word
	}
	return symptoms[faultline.SymptomOther]
}

var kindWords = map[string]string{
	faultline.KindCDN: "CDN", faultline.KindCloud: "cloud", faultline.KindDNS: "DNS provider", faultline.KindASN: "network",
	faultline.KindPrefix: "address range", faultline.KindPOP: "point of presence", faultline.KindCA: "certificate authority",
	faultline.KindTLD: "top-level domain", faultline.KindISP: "internet provider", faultline.KindSite: "site",
}

// onCause names the sites that a cause can take down: sites on Fastly.
func onCause(cause *faultline.Cause) string {
	if cause == nil {
		return "sites"
	}
	switch cause.Kind {
	case faultline.KindDNS:
		return "sites with DNS at " + cause.Name
	case faultline.KindCA:
		return "sites with certificates of " + cause.Name
	case faultline.KindTLD:
		return cause.Name + " sites"
	case faultline.KindISP:
		return "sites seen from " + cause.Name
	case faultline.KindSite:
		return "hosts of " + cause.Name
	}
	return "sites on " + cause.Name
}

// within says where an incident is felt.
func within(s faultline.Scope) string {
	switch {
	case s.Worldwide:
		return "worldwide"
	case len(s.ISPs) > 0:
		return "seen from " + listed(s.ISPs, scopeNames)
	case len(s.Countries) > 0:
		return "in " + listed(s.Countries, scopeNames)
	}
	return ""
}

// scopeNames is how many places a scope names before it counts them.
const scopeNames = 4

// listed writes the first names and counts the rest.
func listed(names []string, most int) string {
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and " + number(len(names)-most) + " more"
	}
	return strings.Join(names, ", ")
}
