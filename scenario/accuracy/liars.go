package accuracy

import (
	"slices"

	"faultline"
	"faultline/scenario"
)

// troubled reports whether anything fails at a site, in truth or for the probes.
func (d *draft) troubled(i int) bool {
	s := d.sites[i]
	return slices.ContainsFunc(d.spec.Failures, func(f scenario.Failure) bool {
		if f.Component.Kind() == faultline.KindISP {
			return slices.Contains(f.Sites, s.Site)
		}
		return s.Weight(f.Component) > 0 && (len(f.Sites) == 0 || slices.Contains(f.Sites, s.Site))
	})
}

// well draws n sites at which nothing fails, probed or not.
func (d *draft) well(n int, probed bool) []int {
	var out []int
	for _, i := range d.rng.Perm(len(d.sites)) {
		if len(out) < n && d.sites[i].Unprobed != probed && !d.troubled(i) {
			out = append(out, i)
		}
	}
	return out
}

// newNetworks are so many networks that nobody has reported from before.
func newNetworks(n int) []scenario.Network {
	out := make([]scenario.Network, n)
	for i := range out {
		out[i] = scenario.Network{ASN: uint32(200_000 + i), Country: homes[i%len(homes)], Share: 1, Prefixes: 40}
	}
	return out
}

// crowdOfLiars are people who say that sites fail which are well.
type crowdOfLiars struct {
	people   int
	each     int // sites that one of them names
	networks []scenario.Network
	from, to int // seconds after the start
}

// lie adds the crowd to the scenario. The sites are innocent: they belong into no
// incident, and each that is named in one counts against the method.
func (d *draft) lie(sites []int, l crowdOfLiars) {
	if len(sites) == 0 {
		return
	}
	minutes := float64(l.to-l.from) / 60
	a := scenario.Attack{
		From: d.at(l.from), To: d.at(l.to), People: l.people,
		PerMinute: float64(l.people*min(l.each, len(sites))) / minutes / float64(len(sites)),
		Symptoms:  scenario.Mix{"http_503": 0.7, "timeout": 0.3}, Networks: l.networks,
	}
	for _, i := range sites {
		a.Sites = append(a.Sites, d.sites[i].Site)
		if !d.sites[i].Unprobed {
			d.innocent = append(d.innocent, d.sites[i].Site)
		}
	}
	d.spec.Attacks = append(d.spec.Attacks, a)
	d.length((l.to+59)/60 + tail)
}

// liarsOfOneNetwork is ten people of one network who name healthy sites while
// others fail.
func liarsOfOneNetwork(d *draft) {
	d.single(0.7+0.3*d.rng.Float64(), outage{})
	networks := newNetworks(1)
	if d.rng.IntN(2) == 0 {
		networks = d.spec.Crowd.Networks[:1]
	}
	from := d.onset + d.rng.IntN(300)
	d.lie(d.well(5, true), crowdOfLiars{people: 10, each: 5, networks: networks, from: from, to: from + 600})
}

// liarsInThousands is thousands over 60 networks who name healthy sites while a
// component fails.
func liarsInThousands(d *draft) {
	d.single(0.7+0.3*d.rng.Float64(), outage{})
	from := d.onset - 120 + d.rng.IntN(400)
	d.lie(d.well(20+d.rng.IntN(61), true), crowdOfLiars{people: 1_000 + d.rng.IntN(3_000), each: 1 + d.rng.IntN(10),
		networks: newNetworks(60), from: from, to: from + 900})
}

// brigadeBefore is a brigade of an hour or more, on sites of a component that fails
// when it is over or while it goes on. Half the time nothing probes the component.
func brigadeBefore(d *draft) {
	q := 0.7 + 0.3*d.rng.Float64()
	d.onset += 60 * (20 + d.rng.IntN(100))
	c := d.component(want{q: 0.7})
	if d.rng.IntN(2) == 0 {
		c = d.component(want{crowded: true, most: 200})
		for _, i := range d.members[c] {
			d.sites[i].Unprobed = true
		}
	}
	var named []string
	for _, k := range d.rng.Perm(len(d.members[c]))[:min(1+d.rng.IntN(4), len(d.members[c]))] {
		named = append(named, d.sites[d.members[c][k]].Site)
	}
	d.spec.Attacks = append(d.spec.Attacks, scenario.Attack{
		Sites: named, From: d.at(60 * 25), To: d.at(d.onset + d.rng.IntN(2)*900), PerMinute: 3 + 9*d.rng.Float64(),
		Symptoms: scenario.Mix{"http_503": 1}, Networks: newNetworks(3 + d.rng.IntN(30)),
	})
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: q, demanded: true})
}

// lyingVantages is so many vantages of so many that invent the outage of a
// component, half the time with a crowd that says the same.
func lyingVantages(liars, of int) func(*draft) {
	return func(d *draft) {
		d.watchedFrom(of)
		c := d.component(want{q: 0.8})
		to := d.onset + d.lasting()
		mix, detail := symptomsOf(c.Kind())
		for _, v := range d.someVantages(liars) {
			d.vantageFault(v, d.members[c], d.step(d.onset, to, 1), mix)
			d.spec.Failures[len(d.spec.Failures)-1].Detail = detail
		}
		d.length(to/60 + tail)
		if d.rng.IntN(2) == 0 {
			d.lie(d.members[c], crowdOfLiars{people: 100 + d.rng.IntN(400), each: 3, networks: newNetworks(30),
				from: d.onset, to: d.onset + 600})
		}
	}
}

// liarsHideOutage is a component that nothing probes and that fails, while people
// name healthy sites that have nothing to do with it, two each.
func liarsHideOutage(d *draft) {
	unprobed(d)
	from := d.onset - 60 + d.rng.IntN(180)
	d.lie(d.well(2+d.rng.IntN(20), d.rng.IntN(2) == 0), crowdOfLiars{people: 500 + d.rng.IntN(1_000), each: 2,
		networks: newNetworks(25), from: from, to: from + 720})
}

// liarsOfUnprobed is a CDN of which a few sites are not probed: a crowd names those.
// The others are probed and well.
func liarsOfUnprobed(d *draft) {
	c := d.component(want{q: 0.1, most: len(d.sites) / 8, within: ofKind(faultline.KindCDN)})
	left := 4 + d.rng.IntN(7)
	var named []int
	for _, k := range d.rng.Perm(len(d.members[c])) {
		i := d.members[c][k]
		d.sites[i].Unprobed = left > 0
		if left > 0 {
			named = append(named, i)
		}
		left--
	}
	d.lie(named, crowdOfLiars{people: 20 + d.rng.IntN(1_000), each: 1 + d.rng.IntN(4),
		networks: newNetworks(20 + d.rng.IntN(40)),
		from:     d.onset, to: d.onset + 600})
}

// liarsWhereNothingProbes is a crowd over many networks that names the sites of a
// component which nothing probes. It can be told from no outage: to believe it is no
// mistake, to name another component is one.
func liarsWhereNothingProbes(d *draft) {
	c := d.component(want{crowded: true, most: 200})
	for _, i := range d.members[c] {
		d.sites[i].Unprobed = true
	}
	to := d.onset + 900
	d.lie(d.members[c], crowdOfLiars{people: 50 + d.rng.IntN(1_000), each: 1 + d.rng.IntN(10),
		networks: newNetworks(15 + d.rng.IntN(45)), from: d.onset, to: to})
	d.causes = append(d.causes, cause{component: c, accept: d.twins(c), from: d.onset, to: to})
}
