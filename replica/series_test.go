package replica

import (
	"faultline/pace"
	"slices"
	"testing"
	"time"

	"faultline"
)

func seriesBoxAt(t *testing.T, now *time.Time) *seriesBox {
	t.Helper()
	return newSeriesBox(newMetrics(nil, newOutbox(1)), func() time.Time { return *now })
}

func seriesRow(at time.Time, reports int) faultline.SeriesRow {
	return faultline.SeriesRow{Of: "bbc.co.uk", StepS: faultline.StepMinute, Point: faultline.SeriesPoint{At: at,
		Reports: reports}}
}

func TestSeriesBoxHandsOutWhatChanged(t *testing.T) {
	now := noon
	b := seriesBoxAt(t, &now)
	b.Put([]faultline.SeriesRow{seriesRow(noon, 1)}, noon, true)
	b.Put([]faultline.SeriesRow{seriesRow(noon, 2)}, noon, true) // it fills
	rows := b.Next()
	if len(rows) != 1 || rows[0].Point.Reports != 2 {
		t.Fatalf("waiting: %+v", rows)
	}
	b.Put([]faultline.SeriesRow{seriesRow(noon, 3)}, noon, true) // while it is being stored
	b.Stored(rows)
	if rows = b.Next(); len(rows) != 1 || rows[0].Point.Reports != 3 {
		t.Fatalf("what changed meanwhile: %+v", rows)
	}
	b.Stored(rows)
	b.Put([]faultline.SeriesRow{seriesRow(noon, 3)}, noon, true)
	if rows = b.Next(); len(rows) != 0 || len(b.order) != 0 {
		t.Errorf("nothing changed, and %d rows wait", len(rows))
	}
	b.Put(nil, noon.Add(time.Hour), true)
	if len(b.known) != 0 {
		t.Errorf("%d rows of an hour ago are remembered", len(b.known))
	}
}

// A correction of a minute that waits leaves what is told of how members stood.
func TestSeriesBoxKeepsWhatStood(t *testing.T) {
	now := noon
	b := seriesBoxAt(t, &now)
	stood := seriesRow(noon, 1)
	stood.Stands, stood.Point.Sites = true, 9
	b.Put([]faultline.SeriesRow{stood}, noon, true)
	b.Put([]faultline.SeriesRow{seriesRow(noon, 2)}, noon, true)
	if rows := b.Next(); len(rows) != 1 || !rows[0].Stands || rows[0].Point.Sites != 9 || rows[0].Point.Reports != 2 {
		t.Errorf("%+v", rows)
	}
}

func TestSeriesBoxIsBounded(t *testing.T) {
	now := noon
	b := seriesBoxAt(t, &now)
	b.Put([]faultline.SeriesRow{seriesRow(noon, 1)}, noon, false)
	now = now.Add(seriesWait + time.Second)
	b.Put([]faultline.SeriesRow{seriesRow(noon.Add(time.Minute), 1)}, noon, false)
	if rows := b.Next(); len(rows) != 1 || !rows[0].Point.At.Equal(noon.Add(time.Minute)) {
		t.Errorf("a standby holds %+v", rows)
	}
	many := make([]faultline.SeriesRow, seriesLimit+10)
	for i := range many {
		many[i] = seriesRow(noon.Add(time.Duration(i)*time.Minute), 1)
	}
	b.Put(many, noon, true)
	if len(b.waiting) > seriesLimit || len(b.order) > seriesLimit {
		t.Errorf("%d rows wait", len(b.waiting))
	}
}

// What the fold counts stands in the store soon after somebody leads.
func TestSeriesReachTheStore(t *testing.T) {
	r := newRig(t)
	r.append(report(), report(), report())
	now := time.Now()
	r.start("")
	pace.Eventually(t, "the series is stored", func() bool {
		s, err := r.st.Series(t.Context(), "toy.example", faultline.StepMinute, now.Add(-2*time.Minute),
			now.Add(5*time.Minute))
		return err == nil && slices.ContainsFunc(s.Points, func(p faultline.SeriesPoint) bool { return p.Reports == 3 })
	})
}
