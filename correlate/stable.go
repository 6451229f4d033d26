package correlate

import (
	"math"

	"faultline"
	"faultline/correlate/cause"
)

// noteStable notes, after a search that young incidents had to win, whether they did.
func (e *Engine) noteStable(x *cause.Explanation) {
	if e.clock < e.stableUntil || len(x.Unmapped.Sites) > 0 {
		return
	}
	young, known := 0, int64(math.MaxInt64)
	for _, in := range e.incidents {
		if !in.young(e.clock) {
			continue
		}
		if !e.amongCauses(in, x.Causes) || in.Confirmed == 0 || in.State != faultline.StateConfirmed {
			return
		}
		young, known = young+1, min(known, e.clock-in.Detected)
	}
	if young > 0 && young == len(x.Causes) {
		e.stableUntil = e.clock + min(stableMost, max(stableLeast, known/stableParts))
	}
}
