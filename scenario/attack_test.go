package scenario_test

import (
	"slices"
	"testing"
	"time"

	"faultline"
	"faultline/scenario"
)

func TestAttackReportsOnlyItsSitesFromItsNetworks(t *testing.T) {
	s := parse(t, small)
	s.Failures, s.Echoes = nil, nil
	s.Attacks = []scenario.Attack{{
		Sites: []string{"b.example"}, From: s.Onset, To: s.Onset.Add(20 * time.Minute), PerMinute: 30,
		Symptoms: scenario.Mix{"http_503": 1},
		Networks: []scenario.Network{{ASN: 77, Country: "US", Share: 1, Prefixes: 3}},
	}}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	faces, nets := map[string]bool{}, map[string]bool{}
	said := reports(s, func(faultline.Report) bool { return true })
	for _, r := range said {
		if r.Site != "b.example" || r.ASN != 77 || r.Symptom != "http_503" || r.At.Before(s.Onset) ||
			r.At.After(s.Onset.Add(20*time.Minute)) {
			t.Fatalf("%+v is not of the attack", r)
		}
		faces[r.Reporter], nets[r.Net] = true, true
	}
	near(t, "reports", float64(len(said)), 600, 100)
	if len(faces) != len(said) || len(nets) != 3 {
		t.Errorf("%d reports by %d people on %d prefixes", len(said), len(faces), len(nets))
	}
	s.Attacks[0].Sites = []string{"nowhere.example"}
	if s.Check() == nil {
		t.Error("an attack on a site that is not there is let pass")
	}
}

func TestDirtRepeatsAndDelays(t *testing.T) {
	clean := parse(t, small)
	soiled := clean
	soiled.Dirt = scenario.Dirt{Repeated: 0.2, Late: 0.1, LateS: 240}
	count := func(s scenario.Spec) (n int, late time.Duration) {
		for at, ev := range s.Arrivals() {
			if r, ok := ev.(faultline.Report); ok {
				n++
				late = max(late, at.Sub(r.At))
			}
		}
		return n, late
	}
	before, prompt := count(clean)
	after, late := count(soiled)
	near(t, "copies", float64(after)/float64(before), 1.2, 0.04)
	if prompt != 0 || late < 3*time.Minute || late > 5*time.Minute+time.Second {
		t.Errorf("reports arrive up to %v late, without dirt %v", late, prompt)
	}
}

func TestAFailureMayHitSomeSitesOnly(t *testing.T) {
	s := parse(t, small)
	s.Failures[0].Sites = []string{"a.example"}
	failing := map[string]bool{}
	for ev := range s.Events() {
		if p, ok := ev.(faultline.Probe); ok && p.Symptom != faultline.SymptomOK {
			failing[p.Site] = true
		}
	}
	if len(failing) != 1 || !failing["a.example"] {
		t.Errorf("failing: %v", failing)
	}
}

func TestUnprobedSitesAreLeftToTheirCrowd(t *testing.T) {
	s := parse(t, small)
	s.Sites[0].Unprobed = true
	if _, n := share(s, func(p faultline.Probe) bool { return p.Site == "a.example" }); n != 0 {
		t.Errorf("%d probes", n)
	}
	if len(reports(s, func(r faultline.Report) bool { return r.Site == "a.example" })) == 0 {
		t.Error("nobody reports it")
	}
}

func TestTheMapMayBeWrong(t *testing.T) {
	s := parse(t, small)
	s.Sites[0].Mapped = []faultline.Component{"cdn:z"}
	if got := s.Records()[0].Components; !slices.Equal(got, []faultline.Component{"cdn:z", "tld:example"}) {
		t.Errorf("told: %v", got)
	}
	if got, _ := share(s, func(p faultline.Probe) bool {
		return p.Site == "a.example" &&
			between(p.At, s, 0, 30)
	}); got != 1 {
		t.Errorf("%.2f of its probes fail: the truth must not change with the map", got)
	}
}

func TestAVantagesClockMayBeWrong(t *testing.T) {
	s := parse(t, small)
	s.Vantages[0].ClockS = -90
	for at, ev := range s.Arrivals() {
		if p, ok := ev.(faultline.Probe); ok {
			behind := at.Sub(p.At) > 80*time.Second
			if behind != (p.Vantage == s.Vantages[0].Vantage) {
				t.Fatalf("a probe of %s at %v arrives %v", p.Vantage, p.At, at)
			}
		}
	}
}

func TestTheDayAndBurstsShapeTheCrowd(t *testing.T) {
	s := parse(t, small)
	s.Failures, s.Echoes = nil, nil
	s.Start = time.Date(2024, 3, 6, 1, 0, 0, 0, time.UTC)
	s.Onset, s.End = s.Start.Add(time.Minute), s.Start.Add(24*time.Hour)
	s.Vantages, s.Statements = nil, nil
	s.Crowd.Quiet, s.Crowd.QuietExponent, s.Crowd.Day = 0.01, 1, 0.5
	hours := func() (night, noon int, perMinute map[string]int) {
		perMinute = map[string]int{}
		for _, r := range reports(s, func(faultline.Report) bool { return true }) {
			switch r.At.Hour() {
			case 2, 3, 4:
				night++
			case 14, 15, 16:
				noon++
			}
			perMinute[r.Site+r.At.Format("15:04")]++
		}
		return night, noon, perMinute
	}
	night, noon, calm := hours()
	near(t, "afternoon to night", float64(noon)/float64(night), 3, 0.9)
	s.Crowd.Bursts = 1.5
	_, _, wild := hours()
	most := func(m map[string]int) (n int) {
		for _, v := range m {
			n = max(n, v)
		}
		return n
	}
	if most(wild) < 2*most(calm) {
		t.Errorf("%d reports in the worst minute with bursts, %d without", most(wild), most(calm))
	}
}

func TestTheQuietHasAnExponentOfItsOwn(t *testing.T) {
	s := parse(t, small)
	s.Failures, s.Echoes = nil, nil
	s.Crowd.Quiet = 0.05
	ofRank99 := func(r faultline.Report) bool { return r.Site == "b.example" }
	same := len(reports(s, ofRank99))
	s.Crowd.QuietExponent = 1
	steep := len(reports(s, ofRank99))
	near(t, "of those with the exponent of an outage", float64(steep)/float64(same), 0.1, 0.06)
}
