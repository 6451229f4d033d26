package accuracy

import (
	"slices"
	"strconv"

	"faultline"
	"faultline/scenario"
)

// ownFault is one popular site failing by itself, while people report bystanders: the
// cause is the site, and nothing else.
func ownFault(d *draft) {
	// One of the 80 most popular, since the crowd of a small site is too few to be told
	// from noise.
	i := d.rng.IntN(80)
	c := faultline.NewComponent(faultline.KindSite, d.sites[i].Site)
	to := d.onset + d.lasting()
	d.fault(c, outage{from: d.onset, to: to, q: 0.7 + 0.3*d.rng.Float64(), demanded: true})
	d.echo(to)
}

// echo lets people report up to four bystanders while something else fails.
func (d *draft) echo(to int) {
	// A minute after the onset: people blame others once they have noticed that something
	// is wrong.
	e := scenario.Echo{From: d.at(d.onset + 60), To: d.at(to), Factor: 10 + 50*d.rng.Float64()}
	for range 2 + d.rng.IntN(3) {
		if name := d.sites[80+d.rng.IntN(400)].Site; !slices.Contains(e.Sites, name) {
			e.Sites = append(e.Sites, name)
		}
	}
	d.spec.Echoes = append(d.spec.Echoes, e)
}

// ownerHosts is an owner's fault across the hosts below its domain. They count as one
// site, since one owner runs them.
func ownerHosts(d *draft) {
	i := d.rng.IntN(120)
	for k, label := range []string{"api", "app", "static"} {
		host := d.sites[i]
		host.Site, host.Rank = label+"."+host.Site, host.Rank+10*(k+1)
		d.sites = append(d.sites, host)
		for _, c := range append(slices.Clone(host.Components), tldOf(host)) {
			d.members[c] = append(d.members[c], len(d.sites)-1)
		}
	}
	c := faultline.NewComponent(faultline.KindSite, d.sites[i].Site)
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.7 + 0.3*d.rng.Float64(), demanded: true})
}

// owners are sites that share an owner, which no map knows, failing together. To name
// each, or none, is right; to blame a component is not.
func owners(d *draft) {
	to := d.onset + d.lasting()
	joint := cause{from: d.onset, to: to, accept: []faultline.Component{""}}
	for range 3 + d.rng.IntN(5) {
		c := faultline.NewComponent(faultline.KindSite, d.sites[d.watched()].Site)
		if slices.Contains(joint.accept, c) {
			continue
		}
		d.fault(c, outage{from: d.onset, to: to, q: 0.9})
		joint.accept = append(joint.accept, c)
		// The failures are joined into one truth, so that a method which names all of
		// them is not punished for a split.
		joint.failures = append(joint.failures, d.causes[len(d.causes)-1].failures...)
		d.causes = d.causes[:len(d.causes)-1]
	}
	d.causes = append(d.causes, joint)
}

// viewersISP is a network of viewers that fails: its people report every site.
func viewersISP(d *draft) {
	for {
		n := d.spec.Crowd.Networks[d.rng.IntN(len(d.spec.Crowd.Networks))]
		// A smaller network has too few reporters for its outage to be told from noise.
		if n.Share >= 4 {
			c := faultline.NewComponent(faultline.KindISP, "AS"+strconv.FormatUint(uint64(n.ASN), 10))
			d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.5 + 0.5*d.rng.Float64(), demanded: true})
			return
		}
	}
}

// unprobed is a component whose crowd alone sees it fail.
func unprobed(d *draft) {
	c := d.component(want{crowded: true, most: 200})
	for _, i := range d.members[c] {
		d.sites[i].Unprobed = true
	}
	q := 0.7 + 0.3*d.rng.Float64()
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: q, demanded: true, untimed: true})
}

// vantageTrouble is a vantage whose own network fails or loses packets, half the time
// while something else fails in truth. q is the share of its probes that it loses.
func vantageTrouble(d *draft, q float64) {
	to := d.onset + d.lasting()
	d.vantageFault(d.rng.IntN(len(d.spec.Vantages)), nil, d.step(d.onset, to, q),
		scenario.Mix{"timeout": 0.6, "connect": 0.3, "dns": 0.1})
	d.length(to/60 + tail)
	if d.rng.Float64() < 0.5 { // and something else meanwhile
		from := d.onset + 300 + d.rng.IntN(300)
		d.fault(d.component(want{q: 0.8}), outage{from: from, to: from + d.lasting(), q: 0.9, demanded: true})
	}
}

// vantageClock is a vantage whose clock is wrong, before and during an outage.
func vantageClock(d *draft) {
	skew := 20 + d.rng.IntN(90)
	if d.rng.IntN(2) == 0 {
		skew = -(20 + d.rng.IntN(200))
	}
	d.spec.Vantages[d.rng.IntN(len(d.spec.Vantages))].ClockS = skew
	d.single(0.5+0.5*d.rng.Float64(), outage{})
}

// blocked is a CDN that challenges the probes of one or all vantages: nobody
// else minds. Half the time with statuses that are no plain refusal.
func blocked(d *draft) {
	c := d.component(want{within: func(c faultline.Component) bool { return c.Kind() == faultline.KindCDN }})
	mix := []scenario.Mix{{"blocked": 1}, {"blocked": 0.4, "http_403": 0.3, "http_429": 0.3}}[d.rng.IntN(2)]
	to := d.onset + d.lasting()
	first := d.rng.IntN(len(d.spec.Vantages))
	for v := range d.spec.Vantages {
		if v == first || d.rng.IntN(2) == 0 {
			d.vantageFault(v, d.members[c], d.step(d.onset, to, 0.95), mix)
		}
	}
	d.length(to/60 + tail)
}

// dirty is an outage whose events come twice, late and out of order.
func dirty(d *draft) {
	d.spec.Dirt = scenario.Dirt{Repeated: 0.05 + 0.25*d.rng.Float64(), Late: 0.05 + 0.15*d.rng.Float64(),
		LateS: 60 + d.rng.IntN(200)}
	d.single(0.4+0.6*d.rng.Float64(), outage{})
}

// bursts is a crowd with heavy tails, with an outage in half of the draws.
func bursts(d *draft) {
	d.spec.Crowd.Bursts = 1 + d.rng.Float64()
	if d.rng.IntN(2) == 0 {
		d.single(0.4+0.6*d.rng.Float64(), outage{})
		return
	}
	d.length(130)
}

// loudCrowd is people who grumble about small sites, too, more than is usual,
// with an outage in half of the draws.
func loudCrowd(d *draft) {
	d.spec.Crowd.QuietExponent = d.spec.Crowd.Exponent
	d.spec.Crowd.Quiet /= 2
	if d.rng.IntN(2) == 0 {
		d.single(0.4+0.6*d.rng.Float64(), outage{})
		return
	}
	d.length(130)
}

// brigade lets a crowd of fresh identities report sites that are well, so many times a
// minute each.
func (d *draft) brigade(sites []int, perMinute float64, networks []scenario.Network) {
	a := scenario.Attack{
		From: d.at(d.onset), To: d.at(d.onset + d.lasting()), PerMinute: perMinute,
		Symptoms: scenario.Mix{"http_503": 0.8, "timeout": 0.2}, Networks: networks,
	}
	for _, i := range sites {
		a.Sites = append(a.Sites, d.sites[i].Site)
	}
	d.spec.Attacks = append(d.spec.Attacks, a)
	// In minutes: until the latest onset, the longest attack, and a while in which an
	// incident may end.
	d.length(usualOnset + onsetSpread + 45 + tail)
}

// brigadeFew is one to four sites reported from a few networks.
func brigadeFew(d *draft) {
	var sites []int
	for range 1 + d.rng.IntN(4) {
		if i := d.watched(); !slices.Contains(sites, i) {
			sites = append(sites, i)
		}
	}
	d.brigade(sites, 20+100*d.rng.Float64(), d.spec.Crowd.Networks[:1+d.rng.IntN(5)])
}

// brigadeMany is the probed members of one component, reported from everywhere.
func brigadeMany(d *draft) {
	c := d.component(want{q: 0.5})
	var sites []int
	for _, i := range d.members[c] {
		if !d.sites[i].Unprobed {
			sites = append(sites, i)
		}
	}
	d.brigade(sites, 3+15*d.rng.Float64(), d.spec.Crowd.Networks)
}

// brigadeASN is a botnet inside one network that reports a thousand sites. That
// network's fault is what it could be: to name it is no mistake.
func brigadeASN(d *draft) {
	sites := d.rng.Perm(len(d.sites))[:1_000]
	n := d.spec.Crowd.Networks[d.rng.IntN(len(d.spec.Crowd.Networks))]
	c := faultline.NewComponent(faultline.KindISP, "AS"+strconv.FormatUint(uint64(n.ASN), 10))
	d.brigade(sites, 0.1+0.4*d.rng.Float64(), []scenario.Network{n})
	d.causes = append(d.causes, cause{component: c, accept: []faultline.Component{c}, from: d.onset,
		to: d.onset + 60*45})
}
