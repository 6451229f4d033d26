package web_test

import (
	"strings"
	"testing"

	"faultline"
)

// What is copied from the page of an incident that is withdrawn, or part of another, says so
// in the words themselves, and a correction is named beside the headline.
func TestQuotesOfWhatNoLongerStandsSaySo(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*faultline.Incident)
		says   []string
	}{
		"withdrawn": {func(i *faultline.Incident) { i.State = faultline.StateRetracted },
			[]string{">Withdrawn: Fastly-fronted sites, 503, began", "Why we thought so",
				"We were <b>97 %</b> sure that the cause was the CDN"}},
		"merged": {func(i *faultline.Incident) { i.State, i.MergedInto = faultline.StateMerged, ref(past) },
			[]string{">Part of another incident: Fastly-fronted sites, 503, began", "Why we think so"}},
		"corrected": {func(i *faultline.Incident) {
			i.Corrections = []faultline.Correction{{At: clock("2021-06-08T11:40:00Z"), Text: "It was no attack."}}
		}, []string{`#corrections">Corrected on 8 June 2021, 11:40 UTC</a>`, "It was no attack.",
			">Fastly-fronted sites, 503,"}},
		"without a known cause": {func(i *faultline.Incident) { i.Cause = nil },
			[]string{"What the provider says"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			last := &w.incidents[1][2]
			c.change(last)
			body := strings.Join(strings.Fields(get(serve(t, w.config()), "/incident/"+outage).Body.String()), " ")
			for _, want := range c.says {
				if !strings.Contains(body, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
}
