package board

import (
	"testing"

	"faultline"
)

// While what a site's owner runs fails, nobody who asks about that site is told that
// the fault is theirs.
func TestVerdictNamesWhatTheOwnerRuns(t *testing.T) {
	inc := faultline.Incident{ID: "inc_1", State: faultline.StateConfirmed,
		Cause:  &faultline.Cause{Component: "cloud:aws/us-east-1", Kind: "cloud", Name: "AWS us-east-1"},
		Impact: faultline.Impact{Failing: 15, Observed: 15}}
	e, err := newEntry(inc)
	if err != nil {
		t.Fatal(err)
	}
	providers := faultline.NewProviders([]faultline.Provider{
		{Slug: "aws", Name: "Amazon Web Services", Components: []string{"cloud:aws/*"},
			Sites: []string{"aws.amazon.com"}}})
	s := &Snapshot{Live: Meta{Coverage: &faultline.Coverage{State: faultline.Observing}}, Order: []*Entry{e},
		byID: map[string]*Entry{"inc_1": e}, providers: providers,
		wellAt: map[string]int{"aws.amazon.com": 0, "bbc.co.uk": 1},
		View: faultline.View{Well: []faultline.WellSite{{Site: "aws.amazon.com", Probes: 30},
			{Site: "bbc.co.uk", Probes: 30}}}}
	if v := s.Verdict(faultline.SiteRecord{Site: "aws.amazon.com"}, 0); v.Blame != faultline.BlameProvider ||
		v.Incident == nil {
		t.Errorf("blame %q, want the provider: %s", v.Blame, v.Because)
	}
	if v := s.Verdict(faultline.SiteRecord{Site: "bbc.co.uk"}, 0); v.Blame != faultline.BlameYou || v.Incident != nil {
		t.Errorf("blame %q of a site that others run: %s", v.Blame, v.Because)
	}
}

// A component is not blamed for sites that another component takes down: a site that runs in
// two regions of a cloud fails while one of them does.
func TestSitesThatAnotherIncidentExplainsSayNothing(t *testing.T) {
	inc := faultline.Incident{ID: "inc_1", State: faultline.StateConfirmed,
		Cause: &faultline.Cause{Component: "cloud:aws/us-east-1", Kind: "cloud"},
		Sites: []faultline.IncidentSite{{Site: "netflix.com", State: faultline.SiteDown}}}
	e, err := newEntry(inc)
	if err != nil {
		t.Fatal(err)
	}
	x := NewIndex()
	for site, on := range map[string][]faultline.Component{
		"netflix.com": {"cloud:aws/us-east-1", "cloud:aws/eu-west-1", "cloud:aws/us-west-2"},
		"calm.com":    {"cloud:aws/eu-west-1", "cdn:fastly"}, "broken.com": {"cdn:fastly"}} {
		x.Put(faultline.SiteRecord{Site: site, Components: on})
	}
	down := func(site string) faultline.SiteStatus {
		return faultline.SiteStatus{Site: site, State: faultline.SiteDown, Probes: 9, ProbesFailed: 9}
	}
	s := &Snapshot{Live: Meta{Coverage: &faultline.Coverage{State: faultline.Observing}}, Order: []*Entry{e},
		byID: map[string]*Entry{"inc_1": e}, bySite: map[string]int{"netflix.com": 0, "broken.com": 1},
		View: faultline.View{Sites: []faultline.SiteStatus{down("netflix.com"), down("broken.com")},
			Well: []faultline.WellSite{{Site: "calm.com", Probes: 30}}}}
	for c, want := range map[faultline.Component]faultline.SiteState{
		"cloud:aws/us-east-1": faultline.SiteDown,    // its cause
		"cloud:aws/eu-west-1": faultline.SiteOK,      // of two sites the one that tells anything is well
		"cloud:aws/us-west-2": faultline.SiteUnknown, // the one site there tells nothing
		"cdn:fastly":          faultline.SiteUnknown, // half of its sites fail, and nothing explains them
	} {
		if got := s.Tally(x, c); got.State != want {
			t.Errorf("%s is %s, want %s: %+v", c, got.State, want, got)
		}
	}
}

// The site of whoever runs what fails is no proof of anything when it answers again, and a site
// that failed minutes ago is not said to work.
func TestSitesThatAnswerAgainDuringAnOutageAreNotCalledWell(t *testing.T) {
	inc := faultline.Incident{ID: "inc_1", State: faultline.StateConfirmed,
		Cause:  &faultline.Cause{Component: "cdn:cloudflare", Kind: "cdn", Name: "Cloudflare"},
		Impact: faultline.Impact{Failing: 65, Observed: 69}}
	sites := []faultline.SiteStatus{}
	for site, failed := range map[string]int{"cloudflare.com": 0, "shaky.com": 12, "healed.com": 0} {
		inc.Sites = append(inc.Sites, faultline.IncidentSite{Site: site, State: faultline.SiteRecovered})
		sites = append(sites, faultline.SiteStatus{Site: site, State: faultline.SiteRecovered, Probes: 36,
			ProbesFailed: failed, Incidents: []string{"inc_1"}})
	}
	e, err := newEntry(inc)
	if err != nil {
		t.Fatal(err)
	}
	providers := faultline.NewProviders([]faultline.Provider{{Slug: "cloudflare", Name: "Cloudflare",
		Components: []string{"cdn:cloudflare"}, Sites: []string{"cloudflare.com"}}})
	s := &Snapshot{Live: Meta{Coverage: &faultline.Coverage{State: faultline.Observing}}, Order: []*Entry{e},
		byID: map[string]*Entry{"inc_1": e}, providers: providers, bySite: map[string]int{},
		View: faultline.View{Sites: sites}}
	x := NewIndex()
	for i, site := range sites {
		s.bySite[site.Site] = i
		x.Put(faultline.SiteRecord{Site: site.Site, Components: []faultline.Component{"cdn:cloudflare"}})
	}
	for site, want := range map[string]struct {
		blame faultline.Blame
		state StackState
	}{
		"cloudflare.com": {faultline.BlameProvider, StackSuspected},
		"shaky.com":      {faultline.BlameUnknown, StackRecovering},
		"healed.com":     {faultline.BlameYou, StackOK},
	} {
		v := s.Verdict(faultline.SiteRecord{Site: site}, 0)
		got := s.Stack(x, []faultline.StackItem{{Kind: faultline.StackSite, ID: site}}).Things[0].State
		if v.Blame != want.blame || got != want.state {
			t.Errorf("%s: blame %s, state %s, want %+v: %s", site, v.Blame, got, want, v.Because)
		}
	}
	if got := s.Tally(x, "cdn:cloudflare"); got.Failing != 65 || got.Observed != 69 {
		t.Errorf("the component counts %d of %d, its incident 65 of 69", got.Failing, got.Observed)
	}
}
