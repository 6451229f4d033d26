package accuracy

import (
	"fmt"

	"faultline"
)

// Live is a world for a closed loop, in which what is checked next depends on what was
// found: so many sites, all of them checked, from so many vantages. Scenarios with
// prepared probes cannot show what an early check gains.
type Live struct {
	Kind     string // of LiveKinds
	Seed     uint64
	Sites    int
	Vantages int
}

// LiveKinds are what may happen there: a component of ten members or more fails at
// once, a fifth of its requests fail, or a vantage is sick and nothing fails.
func LiveKinds() []string { return []string{liveStep, livePartial, liveSick} }

const (
	liveStep    = "step"
	livePartial = "partial"
	liveSick    = "sick vantage"

	fewestLive  = 100
	liveMembers = 10   // of the component that fails, at least
	liveQuiet   = 1200 // seconds before anything happens
	liveSpread  = 120  // in which it begins
	liveAfter   = 600  // seconds that are watched from then on
	sickFor     = 1800 // seconds
	partialQ    = 0.2
)

// DrawLive draws one. An unknown kind is an error that wraps [faultline.ErrNotFound].
func DrawLive(l Live) (Scenario, error) {
	if l.Sites < fewestLive || l.Vantages < 1 || l.Vantages > len(vantagePool) {
		return Scenario{}, fmt.Errorf("a live world of %d sites (%d or more), %d vantages (1 to %d)", l.Sites,
			fewestLive, l.Vantages, len(vantagePool))
	}
	d := emptyDraft("live", l.Seed)
	d.spec.Vantages = append(d.spec.Vantages[:0], vantagePool[:l.Vantages]...)
	for i := range d.spec.Vantages {
		d.spec.Vantages[i].CadenceS = 60 // not used: the schedule decides
	}
	d.populate(l.Sites+l.Sites/40+1, l.Sites)
	d.ailing()
	d.onset = liveQuiet + d.rng.IntN(liveSpread)
	to := d.onset + liveAfter
	large := func(c faultline.Component) bool { return len(d.members[c]) >= liveMembers }
	switch l.Kind {
	case liveStep:
		d.fault(d.component(want{q: 1, within: large}), outage{from: d.onset, to: to, q: 0.8 + 0.2*d.rng.Float64(),
			demanded: true})
	case livePartial:
		d.fault(d.component(want{q: partialQ, within: large}),
			outage{from: d.onset, to: to, q: partialQ, demanded: true})
	case liveSick:
		d.sicken(d.rng.IntN(l.Vantages), d.onset, d.onset+sickFor, 0.2+0.8*d.rng.Float64(), d.vantageMix())
	default:
		return Scenario{}, fmt.Errorf("kind of live world %q: %w", l.Kind, faultline.ErrNotFound)
	}
	d.spec.Sites = d.sites
	d.settle()
	if err := d.spec.Check(); err != nil {
		return Scenario{}, fmt.Errorf("live %s, seed %d: %w", l.Kind, l.Seed, err)
	}
	return Scenario{Kind: l.Kind, Seed: l.Seed, Spec: d.spec, Truth: d.truth}, nil
}
