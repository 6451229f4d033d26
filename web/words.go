package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"faultline"
)

// number writes a count as the language groups its digits: 36,734.
func (v *localizer) number(n int) string {
	s, group := strconv.Itoa(n), v.say("number.group")
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + group + s[i:]
	}
	return s
}

// percent writes a share, 0 to 1, as people do.
func (v *localizer) percent(share float64) string {
	switch p := math.Round(share * 100); {
	case share > 0 && p < 1:
		return v.say("number.under", "N", "1 %")
	case share < 1 && p > 99:
		return v.say("number.over", "N", "99 %")
	default:
		return fmt.Sprintf("%.0f %%", p)
	}
}

// lasting writes a duration with what matters of it. The units are those of the
// International System and their companions, the same in all languages but for
// the day.
func (v *localizer) lasting(d time.Duration) string {
	if d = max(d, 0); d < 59500*time.Millisecond {
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	}
	switch d = d.Round(time.Minute); {
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return pair(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	default:
		return pair(int(d.Hours())/24, v.say("unit.day"), int(d.Hours())%24, "h")
	}
}

func pair(a int, unitA string, b int, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}

// stateWord says what an incident does, in one word.
func (v *localizer) stateWord(s faultline.IncidentState) string { return v.say("state." + string(s)) }

// siteStateWord says how a site does.
func (v *localizer) siteStateWord(s faultline.SiteState) string {
	return v.say("site_state." + string(s))
}

// kindWord says what kind of thing a component is.
func (v *localizer) kindWord(kind string) string { return v.say("kind." + kind) }

// symptom says how something fails.
func (v *localizer) symptom(s faultline.Symptom) string {
	if n := s.HTTPStatus(); n != 0 {
		return v.say("symptom.http", "Status", n)
	}
	if word := v.say("symptom." + string(s)); word != "" {
		return word
	}
	return v.say("symptom." + string(faultline.SymptomOther))
}

// onCause names the sites that a cause can take down: sites on Fastly.
func (v *localizer) onCause(cause *faultline.Cause) string {
	if cause == nil {
		return v.say("where.none")
	}
	if where := v.say("where."+cause.Kind, "Name", cause.Name); where != "" {
		return where
	}
	return v.say("where.any", "Name", cause.Name)
}

// within says where an incident is felt.
func (v *localizer) within(s faultline.Scope) string {
	switch {
	case s.Worldwide:
		return v.say("scope.worldwide")
	case len(s.ISPs) > 0:
		return v.say("scope.isps", "Names", v.listed(s.ISPs, scopeNames))
	case len(s.Countries) > 0:
		return v.say("scope.countries", "Names", v.listed(s.Countries, scopeNames))
	}
	return ""
}

// scopeNames is how many places a scope names before it counts them.
const scopeNames = 4

// listed writes the first names and counts the rest.
func (v *localizer) listed(names []string, most int) string {
	if len(names) > most {
		return v.say("list.more", "Names", strings.Join(names[:most], ", "), "N", v.number(len(names)-most))
	}
	return strings.Join(names, ", ")
}

// title is the sentence that is safe to quote. In English it is the incident's
// own; other languages say the same facts again.
func (v *localizer) title(inc *faultline.Incident) string {
	if v.Lang == sourceLanguage {
		return inc.Title
	}
	place, how := "", v.titleSymptom(inc.Symptoms)
	if !inc.Scope.Worldwide && len(inc.Scope.Countries) > 0 &&
		(inc.Cause == nil || inc.Cause.Kind != faultline.KindISP) {
		place = v.say("title.place", "Names", strings.Join(inc.Scope.Countries, ", "))
	}
	if how != "" {
		how = ", " + how
	}
	if key, ok := crowdWitness[inc.Basis]; ok && inc.ConfirmedAt != nil {
		how += ", " + v.say("title."+key)
	}
	said := v.say("title.sentence", "Subject", v.subject(inc), "Place", place, "How", how, "At",
		faultline.Minute(inc.Onset.At).Format("15:04"))
	if inc.State == faultline.StateCandidate || inc.State == faultline.StateRetracted && inc.ConfirmedAt == nil {
		return v.say("title.unconfirmed", "Title", said)
	}
	return said
}

// crowdWitness is the word for what confirmed an incident that no probe can see.
var crowdWitness = map[string]string{
	faultline.BasisReports: "reports_alone", faultline.BasisReaders: "readers",
	faultline.BasisReadersReports: "readers_reports",
}

// subject names the sites of an incident by what they share.
func (v *localizer) subject(inc *faultline.Incident) string {
	if inc.Cause == nil {
		return v.count("subject.none", inc.SitesTotal)
	}
	if s := v.say("subject."+inc.Cause.Kind, "Name", inc.Cause.Name); s != "" {
		return s
	}
	return v.say("subject.any", "Name", inc.Cause.Name)
}

// titleSymptom is the commonest telling symptom, if half the sites or the most
// of them show it: the rule of the title that package correlate writes.
func (v *localizer) titleSymptom(shares []faultline.SymptomShare) string {
	for _, s := range shares {
		switch {
		case s.Symptom == faultline.SymptomOther || s.Symptom == faultline.SymptomOK:
		case s.Share < 0.5 && math.Abs(s.Share-shares[0].Share) > 1e-9:
			return ""
		case s.Symptom.HTTPStatus() != 0:
			return strconv.Itoa(s.Symptom.HTTPStatus())
		default:
			return v.say("title_symptom." + string(s.Symptom))
		}
	}
	return ""
}

// reason writes why something was considered. The reasons of package correlate
// are few and fixed, but for numbers that may follow a colon; one that is new stands
// as it is.
func (v *localizer) reason(english string) string {
	fixed, _, _ := strings.Cut(english, ":")
	if said := v.say("reason." + strings.NewReplacer(" ", "_", ",", "").Replace(fixed)); said != "" {
		return said
	}
	return english
}
