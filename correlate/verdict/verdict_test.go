package verdict

import (
	"strings"
	"testing"
	"time"

	"faultline"
)

// While an incident is open, nobody is told that the fault is near them unless recent probes
// of that very site, and none of a part of it, say so.
func TestNobodyIsBlamedDuringAnOutage(t *testing.T) {
	outage := &faultline.Incident{ID: "inc_1", State: faultline.StateConfirmed,
		Cause:     &faultline.Cause{Component: "cloud:aws/us-east-1", Kind: "cloud", Name: "AWS us-east-1"},
		Impact:    faultline.Impact{Failing: 15, Observed: 20},
		UpdatedAt: time.Date(2021, 6, 8, 9, 58, 0, 0, time.UTC)}
	back := faultline.SiteStatus{State: faultline.SiteRecovered, Probes: 40}
	wavering := back
	wavering.ProbesFailed = 12
	few := back
	few.Probes = 1
	for name, c := range map[string]struct {
		q    Question
		want faultline.Blame
		says string
	}{
		"its owner's cloud fails, and the site has recovered": {
			Question{Status: back, Incident: outage, Owned: true}, faultline.BlameProvider, "AWS us-east-1"},
		"recovered, and probes failed within ten minutes": {
			Question{Status: wavering, Incident: outage}, faultline.BlameUnknown, "may not have recovered everywhere"},
		"recovered, and hardly checked": {
			Question{Status: few, Incident: outage}, faultline.BlameUnknown, "may not have recovered everywhere"},
		"recovered, and nothing is observed now": {
			Question{Status: back, Incident: outage, Blind: true}, faultline.BlameUnknown, "09:58 UTC on 8 June"},
		"it fails, and nothing is observed now": {
			Question{Status: faultline.SiteStatus{State: faultline.SiteDown}, Incident: outage, Blind: true},
			faultline.BlameProvider, "Nothing is observed just now: this was last"},
		"recovered, and all probes of ten minutes succeeded": {
			Question{Status: back, Incident: outage}, faultline.BlameYou, "all 40 probes"},
	} {
		c.q.Site = "example.com"
		if v := Of(c.q); v.Blame != c.want || !strings.Contains(v.Because, c.says) || v.Incident == nil {
			t.Errorf("%s: %s, %q, %v", name, v.Blame, v.Because, v.Incident)
		}
	}
}
