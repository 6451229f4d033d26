package probe

import (
	"testing"
	"time"

	"faultline"
)

// The first failure has other sites of the component checked within seconds, each of
// them besides the schedule, and no site of another component.
func TestAFirstFailureAsksForItsNeighbours(t *testing.T) {
	s := NewSchedule(10*time.Minute, "v")
	sites := sitesOf(40, "cdn:a", "tld:net")
	for i := 20; i < 40; i++ {
		sites[i].Components = []faultline.Component{"cdn:b", "tld:net"}
	}
	s.Assign(sites, noon)
	drive(s, noon, 10*time.Minute, well)
	now := noon.Add(10 * time.Minute)
	failed := ""
	checks := drive(s, now, 45*time.Second, func(site string, _ time.Time) faultline.Symptom {
		if failed == "" && s.Components(site)[0] == "cdn:a" {
			failed = site
		}
		if site == failed {
			return "http_503"
		}
		return faultline.SymptomOK
	})
	asked, others := 0, 0
	for site := range checks {
		switch {
		case site == failed:
		case s.Components(site)[0] == "cdn:a":
			asked++
		default:
			others++
		}
	}
	if failed == "" || asked < neighboursEach || others > 4 { // of 20 sites in ten minutes
		t.Errorf("%q failed; %d neighbours were checked, %d others", failed, asked, others)
	}
	rest := drive(s, now.Add(45*time.Second), 11*time.Minute, well)
	for _, site := range sites {
		if len(rest[site.Site]) == 0 {
			t.Errorf("%s lost its turn", site.Site)
		}
	}
}

// However many sites fail, the checks besides the schedule are a share of it.
func TestNeighboursAreBounded(t *testing.T) {
	const n, minutes = 600, 20
	s := NewSchedule(time.Minute, "v")
	s.Assign(sitesOf(n, "cdn:a"), noon)
	checks, turn := 0, 0
	for _, at := range drive(s, noon, minutes*time.Minute, func(string, time.Time) faultline.Symptom {
		if turn++; turn%3 == 0 {
			return "http_503"
		}
		return faultline.SymptomOK
	}) {
		checks += len(at)
	}
	// Each failure is repeated once; the rest is the schedule and its neighbours.
	if most := n * (minutes + 1) * 8 / 5 * 5 / 4; checks > most {
		t.Errorf("%d checks, at most %d", checks, most)
	}
}

// What is brought forward does not push back the turns that follow.
func TestRequestedChecksComeBesidesTheSchedule(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	s.Assign(sitesOf(1), noon)
	s.Request([]faultline.CheckRequest{{Site: "s0.net", Reason: faultline.CheckSuspect,
		Until: noon.Add(3 * time.Minute)}}, noon)
	drive(s, noon, 3*time.Minute, well)
	if at := drive(s, noon.Add(3*time.Minute), 2*time.Minute, well)["s0.net"]; len(at) < 2 {
		t.Errorf("checked %d times in the two minutes after the request", len(at))
	}
}
