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
			w.faults = []fault{{sites: w.all(), vantages: []string{"lon-1"}, from: 35, to: 45, symptom: c.symptom, share: c.share}}
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
	w.crowds = append(w.crowds, crowdOf{sites: w.on("dns:q"), from: 36, to: 45, perMinute: 40, asns: asns(3000, 6), symptom: "dns"})
	in := w.runPublished(t).wantOne(t, "dns:q")
	if in.Scope.Worldwide || !slices.Equal(in.Scope.Countries, []string{"SG"}) || !strings.Contains(in.Title, " in SG") {
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
	if last := s.last(); len(last) != 1 || causeOf(last[0]) != "dns:q" || !strings.HasPrefix(last[0].Title, "Unconfirmed: ") {
		t.Errorf("told %+v", last)
	}
}

// A monitor that tells of changes alone has no successes to show. Two of them name
// a cause; alerts that have stood for long prove nothing.
func TestAlertsAreEvidence(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]bool{faultline.DetailAlert: true, faultline.DetailStandingAlert: false, "": false} {
		w := quietTown(60, 45)
		w.blind(w.on("cdn:x"))
		for _, monitor := range []string{"prom-1", "kuma-1"} {
			w.said = append(w.said, faultline.Vantage{Vantage: monitor})
			for _, site := range w.on("cdn:x")[:5] {
				for minute := 35; minute < 45; minute++ {
					w.said = append(w.said, faultline.Probe{At: after(float64(minute)), Site: site, Vantage: monitor, Symptom: "http_503", Detail: detail})
				}
			}
		}
		if s := w.run(t); want {
			s.wantOne(t, "cdn:x")
		} else {
			s.wantNone(t)
		}
	}
}
