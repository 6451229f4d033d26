package probe

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"faultline"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func sitesOf(n int, components ...faultline.Component) []Site {
	all := make([]Site, n)
	for i := range all {
		all[i] = Site{Site: fmt.Sprintf("s%d.net", i), Components: components}
	}
	return all
}

func resultOf(site string, s faultline.Symptom) Result {
	return Result{
		Probe:       faultline.Probe{Site: site, Symptom: s},
		Observation: Observation{Addr: netip.MustParseAddr("93.184.216.34")},
	}
}

// drive runs a schedule second by second and returns when each site was looked
// at. Each look takes no time and has the symptom that says says.
func drive(
	s *Schedule,
	from time.Time,
	span time.Duration,
	says func(site string, at time.Time) faultline.Symptom,
) map[string][]time.Time {
	checks := map[string][]time.Time{}
	for at := from; at.Before(from.Add(span)); at = at.Add(100 * time.Millisecond) {
		for {
			t, _, ok := s.Next(at)
			if !ok {
				break
			}
			checks[t.Site] = append(checks[t.Site], at)
			r := resultOf(t.Site, says(t.Site, at))
			s.Done(r, outcomeOf(&r), at)
		}
	}
	return checks
}

func well(string, time.Time) faultline.Symptom { return faultline.SymptomOK }

func TestChecksAreSpreadOverThePeriod(t *testing.T) {
	s := NewSchedule(time.Minute, "lon-1")
	s.Assign(sitesOf(6000), noon)
	perSecond := map[int64]int{}
	for site, at := range drive(s, noon, 5*time.Minute, well) {
		if len(at) < 4 || len(at) > 6 {
			t.Fatalf("%s was looked at %d times in five minutes", site, len(at))
		}
		for i := range at {
			perSecond[at[i].Unix()]++
			if i > 0 && (at[i].Sub(at[i-1]) < 50*time.Second || at[i].Sub(at[i-1]) > 70*time.Second) {
				t.Fatalf("%s: %s between two looks", site, at[i].Sub(at[i-1]))
			}
		}
	}
	for second, n := range perSecond {
		if n > 160 { // 100 on average
			t.Errorf("%d looks in second %d", n, second)
		}
	}
}

func TestAFailureIsCheckedAgainBeforeItCountsTwice(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	s.Assign(sitesOf(1), noon)
	at := drive(s, noon, 4*time.Minute, func(string, time.Time) faultline.Symptom { return "http_503" })["s0.net"]
	if len(at) < 4 {
		t.Fatalf("%v", at)
	}
	if gap := at[1].Sub(at[0]); gap < repeatAfter || gap > 2*repeatAfter+time.Second {
		t.Errorf("looked again after %s", gap)
	}
	for i := 2; i < len(at); i++ {
		if at[i].Sub(at[i-1]) < 50*time.Second {
			t.Errorf("a site that goes on failing is pestered: %v", at)
		}
	}
}

func TestWithheldFailuresAreNotRepeated(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	s.Assign(sitesOf(1), noon)
	at := noon.Add(time.Minute)
	task, _, ok := s.Next(at)
	if !ok {
		t.Fatal("nothing is due")
	}
	s.Done(resultOf(task.Site, "timeout"), outcomeWithheld, at)
	if task, wait, ok := s.Next(at.Add(10 * time.Second)); ok || wait < 20*time.Second {
		t.Errorf("%+v after %s", task, wait)
	}
}

func TestCheckRequestsHastenChecks(t *testing.T) {
	s := NewSchedule(10*time.Minute, "v")
	s.Assign(sitesOf(100), noon)
	drive(s, noon, 10*time.Minute, well)
	now := noon.Add(10 * time.Minute)
	request := []faultline.CheckRequest{
		{Site: "s1.net", Reason: faultline.CheckSuspect, Until: now.Add(2 * time.Minute)},
		{Site: "asked.net", Reason: faultline.CheckAsked, Until: now.Add(time.Minute)},
	}
	checks := map[string][]time.Time{}
	for i := range 300 { // the same request comes each second
		at := now.Add(time.Duration(i) * time.Second)
		s.Request(request, at)
		for site, more := range drive(s, at, time.Second, well) {
			checks[site] = append(checks[site], more...)
		}
	}
	if got := checks["asked.net"]; len(got) != 2 || got[0].Sub(now) > time.Second {
		t.Errorf("asked for: %v", got)
	}
	got := checks["s1.net"]
	if len(got) < 11 || len(got) > 14 || got[0].Sub(now) > firstGap+2*time.Second {
		t.Errorf("suspected: %v", got)
	}
	for i := 1; i < min(len(got), 11); i++ {
		if gap := got[i].Sub(got[i-1]); gap < firstGap {
			t.Errorf("%s between two requested checks", gap)
		}
	}
	if s.Len() != 100 || s.requested != 0 {
		t.Errorf("%d sites, %d of them requested, when the request is over", s.Len(), s.requested)
	}
}

func TestCheckRequestsAreBounded(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	for i := range 5 * maxRequested {
		s.Request([]faultline.CheckRequest{{Site: fmt.Sprint(i, ".net"), Until: noon.Add(time.Minute)}}, noon)
	}
	if s.Len() != maxRequested {
		t.Errorf("%d sites", s.Len())
	}
}

func TestBudgetsKeepChecksFromPilingUp(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	s.Assign(
		append(sitesOf(600, "cdn:sick", "tld:net"), Site{"other.net", []faultline.Component{"cdn:well"}}),
		noon,
	)
	// Nothing that is taken is ever handed back: each look hangs.
	busy, other := 0, false
	for at := noon; at.Before(noon.Add(2 * time.Minute)); at = at.Add(50 * time.Millisecond) {
		for {
			task, _, ok := s.Next(at)
			if !ok {
				break
			}
			if task.Site == "other.net" {
				other = true
			} else {
				busy++
			}
		}
	}
	if most := componentBase + 600/120; busy > most || busy < componentBase {
		t.Errorf("%d looks pile up on one component, want at most %d", busy, most)
	}
	if !other || s.Deferred == 0 {
		t.Errorf("the other site was looked at: %v; %d deferred", other, s.Deferred)
	}
}

func TestPrefixesHaveABudget(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	s.Assign(sitesOf(50), noon)
	drive(s, noon, 2*time.Minute, well) // all are seen at one address
	busy := 0
	for at := noon.Add(2 * time.Minute); at.Before(noon.Add(5 * time.Minute)); at = at.Add(time.Second) {
		for {
			if _, _, ok := s.Next(at); !ok {
				break
			}
			busy++
		}
	}
	if busy != prefixBase {
		t.Errorf("%d looks under way at one prefix, want %d", busy, prefixBase)
	}
}

func TestWhoRefusesIsLeftAlone(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	s.Assign(sitesOf(1), noon)
	at := drive(s, noon, 24*time.Hour,
		func(string, time.Time) faultline.Symptom { return faultline.SymptomBlocked })["s0.net"]
	if len(at) > 40 || len(at) < 20 {
		t.Errorf("looked at %d times in a day", len(at))
	}
	s.Request([]faultline.CheckRequest{{Site: "s0.net", Until: noon.Add(25 * time.Hour)}}, noon.Add(24*time.Hour))
	if task, wait, ok := s.Next(noon.Add(24 * time.Hour)); ok || wait < time.Minute {
		t.Errorf("a request overrides that: %+v, %s", task, wait)
	}
}

func TestWhoAlwaysFailsIsAskedLess(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	s.Assign(sitesOf(1), noon)
	at := drive(s, noon, 24*time.Hour, func(string, time.Time) faultline.Symptom { return "connect" })["s0.net"]
	if len(at) < 95 || len(at) > 160 {
		t.Errorf("looked at %d times in a day", len(at))
	}
	if gap := at[9].Sub(at[8]); gap > 70*time.Second {
		t.Errorf("%s between looks while the failure is young", gap)
	}
}

func TestWhoDeclinesIsForgottenForADay(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	s.Assign(sitesOf(1), noon)
	asked := 0
	for at := noon; at.Before(noon.Add(47 * time.Hour)); at = at.Add(time.Second) {
		if task, _, ok := s.Next(at); ok {
			if asked++; !task.Consent {
				t.Fatal("it is looked at without being asked")
			}
			s.Done(Result{Probe: faultline.Probe{Site: task.Site}, Declined: true}, outcomeDeclined, at)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times in two days", asked)
	}
}

func TestResumeSpreadsWhatWasMissed(t *testing.T) {
	s := NewSchedule(time.Minute, "v")
	s.Assign(sitesOf(600), noon)
	s.Resume(noon.Add(time.Hour))
	n := 0
	for {
		if _, _, ok := s.Next(noon.Add(time.Hour + time.Second)); !ok {
			break
		}
		n++
	}
	if n > 40 {
		t.Errorf("%d looks in the first second after blindness", n)
	}
}

// TestScheduleKeepsItsWord has any order of events: no site is ever looked at
// twice at once, budgets come back to nothing, and nothing is lost.
func TestScheduleKeepsItsWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := NewSchedule(time.Minute, "v"), noon
		all := sitesOf(30, "cdn:a")
		for i := range all {
			all[i].Components = []faultline.Component{faultline.NewComponent("cdn", fmt.Sprint("c", i%4)), "dns:d"}
		}
		var assigned []Site
		busy := map[string]bool{}
		for range rapid.IntRange(10, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				assigned = all[:rapid.IntRange(0, len(all)).Draw(t, "n")]
				s.Assign(assigned, now)
			case 1:
				w := all[rapid.IntRange(0, len(all)-1).Draw(t, "requested")].Site
				s.Request([]faultline.CheckRequest{{Site: w, Until: now.Add(time.Minute)}}, now)
			case 2, 3:
				task, _, ok := s.Next(now)
				if ok && busy[task.Site] {
					t.Fatalf("%s is checked twice at once", task.Site)
				}
				if ok {
					busy[task.Site] = true
				}
			default:
				for site := range busy {
					symptom := rapid.SampledFrom([]faultline.Symptom{"ok", "http_503", "blocked"}).
						Draw(t, "symptom")
					r := resultOf(site, symptom)
					s.Done(r, outcomeOf(&r), now)
					delete(busy, site)
					break
				}
			}
		}
		for site := range busy {
			s.Done(resultOf(site, "ok"), outcomeWell, now)
		}
		s.Assign(assigned, now.Add(time.Hour))
		if s.Len() != len(assigned) || len(s.queue) != len(assigned) {
			t.Fatalf("%d sites, %d queued, %d assigned", s.Len(), len(s.queue), len(assigned))
		}
		for name, l := range s.lanes.byName {
			if l.busy != 0 || l.members <= 0 {
				t.Fatalf("%s: %+v when all is done", name, l)
			}
		}
	})
}
