package accuracy_test

import (
	"slices"
	"testing"

	"faultline"
	"faultline/scenario/accuracy"
)

// hostile are the groups whose scenarios are drawn against the method.
func hostile() []string {
	return slices.DeleteFunc(accuracy.Kinds(), func(k string) bool {
		return !slices.Contains([]string{"sick vantages", "symptoms and layers", "liars"}, accuracy.GroupOf(k))
	})
}

func TestHostileKindsDrawWithManySeeds(t *testing.T) {
	t.Parallel()
	if n := len(hostile()); n < 24 {
		t.Errorf("%d hostile kinds", n)
	}
	for _, kind := range hostile() {
		for seed := range uint64(4) {
			draw(t, kind, 101+seed) // draws check their own spec
		}
	}
}

func TestEveryKindIsInAGroup(t *testing.T) {
	t.Parallel()
	for _, k := range accuracy.Kinds() {
		if !slices.Contains(accuracy.Groups(), accuracy.GroupOf(k)) {
			t.Errorf("%s is in no group", k)
		}
	}
	if accuracy.GroupOf("tuesday") != "" {
		t.Error("an unknown kind has a group")
	}
}

// In a scenario of sick vantages nothing fails in truth, so that people report no
// more than on a good day while a vantage sees failures at most sites.
func TestSickVantagesFailAtManySitesAndNobodyElseMinds(t *testing.T) {
	t.Parallel()
	s := draw(t, "most-vantages-dark", 3)
	onset := s.Spec.End.Add(-60 * 60e9)
	failed, all := map[string]int{}, map[string]int{}
	for ev := range s.Spec.Events() {
		if p, ok := ev.(faultline.Probe); ok && p.At.After(onset) {
			all[p.Vantage]++
			if p.Symptom != faultline.SymptomOK {
				failed[p.Vantage]++
			}
		}
	}
	sick := 0
	for v, n := range all {
		if 10*failed[v] > 2*n {
			sick++
		}
	}
	if len(all) != 5 || sick != 3 {
		t.Errorf("%d of %d vantages are sick", sick, len(all))
	}
}

// The innocent are sites that liars name, that are probed, and at which no probe
// fails but by chance.
func TestInnocentSitesAreWell(t *testing.T) {
	t.Parallel()
	s := draw(t, "liars-thousands", 5)
	if len(s.Innocent) < 20 || !slices.IsSorted(s.Innocent) {
		t.Fatalf("%d innocent sites", len(s.Innocent))
	}
	failed, all, named := 0, 0, 0
	faces := map[string]bool{}
	for ev := range s.Spec.Events() {
		switch v := ev.(type) {
		case faultline.Probe:
			_, innocent := slices.BinarySearch(s.Innocent, v.Site)
			if innocent {
				all++
			}
			if innocent && v.Symptom != faultline.SymptomOK {
				failed++
			}
		case faultline.Report:
			if v.ASN >= 200_000 {
				named++
				faces[v.Reporter] = true
			}
		}
	}
	if all == 0 || 100*failed > all {
		t.Errorf("%d of %d probes of innocent sites fail", failed, all)
	}
	if named < 1_000 || len(faces) > s.Spec.Attacks[0].People {
		t.Errorf("%d lies by %d people, there are %d", named, len(faces), s.Spec.Attacks[0].People)
	}
}

// A probe that is turned away shows the status that says so.
func TestRefusalsHaveTheirStatus(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for seed := range uint64(12) {
		s := draw(t, "refusal-waves", seed)
		for _, f := range s.Spec.Failures {
			if f.Status != 0 {
				seen[f.Status] = true
			}
		}
	}
	if len(seen) < 2 {
		t.Errorf("statuses %v", seen)
	}
}
