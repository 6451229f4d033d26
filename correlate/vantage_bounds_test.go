package correlate

import "testing"

// Stretches in which a vantage failed itself and that lie within a minute are one.
func TestSickSpans(t *testing.T) {
	t.Parallel()
	v := &vantage{}
	v.sicken(10*minute-2*minute, 10*minute)
	v.sicken(12*minute-2*minute, 12*minute)
	v.sicken(15*minute+1-2*minute, 15*minute+1)
	if len(v.Sick) != 2 || v.Sick[0] != (span{8 * minute, 12 * minute}) {
		t.Fatalf("spans %v", v.Sick)
	}
	for at, want := range map[int64]bool{
		8*minute - 1: false, 8 * minute: true, 12 * minute: true, 12*minute + 1: false, 15*minute + 1: true,
		15*minute + 2: false,
	} {
		if v.SickAt(at) != want {
			t.Errorf("at %d ms sick: %v, want %v", at, !want, want)
		}
	}
	for i := range int64(2 * sickSpans) {
		v.sicken(hour+i*10*minute-2*minute, hour+i*10*minute)
	}
	if len(v.Sick) != sickSpans || v.Sick[sickSpans-1].To != hour+(2*sickSpans-1)*10*minute {
		t.Errorf("%d spans are kept, the last to %d", len(v.Sick), v.Sick[len(v.Sick)-1].To)
	}
}
