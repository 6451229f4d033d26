//go:build check

package main

import (
	"testing"

	"faultline/scenario"
)

// In every scenario, runs weigh what their results weigh.
func TestRunsWeighTheSameInEveryScenario(t *testing.T) { compareRuns(t, scenario.Names()...) }
