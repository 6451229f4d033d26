package cause

import (
	"fmt"
	"testing"

	"faultline/docs/docstest"
)

// docs/method.md says the thresholds of the search in words; it must say those that the
// code has.
func TestMethodSaysTheThresholdsOfTheSearch(t *testing.T) {
	t.Parallel()
	docstest.MethodSays(t,
		fmt.Sprintf("[−%v, %v]", -EvidenceMin, EvidenceMax),
		fmt.Sprintf("over ten values from %v to %v", qGrid[0], qGrid[len(qGrid)-1]),
		fmt.Sprintf("%v for one of several", SharedWeight),
		fmt.Sprintf("prior = −ln(number of components) − %v − ln %d", priorPenalty, Windows),
		fmt.Sprintf("(q < %v)", wholly),
		fmt.Sprintf("below %v costs %v nats", wholeFrom, wholePenalty),
		fmt.Sprintf("%.0f %% of its failing members", 100*minAttributionShare),
		fmt.Sprintf("overlap by %.0f %% or more", 100*likeness),
		fmt.Sprintf("at most %d are asked for their evidence", healthySample),
	)
}
