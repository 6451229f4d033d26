package accuracy

import (
	"slices"

	"faultline"
	"faultline/scenario"
)

// ofKind accepts the components of some kinds.
func ofKind(kinds ...string) func(faultline.Component) bool {
	return func(c faultline.Component) bool { return slices.Contains(kinds, c.Kind()) }
}

// unrelated draws up to n watched members of a component, no two of which depend on
// one more component of the given kinds.
func (d *draft) unrelated(c faultline.Component, n int, kinds ...string) []int {
	taken := map[faultline.Component]bool{}
	var out []int
	for _, k := range d.rng.Perm(len(d.members[c])) {
		i := d.members[c][k]
		s := d.sites[i]
		clash := slices.ContainsFunc(s.Components, func(o faultline.Component) bool { return taken[o] })
		if s.Unprobed || clash || d.troubled(i) || len(out) == n {
			continue
		}
		out = append(out, i)
		for _, o := range s.Components {
			if o != c && slices.Contains(kinds, o.Kind()) {
				taken[o] = true
			}
		}
	}
	return out
}

// eachAlone lets sites fail at once, each on its own account. To name each, or none
// of them, is right; to blame a component is not.
func (d *draft) eachAlone(sites []int, o outage) {
	joint := cause{from: o.from, to: o.to, accept: []faultline.Component{""}}
	for _, i := range sites {
		c := faultline.NewComponent(faultline.KindSite, d.sites[i].Site)
		d.fault(c, o)
		joint.accept = append(joint.accept, c)
		joint.failures = append(joint.failures, d.causes[len(d.causes)-1].failures...)
		d.causes = d.causes[:len(d.causes)-1]
	}
	if len(joint.failures) > 0 {
		d.causes = append(d.causes, joint)
	}
}

// statusesOfOneAuthority is three to eight sites that answer with errors and share
// no more than an authority, a registry or a name server. An answer proves that the
// name, the connection and the certificate worked: none of those is to blame.
func statusesOfOneAuthority(d *draft) {
	if d.rng.IntN(2) == 0 { // probed as seldom as most monitors do
		d.cadence(360, 1_200)
	}
	kind := []string{faultline.KindCA, faultline.KindTLD, faultline.KindDNS}[d.rng.IntN(3)]
	c := d.component(want{q: 0.3, most: len(d.sites), within: ofKind(kind)})
	sites := d.unrelated(c, 3+d.rng.IntN(6), faultline.KindCDN, faultline.KindCloud, faultline.KindASN)
	mix := []scenario.Mix{{"http_500": 1}, {"http_500": 0.7, "http_502": 0.3}, {"http_503": 1}}[d.rng.IntN(3)]
	d.eachAlone(sites, outage{from: d.onset, to: d.onset + d.lasting() + 2_400, q: 0.9, symptoms: mix})
}

// certificates is an authority whose certificates are refused, or a CDN whose edge
// presents wrong ones. The failures look alike, and only who depends on what tells them
// apart.
func certificates(d *draft) {
	kind := []string{faultline.KindCA, faultline.KindCDN}[d.rng.IntN(2)]
	c := d.component(want{q: 0.6, within: ofKind(kind)})
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.6 + 0.4*d.rng.Float64(), demanded: true,
		symptoms: scenario.Mix{"tls": 1}})
}

// namesLost is a registry, or a provider of name servers, whose names do not resolve.
func namesLost(d *draft) {
	kind := []string{faultline.KindDNS, faultline.KindTLD}[d.rng.IntN(2)]
	c := d.component(want{q: 0.6, within: ofKind(kind)})
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.6 + 0.4*d.rng.Float64(), demanded: true,
		symptoms: []scenario.Mix{{"dns": 1}, {"dns": 0.8, "timeout": 0.2}}[d.rng.IntN(2)]})
}

// onCDN reports whether a site is served by any CDN.
func onCDN(s scenario.Site) bool {
	return slices.ContainsFunc(s.Components, ofKind(faultline.KindCDN))
}

// originsBehindEdges is a cloud or a network of hosts that fails: sites that stand
// behind a CDN answer with the edge's word that the origin is gone, the others not
// at all.
func originsBehindEdges(d *draft) {
	c := d.component(want{q: 0.6, within: ofKind(faultline.KindCloud)})
	if c == "" {
		c = d.component(want{q: 0.6, within: ofKind(faultline.KindASN)})
	}
	o := outage{from: d.onset, to: d.onset + d.lasting(), q: 0.6 + 0.4*d.rng.Float64(), demanded: true}
	var behind, bare []string
	for _, i := range d.members[c] {
		if onCDN(d.sites[i]) {
			behind = append(behind, d.sites[i].Site)
		} else {
			bare = append(bare, d.sites[i].Site)
		}
	}
	var joint []int
	add := func(sites []string, mix scenario.Mix, detail string) {
		if len(sites) == 0 {
			return
		}
		o.sites, o.symptoms = sites, mix
		d.fault(c, o)
		last := d.causes[len(d.causes)-1]
		d.spec.Failures[last.failures[0]].Detail = detail
		joint = append(joint, last.failures...)
		d.causes = d.causes[:len(d.causes)-1]
	}
	add(behind, scenario.Mix{"http_522": 0.6, "http_521": 0.2, "http_504": 0.2}, "origin")
	add(bare, scenario.Mix{"timeout": 0.7, "connect": 0.3}, "")
	d.causes = append(d.causes, cause{component: c, failures: joint, accept: d.twins(c), from: o.from, to: o.to,
		demanded: true, timed: true})
}

// originsAlone is four to nine sites behind one CDN whose origins fail at the same
// time for reasons of their own: the edge says so, and is not to blame.
func originsAlone(d *draft) {
	c := d.component(want{q: 0.3, within: ofKind(faultline.KindCDN)})
	sites := d.unrelated(c, 4+d.rng.IntN(6), faultline.KindCloud)
	mix := []scenario.Mix{{"http_522": 0.7, "http_521": 0.3}, {"http_523": 0.5, "http_525": 0.5},
		{"http_522": 1}}[d.rng.IntN(3)]
	before := len(d.spec.Failures)
	d.eachAlone(sites, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.9, symptoms: mix})
	for i := before; i < len(d.spec.Failures); i++ {
		d.spec.Failures[i].Detail = "origin"
	}
}

// edgeErrors is a CDN whose edge answers a part of the requests with errors of its
// own that say nothing of who made them.
func edgeErrors(d *draft) {
	mix := []scenario.Mix{{"http_500": 1}, {"http_502": 0.6, "http_500": 0.4},
		{"http_503": 0.5, "http_520": 0.5}}[d.rng.IntN(3)]
	c := d.component(want{q: 0.25, within: ofKind(faultline.KindCDN)})
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.25 + 0.5*d.rng.Float64(), demanded: true,
		symptoms: mix})
}

// refusal is how a CDN turns probes away: a symptom, and the status beside it where
// the symptom does not hold one.
type refusal struct {
	mix    scenario.Mix
	status int
}

// refusals are the ways in which probes are turned away in life.
var refusals = []refusal{
	{scenario.Mix{"blocked": 1}, 405},
	{scenario.Mix{"blocked": 1}, 503},
	{scenario.Mix{"http_405": 1}, 0},
	{scenario.Mix{"http_426": 0.5, "http_505": 0.5}, 0},
	{scenario.Mix{"http_429": 0.6, "http_403": 0.4}, 0},
	{scenario.Mix{"http_405": 0.4, "blocked": 0.6}, 405},
	{scenario.Mix{"other": 1}, 999},
}

// refusalWaves is a CDN that turns the probes of one or of all vantages away in
// waves, in one of many ways. No visitor minds.
func refusalWaves(d *draft) {
	c := d.component(want{within: ofKind(faultline.KindCDN)})
	how, from := refusals[d.rng.IntN(len(refusals))], d.onset
	all := d.rng.IntN(2) == 0
	var hit []int
	for v := range d.spec.Vantages {
		if all || v == 0 || d.rng.IntN(2) == 0 {
			hit = append(hit, v)
		}
	}
	for range 1 + d.rng.IntN(3) {
		to := from + 60*(4+d.rng.IntN(12))
		for _, v := range hit {
			d.vantageFault(v, d.members[c], d.step(from, to, 0.95), how.mix)
			d.spec.Failures[len(d.spec.Failures)-1].Status = how.status
		}
		from = to + 60*(3+d.rng.IntN(10))
	}
	d.length(from/60 + tail)
}
