package replica

import (
	"testing"

	"faultline/store"
)

// The door is shut while less than a tenth of the memory is free, and opens again a
// little later than it would shut, so that it does not flap.
func TestHeadroom(t *testing.T) {
	const limit = 1_000
	var r headroom
	for _, c := range []struct {
		used        int64
		shed, tight bool
	}{{500, false, false}, {760, false, true}, {899, false, true},
		{901, true, true}, {890, true, true}, {869, false, true},
		{740, false, false}, {1_200, true, true}, {100, false, false}} {
		r.Set(store.Memory{Used: c.used, Limit: limit})
		if shed, tight := r.Err() != nil, r.Tight(); shed != c.shed || tight != c.tight {
			t.Errorf("with %d of %d used: shut %v, tight %v", c.used, limit, shed, tight)
		}
	}
	r.Set(store.Memory{Used: 1_200, Limit: limit})
	r.Set(store.Memory{Used: 1_200})
	if r.Err() != nil || r.Tight() {
		t.Error("without a limit it is full")
	}
}
