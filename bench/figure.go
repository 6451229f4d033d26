package main

import (
	"fmt"
	"math"
	"strconv"
)

// The directions in which a figure may be good: a throughput should be higher, a cost lower.
const (
	higher = "higher"
	lower  = "lower"
)

// figure is one measured number beside its target and its limit. The limit is the fastest
// that this machine could do in the same rounds, so that a figure means the same on another
// machine.
type figure struct {
	Name   string  `json:"name"`   // group.what
	Value  float64 `json:"value"`  // median of the runs
	Target float64 `json:"target"` // what it should reach
	Better string  `json:"better"` // higher or lower
	OK     bool    `json:"ok"`     // the target is met
	Unit   string  `json:"unit"`
	Limit  string  `json:"limit"` // what it was measured beside
	Runs   int     `json:"runs"`
	// Spread is the widest of any single mode: (largest - smallest) / median.
	Spread float64 `json:"spread"`
	// Detail explains the figure. Its member "verdict" is "inconclusive" when
	// the spread was too wide twice in a row: then OK says little.
	Detail map[string]any `json:"detail"`
}

// meets reports whether a value reaches a target.
func meets(value, target float64, better string) bool {
	if better == lower {
		return value <= target
	}
	return value >= target
}

// String is one line: the value beside its target, and whether that is met. Inconclusive
// stands in the verdict's place, because a median of widely spread rounds decides nothing.
func (f figure) String() string {
	verdict := "MISSED"
	if f.OK {
		verdict = "ok"
	}
	if v, ok := f.Detail["verdict"].(string); ok {
		verdict = v
	}
	sign := "≥"
	if f.Better == lower {
		sign = "≤"
	}
	return fmt.Sprintf("%s: %s %s, target %s %s: %s (limit: %s; %d runs, spread %.0f %%)",
		f.Name, number(f.Value), f.Unit, sign, number(f.Target), verdict, f.Limit, f.Runs, 100*f.Spread)
}

// number writes a value with three digits, and whole numbers in full.
func number(v float64) string {
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
