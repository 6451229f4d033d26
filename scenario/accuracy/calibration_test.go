package accuracy_test

import (
	"testing"

	"faultline/scenario/accuracy"
)

func TestReliabilityComparesSaidAndRight(t *testing.T) {
	t.Parallel()
	var claims []accuracy.Claim
	for i := range 10 {
		claims = append(claims, accuracy.Claim{Confidence: 0.82, Right: i < 8},
			accuracy.Claim{Confidence: 0.99, Right: true})
	}
	got := accuracy.Reliability(claims)
	if len(got) != 2 || got[0].From != 0.8 || got[0].Claims != 10 || got[0].Right != 0.8 || got[1].Right != 1 {
		t.Errorf("%+v", got)
	}
	if accuracy.Reliability(nil) != nil {
		t.Error("a curve of nothing")
	}
}

func TestSharpnessCountsAlternativesThatAreRight(t *testing.T) {
	t.Parallel()
	got := accuracy.SharpnessOf([]accuracy.Claim{
		{Right: true, Alternatives: 2, Accepted: 1},
		{Right: true, Held: 1},
		{Alternatives: 9}, // a wrong cause says nothing of its alternatives
	})
	if got.Claims != 2 || got.Alternatives != 1 || got.Accepted != 0.5 || got.Held != 0.5 {
		t.Errorf("%+v", got)
	}
	if s := accuracy.SharpnessOf(nil); s.Claims != 0 || s.Alternatives != 0 {
		t.Errorf("%+v", s)
	}
}
