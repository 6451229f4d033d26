package scenario_test

import (
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/scenario"
)

// readBy is a spec of two networks whose readers are counted, of which the second falls silent half
// a minute into the sixth minute.
func readBy(t *testing.T) scenario.Spec {
	s := parse(t, small)
	s.Crowd.Networks = []scenario.Network{{ASN: 300, Country: "US", Share: 3, Prefixes: 9},
		{ASN: 200, Country: "GB", Share: 1, Prefixes: 9}}
	s.Readers = scenario.Readers{PerMinute: 40_000, Changes: []scenario.Reading{
		{Networks: []uint32{200}, From: s.Start.Add(5*time.Minute + 30*time.Second), To: s.End, Factor: 0},
		{From: s.Start.Add(5 * time.Minute), To: s.End, Factor: 2},
	}}
	return s
}

// Each minute a node says how many requests it counted of each network, by its share and by what
// changes.
func TestReadersAreCountedByNetworkAndMinute(t *testing.T) {
	s := readBy(t)
	n := 0
	for ev := range s.Events() {
		r, ok := ev.(faultline.Readers)
		if !ok {
			continue
		}
		n++
		minute := int(r.At.Sub(s.Start) / time.Minute)
		want := []float64{10_000, 30_000}
		switch {
		case minute == 6:
			want = []float64{10_000, 60_000}
		case minute > 6:
			want = []float64{60_000}
		}
		if len(r.Networks) != len(want) {
			t.Fatalf("minute %d: %+v", minute, r.Networks)
		}
		for i, w := range want {
			if got := float64(r.Networks[i].Requests); got < 0.9*w || got > 1.1*w {
				t.Errorf("minute %d: %+v, want about %v", minute, r.Networks[i], w)
			}
		}
	}
	if want := int(s.End.Sub(s.Start)/time.Minute) - 1; n != want { // the last is told after the end
		t.Errorf("%d lines, want %d", n, want)
	}
}

// What makes no sense of readers is refused, each by its place.
func TestReadersAreChecked(t *testing.T) {
	s := readBy(t)
	s.Readers.PerMinute = -1
	s.Readers.Changes[0].Factor = -1
	s.Readers.Changes[1].To = s.Start
	err := s.Check()
	if err == nil {
		t.Fatal("nothing is refused")
	}
	for _, at := range []string{"/readers/per_minute", "/readers/changes/0/factor", "/readers/changes/1/from"} {
		if !strings.Contains(err.Error(), at) {
			t.Errorf("%s is not named: %v", at, err)
		}
	}
}
