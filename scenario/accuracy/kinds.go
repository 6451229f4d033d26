package accuracy

import (
	"faultline"
	"faultline/scenario"
)

// drawnKind is one kind of scenario. draw adds what goes wrong to a draft, with its
// truth. The group is a row of the report, by which a weakness is found; the name tells
// one kind from another within it.
type drawnKind struct {
	group string // that the report puts it in
	name  string
	draw  func(*draft)
}

// kinds are in the order of the table. A new kind goes to the end: the kind of the n-th
// scenario follows from this order, and so do recorded figures.
var kinds = []drawnKind{
	{"one cause", "full", func(d *draft) { d.single(0.8+0.2*d.rng.Float64(), outage{}) }},
	{"one cause", "partial", func(d *draft) { d.single(0.3+0.4*d.rng.Float64(), outage{}) }},
	{"one cause", "low-q", func(d *draft) { d.single(0.1+0.05*d.rng.Float64(), outage{}) }},
	{"one cause", "some-members", someMembers},
	{"one cause", "one-country", oneCountry},
	{"one cause", "ramp", ramp},
	{"one cause", "gradual-return", gradualReturn},
	{"one cause", "flapping", flapping},
	{"one cause", "waves-near", func(d *draft) { waves(d, 8+d.rng.IntN(17)) }},
	{"one cause", "waves-far", func(d *draft) { waves(d, 45+d.rng.IntN(10)) }},
	{"several causes", "two-three", func(d *draft) { several(d, 2+d.rng.IntN(2)) }},
	{"several causes", "four-six", func(d *draft) { several(d, 4+d.rng.IntN(3)) }},
	{"several causes", "nested", nested},
	{"several causes", "overlapping", overlapping},
	{"who watches", "slow-cadence", slowCadence},
	{"sites alone", "own-fault", ownFault},
	{"sites alone", "owner-hosts", ownerHosts},
	{"viewers' networks", "isp", viewersISP},
	{"who watches", "unprobed", unprobed},
	{"sick vantages", "vantage-down", func(d *draft) { vantageTrouble(d, 1) }},
	{"sick vantages", "vantage-lossy", func(d *draft) { vantageTrouble(d, 0.15+0.3*d.rng.Float64()) }},
	{"sick vantages", "vantage-clock", vantageClock},
	{"symptoms and layers", "blocked", blocked},
	{"noise", "dirty", dirty},
	{"liars", "brigade-few", brigadeFew},
	{"liars", "brigade-many", brigadeMany},
	{"liars", "brigade-asn", brigadeASN},
	{"sites alone", "owners", owners},
	{"noise", "bursts", bursts},
	{"noise", "loud-crowd", loudCrowd},
	{"one cause", "drifting-q", driftingQ},
	{"noise", "quiet", func(d *draft) { d.length(150) }},
	{"who watches", "probes-only", probesOnly},
	{"who watches", "reports-only", reportsOnly},
	{"who watches", "one-vantage", oneVantage},
	{"who watches", "many-vantages", manyVantages},
	{"symptoms and layers", "slow", slowness},
	{"symptoms and layers", "mixed", mixedSymptoms},
	{"one cause", "early", earlyOutage},
	{"one cause", "long", longOutage},
	{"who watches", "unmapped", unmappedProvider},
	{"symptoms and layers", "origin-tail", originTail},
	{"viewers' networks", "isp-and-cdn", ispAndCDN},
	{"noise", "flash-crowd", flashCrowd},
	{"sick vantages", "two-of-three-sick", overlappingVantages},
	{"sick vantages", "lossy-resolvers", lossyResolvers},
	{"sick vantages", "most-vantages-dark", mostVantagesDark},
	{"sick vantages", "all-vantages-dark", allVantagesDark},
	{"sick vantages", "sick-during-outage", sickDuringOutage},
	{"sick vantages", "sick-in-two-ways", sickInMoreThanOneWay},
	{"sick vantages", "lost-region", lostRegion},
	{"sick vantages", "rolling-vantages", rollingVantages},
	{"sick vantages", "one-host", oneHost},
	{"symptoms and layers", "errors-of-one-ca", statusesOfOneAuthority},
	{"symptoms and layers", "certificates", certificates},
	{"symptoms and layers", "names-lost", namesLost},
	{"symptoms and layers", "origins-behind-edges", originsBehindEdges},
	{"symptoms and layers", "origins-alone", originsAlone},
	{"symptoms and layers", "edge-errors", edgeErrors},
	{"symptoms and layers", "refusal-waves", refusalWaves},
	{"liars", "liars-one-network", liarsOfOneNetwork},
	{"liars", "liars-thousands", liarsInThousands},
	{"liars", "brigade-before", brigadeBefore},
	{"liars", "lying-vantage", lyingVantages(1, 3)},
	{"liars", "two-lying-vantages", lyingVantages(2, 5)},
	{"liars", "liars-hide-outage", liarsHideOutage},
	{"liars", "liars-of-unprobed", liarsOfUnprobed},
	{"liars", "liars-unprobed-cdn", liarsWhereNothingProbes},
	{"who watches", "two-vantages", watchedFromFew(2)},
	{"who watches", "five-vantages", watchedFromFew(5)},
	{"who watches", "twelve-vantages", watchedFromFew(12)},
	{"who watches", "rarely-probed", rarelyProbed},
	{"who watches", "rarely-probed-calm", rarelyProbedCalm},
	{"sites alone", "hosted-pages", hostedPages},
	{"viewers' networks", "readers-silent", silentReaders},
	{"viewers' networks", "readers-elsewhere", readersWithoutOutage},
}

// lasting draws how long an outage lasts, in seconds. An outage of hours
// has a kind of its own.
func (d *draft) lasting() int { return 60*(15+d.rng.IntN(30)) + d.rng.IntN(60) }

// single lets one component fail with a share q of its requests, which must be found. q
// is the share of requests that fail at a site which depends on the component wholly.
func (d *draft) single(q float64, o outage) {
	c := d.component(want{q: q})
	o.from, o.to, o.q, o.demanded = d.onset, d.onset+d.lasting(), q, true
	d.fault(c, o)
}

// someMembers is a component of which only some sites are hit, such as one shard of a
// CDN. It is demanded only where four of the sites that are hit are probed, since fewer
// cannot be told from faults of their own.
func someMembers(d *draft) {
	c := d.component(want{q: 0.12})
	share := 0.15 + 0.35*d.rng.Float64()
	n := 0
	var hit []string
	for _, i := range d.members[c] {
		if d.rng.Float64() < share {
			hit = append(hit, d.sites[i].Site)
			if !d.sites[i].Unprobed {
				n++
			}
		}
	}
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.9, sites: hit, demanded: n >= 4})
}

// oneCountry is a component that fails for viewers of a few countries; one vantage is
// in one of them. Only viewers there see it, so most vantages say that all is well, and
// they are right.
func oneCountry(d *draft) {
	v := d.spec.Vantages[d.rng.IntN(len(d.spec.Vantages))]
	c := d.component(want{q: 0.5})
	countries := []string{v.Country, []string{"FR", "IT", "CA"}[d.rng.IntN(3)]}
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.7 + 0.3*d.rng.Float64(), countries: countries,
		demanded: true})
}

// ramp is an outage that grows over minutes. Its onset is not asked for, because nobody
// could say when it began.
func ramp(d *draft) {
	q, rise := 0.5+0.5*d.rng.Float64(), 60*(2+d.rng.IntN(7))
	c, to := d.component(want{q: q / 2}), d.onset+rise+d.lasting()
	d.fault(c, outage{from: d.onset, to: to, demanded: true, untimed: true, curve: []scenario.Point{
		{At: d.at(d.onset), Q: 0}, {At: d.at(d.onset + rise), Q: q}, {At: d.at(to), Q: q}, {At: d.at(to + 1), Q: 0},
	}})
}

// gradualReturn is an outage whose sites come back one by one. A method that waits for
// all sites to be well would end the incident late, and one that goes by the first
// would end it early.
func gradualReturn(d *draft) {
	q := 0.7 + 0.3*d.rng.Float64()
	begins := d.onset + d.lasting()
	to := begins + 60*(6+d.rng.IntN(15))
	d.fault(d.component(want{q: q}), outage{
		from: d.onset, to: to, q: q, demanded: true,
		returns: []scenario.Return{{At: d.at(begins), Share: 0}, {At: d.at(begins + (to-begins)/3), Share: 0.5},
			{At: d.at(to), Share: 1}},
	})
}

// flapping is an outage that comes and goes every few minutes, and is one incident. A
// method that ends an incident at the first good minute publishes it four times.
func flapping(d *draft) {
	q := 0.7 + 0.3*d.rng.Float64()
	c, at, to := d.component(want{q: q}), d.onset, d.onset
	var curve []scenario.Point
	for range 3 + d.rng.IntN(4) {
		to = at + 60*(3+d.rng.IntN(4))
		curve = append(curve, d.step(at, to, q)...)
		at = to + 60*(2+d.rng.IntN(5))
	}
	d.fault(c, outage{from: d.onset, to: to, curve: curve, demanded: true})
}

// waves is one outage in two waves, so many minutes apart. Less than half an hour apart
// they are one outage to a reader, and one truth here. Further apart they are two, and
// both must be found.
func waves(d *draft, apart int) {
	q := 0.6 + 0.4*d.rng.Float64()
	c := d.component(want{q: q})
	first := d.onset + 60*(12+d.rng.IntN(14))
	second := first + 60*apart
	to := second + 60*(12+d.rng.IntN(14))
	if apart < 30 {
		d.fault(c, outage{from: d.onset, to: to, demanded: true,
			curve: append(d.step(d.onset, first, q), d.step(second, to, q)...)})
		return
	}
	d.fault(c, outage{from: d.onset, to: first, q: q, demanded: true})
	d.fault(c, outage{from: second, to: to, q: q, demanded: true})
}

// several lets so many components fail in the same half hour. The components must be
// apart, or nobody could say which one failed. Where none is left that fits, there are
// fewer.
func several(d *draft, n int) {
	var taken []faultline.Component
	for range n {
		q := 0.3 + 0.7*d.rng.Float64()
		c := d.component(want{q: q, most: len(d.sites) / 10, apart: taken})
		if c == "" {
			continue
		}
		taken = append(taken, c)
		from := d.onset + d.rng.IntN(900)
		d.fault(c, outage{from: from, to: from + d.lasting(), q: q, demanded: true})
	}
}

// nested lets one region of a cloud fail, or a network with all that is in it. The trap
// is to name what lies around the true cause, or what lies within it.
func nested(d *draft) {
	q := 0.6 + 0.4*d.rng.Float64()
	kind := []string{faultline.KindCloud, faultline.KindASN}[d.rng.IntN(2)]
	c := d.component(want{q: q, most: len(d.sites) / 3,
		within: func(c faultline.Component) bool { return c.Kind() == kind }})
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: q, demanded: true})
}

// overlapping lets two components fail that share many sites, one after the other has
// begun. They share between a fifth and two thirds of the smaller one's sites: enough
// to confuse, and not so much that nobody could tell.
func overlapping(d *draft) {
	q := 0.6 + 0.4*d.rng.Float64()
	a := d.component(want{q: q})
	related := func(c faultline.Component) bool {
		shared, smaller := d.shared(a, c), min(len(d.members[a]), len(d.members[c]))
		return c != a && 5*shared > smaller && 3*shared < 2*smaller
	}
	d.fault(a, outage{from: d.onset, to: d.onset + d.lasting(), q: q, demanded: true})
	if b := d.component(want{q: q, within: related}); b != "" {
		from := d.onset + 180 + d.rng.IntN(600)
		d.fault(b, outage{from: from, to: from + d.lasting(), q: q, demanded: true})
	}
}

// slowCadence is an outage in a world that is probed every 10 to 20 minutes. The onset
// is not asked for, as a site is looked at once in 10 minutes.
func slowCadence(d *draft) {
	for i := range d.spec.Vantages {
		d.spec.Vantages[i].CadenceS = 600 + d.rng.IntN(601)
	}
	q := 0.7 + 0.3*d.rng.Float64()
	d.onset += 60 * 60
	d.fault(d.component(want{q: q}), outage{from: d.onset, to: d.onset + 3_600 + d.rng.IntN(1_800), q: q,
		demanded: true, untimed: true})
}

// driftingQ is an outage whose share of failing requests changes all the time. A method
// that takes the share of the first minutes for that of the whole loses the thread.
func driftingQ(d *draft) {
	q, to := 0.3+0.4*d.rng.Float64(), d.onset+1_200+d.lasting()
	curve := d.step(d.onset, d.onset+180, q)[:3]
	for at := d.onset + 360; at < to; at += 180 {
		q = min(0.95, max(0.12, q+0.3*(d.rng.Float64()*2-1)))
		curve = append(curve, scenario.Point{At: d.at(at), Q: q})
	}
	curve = append(curve, scenario.Point{At: d.at(to), Q: q}, scenario.Point{At: d.at(to + 1), Q: 0})
	d.fault(d.component(want{q: 0.3}), outage{from: d.onset, to: to, curve: curve, demanded: true})
}
