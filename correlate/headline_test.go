package correlate

import (
	"testing"
	"time"

	"faultline"
)

// A headline is a sentence with a verb and a date for every state and kind.
func TestHeadline(t *testing.T) {
	t.Parallel()
	onset := time.Date(2021, 6, 8, 9, 47, 3, 0, time.UTC)
	confirmed, soon, late := onset.Add(time.Minute), onset.Add(87*time.Minute), onset.Add(20*time.Hour)
	on := func(c faultline.Component, state faultline.IncidentState, symptom faultline.Symptom) faultline.Incident {
		return faultline.Incident{
			State: state, Cause: &faultline.Cause{Component: c, Kind: c.Kind(), Name: c.DisplayName()},
			Onset: faultline.Onset{At: onset}, ConfirmedAt: &confirmed, Basis: faultline.BasisBoth,
			Symptoms: []faultline.SymptomShare{{Symptom: symptom, Share: 1}}, Scope: faultline.Scope{Worldwide: true},
		}
	}
	with := func(in faultline.Incident, change func(*faultline.Incident)) faultline.Incident {
		change(&in)
		return in
	}
	for want, in := range map[string]faultline.Incident{
		"Sites that use Fastly have been failing with error 503 since about 09:47 UTC on 8 June 2021.": on(
			"cdn:fastly", faultline.StateConfirmed, "http_503"),
		"It is not confirmed that sites that use Fastly have been failing since about 09:47 UTC on 8 June 2021.": on(
			"cdn:fastly", faultline.StateCandidate, faultline.SymptomOther),
		"Sites that use Fastly, which have been failing with timeouts since about 09:47 UTC on 8 June 2021, are " +
			"recovering.": on(
			"cdn:fastly", faultline.StateRecovering, faultline.SymptomTimeout),
		"Sites that use Fastly were failing with error 503 from about 09:47 to about 11:14 UTC on 8 June 2021.": with(
			on("cdn:fastly", faultline.StateResolved, "http_503"), func(in *faultline.Incident) {
				in.ResolvedAt = &soon
			}),
		"Sites that use Fastly were failing with error 503 from about 09:47 UTC on 8 June 2021 to about 05:47 UTC on " +
			"9 June 2021.": with(
			on("cdn:fastly", faultline.StateResolved, "http_503"), func(in *faultline.Incident) {
				in.ResolvedAt = &late
			}),
		"Faultline has withdrawn its report that sites that use Fastly were failing since about 09:47 UTC on " +
			"8 June 2021.": on(
			"cdn:fastly", faultline.StateRetracted, faultline.SymptomOther),
		"Sites whose DNS is at Dyn have been failing with DNS failures in US since about 09:47 UTC on " +
			"8 June 2021.": with(
			on("dns:dyn", faultline.StateConfirmed, faultline.SymptomDNS), func(in *faultline.Incident) {
				in.Scope = faultline.Scope{Countries: []string{"US"}}
			}),
		"12 sites that have nothing known in common have been failing with connection failures since about 09:47 UTC " +
			"on 8 June 2021.": with(
			on("cdn:fastly", faultline.StateConfirmed, faultline.SymptomConnect), func(in *faultline.Incident) {
				in.Cause, in.SitesTotal = nil, 12
			}),
		"Many sites as seen from AS64500 have been failing, according to people's reports alone, since about 09:47 " +
			"UTC on 8 June 2021.": with(
			on("isp:AS64500", faultline.StateConfirmed, faultline.SymptomOther), func(in *faultline.Incident) {
				in.Basis = faultline.BasisReports
			}),
	} {
		if got := headline(in); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
