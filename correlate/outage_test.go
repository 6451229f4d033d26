package correlate

import (
	"strings"
	"testing"
	"time"

	"faultline"
)

// cdnOutage is a CDN that answers 503 for all of its sites, from minute 35 to
// minute 47, while its provider says so at minute 40.
func cdnOutage(sites int) *world {
	w := quietTown(sites, 62)
	w.noise = 0.002
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 47, symptom: "http_503"}}
	w.said = []faultline.Event{faultline.Statement{
		At: after(40), Component: "cdn:x", Source: "provider status page", Status: "investigating",
		Text: "We look into it.",
	}}
	return w
}

func TestCDNOutageIsOneConfirmedIncident(t *testing.T) {
	t.Parallel()
	w := cdnOutage(100)
	s := w.runPublished(t)
	in := s.wantOne(t, "cdn:x")
	if f := f1(in.Sites, w.on("cdn:x")); f < 0.9 {
		t.Errorf("sites match with F1 %.2f", f)
	}
	wantOnset(t, in, after(35), 30*time.Second)
	if late := in.ConfirmedAt.Sub(after(35)); late < 0 || late > 2*time.Minute {
		t.Errorf("confirmed %v after the onset", late)
	}
	s.first(t, in.ID, faultline.StateRecovering)
	if in.State != faultline.StateResolved || in.ResolvedAt.Sub(after(47)).Abs() > 3*time.Minute {
		t.Errorf("%s, resolved at %v; it ended at %v", in.State, in.ResolvedAt, after(47))
	}
	if in.Basis != faultline.BasisProbes || !in.Scope.Worldwide || in.Scope.Fraction < 0.9 {
		t.Errorf("basis %s, scope %+v", in.Basis, in.Scope)
	}
	if want := "X-fronted sites, 503, began ~" + faultline.Minute(in.Onset.At).Format("15:04") +
		" UTC"; in.Title != want {
		t.Errorf("title %q, want %q", in.Title, want)
	}
	if len(in.Symptoms) == 0 || in.Symptoms[0].Symptom != "http_503" || in.Symptoms[0].Share < 0.9 {
		t.Errorf("symptoms %v", in.Symptoms)
	}
	if in.Impact.PeakFailing < 18 || in.Impact.PeakFailing > 22 || in.Evidence.Vantages != 3 ||
		in.Evidence.ProbesFailed < 500 {
		t.Errorf("impact %+v, evidence %+v", in.Impact, in.Evidence)
	}
	for _, x := range in.Sites {
		if x.State != faultline.SiteRecovered || x.RecoveredAt == nil {
			t.Errorf("%s is %s, recovered at %v", x.Site, x.State, x.RecoveredAt)
		}
	}
	wantStatement(t, s, in)
}

// wantStatement asks that the provider's word was shown at once with its lag.
func wantStatement(t *testing.T, s *story, in faultline.Incident) {
	t.Helper()
	if len(in.Statements) != 1 || in.Statements[0].Status != "investigating" {
		t.Fatalf("statements %+v", in.Statements)
	}
	if lag := after(40).Sub(in.Onset.At); in.Statements[0].LagS != int(lag/time.Second) {
		t.Errorf("lag %d s, want %v", in.Statements[0].LagS, lag)
	}
	for _, r := range s.of(in.ID) {
		if len(r.Statements) > 0 {
			if r.UpdatedAt.Sub(after(40)) > time.Second {
				t.Errorf("the statement was first shown at %v", r.UpdatedAt)
			}
			return
		}
	}
}

func TestPartialOutageSaysHowMuchFails(t *testing.T) {
	t.Parallel()
	w := quietTown(100, 46)
	third := w.on("cdn:x")[:8]
	w.faults = []fault{{sites: third, from: 35, to: 50, symptom: "http_503"}}
	in := w.runPublished(t).wantOne(t, "cdn:x")
	if f := f1(in.Sites, third); f < 0.9 {
		t.Errorf("sites match with F1 %.2f", f)
	}
	if in.Scope.Fraction < 0.3 || in.Scope.Fraction > 0.5 || in.Impact.Observed != 20 {
		t.Errorf("scope %+v, impact %+v", in.Scope, in.Impact)
	}
}

func TestTwinsAreAlternatives(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 42)
	for i := range 12 {
		w.sites[i].Components = []faultline.Component{"cdn:twin", "asn:AS65000"}
	}
	w.faults = []fault{{sites: w.on("cdn:twin"), from: 35, to: 42, symptom: "connect"}}
	in := w.runPublished(t).wantOne(t, "cdn:twin")
	alt := in.Cause.Alternatives
	if len(alt) != 1 || alt[0].Component != "asn:AS65000" || alt[0].Confidence != in.Cause.Confidence ||
		alt[0].Reason != "same members" {
		t.Errorf("cause %+v", in.Cause)
	}
}

func TestBackgroundOfReportsJoinsTheEvidence(t *testing.T) {
	t.Parallel()
	w := quietTown(100, 45)
	w.grumble(1)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 45, symptom: "http_503"}}
	w.crowds = append(w.crowds, crowdOf{sites: w.on("cdn:x"), from: 36, to: 45, perMinute: 60, asns: asns(3000, 12),
		symptom: "http_503"})
	in := w.runPublished(t).wantOne(t, "cdn:x")
	ev := in.Evidence
	if in.Basis != faultline.BasisBoth || ev.Reports < 400 || ev.Reporters < 400 || ev.Networks < 12 {
		t.Errorf("basis %s, evidence %+v", in.Basis, ev)
	}
	if got := strings.Join(ev.Countries, " "); got != "DE GB US" {
		t.Errorf("countries %q", got)
	}
}
