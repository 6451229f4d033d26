package scenario_test

import (
	"math"
	"regexp"
	"testing"
	"time"

	"faultline"
	"faultline/scenario"
)

func TestPeopleReportByRankAndAfterAWhile(t *testing.T) {
	s := parse(t, small)
	minute := s.Onset.Add(time.Minute)
	s.Failures[0].Returns = []scenario.Return{{At: minute, Share: 0}, {At: minute.Add(time.Millisecond), Share: 1}}
	s.Crowd.Rate = 20_000
	said := reports(s, func(r faultline.Report) bool { return r.Site == "a.example" })
	lag := 0.
	for _, r := range said {
		lag += r.At.Sub(s.Onset).Seconds() / float64(len(said))
	}
	near(t, "reports of a minute down", float64(len(said)), 20_000/math.Sqrt(4), 400)
	near(t, "mean lag", lag, 30+120, 6)
}

func TestReportsCarryWhereTheyComeFrom(t *testing.T) {
	s := parse(t, small)
	s.Crowd.Quiet = 0.5
	pseudonym, net := regexp.MustCompile(`^[0-9a-f]{16}$`), regexp.MustCompile(`^[0-9a-f]{8}$`)
	people, nets, asns := map[string]bool{}, map[string]uint32{}, map[uint32]int{}
	for _, r := range reports(s, func(faultline.Report) bool { return true }) {
		if people[r.Reporter] || !pseudonym.MatchString(r.Reporter) || !net.MatchString(r.Net) {
			t.Fatalf("report: %+v", r)
		}
		if asn, ok := nets[r.Net]; ok && asn != r.ASN {
			t.Fatalf("prefix %s is of AS%d and AS%d", r.Net, asn, r.ASN)
		}
		if r.Site == "b.example" && r.Country != "US" {
			t.Fatalf("at home in the US only: %+v", r)
		}
		people[r.Reporter], nets[r.Net] = true, r.ASN
		asns[r.ASN]++
	}
	if len(nets) != 8 || len(asns) != 2 || asns[10] == 0 || asns[20] == 0 {
		t.Errorf("%d prefixes, networks %v", len(nets), asns)
	}
}

func TestAnEchoIsATimesOfTheQuietRate(t *testing.T) {
	s := parse(t, small)
	s.Crowd.Quiet = 0.5
	rate := func(from, to int) float64 {
		said := reports(s, func(r faultline.Report) bool { return r.Site == "b.example" && between(r.At, s, from, to) })
		for _, r := range said {
			if r.Symptom != faultline.SymptomSlow {
				t.Fatalf("nobody saw it fail: %+v", r)
			}
		}
		return float64(len(said)) / float64(to-from)
	}
	near(t, "a minute in the quiet", rate(-60, 0), 20, 2.5)
	near(t, "a minute in the echo", rate(0, 30), 100, 8)
	near(t, "a minute after it", rate(30, 60), 20, 3)
}

func TestPeopleGrowWearyAndSayLittle(t *testing.T) {
	s := parse(t, small)
	s.Failures[0].Returns = nil
	s.Crowd.WearyS, s.Crowd.Silent, s.Crowd.Vague = 900, 0.25, 0.5
	early := reports(s, func(r faultline.Report) bool { return r.Site == "a.example" && between(r.At, s, 10, 20) })
	late := reports(s, func(r faultline.Report) bool { return r.Site == "a.example" && between(r.At, s, 40, 50) })
	near(t, "urge after half an hour more", float64(len(late))/float64(len(early)), math.Exp(-2), 0.04)
	said := map[faultline.Symptom]float64{}
	for _, r := range early {
		said[r.Symptom] += 1 / float64(len(early))
	}
	near(t, "silent", said[""], 0.25, 0.04)
	near(t, "vague", said[faultline.SymptomOther], 0.375, 0.04)
	near(t, "exact", said["http_503"], 0.375, 0.04)
}
