package scenario_test

import (
	"math"
	"testing"
	"time"

	"faultline"
	"faultline/scenario"
)

// share is the part of the probes that fail, of those that want wants.
func share(s scenario.Spec, want func(faultline.Probe) bool) (failed float64, n int) {
	for ev := range s.Events() {
		if p, ok := ev.(faultline.Probe); ok && want(p) {
			if n++; p.Symptom != faultline.SymptomOK {
				failed++
			}
		}
	}
	return failed / math.Max(1, float64(n)), n
}

// reports are those of a scenario that want wants.
func reports(s scenario.Spec, want func(faultline.Report) bool) []faultline.Report {
	var out []faultline.Report
	for ev := range s.Events() {
		if r, ok := ev.(faultline.Report); ok && want(r) {
			out = append(out, r)
		}
	}
	return out
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: %.3f, want %.3f ± %.3f", what, got, want, tolerance)
	}
}

func between(p time.Time, s scenario.Spec, from, to int) bool {
	return !p.Before(s.Onset.Add(time.Duration(from)*time.Minute)) &&
		p.Before(s.Onset.Add(time.Duration(to)*time.Minute))
}

func TestASecondProviderKeepsItsShare(t *testing.T) {
	s := parse(t, small)
	for site, want := range map[string]float64{"a.example": 1, "b.example": 0, "c.example": 0.3} {
		got, n := share(s, func(p faultline.Probe) bool { return p.Site == site && between(p.At, s, 0, 30) })
		near(t, site, got, want, 0.15)
		if n != 60 {
			t.Errorf("%s: %d probes in 30 minutes from 2 vantages", site, n)
		}
	}
	s.Sites[2].Shares = nil // then the two have the same
	got, _ := share(s, func(p faultline.Probe) bool { return p.Site == "c.example" && between(p.At, s, 0, 30) })
	near(t, "even shares", got, 0.5, 0.2)
}

func TestSitesComeBackOneByOne(t *testing.T) {
	s := parse(t, small)
	last := map[string]time.Time{}
	for ev := range s.Events() {
		if p, ok := ev.(faultline.Probe); ok && p.Symptom != faultline.SymptomOK {
			last[p.Site] = p.At
		}
	}
	early, late := last["a.example"], last["c.example"]
	if early.After(late) {
		early, late = late, early
	}
	// Two sites are back at a quarter and at three quarters of the ten minutes.
	near(t, "first back", early.Sub(s.Onset).Minutes(), 32.5, 3)
	near(t, "second back", late.Sub(s.Onset).Minutes(), 37.5, 3)
}

func TestQRunsInStraightLines(t *testing.T) {
	s := parse(t, small)
	at := func(minute int) time.Time { return s.Onset.Add(time.Duration(minute) * time.Minute) }
	s.Vantages[0].CadenceS, s.Vantages[1].CadenceS = 1, 1
	s.Failures[0].Returns = nil
	s.Failures[0].Q = []scenario.Point{{At: at(0), Q: 0}, {At: at(20), Q: 1}, {At: at(40), Q: 1}, {At: at(50), Q: 0.2}}
	for _, c := range []struct {
		from, to int
		want     float64
	}{{-10, 0, 0}, {4, 6, 0.25}, {9, 11, 0.5}, {25, 35, 1}, {44, 46, 0.6}, {52, 60, 0.2}} {
		got, _ := share(s, func(p faultline.Probe) bool {
			return p.Site == "a.example" &&
				between(p.At, s, c.from, c.to)
		})
		near(t, at(c.from).Format("15:04"), got, c.want, 0.1)
	}
}

func TestAFailureMayStayInOneCountry(t *testing.T) {
	s := parse(t, small)
	s.Failures[0].Countries = []string{"GB"}
	if got, _ := share(s, func(p faultline.Probe) bool { return p.Vantage == "nyc-1" }); got > 0 {
		t.Errorf("probes fail in the US: %v", got)
	}
	said := reports(s, func(r faultline.Report) bool { return r.Site == "a.example" })
	for _, r := range said {
		if r.Country != "GB" || r.ASN != 10 {
			t.Fatalf("a report from elsewhere: %+v", r)
		}
	}
	if len(said) < 1000 {
		t.Errorf("%d reports from GB", len(said))
	}
}

func TestAnISPFailsForItsOwnViewersOnly(t *testing.T) {
	s := parse(t, small)
	s.Failures[0].Component = "isp:AS20"
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	sites := map[string]bool{}
	for _, r := range reports(s, func(r faultline.Report) bool { return r.Symptom == "http_503" }) {
		sites[r.Site] = true
		if r.ASN != 20 {
			t.Fatalf("a report from elsewhere: %+v", r)
		}
	}
	if got, _ := share(s, func(faultline.Probe) bool { return true }); got > 0 || len(sites) != 3 {
		t.Errorf("%.2f of the probes fail, %d sites are complained of", got, len(sites))
	}
}

func TestAnOwnersFaultReachesItsHosts(t *testing.T) {
	s := parse(t, small)
	s.Sites = append(s.Sites, scenario.Site{Site: "api.b.example", Rank: 500})
	s.Failures[0].Component = "site:b.example"
	failing := map[string]int{}
	for ev := range s.Events() {
		if p, ok := ev.(faultline.Probe); ok && p.Symptom != faultline.SymptomOK {
			failing[p.Site]++
		}
	}
	if len(failing) != 2 || failing["b.example"] == 0 || failing["api.b.example"] == 0 {
		t.Errorf("failing: %v", failing)
	}
}

func TestSitesFailOnTheirOwnAtTheRateOfTheSpec(t *testing.T) {
	s := parse(t, small)
	s.Failures, s.Echoes = nil, nil
	s.End = s.Onset.Add(20 * 24 * time.Hour)
	s.Noise.OwnFaultsPerDay, s.Noise.OwnFaultMinutes = 2, 30
	got, _ := share(s, func(faultline.Probe) bool { return true })
	near(t, "part of the time that sites are down", got, 2*30./(24*60+2*30), 0.012)
	if quiet, _ := share(s, func(p faultline.Probe) bool { return p.At.Before(s.Onset) }); quiet > 0 {
		t.Errorf("%.2f fail before onset", quiet)
	}
}

func TestProbesSpeakTheSymptomsOfTheMix(t *testing.T) {
	s := parse(t, small)
	s.Failures[0].Returns = nil
	s.Failures[0].Detail = "edge"
	s.Failures[0].Symptoms = scenario.Mix{"http_503": 0.4, "connect": 0.2, "timeout": 0.1, "blocked": 0.1, "slow": 0.1,
		"content": 0.1}
	seen := map[faultline.Symptom]float64{}
	n := 0.
	for ev := range s.Events() {
		p, ok := ev.(faultline.Probe)
		if !ok || p.Symptom == faultline.SymptomOK {
			continue
		}
		n++
		seen[p.Symptom]++
		status := map[faultline.Symptom]int{"http_503": 503, "blocked": 403, "slow": 200, "content": 200}[p.Symptom]
		if p.Status != status || p.Detail != "edge" || p.Symptom == faultline.SymptomTimeout && p.LatencyMS < 5_000 {
			t.Fatalf("probe: %+v", p)
		}
	}
	for symptom, want := range s.Failures[0].Symptoms {
		near(t, string(symptom), seen[symptom]/n, want, 0.12)
	}
}

// Checks of a scenario's internet, made by whoever likes, see what its events do.
func TestInternetAnswersAsTheScenarioHasIt(t *testing.T) {
	s := parse(t, small)
	n := s.Internet()
	if _, ok := n.Check("nowhere.example", 0, s.Start); ok {
		t.Error("a site that is not there answers")
	}
	if _, ok := n.Check(s.Sites[0].Site, len(s.Vantages), s.Start); ok {
		t.Error("a vantage that is not there sees something")
	}
	seen := map[string]map[faultline.Symptom]bool{}
	for ev := range s.Events() {
		if p, ok := ev.(faultline.Probe); ok {
			if seen[p.Site] == nil {
				seen[p.Site] = map[faultline.Symptom]bool{}
			}
			seen[p.Site][p.Symptom] = true
		}
	}
	for site, symptoms := range seen {
		failed := false
		for at := s.Start; at.Before(s.End); at = at.Add(10 * time.Second) {
			p, ok := n.Check(site, 0, at)
			if !ok || p.Vantage != s.Vantages[0].Vantage || p.Site != site {
				t.Fatalf("%+v", p)
			}
			failed = failed || p.Symptom != faultline.SymptomOK
		}
		if failed != (len(symptoms) > 1 || !symptoms[faultline.SymptomOK]) {
			t.Errorf("%s fails when it is asked: %v; in the events: %v", site, failed, symptoms)
		}
	}
}
