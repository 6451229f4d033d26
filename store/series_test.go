package store

import (
	"testing"
	"time"

	"faultline"
)

func minuteRow(of string, at time.Time, reports, probes, failed int) faultline.SeriesRow {
	return faultline.SeriesRow{Of: of, StepS: faultline.StepMinute, Point: faultline.SeriesPoint{
		At: at, Reports: reports, Expected: 0.25, Probes: probes, ProbesFailed: failed}}
}

func hourRow(of string, at time.Time, covered, reports, probes, failed, sites int) faultline.SeriesRow {
	return faultline.SeriesRow{Of: of, StepS: faultline.StepHour, Covered: covered, Stands: sites > 0,
		Point: faultline.SeriesPoint{
			At: at, Reports: reports, Expected: 15, Probes: probes, ProbesFailed: failed, Sites: sites}}
}

// testSeries writes two hours of a component and reads them in every step.
func testSeries(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	noon := time.Date(2021, 6, 8, 12, 0, 0, 0, time.UTC)
	loud := minuteRow("cdn:fastly", noon.Add(7*time.Minute), 40, 4, 3)
	loud.Stands, loud.Point.Sites, loud.Point.SitesFailing = true, 9, 8
	rows := []faultline.SeriesRow{
		hourRow("cdn:fastly", noon.Add(-time.Hour), 60, 0, 120, 0, 9),
		hourRow("cdn:fastly", noon, 30, 43, 62, 3, 9),
		minuteRow("cdn:fastly", noon.Add(7*time.Minute), 1, 1, 1), // replaced by the next
		loud,
		minuteRow("cdn:fastly", noon.Add(8*time.Minute), 3, 0, 0),
		minuteRow("bbc.co.uk", noon.Add(7*time.Minute), 1, 0, 0), // another series
	}
	ok(t, f.SaveSeries(ctx, l, rows))
	before := f.contents(t)
	ok(t, f.SaveSeries(ctx, l, rows)) // as a successor does
	f.unchanged(t, before)
	// A late report corrects the minute, and leaves what stood then.
	ok(t, f.SaveSeries(ctx, l, []faultline.SeriesRow{minuteRow("cdn:fastly", noon.Add(7*time.Minute), 41, 4, 3)}))

	minutes, err := f.Series(ctx, "cdn:fastly", faultline.StepMinute, noon.Add(-time.Minute), noon.Add(31*time.Minute))
	ok(t, err)
	if len(minutes.Points) != 32 || minutes.Of != "cdn:fastly" || minutes.StepS != 60 {
		t.Fatalf("%d minutes of %s", len(minutes.Points), minutes.Of)
	}
	high := faultline.ExpectedHigh(0.25)
	equal(t, minutes.Points[0], faultline.SeriesPoint{At: noon.Add(-time.Minute), Expected: 0.25, ExpectedHigh: high,
		Probes: 2, Sites: 9})
	equal(t, minutes.Points[8], faultline.SeriesPoint{At: noon.Add(7 * time.Minute), Reports: 41, Expected: 0.25,
		ExpectedHigh: high, Probes: 4, ProbesFailed: 3, Sites: 9, SitesFailing: 8})
	probes := 0
	for _, p := range minutes.Points[1:] {
		probes += p.Probes
	}
	if !minutes.CompleteUntil.Equal(noon.Add(30*time.Minute)) || minutes.Points[30].State != faultline.PointObserved ||
		minutes.Points[31].State != faultline.PointNotStored {
		t.Errorf("complete until %s, and then %+v", minutes.CompleteUntil, minutes.Points[30:])
	}
	if probes != 62 || minutes.Points[31].Probes != 0 {
		t.Errorf("%d probes in the minutes of an hour of 62, %d after what it covers", probes,
			minutes.Points[31].Probes)
	}
	wantCoarserSteps(t, f, noon)
}

// wantCoarserSteps reads what testSeries has written in steps of five minutes and hours.
func wantCoarserSteps(t *testing.T, f *fixture, noon time.Time) {
	t.Helper()
	ctx := t.Context()
	fives, err := f.Series(ctx, "cdn:fastly", faultline.StepFiveMinutes, noon.Add(time.Second),
		noon.Add(11*time.Minute))
	ok(t, err)
	if p := fives.Points[0]; len(fives.Points) != 2 || p.Reports != 44 || p.ProbesFailed != 3 || p.SitesFailing != 8 &&
		p.Sites != 9 {
		t.Errorf("five minutes: %+v", fives.Points)
	}
	hours, err := f.Series(ctx, "cdn:fastly", faultline.StepHour, noon.Add(-30*24*time.Hour), noon.Add(2*time.Hour))
	ok(t, err)
	if hours.Points[0].State != faultline.PointNotObserved {
		t.Errorf("a month before the first row: %+v", hours.Points[0])
	}
	if n := len(hours.Points); n != 722 || hours.Points[n-2].Reports != 43 || hours.Points[n-1].Expected != 15 ||
		hours.Points[0].Probes != 0 {
		t.Errorf("%d hours, the last %+v", n, hours.Points[n-3:])
	}
	if _, err := f.Series(ctx, "cdn:fastly", faultline.StepMinute, noon.Add(-8*24*time.Hour), noon); err == nil {
		t.Error("a read without a bound")
	}
}

// A series has no more than its bounds, and takes nothing that it can't place.
func testSeriesRefused(t *testing.T, f *fixture) {
	l := f.lead(t)
	noon := time.Date(2021, 6, 8, 12, 0, 0, 0, time.UTC)
	before := f.contents(t)
	for _, bad := range []faultline.SeriesRow{
		minuteRow("", noon, 1, 1, 1), minuteRow("bbc.co.uk", noon.Add(time.Second), 1, 1, 1),
		{Of: "bbc.co.uk", StepS: 300, Point: faultline.SeriesPoint{At: noon}},
	} {
		if err := f.SaveSeries(t.Context(), l, []faultline.SeriesRow{bad}); err == nil {
			t.Errorf("%+v was stored", bad)
		}
	}
	f.unchanged(t, before)
	stale := Lease{Fence: l.Fence - 1}
	wantErr(t, f.SaveSeries(t.Context(), stale, []faultline.SeriesRow{minuteRow("bbc.co.uk", noon, 1, 1, 1)}),
		faultline.ErrNotLeader)
	f.unchanged(t, before)
	var many []faultline.SeriesRow // more hashes, and more fields, than one script takes
	for i := range 3 * seriesAtOnce {
		many = append(many, minuteRow("bbc.co.uk", noon.Add(time.Duration(i)*time.Hour), i, 0, 0))
	}
	for i := range 2 * hourBlock {
		many = append(many, hourRow("bbc.co.uk", noon.Add(time.Duration(i)*time.Hour), 60, i, 0, 0, 5))
	}
	ok(t, f.SaveSeries(t.Context(), l, many))
	hours, err := f.Series(t.Context(), "bbc.co.uk", faultline.StepHour, noon, noon.Add(2*hourBlock*time.Hour))
	ok(t, err)
	for i, p := range hours.Points {
		if p.Reports != i {
			t.Fatalf("hour %d: %+v", i, p)
		}
	}
}
