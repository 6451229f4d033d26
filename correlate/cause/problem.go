package cause

import (
	"iter"
	"math"

	"faultline"
)

// Problem is what is known when causes are searched for. Sites are numbered by their
// positions, from 0; components by the caller's numbers, from 0.
type Problem struct {
	// Facts are looked up when the search needs them.
	Facts Facts
	// Sites and Components are how many of each there are.
	Sites, Components int
	// Unsettled sites are those for whose failure something may speak, ascending. Nothing
	// speaks for a failure of the others, of which the search asks little.
	Unsettled []int32
	// Leak is the chance that a site that was well began to fail on its own within a
	// window.
	Leak [Windows]float64
	// Held is what explains failures before the search begins: the open incidents.
	Held []Held
	// Published are components that are causes already and pay no prior again.
	Published []uint32
	// Owners yields the sites of each owner that has several, as positions, ascending. One
	// of them speaks of what is shared. The slice is good until the next one.
	Owners iter.Seq[[]int32]
}

// Facts are what a search looks up. Each is asked for many times, and only of what the
// search touches, so that they may be worked out when they are first asked for. They
// must not change while a search goes on.
type Facts interface {
	// Kind is of a component.
	Kind(component uint32) *Kind
	// SameProvider reports whether one of two components is a network of whoever runs the
	// other one: then the two are one thing.
	SameProvider(a, b uint32) bool
	// Members are the sites that depend on a component, ascending.
	Members(component uint32) []Member
	// Depends is what a site depends on.
	Depends(site int32) []Dep
	// Evidence is what is known of a site. It is not changed.
	Evidence(site int32) *Evidence
	// Fronts reports whether a component is, for one site, a network of the edge in front of
	// it. It is asked of sites whose edge says that the origin fails.
	Fronts(component uint32, site int32) bool
	// OwnerRuns reports whether whoever owns a site runs a component.
	OwnerRuns(component uint32, site int32) bool
	// WellIn reports whether a site that is not unsettled was found well within a window:
	// all that is asked of most healthy sites.
	WellIn(site int32, window int) bool
	// Number is by what the caller knows a site, ascending with the positions.
	Number(site int32) uint32
}

// Evidence is what is known of one site.
type Evidence struct {
	// L is ln P(data | failing since) − ln P(data | healthy) by window; 0 without data.
	L [Windows]float64
	// Class is of its commonest symptom.
	Class int
	// Step is the step of a check at which most of its failed probes of late failed,
	// [faultline.LayerNone] if that is not known.
	Step faultline.Layer
	// Probed says that probes have checked it, and not people alone.
	Probed bool
}

// The classes that symptoms fall into when they are asked what failed.
const (
	ClassEdge    = iota // 5xx of the party that answers first
	ClassConnect        // refused, reset or no answer
	ClassDNS
	ClassTLS
	ClassOrigin // 52x: an edge that accuses the origin
	ClassVague  // says nothing of the cause
	Classes
)

// StepOrigin is beyond the steps of a check: an edge answered that the origin behind it
// fails, which proves that the edge works.
const StepOrigin = faultline.LayerAnswered + 1

// Kind is what the search knows of a kind of component.
type Kind struct {
	// Own is a kind of which a fault is of one owner, and not of something shared.
	Own bool
	// Whole fails for most of its sites or for none.
	Whole bool
	// Step is the step of a check at which its faults show, [faultline.LayerNone] if at any:
	// a probe that failed at another step proves that it was not this.
	Step faultline.Layer
	// Edge stands in front of sites and answers for them: what answers that the origin
	// behind it fails works itself.
	Edge bool
	// Symptoms is what a failing site with a symptom of each class adds to the case of
	// a component of the kind, in nats.
	Symptoms [Classes]float64
	// Rank orders kinds by the names that a person would give, 0 the first.
	Rank int
}

// Excluded reports whether a failure at a step of a check proves that no component of the
// kind caused it; [faultline.LayerNone] is a failure at an unknown step.
func (k *Kind) Excluded(step faultline.Layer) bool {
	if k.Edge {
		return step == StepOrigin
	}
	return k.Step != faultline.LayerNone && step != faultline.LayerNone && step != k.Step
}

// Member is one site that depends on a component.
type Member struct {
	Site   int32
	Weight float64 // of the component for the site
}

// Dep is one component that a site depends on, with the part of the site that fails
// when the component does: 1 for the only provider of its kind. There are millions
// of them, so that the two are packed.
type Dep uint32

// NewDep packs a component's number and its part of a site, 0 to 1 in thousandths.
func NewDep(c uint32, part float64) Dep { return Dep(c<<partBits) | Dep(math.Round(part*partOne)) }

// C is the number of the component.
func (d Dep) C() uint32 { return uint32(d >> partBits) }

// W is its weight, the part of the site.
func (d Dep) W() float64 { return float64(d&(1<<partBits-1)) / partOne }

// PartOf is a component's part of a site that depends on these, 0 if it does not depend
// on the component.
func PartOf(deps []Dep, component uint32) float64 {
	for _, d := range deps {
		if d.C() == component {
			return d.W()
		}
	}
	return 0
}

// Held is a cause that is known already and explains what it fails.
type Held struct {
	// Blames says whether Component explains its members, of which Fraction fails.
	Blames    bool
	Component uint32
	Fraction  float64
	// Sites are explained whatever they depend on.
	Sites []int32
}
