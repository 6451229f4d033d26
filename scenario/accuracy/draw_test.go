package accuracy_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"faultline"
	"faultline/scenario/accuracy"
)

func draw(t *testing.T, kind string, seed uint64) accuracy.Scenario {
	t.Helper()
	s, err := accuracy.Draw(kind, seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryKindDrawsAScenarioThatMakesSense(t *testing.T) {
	t.Parallel()
	without := []string{"vantage-down", "vantage-lossy", "blocked", "brigade-few", "brigade-many", "brigade-asn",
		"owners", "bursts", "loud-crowd", "quiet", "some-members", "flash-crowd",
		"two-of-three-sick", "lossy-resolvers", "most-vantages-dark", "all-vantages-dark", "sick-in-two-ways",
		"lost-region", "rolling-vantages", "one-host",
		"errors-of-one-ca", "origins-alone", "refusal-waves", "lying-vantage", "two-lying-vantages",
		"liars-of-unprobed", "liars-unprobed-cdn",
		"rarely-probed-calm", "hosted-pages", "readers-elsewhere"}
	for _, kind := range accuracy.Kinds() {
		s := draw(t, kind, 4) // draws check their own spec
		demanded := 0
		for _, f := range s.Truth {
			if !f.Demanded {
				continue
			}
			demanded++
			if len(f.Sites) == 0 && f.Component.Kind() != faultline.KindISP {
				t.Errorf("%s: %s is demanded and nobody can see it", kind, f.Component)
			}
			if f.Accept[0] != f.Component || !f.Onset.Before(f.End) || f.End.After(s.Spec.End) {
				t.Errorf("%s: %+v makes no sense", kind, f)
			}
		}
		if demanded == 0 && !slices.Contains(without, kind) {
			t.Errorf("%s demands nothing", kind)
		}
	}
	if _, err := accuracy.Draw("tuesday", 1); !errors.Is(err, faultline.ErrNotFound) {
		t.Errorf("an unknown kind: %v", err)
	}
}

// Of the sites that are drawn first, none is probed here.
func TestAFlashCrowdAsksAfterSomeSite(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{6049, 6335} {
		if n := len(draw(t, "flash-crowd", seed).Spec.Echoes[0].Sites); n != 1 {
			t.Errorf("seed %d: %d sites", seed, n)
		}
	}
}

func TestTheSameSeedDrawsTheSame(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"four-six", "overlapping", "brigade-many"} {
		one := draw(t, kind, 9)
		if !reflect.DeepEqual(one, draw(t, kind, 9)) {
			t.Errorf("%s: two draws of one seed differ", kind)
		}
		if reflect.DeepEqual(one.Spec.Sites, draw(t, kind, 10).Spec.Sites) {
			t.Errorf("%s: two seeds have one internet", kind)
		}
	}
}

func TestTheInternetHasTheRightShape(t *testing.T) {
	t.Parallel()
	s := draw(t, "quiet", 6)
	var probed, wrong, lost, entries, multi, cdns int
	for _, site := range s.Spec.Sites {
		entries += len(site.Components)
		if !site.Unprobed {
			probed++
		}
		if site.Mapped != nil {
			lost += len(site.Components) - len(site.Mapped)
			wrong += len(slices.DeleteFunc(slices.Clone(site.Components),
				func(c faultline.Component) bool { return slices.Contains(site.Mapped, c) }))
		}
		n := 0
		for _, c := range site.Components {
			if c.Kind() == faultline.KindCDN {
				n++
			}
		}
		if n > 0 {
			cdns++
		}
		if n > 1 {
			multi++
		}
	}
	within := func(what string, got, low, high float64) {
		if got < low || got > high {
			t.Errorf("%s: %.3f, not between %v and %v", what, got, low, high)
		}
	}
	within("sites", float64(len(s.Spec.Sites)), 2000, 2500)
	within("probed", float64(probed), 150, 250)
	within("wrong entries", float64(wrong)/float64(entries), 0.06, 0.10)
	within("missing ones", float64(lost)/float64(entries), 0.045, 0.075)
	within("sites on a CDN", float64(cdns)/float64(len(s.Spec.Sites)), 0.45, 0.55)
	within("on two", float64(multi)/float64(cdns), 0.07, 0.17)
}

// The truth says of the sites that it demands that they fail, and of none that
// does not.
func TestTheTruthIsWhatTheProbesSee(t *testing.T) {
	t.Parallel()
	s := draw(t, "full", 2)
	i := slices.IndexFunc(s.Truth, func(f accuracy.Fault) bool { return f.Demanded })
	f := s.Truth[i]
	failed, all := map[string]int{}, map[string]int{}
	events := 0
	for ev := range s.Spec.Events() {
		events++
		if p, ok := ev.(faultline.Probe); ok && p.At.After(f.Onset) && p.At.Before(f.End) {
			all[p.Site]++
			if p.Symptom != faultline.SymptomOK {
				failed[p.Site]++
			}
		}
	}
	if events < 30_000 || events > 250_000 {
		t.Errorf("%d events", events)
	}
	seen := 0
	for site, n := range all {
		share := float64(failed[site]) / float64(n)
		_, hit := slices.BinarySearch(f.Sites, site)
		_, maybe := slices.BinarySearch(f.Maybe, site)
		if hit && share < 0.1 {
			t.Errorf("%s is demanded and %.2f of its probes fail", site, share)
		}
		if !hit && !maybe && share > 0.3 && share < 0.9 { // above are those that always fail
			t.Errorf("%s is well in truth and %.2f of its probes fail", site, share)
		}
		if hit {
			seen++
		}
	}
	if seen < 2 {
		t.Errorf("%d probed sites fail", seen)
	}
}
