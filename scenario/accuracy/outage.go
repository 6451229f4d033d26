package accuracy

import (
	"math"
	"slices"

	"faultline"
	"faultline/scenario"
)

// outage is how a component fails. Times are seconds after the start. A demanded one
// must be found; an untimed one is not asked for its onset.
type outage struct {
	from, to  int
	q         float64
	curve     []scenario.Point // in place of q
	returns   []scenario.Return
	sites     []string     // only these
	symptoms  scenario.Mix // in place of its kind's
	countries []string
	demanded  bool
	untimed   bool
}

// fault lets a component fail, and notes it as a cause whose truth settle works out.
// The scenario goes on for a while after the last fault, so that its end can be seen.
func (d *draft) fault(c faultline.Component, o outage) {
	curve := o.curve
	if curve == nil {
		curve = d.step(o.from, o.to, o.q)
	}
	mix, detail := symptomsOf(c.Kind())
	if o.symptoms != nil {
		mix, detail = o.symptoms, ""
	}
	d.spec.Failures = append(d.spec.Failures, scenario.Failure{
		Component: c, Q: curve, Symptoms: mix, Detail: detail, Returns: o.returns, Sites: o.sites,
		Countries: o.countries,
	})
	d.causes = append(d.causes, cause{
		component: c, failures: []int{len(d.spec.Failures) - 1}, accept: d.twins(c),
		from: o.from, to: o.to, demanded: o.demanded, timed: !o.untimed,
	})
	d.length((o.to+59)/60 + tail)
}

// step rises within seconds, stays, and falls at once. The rise of up to 16 seconds is
// drawn, or a method could learn the exact shape.
func (d *draft) step(from, to int, q float64) []scenario.Point {
	return []scenario.Point{
		{At: d.at(from), Q: 0}, {At: d.at(from + 1 + d.rng.IntN(15)), Q: q}, {At: d.at(to), Q: q},
		{At: d.at(to + 1), Q: 0},
	}
}

// symptomsOf is how the faults of a kind of component look. It is a mix and not
// one symptom, because one outage looks different to different clients.
func symptomsOf(kind string) (scenario.Mix, string) {
	switch kind {
	case faultline.KindCDN:
		return scenario.Mix{"http_503": 0.78, "connect": 0.22}, "edge"
	case faultline.KindDNS, faultline.KindTLD:
		return scenario.Mix{"dns": 0.85, "timeout": 0.15}, "servfail"
	case faultline.KindCA:
		return scenario.Mix{"tls": 1}, ""
	case faultline.KindCloud:
		return scenario.Mix{"http_503": 0.5, "http_500": 0.2, "timeout": 0.3}, "origin"
	case faultline.KindASN:
		return scenario.Mix{"connect": 0.4, "timeout": 0.6}, ""
	case faultline.KindISP:
		return scenario.Mix{"connect": 0.5, "timeout": 0.4, "dns": 0.1}, ""
	}
	return scenario.Mix{"http_500": 0.6, "http_503": 0.2, "timeout": 0.2}, ""
}

// want is what is asked of a component that is to fail.
type want struct {
	q       float64 // its members must be enough to show so little
	most    int     // members
	crowded bool    // seen by its crowd alone
	apart   []faultline.Component
	within  func(faultline.Component) bool
}

// enough is how many probed members, times q, make an outage that can be
// demanded, and fewestMembers the least of them.
const (
	enough        = 1.5
	fewestMembers = 5
	fewestCrowded = 25 // of a component that nothing probes
)

// component draws one that fits, small ones as often as large ones. It draws by size
// class, or the largest providers would be nearly all of the scenarios. The list is
// sorted before the draw, because a map's order would make the seed worthless.
func (d *draft) component(w want) faultline.Component {
	if w.most == 0 {
		w.most = len(d.sites) / 5
	}
	var fit []faultline.Component
	for c, members := range d.members {
		n := d.visible(members, c)
		least := max(fewestMembers, int(math.Ceil(enough/max(w.q, 0.05))))
		ok := n >= least
		if w.crowded {
			ok = len(members) >= fewestCrowded
		}
		if ok && len(members) <= w.most && (w.within == nil || w.within(c)) && !d.close(c, w.apart) {
			fit = append(fit, c)
		}
	}
	slices.Sort(fit)
	if len(fit) == 0 {
		return ""
	}
	return d.plainest(d.twins(fit[d.rng.IntN(len(fit))]))
}

// plainest is the one of several components that a person would name, by the order of
// kinds.
func (d *draft) plainest(twins []faultline.Component) faultline.Component {
	return slices.MinFunc(twins, func(a, b faultline.Component) int {
		return slices.Index(faultline.Kinds, a.Kind()) - slices.Index(faultline.Kinds, b.Kind())
	})
}

// visible counts the members that are probed and whose entry is right. One whose entry
// is wrong fails as well, and no method could know why.
func (d *draft) visible(members []int, c faultline.Component) int {
	n := 0
	for _, i := range members {
		s := d.sites[i]
		if !s.Unprobed && (s.Mapped == nil || c.Kind() == faultline.KindTLD || slices.Contains(s.Mapped, c)) &&
			s.Weight(c) > 0.9 {
			n++
		}
	}
	return n
}

// close reports whether a component shares too many members with others to be
// told apart when they fail together.
func (d *draft) close(c faultline.Component, others []faultline.Component) bool {
	for _, o := range others {
		if shared := d.shared(c, o); 2*shared > min(len(d.members[c]), len(d.members[o])) {
			return true
		}
	}
	return false
}

// shared is how many sites depend on both.
func (d *draft) shared(a, b faultline.Component) int {
	n := 0
	for _, i := range d.members[a] {
		if _, ok := slices.BinarySearch(d.members[b], i); ok {
			n++
		}
	}
	return n
}

// twinLikeness is how alike the members of two components are that nobody can
// tell apart.
const twinLikeness = 0.85

// twins are the components that nobody can tell from c by what fails, with c in front.
// To name any of them counts as right. For example, all sites of a small CDN may be in
// its own network: no evidence tells the two apart.
func (d *draft) twins(c faultline.Component) []faultline.Component {
	out := []faultline.Component{c}
	mine := d.members[c]
	for o, members := range d.members {
		if o == c || len(mine) == 0 {
			continue
		}
		shared := d.shared(c, o)
		if float64(shared) >= twinLikeness*float64(len(mine)+len(members)-shared) || d.probedAlike(c, o) {
			out = append(out, o)
		}
	}
	slices.Sort(out[1:])
	return out
}

// probedAlike reports whether the probed members of two components are the same
// but for one in twelve.
func (d *draft) probedAlike(a, b faultline.Component) bool {
	count := func(members []int) (n int) {
		for _, i := range members {
			if !d.sites[i].Unprobed {
				n++
			}
		}
		return n
	}
	shared := 0
	for _, i := range d.members[a] {
		if _, ok := slices.BinarySearch(d.members[b], i); ok && !d.sites[i].Unprobed {
			shared++
		}
	}
	union := count(d.members[a]) + count(d.members[b]) - shared
	return shared >= fewestMembers && 12*(union-shared) <= union
}
