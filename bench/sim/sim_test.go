package main

import (
	"strings"
	"testing"
)

// everyday is how many seeds the everyday run takes, caught how many a planted mistake may
// take to be found.
const (
	everyday = 60
	caught   = 60
)

// Whatever goes wrong, nothing acknowledged is lost or counted twice, all nodes and a
// replay have the same state to the byte, and readers see nothing taken back.
func TestWhateverGoesWrongTheInvariantsHold(t *testing.T) {
	t.Parallel()
	failures, total := simulateAll(1, everyday, "")
	for _, f := range failures {
		t.Errorf("%v: go run ./bench/sim -from %d -seeds 1", f.err, f.seed)
	}
	if total.found < everyday*8/10 || total.failovers < everyday {
		t.Errorf("in %d runs the outage was found in %d, and there were %d failovers", everyday, total.found,
			total.failovers)
	}
}

// Seeds that once violated an invariant are run again.
func TestWhatOnceWentWrongDoesNotAgain(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{
		1_751, // two failovers left an incident merged into one that the fold did not know
	} {
		if _, err := simulate(seed, ""); err != nil {
			t.Errorf("%v: go run ./bench/sim -from %d -seeds 1", err, seed)
		}
	}
}

// Each defence that is taken out is missed.
func TestPlantedMistakesAreFound(t *testing.T) {
	t.Parallel()
	for _, mutant := range mutants {
		t.Run(strings.ReplaceAll(mutant, " ", "-"), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(caught) {
				if _, err := simulate(seed+1, mutant); err != nil {
					return
				}
			}
			t.Errorf("%d runs do not notice it", caught)
		})
	}
}

// A seed gives the same run each time.
func TestASeedIsReproducible(t *testing.T) {
	t.Parallel()
	_, first := simulate(7, "repeats are read")
	_, second := simulate(7, "repeats are read")
	if first == nil || second == nil || first.Error() != second.Error() {
		t.Errorf("%v, then %v", first, second)
	}
}
