package cause

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"faultline"
)

// town is a problem written down group by group, each of sites that are alike.
type town struct {
	Facts
	groups    []group
	held      []held
	published []string
	leak      float64 // of the longest window; 0.002 if unset
	more      int     // components that nothing depends on

	names   []string // of components
	sites   []group  // one by one, as numbered
	members map[uint32][]Member
	depends [][]Dep
	// evidence is made once, so that a search which changed it would be noticed.
	evidence []Evidence
}

// group is n sites that are alike.
type group struct {
	n int
	// on is what they depend on, "cdn:x dns:p"; "cdn:x/0.35" with a weight.
	on string
	// l is their evidence in every window from the shortest that is since or longer.
	l     float64
	since int
	// settled: nothing speaks for their failure, and they were well just now.
	settled bool
	class   int
	step    faultline.Layer
	people  bool   // nothing probes them
	owner   string // of all of them, if they have one that has others
}

// held is an incident that explains some of a town.
type held struct {
	on    string
	part  float64
	sites []int32
}

// testKinds are the kinds of the tests: some of the engine's, with rounder numbers.
var testKinds = map[string]*Kind{
	"cdn":  {Rank: 0, Symptoms: [Classes]float64{ClassEdge: 0.5, ClassDNS: -0.9}},
	"dns":  {Rank: 1, Step: faultline.LayerResolved, Symptoms: [Classes]float64{ClassEdge: -1.2, ClassDNS: 1}},
	"ca":   {Rank: 2, Whole: true},
	"tld":  {Rank: 3, Whole: true},
	"asn":  {Rank: 4},
	"site": {Rank: 5, Own: true},
}

// dependency reads "cdn:a/0.5", of the site with a number: half of its answers come by cdn:a.
func (t *town) dependency(site int32, on string) Dep {
	name, weight, _ := strings.Cut(on, "/")
	w, err := strconv.ParseFloat(weight, 64)
	if err != nil {
		w = 1
	}
	c := t.component(name)
	t.members[c] = append(t.members[c], Member{Site: site, Weight: w})
	return NewDep(c, w)
}

// build numbers sites and components and returns the problem.
func (t *town) build() Problem {
	t.members = map[uint32][]Member{}
	for _, g := range t.groups {
		for range g.n {
			at := int32(len(t.sites))
			var deps []Dep
			for _, on := range strings.Fields(g.on) {
				deps = append(deps, t.dependency(at, on))
			}
			t.depends, t.sites = append(t.depends, deps), append(t.sites, g)
			t.evidence = append(t.evidence, g.evidence())
		}
	}
	p := Problem{Facts: t, Sites: len(t.sites), Owners: t.owners()}
	for at, g := range t.sites {
		if !g.settled {
			p.Unsettled = append(p.Unsettled, int32(at))
		}
	}
	leak := cmp.Or(t.leak, 0.002)
	for w := range p.Leak {
		p.Leak[w] = leak * float64(w+1) / Windows
	}
	for _, h := range t.held {
		c := t.component(h.on)
		p.Held = append(p.Held, Held{Blames: h.on != "", Component: c, Fraction: h.part, Sites: h.sites})
	}
	for _, name := range t.published {
		p.Published = append(p.Published, t.component(name))
	}
	p.Components = len(t.names) + t.more
	return p
}

func (t *town) component(name string) uint32 {
	i := slices.Index(t.names, name)
	if i < 0 {
		i, t.names = len(t.names), append(t.names, name)
	}
	return uint32(i)
}

func (t *town) owners() iter.Seq[[]int32] {
	of := map[string][]int32{}
	for at, g := range t.sites {
		if g.owner != "" {
			of[g.owner] = append(of[g.owner], int32(at))
		}
	}
	return func(yield func([]int32) bool) {
		for _, owner := range slices.Sorted(maps.Keys(of)) {
			if !yield(of[owner]) {
				return
			}
		}
	}
}

// SameProvider is never: nobody runs two of the components here.
func (t *town) SameProvider(_, _ uint32) bool { return false }

func (t *town) Kind(c uint32) *Kind {
	if int(c) >= len(t.names) {
		return &Kind{}
	}
	kind, _, _ := strings.Cut(t.names[c], ":")
	return testKinds[kind]
}

func (t *town) Members(c uint32) []Member { return t.members[c] }
func (t *town) Depends(at int32) []Dep    { return t.depends[at] }
func (t *town) Number(at int32) uint32    { return uint32(at) }

// Fronts is so of every network: there is an edge in front of all sites whose origin fails.
func (t *town) Fronts(c uint32, _ int32) bool {
	return int(c) < len(t.names) && strings.HasPrefix(t.names[c], "asn:")
}

// OwnerRuns is never: no site of the town runs what it depends on.
func (t *town) OwnerRuns(uint32, int32) bool { return false }

func (t *town) WellIn(int32, int) bool { return true }

func (t *town) Evidence(at int32) *Evidence { return &t.evidence[at] }

func (g group) evidence() Evidence {
	j := Evidence{Class: g.class, Step: g.step, Probed: !g.people}
	for w := g.since; w < Windows; w++ {
		j.L[w] = g.l
	}
	return j
}

// said is an explanation, with names for numbers.
type said struct {
	Causes   []blamed
	Unmapped int // sites
}

type blamed struct {
	Name  string
	Sites int
	Own   int
	Like  []string // alternatives; "cdn:y=" has the same members
}

func (t *town) said(x Explanation) said {
	out := said{Unmapped: len(x.Unmapped.Sites)}
	for _, c := range x.Causes {
		b := blamed{Name: t.names[c.Component], Sites: len(c.Sites), Own: len(c.Own)}
		for _, a := range c.Alternatives {
			name := t.names[a.Component]
			if a.Same {
				name += "="
			}
			b.Like = append(b.Like, name)
		}
		out.Causes = append(out.Causes, b)
	}
	slices.SortFunc(out.Causes, func(a, b blamed) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// ready is a solver at the start of a search in a town.
func ready(t *town) *Solver {
	s := new(Solver)
	s.begin(t.build())
	return s
}

// near fails unless a number is as expected to a part in a million.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if diff := got - want; max(diff, -diff) > 1e-6*max(1, want, -want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
