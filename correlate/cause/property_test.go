package cause

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// towns draws small problems.
func towns() *rapid.Generator[*town] {
	return rapid.Custom(func(rt *rapid.T) *town {
		t := &town{}
		for range rapid.IntRange(1, 8).Draw(rt, "groups") {
			g := group{
				n: rapid.IntRange(1, 12).Draw(rt, "sites"), l: rapid.Float64Range(-6, 9).Draw(rt, "evidence"),
				class: rapid.IntRange(0, Classes-1).Draw(rt, "class"), people: rapid.Bool().Draw(rt, "people"),
				owner: rapid.SampledFrom([]string{"", "", "o", "p"}).Draw(rt, "owner"),
			}
			g.settled = g.l < 0 && rapid.Bool().Draw(rt, "settled")
			for _, on := range []string{"cdn:a cdn:b cdn:c", "dns:a dns:b", "tld:a tld:b"} {
				if rapid.Bool().Draw(rt, "depends") {
					g.on += " " + rapid.SampledFrom(strings.Fields(on)).Draw(rt, "on")
				}
			}
			t.groups = append(t.groups, g)
		}
		if rapid.Bool().Draw(rt, "incident") {
			t.held = []held{{on: "cdn:a", part: rapid.Float64Range(0.1, 1).Draw(rt, "part"), sites: []int32{0}}}
			t.published = []string{"cdn:a"}
		}
		return t
	})
}

// A solver that has searched before, in another problem, says what a new one says: of a
// search nothing is left for the next, and nothing in the problem.
func TestPropertySearchesLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a, other := towns().Draw(rt, "a").build(), towns().Draw(rt, "b")
		b := other.build()
		var s Solver
		s.Solve(a)
		before := slices.Clone(other.evidence)
		again, first := s.Solve(b), Solve(b)
		if diff := cmp.Diff(first, again, cmpopts.IgnoreUnexported(Explanation{})); diff != "" {
			rt.Fatalf("after another search (-alone +after): %s", diff)
		}
		if diff := cmp.Diff(before, other.evidence); diff != "" {
			rt.Fatalf("the search changed its evidence: %s", diff)
		}
		for at := range int32(b.Sites) {
			if first.background(at) != again.background(at) || first.Follows(at, 3) != again.Follows(at, 3) {
				rt.Fatalf("site %d: %v and %v", at, first.background(at), again.background(at))
			}
		}
	})
}

func TestPropertyJaccard(t *testing.T) {
	t.Parallel()
	set := rapid.Custom(func(rt *rapid.T) []int32 {
		s := rapid.SliceOfDistinct(rapid.Int32Range(0, 20), rapid.ID[int32]).Draw(rt, "set")
		slices.Sort(s)
		return s
	})
	rapid.Check(t, func(rt *rapid.T) {
		a, b := set.Draw(rt, "a"), set.Draw(rt, "b")
		both := 0
		for _, x := range a {
			if slices.Contains(b, x) {
				both++
			}
		}
		want := 0.
		if union := len(a) + len(b) - both; union > 0 {
			want = float64(both) / float64(union)
		}
		if got := jaccard(a, b); got != want || jaccard(b, a) != got {
			rt.Fatalf("%v and %v: %v, want %v", a, b, got, want)
		}
	})
}

// More evidence of the same kind never lowers a cause's rank: neither a stronger
// failure of a site that depends on it alone, nor one more such site.
func TestPropertyMoreEvidenceNeverLowersARank(t *testing.T) {
	t.Parallel()
	const w, cdns = 3, "cdn:a cdn:b cdn:c"
	rank := func(groups []group, name string) (n int) {
		town := &town{groups: groups}
		s := ready(town)
		_, own := s.exact(town.component(name), w)
		for o := range town.names {
			if _, gain := s.exact(uint32(o), w); gain > own+1e-9 {
				n++
			}
		}
		return n
	}
	rapid.Check(t, func(rt *rapid.T) {
		var groups []group
		var alone []int
		for i := range rapid.IntRange(6, 24).Draw(rt, "sites") {
			g := group{n: 1, on: rapid.SampledFrom(strings.Fields(cdns)).Draw(rt, "cdn")}
			g.l = rapid.Float64Range(-6, 9).Draw(rt, "evidence")
			if rapid.Bool().Draw(rt, "on a network") {
				g.on += " " + rapid.SampledFrom([]string{"asn:AS1", "asn:AS2"}).Draw(rt, "network")
			} else {
				alone = append(alone, i)
			}
			groups = append(groups, g)
		}
		if len(alone) == 0 {
			return
		}
		g := &groups[rapid.SampledFrom(alone).Draw(rt, "site")]
		name := g.on
		before := rank(groups, name)
		g.l = max(g.l, rapid.Float64Range(Anomalous, 15).Draw(rt, "more"))
		if after := rank(groups, name); after > before {
			rt.Fatalf("a stronger failure moved %s from rank %d to %d", name, before, after)
		}
		before = rank(groups, name)
		groups = append(groups, group{n: 1, on: name, l: rapid.Float64Range(Failed, 15).Draw(rt, "another")})
		if after := rank(groups, name); after > before {
			rt.Fatalf("another failing site moved %s from rank %d to %d", name, before, after)
		}
	})
}
