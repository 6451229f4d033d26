package ingest

import (
	"testing"
	"time"
)

func TestRecentRemembersForTenMinutes(t *testing.T) {
	r := newRecent()
	add := func() (*batch, error) { return &batch{number: 1}, nil }
	for _, step := range []struct {
		minute   int
		reporter uint64
		repeat   bool
	}{{0, 1, false}, {5, 2, false}, {10, 3, false}, {11, 2, true}, {14, 2, true}, {15, 2, false}, {19, 3, true}} {
		now := time.Unix(0, 0).Add(time.Duration(step.minute) * time.Minute)
		if _, repeat, _ := r.claim(reporterSite{reporter: step.reporter}, reporterSite{}, now,
			add); repeat != step.repeat {
			t.Errorf("%+v: repeat is %t", step, repeat)
		}
	}
}

func TestRecentIsBounded(t *testing.T) {
	r := newRecent()
	add := func() (*batch, error) { return &batch{number: 1}, nil }
	now, places := time.Unix(0, 0), len(r.slots)
	for i := range 5 * places {
		now = now.Add(time.Microsecond) // all of it within the window
		if _, repeat, err := r.claim(reporterSite{reporter: uint64(i)}, reporterSite{}, now, add); repeat ||
			err != nil {
			t.Fatalf("%d: repeat %t, %v", i, repeat, err)
		}
	}
	if len(r.slots) != places || len(r.open) != 1 {
		t.Errorf("%d places and %d batches are remembered", len(r.slots), len(r.open))
	}
	const newest = 10_000
	forgotten := 0
	for i := 5*places - newest; i < 5*places; i++ {
		if _, repeat, _ := r.claim(reporterSite{reporter: uint64(i)}, reporterSite{}, now, add); !repeat {
			forgotten++
		}
	}
	if forgotten > newest/100 {
		t.Errorf("%d of the newest %d are forgotten", forgotten, newest)
	}
}

func TestRecentForgetsWhomAFailedBatchCounted(t *testing.T) {
	r, now := newRecent(), time.Unix(1e9, 0)
	claim := func(reporter, number uint64) (*batch, bool) {
		b, repeat, err := r.claim(reporterSite{reporter, "bbc.co.uk"}, reporterSite{}, now,
			func() (*batch, error) { return &batch{number: number}, nil })
		if err != nil {
			t.Fatal(err)
		}
		return b, repeat
	}
	claim(1, 1)
	claim(2, 2)
	if b, repeat := claim(1, 3); !repeat || b == nil || b.number != 1 {
		t.Errorf("a repeat of what is on its way: %+v, %t", b, repeat)
	}
	r.settled(1, false)
	r.settled(2, true)
	if b, repeat := claim(1, 3); !repeat || b != nil {
		t.Errorf("a repeat of what is in the log: %+v, %t", b, repeat)
	}
	if _, repeat := claim(2, 3); repeat {
		t.Error("whom a failed batch counted can't try again")
	}
}
