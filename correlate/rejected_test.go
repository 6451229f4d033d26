package correlate

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"faultline"
)

// rejection is what a revision says against one component, nil if nothing.
func rejection(in faultline.Incident, c faultline.Component) *faultline.Rejected {
	for i := range in.Rejected {
		if in.Rejected[i].Component == c {
			return &in.Rejected[i]
		}
	}
	return nil
}

// checkRejected asks that what is said against components is bounded, ordered as it is
// counted, and free of contradictions.
func checkRejected(t *testing.T, in faultline.Incident) {
	t.Helper()
	if len(in.Rejected) > faultline.MaxRejected {
		t.Errorf("%s: %d components are rejected", in.Title, len(in.Rejected))
	}
	for _, r := range in.Rejected {
		if r.Component == causeOf(in) || len(r.Because) == 0 || r.Reason == "" || r.Failing == 0 ||
			r.Failing > r.FailingTotal || r.Excluded > r.Failing || r.Well > r.Observed {
			t.Errorf("%s: revision %d rejects %+v", in.Title, in.Revision, r)
		}
		if in.Cause == nil {
			continue
		}
		for _, a := range in.Cause.Alternatives {
			if a.Component == r.Component {
				t.Errorf("%s: %s is both an alternative and rejected", in.Title, r.Component)
			}
		}
	}
}

// Whoever reads a cause asks why it is not what else the sites have in common. Each
// revision says so with numbers: answers prove that names resolved and that certificates
// worked, and of the sites in the same network others are well.
func TestARevisionSaysWhyTheOthersLost(t *testing.T) {
	t.Parallel()
	w := cdnOutage(60)
	for i := range w.sites { // a network that has most of the CDN's sites, and as many others
		if cdn := slices.Contains(w.sites[i].Components, "cdn:x"); cdn && i > 0 || i%5 == 3 {
			w.sites[i].Components = append(w.sites[i].Components, "asn:AS999")
		}
	}
	s := w.run(t)
	for _, rev := range s.revisions {
		checkRejected(t, rev)
	}
	first := s.revisions[0]
	if causeOf(first) != "cdn:x" || len(first.Rejected) != faultline.MaxRejected {
		t.Fatalf("the first revision blames %q and rejects %+v", causeOf(first), first.Rejected)
	}
	r := first.Rejected[0]
	if r.Component != "asn:AS999" || r.Because[0] != faultline.RejectedSitesWell || r.Well != 12 || r.Observed != 23 ||
		!strings.Contains(r.Reason, "12 of 23 of its sites are well") {
		t.Errorf("of the network that has most of them it is said: %+v", r)
	}
	for _, r := range first.Rejected {
		serves := r.Kind == faultline.KindCA || r.Kind == faultline.KindDNS
		if serves && r.Because[0] != faultline.RejectedWorked {
			t.Errorf("answers with a status prove that %s worked: %+v", r.Component, r)
		}
	}
}

// The numbers are of the time when most of the sites failed. When they are back, the sites
// of every component are well, and that would be no reason.
func TestWhyTheOthersLostOutlivesTheRecovery(t *testing.T) {
	t.Parallel()
	w := cdnOutage(60)
	last := w.run(t).wantOne(t, "cdn:x")
	if last.State != faultline.StateResolved || len(last.Rejected) == 0 {
		t.Fatalf("%s, rejected %+v", last.State, last.Rejected)
	}
	checkRejected(t, last)
	for _, r := range last.Rejected {
		if r.Failing < 2 {
			t.Errorf("%s had %d failing sites, which is of the recovery", r.Component, r.Failing)
		}
	}
}

// What is said of no cause at all is explained in the same way: no component fits.
func TestUnattributedSaysWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	w := quietTown(80, 60)
	w.faults = []fault{{sites: w.scattered(), from: 35, to: 48, symptom: "connect"}}
	in := w.run(t).wantOne(t, unattributed)
	checkRejected(t, in)
	if len(in.Rejected) == 0 {
		t.Fatal("nothing is said of what these sites share")
	}
	for _, r := range in.Rejected {
		fits := []string{faultline.RejectedWorked, faultline.RejectedNotReached, faultline.RejectedSitesWell}
		if !slices.Contains(fits, r.Because[0]) {
			t.Errorf("%+v", r)
		}
	}
}

// A site's own fault is not that of its providers, whose other sites are well.
func TestASitesOwnFaultClearsItsProviders(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 60)
	w.faults = []fault{{sites: []string{"s001.example"}, from: 35, to: 50, symptom: "http_500"}}
	in := w.run(t).wantOne(t, "site:s001.example")
	checkRejected(t, in)
	if r := rejection(in, "cdn:y"); r == nil || r.Because[0] != faultline.RejectedSitesWell || r.Well != r.Observed-1 {
		t.Errorf("of its CDN it is said: %+v", r)
	}
}

// Each failure proves what worked before it. What comes after it was never used.
func TestAFailureExplainsWhatItProves(t *testing.T) {
	t.Parallel()
	for symptom, want := range map[faultline.Symptom]map[string]string{
		"dns":      {faultline.KindCA: faultline.RejectedNotReached},
		"tls":      {faultline.KindDNS: faultline.RejectedWorked},
		"connect":  {faultline.KindDNS: faultline.RejectedWorked, faultline.KindCA: faultline.RejectedNotReached},
		"http_503": {faultline.KindDNS: faultline.RejectedWorked, faultline.KindCA: faultline.RejectedWorked},
		"http_522": {faultline.KindCDN: faultline.RejectedEdgeAnswered, faultline.KindCA: faultline.RejectedWorked},
	} {
		w := quietTown(60, 50)
		w.faults = []fault{{sites: []string{"s001.example"}, from: 35, to: 50, symptom: symptom}}
		in := w.run(t).wantOne(t, "site:s001.example")
		got := map[string]string{}
		for _, r := range in.Rejected {
			got[r.Kind] = r.Because[0]
		}
		for kind, because := range want {
			if got[kind] != because {
				t.Errorf("%s: of the %s it is said %q, want %q", symptom, kind, got[kind], because)
			}
		}
	}
}

// A fold that goes on from a checkpoint says the same of the others, also in revisions that
// are made long after the search had their numbers.
func TestWhyTheOthersLostIsInTheCheckpoint(t *testing.T) {
	t.Parallel()
	evs := cdnOutage(60).events()
	straight := play(t, New(Config{}), evs)
	e := New(Config{})
	var revs []faultline.Incident
	for i, ev := range evs {
		if i%997 == 996 {
			e = reborn(t, e)
		}
		revs = append(revs, e.Fold(ev)...)
	}
	if !bytes.Equal(mustJSON(t, revs), mustJSON(t, straight.revisions)) {
		t.Error("the revisions differ")
	}
}
