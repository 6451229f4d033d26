package correlate

import (
	"fmt"
	"testing"
)

// Of sites that nothing known connects, the probes must see most failing: a crowd that
// points at many confirms nothing by the chance failures of two.
func TestProbesSpeakForSitesWithoutACause(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		failing, well int
		want          bool
	}{"two of forty": {2, 38, false}, "most": {20, 5, true}, "nobody looks": {0, 0, false}} {
		e := settled(60)
		in := e.open(unattributed, 9)
		for i := range c.failing + c.well {
			l := 3.0
			if i >= c.failing {
				l = -3
			}
			in.join(put(e, fmt.Sprintf("s%d.example", i), l))
		}
		if says := e.probeSupport(in); says >= probesAlone != c.want {
			t.Errorf("%s: %v nats", what, says)
		}
	}
}
