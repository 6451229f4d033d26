package web_test

import (
	"strings"
	"testing"

	"faultline"
)

// An incident's page says in its reader's language why what the sites share besides is not
// the cause, with the numbers.
func TestAnIncidentSaysWhyTheOthersLost(t *testing.T) {
	w := newWorld()
	w.incidents[1][2].Rejected = []faultline.Rejected{
		{Component: "ca:digicert", Kind: "ca", Name: "DigiCert", Because: []string{"worked", "sites_well"}, Reason: "…",
			Failing: 60, FailingTotal: 134, Excluded: 60, Well: 900, Observed: 960},
		{Component: "asn:AS54113", Kind: "asn", Name: "AS54113", Because: []string{"sites_well", "sites_missing"},
			Reason: "…", Failing: 28, FailingTotal: 134, Well: 12, Observed: 40},
		{Component: "dns:new", Kind: "dns", Name: "New", Because: []string{"of a later version"}, Reason: "in words"},
	}
	h := serve(t, w.config())
	got := text(t, get(h, "/incident/"+outage).Body.String())
	for _, want := range []string{
		"60 of 60 of its failing sites got further than the check of the certificate, so certificates worked; 900",
		": 12 of 40 of its sites are well; 106 of 134 failing sites do not depend on it.",
		": in words.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q: %s", want, got)
		}
	}
	for lang, want := range map[string]string{
		"de": "12 von 40 der Websites dort sind in Ordnung", "fr": "12 sur 40 de ses sites vont bien",
		"es": "12 de 40 de sus sitios están bien", "pt": "12 de 40 dos seus sites estão bem",
	} {
		if got := text(t, get(h, "/incident/"+outage+"?lang="+lang).Body.String()); !strings.Contains(got, want) {
			t.Errorf("in %s the page does not say %q", lang, want)
		}
	}
}
