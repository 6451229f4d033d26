package scenario_test

import (
	"slices"
	"testing"
	"time"

	"faultline"
	"faultline/scenario"
)

func utc(hour, minute int) time.Time { return time.Date(2021, 6, 8, hour, minute, 0, 0, time.UTC) }

// onFastly are the sites on Fastly, by whether it is all that they have.
func onFastly(s scenario.Spec) map[string]bool {
	alone := map[string]bool{}
	for _, r := range s.Records() {
		cdns := slices.DeleteFunc(slices.Clone(r.Components),
			func(c faultline.Component) bool { return c.Kind() != faultline.KindCDN })
		if slices.Contains(cdns, "cdn:fastly") {
			alone[r.Site] = len(cdns) == 1
		}
	}
	return alone
}

func TestFastlyIsTrueToTheDay(t *testing.T) {
	s := builtin(t, fastly)
	if !s.Start.Equal(utc(8, 47)) || !s.Onset.Equal(utc(9, 47)) || !s.End.Equal(utc(12, 50)) {
		t.Errorf("from %v over %v to %v", s.Start, s.Onset, s.End)
	}
	alone := onFastly(s)
	for _, site := range []string{"reddit.com", "nytimes.com", "theguardian.com", "www.gov.uk", "independent.co.uk",
		"ft.com", "standard.co.uk"} {
		if only, ok := alone[site]; !ok || !only {
			t.Errorf("%s does not depend on Fastly alone", site)
		}
	}
	for _, site := range []string{"amazon.com", "bbc.co.uk"} {
		if only, ok := alone[site]; !ok || only {
			t.Errorf("%s does not depend on Fastly and another", site)
		}
	}
	if well := len(s.Sites) - len(alone); len(alone) < 60 || well < 100 {
		t.Errorf("%d sites on Fastly, %d not", len(alone), well)
	}
	var said []string
	for at, ev := range s.Arrivals() {
		if st, ok := ev.(faultline.Statement); ok {
			said = append(said, at.Format("15:04 ")+st.Status)
		}
	}
	if want := []string{"09:58 investigating", "10:44 identified", "10:57 monitoring",
		"12:44 resolved"}; !slices.Equal(said, want) {
		t.Errorf("statements: %v", said)
	}
}

func TestFastlyFailsAndReturnsAsItDid(t *testing.T) {
	s := builtin(t, fastly)
	alone := onFastly(s)
	only := func(p faultline.Probe) bool { return alone[p.Site] }
	amazon := func(p faultline.Probe) bool { return p.Site == "amazon.com" }
	bbc := func(p faultline.Probe) bool { return p.Site == "bbc.co.uk" }
	well := func(p faultline.Probe) bool { _, on := alone[p.Site]; return !on }
	for _, c := range []struct {
		what            string
		who             func(faultline.Probe) bool
		from, to        time.Time
		want, tolerance float64
	}{
		{"anybody before", func(faultline.Probe) bool { return true }, utc(8, 47), utc(9, 47), 0.004, 0.002},
		{"Fastly's down", only, utc(9, 48), utc(10, 36), 0.85, 0.01},
		{"Amazon, three providers", amazon, utc(9, 48), utc(10, 36), 0.3, 0.1},
		{"BBC, two providers", bbc, utc(9, 48), utc(10, 36), 0.34, 0.1},
		{"bystanders", well, utc(9, 47), utc(12, 50), 0.004, 0.002},
		{"most are back", only, utc(11, 0), utc(11, 5), 0.08, 0.05},
		{"a thin tail", only, utc(11, 20), utc(12, 30), 0.009, 0.004},
		{"over", only, utc(12, 36), utc(12, 50), 0.004, 0.003},
	} {
		got, _ := share(s, func(p faultline.Probe) bool {
			return c.who(p) && !p.At.Before(c.from) &&
				p.At.Before(c.to)
		})
		near(t, c.what, got, c.want, c.tolerance)
	}
}

func TestFastlyCountsArePlausible(t *testing.T) {
	s := builtin(t, fastly)
	n := map[string]int{}
	reporters := map[string]int{}
	quiet, networks, countries := 0, map[uint32]bool{}, map[string]bool{}
	for ev := range s.Events() {
		n[ev.Type()]++
		if r, ok := ev.(faultline.Report); ok {
			if r.At.Before(s.Onset) {
				quiet++
			}
			reporters[r.Site]++
			networks[r.ASN], countries[r.Country] = true, true
		}
	}
	probes := len(s.Sites) * len(s.Vantages) * int(s.End.Sub(s.Start).Minutes())
	if got := n[faultline.TypeProbe]; got < probes*99/100 || got > probes {
		t.Errorf("%d probes of %d due", got, probes)
	}
	if n[faultline.TypeReport] < 15_000 || n[faultline.TypeReport] > 40_000 || quiet < 100 ||
		quiet > n[faultline.TypeReport]/10 {
		t.Errorf("%d reports, %d of them before onset", n[faultline.TypeReport], quiet)
	}
	if len(networks) < 30 || len(countries) < 12 {
		t.Errorf("reports from %d networks in %d countries", len(networks), len(countries))
	}
	if reporters["reddit.com"] < 2*reporters["ft.com"] || reporters["ft.com"] < 10*reporters["ripe.net"] {
		t.Errorf("reports: reddit.com %d, ft.com %d, ripe.net %d", reporters["reddit.com"], reporters["ft.com"],
			reporters["ripe.net"])
	}
}
