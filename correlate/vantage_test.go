package correlate

import (
	"slices"
	"strings"
	"testing"

	"faultline"
)

// A vantage that fails is no outage of the sites that it looks at.
func TestOneVantageDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		share   float64
		symptom faultline.Symptom
	}{
		"all is lost":         {1, "timeout"},
		"its resolver is ill": {0.6, "dns"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(50, 48)
			w.grumble(1)
			w.faults = []fault{{sites: w.all(), vantages: []string{"lon-1"}, from: 35, to: 45, symptom: c.symptom,
				share: c.share}}
			w.runPublished(t).wantNone(t)
		})
	}
}

func TestOutageIsFoundWhileAVantageIsDown(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 45)
	w.faults = []fault{
		{sites: w.all(), vantages: []string{"lon-1"}, from: 35, to: 48, symptom: "timeout"},
		{sites: w.on("cdn:y"), from: 38, to: 48, symptom: "http_502"},
	}
	in := w.runPublished(t).wantOne(t, "cdn:y")
	if f := f1(in.Sites, w.on("cdn:y")); f < 0.9 {
		t.Errorf("sites match with F1 %.2f", f)
	}
}

// regionalOutage is a DNS provider that fails in Singapore alone.
func regionalOutage() *world {
	w := quietTown(60, 45)
	w.grumble(1)
	w.faults = []fault{{sites: w.on("dns:q"), vantages: []string{"sgp-1"}, from: 35, to: 45, symptom: "dns"}}
	return w
}

func TestRegionalOutageOfOneProvider(t *testing.T) {
	t.Parallel()
	w := regionalOutage()
	crowd := crowdOf{sites: w.on("dns:q"), from: 36, to: 45, perMinute: 40, asns: asns(4000, 6), symptom: "dns",
		country: "SG"}
	w.crowds = append(w.crowds, crowd, historyOf(w, crowd))
	in := w.runPublished(t).wantOne(t, "dns:q")
	if in.Scope.Worldwide || !slices.Equal(in.Scope.Countries, []string{"SG"}) ||
		!strings.Contains(in.Title, " in SG") {
		t.Errorf("title %q, scope %+v", in.Title, in.Scope)
	}
	if in.Basis != faultline.BasisBoth || in.Evidence.Vantages != 1 {
		t.Errorf("basis %s, evidence %+v", in.Basis, in.Evidence)
	}
	if f := f1(in.Sites, w.on("dns:q")); f < 0.9 {
		t.Errorf("sites match with F1 %.2f", f)
	}
}

// One vantage alone, without a crowd that agrees, convinces nobody.
func TestOneVantageAloneStaysACandidate(t *testing.T) {
	t.Parallel()
	s := regionalOutage().runPublished(t)
	s.wantNone(t)
	if last := s.last(); len(last) != 1 || causeOf(last[0]) != "dns:q" ||
		!strings.HasPrefix(last[0].Title, "Unconfirmed: ") {
		t.Errorf("told %+v", last)
	}
}

// A monitor that tells of changes alone has no successes to show. Two of them name
// a cause; alerts that have stood for long prove nothing.
func TestAlertsAreEvidence(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]bool{faultline.DetailAlert: true, faultline.DetailStandingAlert: false,
		"": false} {
		w := quietTown(60, 45)
		w.blind(w.on("cdn:x"))
		for _, monitor := range []string{"prom-1", "kuma-1"} {
			w.said = append(w.said, faultline.Vantage{Vantage: monitor})
			for n := range 5 * 10 {
				w.said = append(w.said, faultline.Probe{At: after(float64(35 + n%10)), Site: w.on("cdn:x")[n/10],
					Vantage: monitor, Symptom: "http_503", Detail: detail})
			}
		}
		if s := w.run(t); want {
			s.wantOne(t, "cdn:x")
		} else {
			s.wantNone(t)
		}
	}
}

// Any number of vantages may fail for everything they check, fully or in part, at times
// that overlap: none of it is an outage of what the sites share.
func TestManySickVantagesAreNoOutage(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]fault{
		"two of three are dark": {
			{vantages: []string{"lon-1"}, from: 35, to: 45, symptom: "timeout"},
			{vantages: []string{"nyc-1"}, from: 36, to: 46, symptom: "timeout"},
		},
		"the resolvers of two lose answers": {
			{vantages: []string{"lon-1"}, from: 35, to: 45, symptom: "dns", share: 0.6},
			{vantages: []string{"nyc-1"}, from: 36, to: 46, symptom: "dns", share: 0.6},
		},
		"all are dark": {
			{vantages: []string{"lon-1"}, from: 35, to: 45, symptom: "connect"},
			{vantages: []string{"nyc-1"}, from: 35.3, to: 46, symptom: "connect"},
			{vantages: []string{"sgp-1"}, from: 35.6, to: 45.5, symptom: "connect"},
		},
		"one after another": {
			{vantages: []string{"lon-1"}, from: 33, to: 39, symptom: "timeout"},
			{vantages: []string{"nyc-1"}, from: 38, to: 44, symptom: "timeout"},
			{vantages: []string{"sgp-1"}, from: 45, to: 50, symptom: "timeout"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(100, 52)
			for i := range faults {
				faults[i].sites = w.all()
			}
			w.faults = faults
			w.run(t).wantNone(t)
		})
	}
}

// An outage is found while two of three vantages fail for a part of everything; with
// two of them dark nothing is confirmed on what they saw.
func TestOutageBesideSickVantages(t *testing.T) {
	t.Parallel()
	w := quietTown(100, 50)
	w.faults = []fault{
		{sites: w.on("cdn:x"), from: 37, to: 50, symptom: "http_503"},
		{sites: w.all(), vantages: []string{"lon-1"}, from: 35, to: 48, symptom: "timeout", share: 0.4},
	}
	w.run(t).wantOne(t, "cdn:x")
}

// Two vantages of one network share their way to everything: what both miss and a third
// one reaches is not confirmed.
func TestVantagesOfOneNetworkAreOneWitness(t *testing.T) {
	t.Parallel()
	w := quietTown(100, 46)
	w.vantages[1].ASN = w.vantages[0].ASN
	w.faults = []fault{{sites: w.on("cdn:x"), vantages: []string{"lon-1", "nyc-1"}, from: 35, to: 45,
		symptom: "timeout"}}
	w.run(t).wantNone(t)
}
