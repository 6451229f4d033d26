package correlate

import (
	"testing"
	"time"

	"faultline"
)

// midOutage is an engine in the middle of a CDN's outage, and the incident.
func midOutage(t *testing.T) (*world, *story, faultline.Incident) {
	t.Helper()
	w := quietTown(40, 40)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 60, symptom: "http_503"}}
	s := w.run(t)
	return w, s, s.wantOne(t, "cdn:x")
}

func TestCorrectionRetracts(t *testing.T) {
	t.Parallel()
	w, s, in := midOutage(t)
	c := faultline.Correction{At: s.engine.Clock(), Incident: in.ID, By: "ops", Text: "Our own firewall.",
		State: faultline.StateRetracted}
	revs := s.engine.Fold(c)
	if len(revs) != 1 || revs[0].Revision != in.Revision+1 || revs[0].State != faultline.StateRetracted ||
		len(revs[0].Corrections) != 1 || revs[0].Corrections[0] != c || revs[0].ResolvedAt == nil {
		t.Fatalf("a retraction made %+v", revs)
	}
	if revs[0].ConfirmedAt == nil || !revs[0].ConfirmedAt.Equal(*in.ConfirmedAt) {
		t.Errorf("confirmed at %v, then at %v", in.ConfirmedAt, revs[0].ConfirmedAt)
	}
	for _, name := range w.on("cdn:x") {
		for _, x := range s.engine.View().Sites {
			if x.Site == name && len(x.Incidents) != 0 {
				t.Errorf("%s still belongs to %v", name, x.Incidents)
			}
		}
	}
}

func TestCorrectionRemarks(t *testing.T) {
	t.Parallel()
	_, s, in := midOutage(t)
	revs := s.engine.Fold(faultline.Correction{At: s.engine.Clock(), Incident: in.ID, By: "ops",
		Text: "Confirmed by phone."})
	if len(revs) != 1 || revs[0].State != in.State || len(revs[0].Corrections) != 1 || revs[0].ResolvedAt != nil {
		t.Errorf("a remark made %+v", revs)
	}
}

func TestWordsOnNothingAreIgnored(t *testing.T) {
	t.Parallel()
	_, s, in := midOutage(t)
	now := s.engine.Clock()
	for name, ev := range map[string]faultline.Event{
		"correction of an unknown incident": faultline.Correction{At: now, Incident: "inc_01HR00000000000000000000",
			By: "ops", State: faultline.StateRetracted},
		"statement on another component": faultline.Statement{At: now, Component: "cdn:y", Source: "page",
			Status: "investigating"},
		"statement of long ago": faultline.Statement{At: after(-40), Component: "cdn:x", Source: "page",
			Status: "investigating"},
		"another epoch": faultline.Epoch{At: now, Epoch: "01HLATER"},
	} {
		if revs := s.engine.Fold(ev); len(revs) != 0 {
			t.Errorf("%s made %+v", name, revs)
		}
	}
	said := faultline.Statement{At: now, Component: "cdn:x", Source: "page", Status: "identified", Text: "Found."}
	if revs := s.engine.Fold(said); len(revs) != 1 || revs[0].ID != in.ID || len(revs[0].Statements) != 1 {
		t.Errorf("a statement made %+v", revs)
	}
	if revs := s.engine.Fold(said); len(revs) != 0 {
		t.Errorf("the same statement again made %+v", revs)
	}
}

// A statement is shown, and never evidence.
func TestStatementsAreNoEvidence(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 50)
	for m := 35.; m < 50; m++ {
		w.said = append(w.said, faultline.Statement{At: after(m), Component: "cdn:x", Source: "page",
			Status: "major_outage", Text: "All is lost."})
	}
	if s := w.run(t); len(s.revisions) != 0 {
		t.Errorf("statements alone made %+v", s.revisions)
	}
}

// What is published is never rewritten, however the lists that it was made of grow:
// countries and statements come in any order.
func TestWhatWasPublishedStaysAsItWas(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 47)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 60, symptom: "http_503"}}
	for i, country := range []string{"US", "SE", "PL", "NL", "IT", "GB", "FR", "DE", "CA"} {
		at := after(37 + float64(i))
		w.said = append(w.said,
			faultline.Report{At: at, Site: "s000.example", Reporter: country, ASN: uint32(100 + i), Country: country},
			faultline.Statement{At: after(36.9), Component: "cdn:x", Source: "page", Status: "investigating",
				Text: country})
	}
	evs := w.events()
	for i, n := 0, 0; i < len(evs); i++ { // each statement is dated earlier than the one before
		if st, ok := evs[i].(faultline.Statement); ok {
			evs[i] = faultline.Statement{At: st.At.Add(-time.Duration(n) * time.Second), Component: st.Component,
				Source: st.Source, Text: st.Text}
			n++
		}
	}
	in := play(t, New(Config{}), evs).wantOne(t, "cdn:x")
	if len(in.Statements) != 9 || len(in.Evidence.Countries) != 9 || in.Statements[0].Text != "CA" ||
		in.Evidence.Countries[0] != "CA" {
		t.Errorf("countries %v, statements %+v", in.Evidence.Countries, in.Statements)
	}
}
