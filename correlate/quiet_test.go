package correlate

import (
	"testing"

	"faultline"
)

func TestNothingIsPublishedOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		minutes int
		happens func(*world)
	}{
		"a quiet morning": {75, func(*world) {}},
		"a site that always fails in a quarter of its probes": {60, func(w *world) {
			w.faults = []fault{{sites: []string{"s007.example"}, to: 60, symptom: "http_502", share: 0.25}}
		}},
		"several such sites of several providers": {60, func(w *world) {
			w.faults = []fault{{sites: []string{"s000.example", "s008.example", "s013.example", "s021.example",
				"s034.example"}, to: 60, symptom: "http_502", share: 0.25}}
		}},
		"a site that was dead from the start": {60, func(w *world) {
			w.faults = []fault{{sites: []string{"s007.example"}, to: 60, symptom: "connect"}}
		}},
		"dead sites of one provider": {60, func(w *world) {
			w.faults = []fault{{sites: w.on("cdn:x")[:5], to: 60, symptom: "connect"}}
		}},
		"one failure everywhere and no more": {60, func(w *world) {
			w.faults = []fault{{sites: []string{"s007.example"}, from: 40, to: 40.5, symptom: "timeout"}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(40, c.minutes)
			w.noise = 0.005
			w.grumble(1)
			c.happens(w)
			w.runPublished(t).wantNone(t)
		})
	}
}

func TestAFlakySiteDoesNotHideAnOutage(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 50)
	flaky, dead := w.on("cdn:x")[0], w.on("cdn:y")[0]
	w.faults = []fault{
		{sites: []string{flaky}, to: 50, symptom: "http_502", share: 0.25},
		{sites: []string{dead}, to: 50, symptom: "connect"},
		{sites: w.on("cdn:x"), from: 40, to: 50, symptom: "http_503"},
	}
	in := w.runPublished(t).wantOne(t, "cdn:x")
	if f := f1(in.Sites, w.on("cdn:x")); f < 0.9 {
		t.Errorf("sites match with F1 %.2f", f)
	}
	for _, x := range in.Sites {
		if x.Site == dead {
			t.Errorf("%s, long dead, is blamed on the outage", dead)
		}
	}
}

func TestQuietViewCountsWhatItWatches(t *testing.T) {
	t.Parallel()
	w := quietTown(30, 20)
	v := w.run(t).engine.View()
	if v.SitesKnown != 30 || v.SitesObserved != 30 || v.Vantages != 3 || len(v.Sites) != 0 || !v.AsOf.Equal(after(20)) {
		t.Errorf("view %+v", v)
	}
	w.faults = []fault{{sites: []string{"s003.example"}, from: 16, to: 20, symptom: "http_503"}}
	w.crowds = []crowdOf{{sites: []string{"s004.example"}, from: 15, to: 20, perMinute: 2, asns: asns(3000, 3)}}
	v = w.run(t).engine.View()
	for _, want := range []string{"s003.example", "s004.example"} {
		found := false
		for _, s := range v.Sites {
			found = found || s.Site == want
			if s.Site == "s003.example" && (s.State != faultline.SiteDown || s.Symptom != "http_503" ||
				s.ProbesFailed != 12 || s.Probes != 30) {
				t.Errorf("%+v", s)
			}
			if s.Site == "s004.example" && (s.State != faultline.SiteOK || s.Reports == 0 || s.LastReportAt == nil) {
				t.Errorf("%+v", s)
			}
		}
		if !found || len(v.Sites) != 2 {
			t.Errorf("the view lists %+v, not %s", v.Sites, want)
		}
	}
}
