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
