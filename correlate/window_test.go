package correlate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

func TestWindowOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		age  int64
		span int64
	}{{0, 15 * second}, {15 * second, 15 * second}, {16 * second, 30 * second}, {2 * minute, 2 * minute},
		{2*minute + 1, 4 * minute}, {24 * 60 * minute, evidence.WindowMS[evidence.Windows-1]}} {
		if got := evidence.WindowMS[evidence.WindowOf(c.age)]; got != c.span {
			t.Errorf("%d ms: window of %d ms, want %d", c.age, got, c.span)
		}
	}
	if !slices.IsSorted(evidence.WindowMS[:]) {
		t.Error("windows are not in order")
	}
}

func TestResultsPackTimeAndCode(t *testing.T) {
	t.Parallel()
	at := after(0).UnixMilli()
	for _, code := range []uint16{evidence.CodeOK, evidence.CodeOther, 400, 599} {
		if r := evidence.NewResult(at, code); r.At() != at || r.Code() != code ||
			r.Failed() != (code != evidence.CodeOK) {
			t.Errorf("code %d: %d at %d, failed %v", code, r.Code(), r.At(), r.Failed())
		}
	}
	if evidence.NewResult(at, 599) >= evidence.NewResult(at+1, evidence.CodeOK) {
		t.Error("results do not sort by time")
	}
}

func TestRepeatsForgetInGenerations(t *testing.T) {
	t.Parallel()
	r := newRepeats()
	at := func(minutes float64) int64 { return after(minutes).UnixMilli() }
	r.rotate(at(0))
	for _, step := range []struct {
		minutes float64
		want    repeatVerdict
	}{{0, fresh}, {1, repeated}, {9.9, repeated}, {10, fresh}, {19, repeated}, {31, fresh}, {62, fresh},
		{63, repeated}} {
		r.rotate(at(step.minutes))
		if got := r.seen(1, at(step.minutes)); got != step.want {
			t.Errorf("minute %v: %d, want %d", step.minutes, got, step.want)
		}
	}
	if r.seen(2, at(63)) != fresh {
		t.Error("another key is taken for a repeat")
	}
	for i := range uint64(10_000) {
		r.rotate(at(70 + float64(i)/50)) // 50 a minute for over three hours
		r.seen(1000+i, at(70+float64(i)/50))
	}
	if n := len(r.now.list) + len(r.before.list); n > 50*2*16 {
		t.Errorf("%d keys are remembered; no more than the last half hour can matter", n)
	}
}

// A repeat does not renew itself: who reports each minute counts every ten.
func TestRepeatsDoNotRenewThemselves(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	for m := range 60 {
		e.Fold(faultline.Tick{At: after(float64(m))})
		e.Fold(faultline.Report{At: after(float64(m)), Site: "a.example", Reporter: "anna"})
	}
	if c := e.View().Counters; c.Reports != 6 || c.ReportsRepeated != 54 {
		t.Errorf("%+v, want 6 counted in an hour", c)
	}
}

func TestTracksAndCrowdsStayBounded(t *testing.T) {
	t.Parallel()
	e := settled(60)
	for i := range 5 * evidence.RingResults {
		e.Fold(faultline.Probe{At: after(59).Add(time.Duration(i) * time.Second), Site: "a.example", Vantage: "lon-1",
			Symptom: "ok"})
	}
	for i := range 2 * evidence.CrowdReports {
		e.Fold(faultline.Report{At: after(59).Add(time.Duration(i) * time.Millisecond), Site: "a.example",
			Reporter: fmt.Sprint(i)})
	}
	s := e.sites.rows[0]
	if n := len(s.Tracks[0].Recent); n != evidence.RingResults {
		t.Errorf("%d results are kept", n)
	}
	if learned := s.Tracks[0].OK; learned < 4*evidence.RingResults-1 {
		t.Errorf("%.1f of %d results that were let go are learned", learned, 4*evidence.RingResults)
	}
	if n := len(s.Crowd.Recent); n != evidence.CrowdReports {
		t.Errorf("%d reports are kept", n)
	}
	late := func(a, b evidence.Report) bool { return a.At > b.At }
	for i := 1; i < len(s.Crowd.Recent); i++ {
		if late(s.Crowd.Recent[i-1], s.Crowd.Recent[i]) {
			t.Fatal("reports are not in order of time")
		}
	}
}

func TestClockNeverGoesBack(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	if !e.Clock().IsZero() {
		t.Errorf("the clock stands at %v before the first tick", e.Clock())
	}
	e.Fold(faultline.Tick{At: after(10)})
	e.Fold(faultline.Tick{At: after(5)})
	if !e.Clock().Equal(after(10)) {
		t.Errorf("the clock stands at %v", e.Clock())
	}
}
