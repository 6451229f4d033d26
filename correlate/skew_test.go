package correlate

import (
	"testing"
	"time"

	"faultline"
)

// wrongClocks dates what some vantages see by clocks that are off, in the order in
// which it arrives.
func (w *world) wrongClocks() []faultline.Event {
	evs := w.events()
	for i, ev := range evs {
		if p, ok := ev.(faultline.Probe); ok {
			p.At = p.At.Add(w.clocks[p.Vantage])
			evs[i] = p
		}
	}
	return evs
}

// A clock that is wrong moves no onset: it is compared with the door's.
func TestSkewedClocksArePutRight(t *testing.T) {
	t.Parallel()
	minutes := 45
	punctual := cdnOutage(40)
	punctual.minutes = minutes
	right := punctual.run(t).wantOne(t, "cdn:x")
	for name, off := range map[string]time.Duration{"behind": -100 * time.Second, "ahead": 70 * time.Second,
		"far ahead": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cdnOutage(40)
			w.minutes = minutes
			w.clocks = map[string]time.Duration{"lon-1": off}
			e := New(Config{})
			s := play(t, e, w.wrongClocks())
			in := s.wantOne(t, "cdn:x")
			if moved := in.Onset.At.Sub(right.Onset.At).Abs(); moved > 5*time.Second {
				t.Errorf("onset %v, %v with right clocks", in.Onset.At, right.Onset.At)
			}
			id, _ := e.vantages.find("lon-1")
			if got := time.Duration(e.vantages.rows[id].Behind) * time.Millisecond; (got + off).Abs() > 3*time.Second {
				t.Errorf("found it %v behind, it is %v ahead", got, off)
			}
		})
	}
}

// Results that come late but are dated rightly are no skew.
func TestLatenessIsNoSkew(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	for s := range 1200 {
		now := dawn.Add(time.Duration(s) * time.Second)
		e.Fold(faultline.Tick{At: now})
		for _, v := range []string{"lon-1", "nyc-1", "sgp-1"} {
			p := faultline.Probe{At: now, Site: "a.example", Vantage: v, Symptom: faultline.SymptomOK}
			if v == "lon-1" && s%3 != 0 {
				p.At = now.Add(-90 * time.Second)
			}
			e.Fold(p)
		}
	}
	for _, v := range e.vantages.rows {
		if v.Behind != 0 {
			t.Errorf("%s is taken to be %d ms behind", v.ID, v.Behind)
		}
	}
}
