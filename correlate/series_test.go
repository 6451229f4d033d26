package correlate

import (
	"fmt"
	"math"
	"testing"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

type seriesKey struct {
	of   string
	step int
	at   time.Time
}

// collectSeries folds events and keeps the last row of each step, asking every
// half a minute and stopping with a checkpoint now and then.
func collectSeries(t *testing.T, evs []faultline.Event) map[seriesKey]faultline.SeriesRow {
	t.Helper()
	e := New(Config{})
	kept := map[seriesKey]faultline.SeriesRow{}
	var asked time.Time
	for i, ev := range evs {
		if i%9_973 == 9_972 {
			e = reborn(t, e)
		}
		e.Fold(ev)
		if now := e.Clock(); now.Sub(asked) >= 30*time.Second {
			asked = now
			keepRows(kept, e.Series())
		}
	}
	keepRows(kept, e.Series())
	return kept
}

// keepRows does with rows what whoever stores them does.
func keepRows(kept map[seriesKey]faultline.SeriesRow, rows []faultline.SeriesRow) {
	for _, r := range rows {
		k := seriesKey{r.Of, r.StepS, r.Point.At}
		if old := kept[k]; !r.Stands {
			r.Stands, r.Point.Sites, r.Point.SitesFailing = old.Stands, old.Point.Sites, old.Point.SitesFailing
		}
		kept[k] = r
	}
}

// counted is what rows must say, counted from the events themselves.
func counted(w *world, evs []faultline.Event, step time.Duration) map[seriesKey]faultline.SeriesPoint {
	on := map[string][]faultline.Component{}
	for _, s := range w.sites {
		on[s.Site] = s.Components
	}
	want := map[seriesKey]faultline.SeriesPoint{}
	add := func(site string, at time.Time, reports, failed int) {
		names := []string{site}
		for _, c := range on[site] {
			names = append(names, string(c))
		}
		for _, of := range names {
			k := seriesKey{of, int(step / time.Second), at.Truncate(step)}
			p := want[k]
			p.Reports += reports
			p.Probes += 1 - reports
			p.ProbesFailed += failed
			want[k] = p
		}
	}
	for _, ev := range evs {
		switch v := ev.(type) {
		case faultline.Report:
			add(v.Site, v.At, 1, 0)
		case faultline.Probe:
			failed := 0
			if v.Symptom != faultline.SymptomOK {
				failed = 1
			}
			add(v.Site, v.At, 0, failed)
		}
	}
	return want
}

// Every report and every probe is in the series of its site and of all that the
// site depends on, in its own minute and hour, late ones too, across restarts.
func TestSeriesCountWhatWasReported(t *testing.T) {
	t.Parallel()
	w := busy()
	w.calm = 0
	evs := w.events()
	// Some probes arrive minutes late, as those of a remote agent do.
	for i := 0; i+4000 < len(evs); i += 701 {
		if p, ok := evs[i].(faultline.Probe); ok {
			copy(evs[i:], evs[i+1:i+500])
			evs[i+499] = p
		}
	}
	rows := collectSeries(t, evs)
	for _, step := range []time.Duration{time.Minute, time.Hour} {
		found := 0
		for k, want := range counted(w, evs, step) {
			if want.Reports == 0 && want.ProbesFailed == 0 && step == time.Minute {
				continue
			}
			got, ok := rows[k]
			found++
			if p := got.Point; !ok || p.Reports != want.Reports || p.Probes != want.Probes ||
				p.ProbesFailed != want.ProbesFailed {
				t.Errorf("%v: %+v (there: %v), want %d reports, %d of %d probes failed", k, p, ok, want.Reports,
					want.ProbesFailed, want.Probes)
			}
		}
		if found < 100 {
			t.Errorf("%s: %d steps to compare", step, found)
		}
	}
}

func TestSeriesSayHowMembersStood(t *testing.T) {
	t.Parallel()
	w := cdnOutage(40)
	rows := collectSeries(t, w.events())
	members := len(w.on("cdn:x"))
	during := rows[seriesKey{"cdn:x", 60, after(45)}]
	if p := during.Point; !during.Stands || p.Sites != members || p.SitesFailing < members*9/10 {
		t.Errorf("in the outage %+v of %d members", p, members)
	}
	if _, ok := rows[seriesKey{"cdn:x", 60, after(20)}]; ok {
		t.Error("a silent minute has a row")
	}
	if p := rows[seriesKey{"cdn:x", 3600, after(0)}].Point; p.Sites != members {
		t.Errorf("the hour: %+v of %d members", p, members)
	}
}

func TestSeriesKnowWhatIsExpected(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 100)
	w.calm = 0
	w.grumble(20)
	site, minutes := w.sites[0].Site, 0.
	rows := collectSeries(t, w.events())
	for k, r := range rows {
		if k.of == site && k.step == 60 && r.Point.At.After(after(60)) {
			minutes++
			if math.Abs(r.Point.Expected-0.5) > 0.35 {
				t.Errorf("%v: %.2f reports a minute are expected, of 20 over 40 sites", k.at, r.Point.Expected)
			}
		}
	}
	if minutes == 0 {
		t.Error("no minute to look at")
	}
}

func TestViewTellsWhoIsWellAndWhoTalks(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 60)
	w.crowds = append(w.crowds, crowdOf{sites: w.all()[:20], from: 45, to: 60, perMinute: 40, asns: []uint32{812}})
	v := w.run(t).engine.View()
	if len(v.Well) != 20 || v.Well[0].Site != w.sites[20].Site || v.Well[0].Probes < 27 {
		t.Errorf("well: %d, first %+v", len(v.Well), v.Well[0])
	}
	if len(v.Networks) != 1 || v.Networks[0].ASN != 812 || v.Networks[0].Sites != 20 || v.Networks[0].Reports < 300 {
		t.Errorf("networks: %+v", fmt.Sprint(v.Networks))
	}
}

func TestReportsVaryAsTheEngineHoldsThemTo(t *testing.T) {
	if evidence.Dispersion != faultline.ReportDispersion {
		t.Errorf("the engine's dispersion is %g, that of the bands %g", evidence.Dispersion, faultline.ReportDispersion)
	}
}
