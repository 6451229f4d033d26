package faultline_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"faultline"
)

func TestOpenStates(t *testing.T) {
	for state, want := range map[faultline.IncidentState]bool{
		faultline.StateCandidate: true, faultline.StateConfirmed: true, faultline.StateRecovering: true,
		faultline.StateResolved: false, faultline.StateMerged: false, faultline.StateRetracted: false, "": false,
	} {
		if state.Open() != want {
			t.Errorf("%q: %t", state, !want)
		}
	}
}

// A list carries the first sites only, and whoever appends to them changes no incident.
func TestListedIncidents(t *testing.T) {
	for _, n := range []int{0, 1, faultline.ListedSites, faultline.ListedSites + 1, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			whole := faultline.Incident{SitesTotal: n, Sites: make([]faultline.IncidentSite, n)}
			for i := range whole.Sites {
				whole.Sites[i].Site = fmt.Sprintf("site%d.example", i)
			}
			listed := whole.Listed()
			if len(listed.Sites) != min(n, faultline.ListedSites) || listed.SitesTotal != n || len(whole.Sites) != n {
				t.Fatalf("%d of %d sites, total %d", len(listed.Sites), len(whole.Sites), listed.SitesTotal)
			}
			_ = append(listed.Sites, faultline.IncidentSite{Site: "other.example"})
			if n > faultline.ListedSites && whole.Sites[faultline.ListedSites].Site == "other.example" {
				t.Error("the list shares its end with the incident")
			}
		})
	}
}

func TestRefusalsNameTheirFields(t *testing.T) {
	err := fmt.Errorf("read the body: %w", faultline.InvalidError{
		{Pointer: "/site", Detail: "is missing"}, {Parameter: "limit", Detail: "must be a number"}})
	if got, want := err.Error(), "read the body: /site: is missing; limit: must be a number"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var invalid faultline.InvalidError
	if !errors.As(err, &invalid) || len(invalid) != 2 {
		t.Errorf("%v", invalid)
	}
}

func TestTitlesOfWithdrawnIncidentsSaySo(t *testing.T) {
	inc := faultline.Incident{Title: "Fastly-fronted sites, 503, began ~09:47 UTC", State: faultline.StateConfirmed,
		Onset: faultline.Onset{At: time.Date(2021, 6, 8, 9, 47, 0, 0, time.UTC)}}
	if got := inc.DatedTitle(); got != "Fastly-fronted sites, 503, began ~09:47 UTC, 8 June 2021" {
		t.Errorf("titled %q", got)
	}
	inc.State = faultline.StateRetracted
	if got := inc.DatedTitle(); got != "Withdrawn: Fastly-fronted sites, 503, began ~09:47 UTC, 8 June 2021" {
		t.Errorf("withdrawn, and titled %q", got)
	}
}
