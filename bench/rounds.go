package main

import (
	"context"
	"fmt"
	"slices"
)

// Rules of measuring. Seven rounds give a median that one disturbed round does not move. A
// spread above 30 % says that something else ran on the machine.
const (
	minRounds = 7
	maxSpread = 0.30 // of a single mode; beyond it, it is measured again
)

// mode is one way of doing the work: ours, or a limit. Each call of run measures once and
// returns the measured value, in the unit of the figure.
type mode struct {
	name string
	run  func(ctx context.Context) (float64, error)
}

// series is what one mode measured, a value a round.
type series []float64

// median is the middle value, or the mean of the two in the middle.
func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// spread is the distance from the smallest to the largest value, divided by the median.
func (s series) spread() float64 {
	m := s.median()
	if m == 0 {
		return 0
	}
	return (slices.Max(s) - slices.Min(s)) / m
}

// measurement is what all modes of a figure measured, in their order.
type measurement struct {
	series       []series
	inconclusive bool // too wide a spread twice in a row
}

// widest is the largest spread of any mode.
func (m measurement) widest() float64 {
	widest := 0.0
	for _, s := range m.series {
		widest = max(widest, s.spread())
	}
	return widest
}

// measure runs the modes interleaved (A B C A B C …), so that whatever else the
// machine does falls on all of them alike, and once more when one of them
// spreads too widely.
func measure(ctx context.Context, rounds int, modes ...mode) (measurement, error) {
	for attempt := 1; ; attempt++ {
		m, err := interleave(ctx, rounds, modes)
		if err != nil || m.widest() <= maxSpread {
			return m, err
		}
		if attempt == 2 {
			m.inconclusive = true
			return m, nil
		}
	}
}

// interleave runs the modes in turn, round by round. Whatever else the machine does then falls on
// all of them alike.
func interleave(ctx context.Context, rounds int, modes []mode) (measurement, error) {
	m := measurement{series: make([]series, len(modes))}
	for round := range rounds {
		for i, mode := range modes {
			if err := ctx.Err(); err != nil {
				return measurement{}, err
			}
			value, err := mode.run(ctx)
			if err != nil {
				return measurement{}, fmt.Errorf("round %d, %s: %w", round+1, mode.name, err)
			}
			m.series[i] = append(m.series[i], value)
		}
	}
	return m, nil
}
