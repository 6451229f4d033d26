package accuracy_test

import (
	"math"
	"testing"
	"time"

	"faultline"
	"faultline/scenario"
	"faultline/scenario/accuracy"
)

var noon = time.Date(2024, 3, 6, 12, 0, 0, 0, time.UTC)

func after(minutes float64) time.Time { return noon.Add(time.Duration(minutes * float64(time.Minute))) }

// outage is a scenario of three hours with one outage from minute 0 to 30.
func outage() accuracy.Scenario {
	return accuracy.Scenario{
		Spec: scenario.Spec{Start: after(-60), End: after(120)},
		Truth: []accuracy.Fault{{
			Component: "cdn:x", Accept: []faultline.Component{"cdn:x", "asn:AS1"}, Onset: noon, End: after(30),
			Sites: []string{"a", "b", "c"}, Maybe: []string{"m"}, Demanded: true, Timed: true,
		}},
	}
}

// said is an incident confirmed at a minute, with sites.
func said(c faultline.Component, confirmed float64, sites ...string) faultline.Incident {
	at, end := after(confirmed), after(31)
	in := faultline.Incident{
		State: faultline.StateResolved, ConfirmedAt: &at, ResolvedAt: &end,
		Onset: faultline.Onset{Earliest: after(-0.5), At: after(0.25), Latest: after(0.5)},
	}
	if c != "" {
		in.Cause = &faultline.Cause{Component: c, Confidence: 0.9}
	}
	for _, s := range sites {
		in.Sites = append(in.Sites, faultline.IncidentSite{Site: s})
	}
	return in
}

func TestScore(t *testing.T) {
	merged, candidate := said("cdn:y", 2), said("cdn:y", 2)
	merged.State, candidate.ConfirmedAt = faultline.StateMerged, nil
	undemanded := outage()
	undemanded.Truth[0].Demanded = false
	for _, c := range []struct {
		name                               string
		truth                              accuracy.Scenario
		incidents                          []faultline.Incident
		demanded, found, named, off, split int
	}{
		{"nothing said", outage(), nil, 1, 0, 0, 0, 0},
		{"found", outage(), []faultline.Incident{said("cdn:x", 1)}, 1, 1, 1, 0, 0},
		{"a twin is found, not named", outage(), []faultline.Incident{said("asn:AS1", 1)}, 1, 1, 0, 0, 0},
		{"both in time: the right name counts", outage(), []faultline.Incident{said("asn:AS1", 1), said("cdn:x", 1.4)},
			1, 1, 1, 0, 1},
		{"the right name too late", outage(), []faultline.Incident{said("asn:AS1", 1), said("cdn:x", 2)},
			1, 1, 0, 0, 1},
		{"another cause", outage(), []faultline.Incident{said("cdn:y", 1)}, 1, 0, 0, 1, 0},
		{"no cause", outage(), []faultline.Incident{said("", 1)}, 1, 0, 0, 1, 0},
		{"just early enough", outage(), []faultline.Incident{said("cdn:x", -2)}, 1, 1, 1, 0, 0},
		{"too early", outage(), []faultline.Incident{said("cdn:x", -2.1)}, 1, 0, 0, 1, 0},
		{"just in time", outage(), []faultline.Incident{said("cdn:x", 40)}, 1, 1, 1, 0, 0},
		{"late", outage(), []faultline.Incident{said("cdn:x", 41)}, 1, 0, 0, 0, 1},
		{"far too late", outage(), []faultline.Incident{said("cdn:x", 91)}, 1, 0, 0, 1, 0},
		{"merged after it was confirmed", outage(), []faultline.Incident{said("cdn:x", 1), merged}, 1, 1, 1, 0, 1},
		{"a candidate is nothing", outage(), []faultline.Incident{candidate}, 1, 0, 0, 0, 0},
		{"what is not demanded is no mistake", undemanded, []faultline.Incident{said("cdn:x", 1)}, 0, 0, 0, 0, 0},
	} {
		r := accuracy.Of(c.truth, c.incidents)
		if r.Demanded != c.demanded || r.Found != c.found || r.Named != c.named || r.False != c.off ||
			r.Split != c.split {
			t.Errorf("%s: demanded %d found %d named %d false %d split %d", c.name, r.Demanded, r.Found, r.Named,
				r.False, r.Split)
		}
	}
}

func TestScoreTakesTimesAndSites(t *testing.T) {
	r := accuracy.Of(outage(), []faultline.Incident{said("cdn:x", 1.5, "a", "b", "m", "z"), said("cdn:y", 5)})
	s := r.Summary()
	for _, f := range []struct {
		name string
		got  *float64
		want float64
	}{
		{"ttd", s.TTDMedian, 90}, {"p90", s.TTDp90, 90}, {"onset", s.OnsetErr, 15}, {"width", s.OnsetWidth, 60},
		{"cover", s.OnsetCover, 1}, {"end", s.EndErr, 60}, {"sites", s.SitesF1, 2. * 2 / (3 + 3)},
		{"brier", s.Brier, (0.1*0.1 + 0.9*0.9) / 2}, {"precision", &s.Precision, 0.5}, {"recall", &s.Recall, 1},
		{"f1", &s.F1, 2. / 3}, {"false a week", &s.FalsePerWeek, 7 * 24 / 3.},
	} {
		if f.got == nil || math.Abs(*f.got-f.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", f.name, f.got, f.want)
		}
	}
	late := outage()
	late.Truth[0].Onset = after(0.6)
	if r := accuracy.Of(late, []faultline.Incident{said("cdn:x", 1.5)}); r.Covered != 0 || r.Timed != 1 {
		t.Errorf("an onset after the interval: covered %d of %d", r.Covered, r.Timed)
	}
	late.Truth[0].Timed = false
	if r := accuracy.Of(late, []faultline.Incident{said("cdn:x", 1.5)}); r.Timed != 0 || len(r.TTD)+len(r.EndErr) != 0 {
		t.Errorf("what was not watched closely is timed: %+v", r)
	}
}

func TestScoresAddUp(t *testing.T) {
	one := accuracy.Of(outage(), []faultline.Incident{said("cdn:x", 1, "a")})
	two := accuracy.Of(outage(), []faultline.Incident{said("cdn:y", 1)})
	one.Add(two)
	if s := one.Summary(); one.Scenarios != 2 || one.Hours != 6 || s.Recall != 0.5 || s.Precision != 0.5 ||
		len(one.Brier) != 2 {
		t.Errorf("sum: %+v", one)
	}
}
