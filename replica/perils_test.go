package replica

import (
	"slices"
	"testing"
	"time"

	"faultline/store"
)

// A setting that can lose the log is logged once a minute, and at once when it comes back.
func TestPerilsAreLoggedOnceAMinute(t *testing.T) {
	bad := store.Memory{Evicts: true, Unwritten: true}
	var p perils
	if p.All() != nil {
		t.Error("before Redis was asked there is one")
	}
	for _, step := range []struct {
		m    store.Memory
		at   time.Duration
		due  bool
		want []string
	}{
		{store.Memory{}, 0, false, nil},
		{bad, time.Second, true, []string{perilEvicts, perilUnwritten}},
		{bad, 60 * time.Second, false, []string{perilEvicts, perilUnwritten}},
		{bad, 61 * time.Second, true, []string{perilEvicts, perilUnwritten}},
		{store.Memory{}, 62 * time.Second, false, nil},
		{store.Memory{Unwritten: true}, 63 * time.Second, true, []string{perilUnwritten}},
	} {
		if due := p.Set(step.m, noon.Add(step.at)); due != step.due || !slices.Equal(p.All(), step.want) {
			t.Errorf("after %s: due %v, %q", step.at, due, p.All())
		}
	}
}
