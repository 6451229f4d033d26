package correlate

import (
	"testing"

	"faultline"
	"faultline/correlate/cause"
)

// twoInTurn has a DNS provider fail four minutes after a CDN whose cause is sure by then.
func twoInTurn() *world {
	w := quietTown(80, 48)
	w.faults = []fault{
		{sites: w.on("cdn:x"), from: 35, to: 50, symptom: "http_503"},
		{sites: w.on("dns:q"), from: 39, to: 50, symptom: "dns"},
	}
	return w
}

// Once a cause has stood alone and confirmed it is asked again at half its age, and the
// next one is found as soon as if all had been asked at every evaluation.
func TestSureCausesAreSeldomAskedAgain(t *testing.T) {
	t.Parallel()
	e, always := New(Config{}), New(Config{})
	var sure, until []int64 // for how long, and from when on it is another time
	for _, ev := range twoInTurn().events() {
		before := e.stableUntil
		e.Fold(ev)
		if e.stableUntil != before && e.stableUntil > e.clock {
			sure, until = append(sure, e.stableUntil-e.clock), append(until, e.clock)
		}
		always.stableUntil = 0
		always.Fold(ev)
	}
	if len(e.incidents) != 2 || len(always.incidents) != 2 {
		t.Fatalf("%d incidents, %d when all are always asked", len(e.incidents), len(always.incidents))
	}
	for i, in := range e.incidents {
		other := always.incidents[i]
		if in.Cause != other.Cause || in.Detected != other.Detected || in.Confirmed != other.Confirmed ||
			in.Onset != other.Onset {
			t.Errorf("%s began %v, found %v, confirmed %v; else %s %v %v %v", in.Cause, in.Onset, in.Detected,
				in.Confirmed,
				other.Cause, other.Onset, other.Detected, other.Confirmed)
		}
	}
	first := e.incidents[0]
	for i, from := range until {
		want := min(stableMost, max(stableLeast, (from-first.Detected)/stableParts))
		if from >= e.incidents[1].Detected {
			want = min(stableMost, max(stableLeast, (from-e.incidents[1].Detected)/stableParts)) // the youngest
		}
		if sure[i] != want {
			t.Errorf("%v after it was found the cause stands for %v ms, want %v", from-first.Detected, sure[i], want)
		}
	}
	if len(sure) < 5 || len(sure) > 20 {
		t.Errorf("sure %d times: %v", len(sure), sure)
	}
}

// A cause is sure when it is confirmed, was found again, and leaves nothing to be found.
func TestAssuring(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(e *Engine, in *incident, x *cause.Explanation)
		want   bool
	}{
		"as it is":          {func(*Engine, *incident, *cause.Explanation) {}, true},
		"nobody is young":   {func(_ *Engine, in *incident, _ *cause.Explanation) { in.Detected = 0 }, false},
		"it is a candidate": {func(_ *Engine, in *incident, _ *cause.Explanation) { in.Confirmed = 0 }, false},
		"it recovers": {
			func(_ *Engine, in *incident, _ *cause.Explanation) { in.State = faultline.StateRecovering }, false},
		"not found again": {func(_ *Engine, _ *incident, x *cause.Explanation) { x.Causes = nil }, false},
		"something else too": {func(_ *Engine, _ *incident, x *cause.Explanation) {
			x.Causes = append(x.Causes, cause.Cause{Component: 1})
		}, false},
		"nameless ones too": {func(_ *Engine, _ *incident, x *cause.Explanation) { x.Unmapped.Sites = []uint32{0} },
			false},
	} {
		e := settled(120)
		put(e, "a.example", 9, "cdn:x", "cdn:y")
		in := e.open("cdn:x", 9)
		in.State, in.Confirmed, in.Detected = faultline.StateConfirmed, e.clock-minute, e.clock-2*minute
		x, _ := e.components.find("cdn:x")
		found := cause.Explanation{Causes: []cause.Cause{{Component: x}}}
		c.change(e, in, &found)
		e.noteStable(&found)
		if got := e.stableUntil == e.clock+minute; got != c.want {
			t.Errorf("%s: sure for %d ms", name, e.stableUntil-e.clock)
		}
	}
}

// What fails elsewhere is what no open incident explains.
func TestElsewhereIsWhatNothingExplains(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	compared := 0
	for _, ev := range twoInTurn().events() {
		e.Fold(ev)
		if len(e.incidents) < 2 || e.eval != e.clock {
			continue
		}
		a, b := e.incidents[0], e.incidents[1]
		if a.Failing == 0 || b.Failing == 0 {
			continue
		}
		compared++
		if a.ElsewhereFailing != 0 || b.ElsewhereFailing != 0 {
			t.Fatalf("%v: %d and %d fail, elsewhere %d and %d", e.Clock(), a.Failing, b.Failing,
				a.ElsewhereFailing, b.ElsewhereFailing)
		}
	}
	if compared < 20 {
		t.Errorf("compared %d times", compared)
	}
}
