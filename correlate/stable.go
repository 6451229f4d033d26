package correlate

import (
	"math"
	"slices"

	"faultline"
)

// search returns the components that explain what open incidents do not, and what
// nothing that is named explains.
func (e *Engine) search() ([]found, unmappedCause) {
	if e.clock < e.stableUntil {
		e.explainOpen(true)
		if causes, rest := e.searchOnce(); len(causes) == 0 && len(rest.sites) == 0 {
			return nil, unmappedCause{}
		}
		e.explainNothing()
	}
	e.stableUntil = 0
	e.explainOpen(false)
	return e.searchOnce()
}

// noteStable notes, after a search that young incidents had to win, whether they did.
func (e *Engine) noteStable(causes []found, rest unmappedCause) {
	if e.clock < e.stableUntil || len(rest.sites) > 0 {
		return
	}
	young, known := 0, int64(math.MaxInt64)
	for _, in := range e.incidents {
		if !in.young(e.clock) {
			continue
		}
		again := slices.ContainsFunc(causes, func(f found) bool { return e.components.rows[f.c].Name == in.Cause })
		if !again || in.Confirmed == 0 || in.State != faultline.StateConfirmed {
			return
		}
		young, known = young+1, min(known, e.clock-in.Detected)
	}
	if young > 0 && young == len(causes) {
		e.stableUntil = e.clock + min(stableMost, max(stableLeast, known/stableParts))
	}
}
