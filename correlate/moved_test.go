package correlate

import (
	"slices"
	"testing"

	"faultline"
)

// Sites leave a CDN while it is down, and the map follows them. What they still fail of is the
// outage that they are in, so that nothing is said of the CDN they went to.
func TestSitesThatMoveDuringAnOutageAccuseNobodyElse(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 65)
	members := w.on("cdn:x")
	w.faults = []fault{{sites: members, from: 40.3, to: 58, symptom: "http_503"}}
	for _, s := range w.sites {
		if !slices.Contains(members[:6], s.Site) {
			continue
		}
		moved := slices.Clone(s.Components)
		moved[0] = "cdn:y"
		w.said = append(w.said, faultline.SiteRecord{At: after(45), Site: s.Site, Rank: s.Rank, Components: moved})
	}
	for _, rev := range w.run(t).revisions {
		if rev.Cause == nil || rev.Cause.Component != "cdn:x" {
			t.Fatalf("revision %d of %s, at %v: %q", rev.Revision, rev.ID, rev.UpdatedAt, rev.Title)
		}
	}
}

// People's reports alone said that sites answer 503. What a few say after the end, of whatever
// they meet then, does not change the title.
func TestWhatIsSaidAfterTheEndDoesNotRetitleAnOutage(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 85)
	members := w.on("cdn:x")
	w.blind(members)
	w.crowds = []crowdOf{
		{sites: members, from: 36, to: 46, perMinute: 60, asns: asns(3000, 60), symptom: "http_503"},
		{sites: members, from: 46, to: 85, perMinute: 1.5, asns: asns(4000, 40), symptom: "timeout"},
	}
	in := w.run(t).wantOne(t, "cdn:x")
	if in.State != faultline.StateResolved || in.Symptoms[0].Symptom != "http_503" {
		t.Fatalf("%s: %q %v", in.State, in.Title, in.Symptoms)
	}
}
