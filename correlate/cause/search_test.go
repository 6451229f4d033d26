package cause

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A registry or an authority that fails for less than three tenths of its sites is
// believed less by 6 nats; everything else fails in part.
func TestAPartOfARegistryIsACoincidenceFirst(t *testing.T) {
	t.Parallel()
	const w = 3
	for _, c := range []struct {
		component string
		penalty   float64
	}{{"cdn:a", 0}, {"dns:a", 0}, {"tld:a", 6}, {"ca:a", 6}} {
		for _, sites := range []struct{ failing, well int }{{12, 40}, {20, 20}, {40, 1}} {
			s := ready(&town{groups: []group{
				{n: sites.failing, on: c.component, l: 0.5, class: ClassVague}, {n: sites.well, on: c.component, l: -1},
			}})
			q, want := averaged(s.p.Leak[w], sites.failing, sites.well, c.penalty)
			what := fmt.Sprint(c.component, sites)
			gotQ, gain := s.exact(0, w)
			near(t, what+" fails at", gotQ, q)
			near(t, what+" gains", gain, want+s.logPrior())
		}
	}
}

// averaged works the gain of a component out again, as the formula stands: the likelihood
// against a leak p0 averaged over the shares that may fail, with the likeliest share.
func averaged(p0 float64, failing, well int, penalty float64) (q, gain float64) {
	sum, most := 0., math.Inf(-1)
	for _, part := range qGrid {
		of := func(l float64) float64 {
			x := math.Exp(l) - 1
			return math.Log(1+(1-(1-p0)*(1-part))*x) - math.Log(1+p0*x)
		}
		g := float64(failing)*of(0.5) + float64(well)*of(-1)
		if part < 0.3 {
			g -= penalty
		}
		sum += math.Exp(g) / float64(len(qGrid))
		if g > most {
			q, most = part, g
		}
	}
	return q, math.Log(sum)
}

// What is published already pays no prior again. It steadies the decision, and what is
// said of the cause is of the evidence alone.
func TestAPublishedCauseIsBelieved(t *testing.T) {
	t.Parallel()
	s := ready(&town{groups: []group{{n: 1, on: "cdn:a dns:a", l: 3}}, published: []string{"cdn:a"}})
	const published, other = 0, 1
	near(t, "published", s.priorOf(published), 0)
	near(t, "not published", s.priorOf(other), s.logPrior())
	near(t, "evidence for what is published", s.evident(published, 9), 9+s.logPrior())
	near(t, "evidence for another", s.evident(other, 9), 9)
}

func TestTheWidestCauseThatFailsInPart(t *testing.T) {
	t.Parallel()
	of := func(q float64, sites int) found { return found{q: q, cover: make([]int32, sites)} }
	for what, c := range map[string]struct {
		causes []found
		want   int
	}{
		"none":                         {nil, -1},
		"one that fails wholly":        {[]found{of(wholly, 9)}, -1},
		"the first":                    {[]found{of(0.5, 4), of(0.5, 3)}, 0},
		"the second":                   {[]found{of(0.5, 3), of(0.5, 4)}, 1},
		"as wide":                      {[]found{of(0.5, 4), of(0.5, 4)}, 0},
		"a wider one that fails whole": {[]found{of(0.5, 3), of(0.9, 9), of(0.3, 4), of(0.3, 2)}, 2},
	} {
		if got := widest(c.causes); got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
	}
}

// Of two that explain the same equally well, the first is taken: the order is the
// components', and not that of chance.
func TestTheFirstOfTwinsIsPicked(t *testing.T) {
	t.Parallel()
	town := &town{}
	for i := range 8 {
		town.groups = append(town.groups, group{n: 1, on: fmt.Sprintf("cdn:b cdn:c dns:own%d", i), l: 4})
	}
	s := ready(town)
	b, c, own := town.component("cdn:b"), town.component("cdn:c"), town.component("dns:own3")
	const most = 1e3 // nothing is known of their gains yet
	candidates := []found{{c: own, w: 3, gain: most}, {c: c, w: 3, gain: most}, {c: b, w: 3, gain: most}}
	if got := s.pick(candidates); got != 1 {
		t.Errorf("candidate %d is picked, of %+v", got, candidates)
	}
	if got := s.pick(candidates[:1]); got != -1 || candidates[0].gain > 0 {
		t.Errorf("one site pays for the prior of a provider: %+v", candidates[0])
	}
	if got := s.pick(nil); got != -1 {
		t.Errorf("none is %d", got)
	}
}

// Of one of two providers a site fails for by a third: that much less is because of it.
func TestAttributionCountsTheShareOfAProvider(t *testing.T) {
	t.Parallel()
	s := ready(&town{groups: []group{{n: 1, on: "cdn:x/0.35 cdn:y/0.35", l: 9}}})
	s.sites[0].p0 = 0.5
	without := 1 - (1-s.p.Leak[3])*0.5
	with := 1 - (1-without)*(1-0.8*SharedWeight)
	near(t, "attributed", s.attributedCount(found{w: 3, q: 0.8, cover: []int32{0}}), (with-without)/with)
}

// A component is blamed only if at least 70 % of its failing sites fail because of
// it, and two at least.
func TestEnoughMustBeAttributed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failing, explained int
		want               bool
	}{
		"all of ten are its own":           {10, 0, true},
		"two of ten are explained already": {10, 2, true},
		"six of ten are":                   {10, 6, false},
		"all of ten are":                   {10, 10, false},
		"one alone":                        {1, 0, false},
		"three":                            {3, 0, true},
	} {
		s := ready(&town{groups: []group{{n: c.failing, on: "cdn:x"}}})
		f := found{q: 0.97}
		for at := range int32(c.failing) {
			s.sites[at].p0 = 0.002
			if int(at) < c.explained {
				s.sites[at].p0 = 0.97
			}
			f.cover = append(f.cover, at)
		}
		if got := s.enoughAttributed(f); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What is held explains its members by how much of it fails, and its sites by 0.9.
func TestWhatIsHeldExplains(t *testing.T) {
	t.Parallel()
	site := []int32{0}
	for name, c := range map[string]struct {
		held []held
		want [2]float64 // chances of two sites on the component to fail
	}{
		"nothing":                     {nil, [2]float64{}},
		"a component":                 {[]held{{on: "cdn:x", part: 0.4}}, [2]float64{0.4, 0.4}},
		"a site":                      {[]held{{sites: site}}, [2]float64{memberChance, 0}},
		"a component and its site":    {[]held{{on: "cdn:x", part: 0.4, sites: site}}, [2]float64{memberChance, 0.4}},
		"a component that all but is": {[]held{{on: "cdn:x", part: 0.97, sites: site}}, [2]float64{0.97, 0.97}},
		"two components": {[]held{{on: "cdn:x", part: 0.4}, {on: "dns:p", part: 0.5}},
			[2]float64{0.7, 0.7}},
	} {
		s := ready(&town{groups: []group{{n: 2, on: "cdn:x dns:p", l: 9}}, held: c.held})
		for at, want := range c.want {
			near(t, fmt.Sprint(name, ": ", at), s.sites[at].p0, want)
		}
	}
}

// refit drops what the rest explains, and the rest then explains it all.
func TestRefitDropsTheNeedless(t *testing.T) {
	t.Parallel()
	town := &town{groups: []group{
		{n: 10, on: "tld:big cdn:0", l: 9}, {n: 10, on: "tld:big cdn:1", l: 9}, {n: 10, on: "tld:big cdn:2", l: 9},
		{n: 10, on: "tld:big cdn:3", l: -3}, {n: 20, on: "tld:big", l: -3},
	}}
	s := ready(town)
	var causes []found
	for _, name := range []string{"tld:big", "cdn:0", "cdn:1", "cdn:2"} {
		f := found{c: town.component(name), w: 3, q: 0.5}
		if f.cover = s.cover(f.c, 3); name != "tld:big" {
			f.q = 0.97
		}
		causes = append(causes, f)
	}
	left := map[string]int{}
	for _, f := range s.refit(causes) {
		left[town.names[f.c]] = len(f.own)
	}
	if diff := cmp.Diff(map[string]int{"cdn:0": 10, "cdn:1": 10, "cdn:2": 10}, left); diff != "" {
		t.Error(diff)
	}
}

// The screen's histograms say the same as the exact search, but for their width.
func TestScreenAgreesWithTheExactSearch(t *testing.T) {
	t.Parallel()
	for l, want := range map[float64]int{
		EvidenceMin: 0, EvidenceMin + 0.24: 0, EvidenceMin + 0.25: 1, 0: 24, EvidenceMax: buckets - 1,
	} {
		if got := bucketOf(l); got != want {
			t.Errorf("evidence of %v is in bucket %d, want %d", l, got, want)
		}
	}
	if !Sole(1) || !Sole(0.8) || Sole(0.79) || Sole(0.35) {
		t.Error("weights of 0.8 and more stand for a sole provider")
	}
	town := &town{groups: []group{
		{n: 6, on: "asn:AS1", l: 8}, {n: 14, on: "asn:AS1", l: -3}, {n: 30, on: "asn:AS2", l: -3},
	}}
	s := ready(town)
	list := s.screen()
	if len(list) != 1 || town.names[list[0].c] != "asn:AS1" {
		t.Fatalf("screened %+v", list)
	}
	f := list[0]
	q, gain := s.exact(f.c, f.w)
	if math.Abs(gain-f.gain) > 0.1*math.Abs(gain) || q != f.q || q < 0.18 || q > 0.45 {
		t.Errorf("exactly %v at q %v, screened %v at q %v", gain, q, f.gain, f.q)
	}
	if f.cover = s.cover(f.c, f.w); len(f.cover) != 6 {
		t.Errorf("%d failing members", len(f.cover))
	}
	leak := s.p.Leak[f.w]
	near(t, "attributed", s.attributedCount(f), 6*(1-leak/(1-(1-leak)*(1-f.q))))
}

// What was found is compared with what else could have explained it, each as if there
// were no other.
func TestASearchSaysWhatItConsidered(t *testing.T) {
	t.Parallel()
	town := town{groups: append(wellElsewhere(), group{n: 10, on: "cdn:x dns:p tld:com", l: 6})}
	x := Solve(town.build())
	if len(x.Causes) != 1 || len(x.Considered) < 2 {
		t.Fatalf("found %+v, considered %+v", x.Causes, x.Considered)
	}
	first, second := x.Considered[0], x.Considered[1]
	if first.Component != town.component("cdn:x") || first.Evident <= second.Evident || second.Evident <= 0 {
		t.Errorf("considered %+v", x.Considered)
	}
	if again := Solve(town.build()); len(again.Considered) != len(x.Considered) {
		t.Errorf("then %+v", again.Considered)
	}
}
