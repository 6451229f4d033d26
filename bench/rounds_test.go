package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestMedianAndSpread(t *testing.T) {
	for _, c := range []struct {
		values         series
		median, spread float64
	}{
		{series{5}, 5, 0},
		{series{9, 1, 5}, 5, 1.6},
		{series{4, 1, 3, 2}, 2.5, 1.2},
		{series{10, 10, 10}, 10, 0},
		{nil, 0, 0},
	} {
		if m := c.values.median(); m != c.median {
			t.Errorf("median of %v is %v, want %v", c.values, m, c.median)
		}
		if s := c.values.spread(); math.Abs(s-c.spread) > 1e-9 {
			t.Errorf("spread of %v is %v, want %v", c.values, s, c.spread)
		}
	}
}

// replayed returns a mode that measures the given values one after another, and
// writes its name down each time.
func replayed(name string, order *[]string, values ...float64) mode {
	next := 0
	return mode{name, func(context.Context) (float64, error) {
		*order = append(*order, name)
		next++
		return values[(next-1)%len(values)], nil
	}}
}

func TestModesAreInterleaved(t *testing.T) {
	var order []string
	m, err := measure(t.Context(), 3, replayed("A", &order, 10, 11, 12), replayed("B", &order, 5),
		replayed("C", &order, 7))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "ABCABCABC" {
		t.Errorf("order %s", got)
	}
	if !slices.Equal(m.series[0], series{10, 11, 12}) || m.inconclusive {
		t.Errorf("got %+v", m)
	}
}

func TestWideSpreadIsMeasuredAgain(t *testing.T) {
	var order []string
	m, err := measure(t.Context(), 3, replayed("A", &order, 10, 20, 10, 10, 10, 11), replayed("B", &order, 1))
	if err != nil {
		t.Fatal(err)
	}
	if len(order) != 12 || m.inconclusive || !slices.Equal(m.series[0], series{10, 10, 11}) {
		t.Errorf("after %d runs: %+v", len(order), m)
	}
}

// The limit's own spread counts as much as ours, and twice is enough.
func TestWideSpreadTwiceIsInconclusive(t *testing.T) {
	var order []string
	m, err := measure(t.Context(), 3, replayed("A", &order, 10), replayed("B", &order, 10, 20, 30))
	if err != nil {
		t.Fatal(err)
	}
	if len(order) != 12 || !m.inconclusive || m.widest() != 1 {
		t.Errorf("after %d runs: %+v", len(order), m)
	}
}

func TestFailedRunEndsTheMeasurement(t *testing.T) {
	broken := errors.New("no such thing")
	_, err := measure(t.Context(), 3, mode{"A", func(context.Context) (float64, error) { return 0, broken }})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "round 1, A") {
		t.Errorf("got %v", err)
	}
}

func TestCancelledMeasurementStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	_, err := measure(ctx, 3, mode{"A", func(context.Context) (float64, error) { runs++; cancel(); return 1, nil }})
	if !errors.Is(err, context.Canceled) || runs != 1 {
		t.Errorf("after %d runs: %v", runs, err)
	}
}
