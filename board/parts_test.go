package board

import (
	"slices"
	"strings"
	"testing"

	"faultline"
)

// partlySnapshot is a moment at which Fastly fails. down.com depends on it; the others answer,
// and their pages use it, but for one that fails by itself and one of which nothing is known.
func partlySnapshot(t *testing.T, state faultline.IncidentState) *Snapshot {
	t.Helper()
	inc := faultline.Incident{ID: "inc_1", State: state,
		Cause: &faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly",
			Aka: []faultline.Component{"asn:AS54113"}},
		Impact: faultline.Impact{Failing: 1, Observed: 1},
		Sites:  []faultline.IncidentSite{{Site: "down.com", State: faultline.SiteDown}}}
	e, err := newEntry(inc)
	if err != nil {
		t.Fatal(err)
	}
	x := NewIndex()
	x.Put(faultline.SiteRecord{Site: "down.com", Rank: 1, Components: []faultline.Component{"cdn:fastly"},
		Uses: []faultline.Component{"cdn:fastly"}})
	x.Put(faultline.SiteRecord{Site: "partly.com", Rank: 3, Components: []faultline.Component{"cloud:aws/us-east-1"},
		Uses: []faultline.Component{"cdn:fastly", "cdn:jsdelivr"}})
	x.Put(faultline.SiteRecord{Site: "first.com", Rank: 2, Uses: []faultline.Component{"asn:AS54113", "cdn:fastly"}})
	x.Put(faultline.SiteRecord{Site: "other.com", Rank: 4, Uses: []faultline.Component{"cdn:jsdelivr"}})
	x.Put(faultline.SiteRecord{Site: "failing.com", Rank: 5, Uses: []faultline.Component{"cdn:fastly"}})
	x.Put(faultline.SiteRecord{Site: "unseen.com", Rank: 6, Uses: []faultline.Component{"cdn:fastly"}})
	x.Put(faultline.SiteRecord{Site: "silent.com", Rank: 7})
	s := &Snapshot{Live: Meta{Coverage: &faultline.Coverage{State: faultline.Observing}}, Order: []*Entry{e},
		byID: map[string]*Entry{"inc_1": e}, uses: x,
		View: faultline.View{
			Sites: []faultline.SiteStatus{
				{Site: "down.com", State: faultline.SiteDown, Probes: 9, ProbesFailed: 9, Incidents: []string{"inc_1"}},
				{Site: "failing.com", State: faultline.SiteDown, Probes: 9, ProbesFailed: 9},
				{Site: "first.com", State: faultline.SiteOK, Symptom: faultline.SymptomOK, Probes: 9, Reports: 4},
			},
			Well: []faultline.WellSite{{Site: "other.com", Probes: 9}, {Site: "partly.com", Probes: 12},
				{Site: "silent.com", Probes: 9}}}}
	s.index(nil)
	return s
}

// A site that answers while what serves parts of its page fails is degraded by that. It never
// counts as failing, and what is not known is not said.
func TestASiteThatUsesWhatFailsIsDegradedByIt(t *testing.T) {
	s := partlySnapshot(t, faultline.StateConfirmed)
	for site, want := range map[string]faultline.SiteState{
		"down.com": faultline.SiteDown, "failing.com": faultline.SiteDown, "unseen.com": faultline.SiteUnknown,
		"partly.com": faultline.SiteDegraded, "first.com": faultline.SiteDegraded,
		"other.com": faultline.SiteOK, "silent.com": faultline.SiteOK,
	} {
		if got := s.Status(faultline.SiteRecord{Site: site}); got.State != want {
			t.Errorf("%s is %s, want %s", site, got.State, want)
		}
		if named := len(s.PartsOf(site)) > 0; named != (want == faultline.SiteDegraded) {
			t.Errorf("%s: an incident is named: %t", site, named)
		}
	}
	if got := s.Status(faultline.SiteRecord{Site: "partly.com"}); got.Symptom != faultline.SymptomOK ||
		got.ProbesFailed != 0 || len(got.Incidents) != 0 {
		t.Errorf("of the site itself: %+v", got)
	}
	sites, total := s.PartlyOf("inc_1", 1)
	if total != 2 || !slices.Equal(sites, []string{"first.com"}) {
		t.Errorf("%v of %d may load only in part, want first.com of 2", sites, total)
	}
	if got := s.Tally(s.uses, "cdn:fastly"); got.Failing != 1 || got.Observed != 1 {
		t.Errorf("%d of %d sites on Fastly count as failing, want 1 of 1", got.Failing, got.Observed)
	}
}

// What is only suspected, what recovers, and what nobody observes takes no part from any page.
func TestOnlyAConfirmedOutageTakesPartsOfPages(t *testing.T) {
	for _, state := range []faultline.IncidentState{faultline.StateCandidate, faultline.StateRecovering,
		faultline.StateResolved, faultline.StateRetracted} {
		s := partlySnapshot(t, state)
		if got := s.Status(faultline.SiteRecord{Site: "partly.com"}); got.State != faultline.SiteOK {
			t.Errorf("%s: partly.com is %s", state, got.State)
		}
	}
	blind := partlySnapshot(t, faultline.StateConfirmed)
	blind.Live.Coverage.State = faultline.Blind
	if len(blind.PartsOf("partly.com")) > 0 {
		t.Error("said while nothing is observed")
	}
	old := partlySnapshot(t, faultline.StateConfirmed)
	old.uses = nil // as of a moment of the past, for which no lists are kept
	if len(old.PartsOf("partly.com")) > 0 {
		t.Error("said without a list of sites")
	}
}

// Whoever asks about such a site is not told that the fault is near them.
func TestVerdictNamesWhatServesPartsOfThePage(t *testing.T) {
	s := partlySnapshot(t, faultline.StateConfirmed)
	v := s.Verdict(faultline.SiteRecord{Site: "partly.com"}, 0)
	want := "partly.com answers: all 12 probes of it succeeded in the last 10 minutes. Parts of its pages come from " +
		"Fastly, which is failing. They may be missing."
	if v.Blame != faultline.BlameProvider || !v.Partly || v.Incident == nil || v.Because != want {
		t.Errorf("%s, partly %t, %q", v.Blame, v.Partly, v.Because)
	}
	if v := s.Verdict(faultline.SiteRecord{Site: "other.com"}, 0); v.Blame != faultline.BlameYou || v.Partly {
		t.Errorf("other.com: %s, %q", v.Blame, v.Because)
	}
}

// A stack says so too, and counts such a site among those that may be affected.
func TestAStackNamesWhatServesPartsOfAPage(t *testing.T) {
	s := partlySnapshot(t, faultline.StateConfirmed)
	of := func(names ...string) Stack {
		items := make([]faultline.StackItem, len(names))
		for i, name := range names {
			items[i] = faultline.StackItem{Kind: faultline.StackSite, ID: name}
		}
		return s.Stack(s.uses, items)
	}
	one := of("partly.com").Verdict
	if one.State != StackSuspected || one.Failing != 0 || one.Cause == nil || !strings.HasPrefix(one.Sentence,
		"partly.com answers, but parts of its pages come from Fastly, which is failing") {
		t.Errorf("%+v", one)
	}
	if two := of("partly.com", "other.com").Verdict; two.Failing != 0 || two.Suspected != 1 || two.OK != 1 {
		t.Errorf("%+v", two)
	}
}
