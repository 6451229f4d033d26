package evidence

import (
	"fmt"
	"testing"

	"faultline/docs/docstest"
)

// docs/method.md says the thresholds of evidence in words; it must say those that the
// code has.
func TestMethodSaysTheThresholdsOfEvidence(t *testing.T) {
	t.Parallel()
	docstest.MethodSays(t,
		fmt.Sprintf("prior %v failures, %v successes; %v once it has failed twice before", PriorFail, PriorOK,
			flakyOK),
		fmt.Sprintf("n/(n+%d)", successesSeen),
		fmt.Sprintf(
			"everywhere (%v), in one region alone (%v shared among them), or on the way from one vantage alone (%v "+
				"shared)", everywhere, oneRegion, oneVantage),
		fmt.Sprintf("prefix counts for at most %d and a network for at most %d", PrefixCap, NetworkCap),
		fmt.Sprintf("(dispersion %v)", Dispersion),
		fmt.Sprintf("up to %v times the site's normal rate", Surge),
		fmt.Sprintf("(rank+1)^−%v, worth %v minutes", rankExponent, siteWeight),
		fmt.Sprintf("(ε = %v), a vantage by ±4.6 (ε = %v)", crowdEpsilon, vantageEpsilon),
	)
}
