package accuracy

import (
	"faultline"
	"faultline/scenario"
)

// vantagePool are the vantages that a scenario may have, each in a network and a
// country of its own.
var vantagePool = []scenario.Vantage{
	{Vantage: "lon-1", ASN: 20473, Country: "GB", LatencyMS: 60},
	{Vantage: "nyc-1", ASN: 14618, Country: "US", LatencyMS: 80},
	{Vantage: "fra-1", ASN: 51167, Country: "DE", LatencyMS: 65},
	{Vantage: "par-1", ASN: 12876, Country: "FR", LatencyMS: 62},
	{Vantage: "tyo-1", ASN: 63949, Country: "JP", LatencyMS: 120},
	{Vantage: "sao-1", ASN: 53013, Country: "BR", LatencyMS: 140},
	{Vantage: "bom-1", ASN: 17439, Country: "IN", LatencyMS: 130},
	{Vantage: "syd-1", ASN: 38719, Country: "AU", LatencyMS: 150},
	{Vantage: "sin-1", ASN: 133752, Country: "SG", LatencyMS: 110},
	{Vantage: "tor-1", ASN: 53667, Country: "CA", LatencyMS: 75},
	{Vantage: "ams-1", ASN: 9009, Country: "NL", LatencyMS: 61},
	{Vantage: "jnb-1", ASN: 37153, Country: "ZA", LatencyMS: 160},
}

// fewVantages is how many vantages probe at the cadence that was drawn for three.
// More of them share the work: each probes less often.
const fewVantages = 5

// watchedFrom puts n vantages of the pool in the place of those that there are. What
// ails sites on a usual day is drawn again, as it is drawn for each vantage.
func (d *draft) watchedFrom(n int) {
	cadence := d.spec.Vantages[0].CadenceS
	if n > fewVantages {
		cadence = cadence * n / fewVantages
	}
	d.spec.Vantages = nil
	for _, v := range vantagePool[:n] {
		v.CadenceS = cadence
		d.spec.Vantages = append(d.spec.Vantages, v)
	}
	d.spec.Failures, d.causes = nil, nil
	d.ailing()
}

// someVantages draws n of the vantages, in an order of chance.
func (d *draft) someVantages(n int) []int { return d.rng.Perm(len(d.spec.Vantages))[:n] }

// sicken lets a share q of everything that a vantage probes fail from one second to
// another. The sites are well.
func (d *draft) sicken(v, from, to int, q float64, mix scenario.Mix) {
	d.vantageFault(v, nil, d.step(from, to, q), mix)
	d.length((to+59)/60 + tail)
}

// vantageMixes is how a vantage's own trouble looks.
var vantageMixes = []scenario.Mix{
	{"timeout": 0.7, "connect": 0.3},
	{"timeout": 1},
	{"connect": 1},
	{"dns": 1},
	{"dns": 0.7, "timeout": 0.3},
	{"tls": 1},
}

// vantageMix draws how a vantage's trouble looks.
func (d *draft) vantageMix() scenario.Mix { return vantageMixes[d.rng.IntN(len(vantageMixes))] }

// overlappingVantages is two of three vantages that fail for every site, at times
// that overlap.
func overlappingVantages(d *draft) {
	first := d.someVantages(2)
	from := d.onset
	for _, v := range first {
		d.sicken(v, from, from+d.lasting(), 0.6+0.4*d.rng.Float64(), d.vantageMix())
		from += d.rng.IntN(600)
	}
}

// lossyResolvers is two of five vantages whose resolvers lose most answers.
func lossyResolvers(d *draft) {
	d.watchedFrom(5)
	from := d.onset
	for _, v := range d.someVantages(2) {
		d.sicken(v, from, from+d.lasting(), 0.5+0.2*d.rng.Float64(), scenario.Mix{"dns": 1})
		from += d.rng.IntN(120)
	}
}

// mostVantagesDark is three of five vantages that reach nothing.
func mostVantagesDark(d *draft) {
	d.watchedFrom(5)
	mix, from, apart := d.vantageMix(), d.onset, d.rng.IntN(2)*300
	for _, v := range d.someVantages(3) {
		d.sicken(v, from, from+d.lasting(), 1, mix)
		from += d.rng.IntN(apart + 1)
	}
}

// allVantagesDark is one to three vantages, none of which sees anything for a while.
func allVantagesDark(d *draft) {
	d.watchedFrom(1 + d.rng.IntN(3))
	mix, q := d.vantageMix(), 0.7+0.3*d.rng.Float64()
	to := d.onset + d.lasting()
	for v := range d.spec.Vantages {
		d.sicken(v, d.onset+d.rng.IntN(90), to+d.rng.IntN(90), q, mix)
	}
}

// sickDuringOutage is a component that fails while two of five vantages are partly
// sick.
func sickDuringOutage(d *draft) {
	d.watchedFrom(5)
	kinds := []string{faultline.KindCDN, faultline.KindCloud, faultline.KindDNS}
	kind := kinds[d.rng.IntN(len(kinds))]
	c := d.component(want{q: 0.6, within: ofKind(kind)})
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.7 + 0.3*d.rng.Float64(), demanded: true})
	for _, v := range d.someVantages(2) {
		from := d.onset - 600 + d.rng.IntN(1_200)
		d.sicken(v, from, from+d.lasting(), 0.3+0.4*d.rng.Float64(), d.vantageMix())
	}
}

// sickInMoreThanOneWay is one or two of five vantages with two troubles at a time.
func sickInMoreThanOneWay(d *draft) {
	d.watchedFrom(5)
	for _, v := range d.someVantages(1 + d.rng.IntN(2)) {
		from := d.onset + d.rng.IntN(180)
		d.sicken(v, from, from+d.lasting(), 0.2+0.3*d.rng.Float64(), scenario.Mix{"dns": 0.8, "timeout": 0.2})
		from += 60 + d.rng.IntN(300)
		d.sicken(v, from, from+d.lasting(), 0.2+0.4*d.rng.Float64(), scenario.Mix{"tls": 0.5, "connect": 0.5})
	}
}

// lostRegion is one of three to five vantages whose network has lost its way to a region
// of a cloud, or to a network of hosts: all others reach it.
func lostRegion(d *draft) {
	d.watchedFrom(3 + d.rng.IntN(3))
	kind := []string{faultline.KindCloud, faultline.KindASN}[d.rng.IntN(2)]
	c := d.component(want{q: 0.3, within: ofKind(kind)})
	to := d.onset + d.lasting()
	d.vantageFault(d.someVantages(1)[0], d.members[c], d.step(d.onset, to, 0.95),
		scenario.Mix{"timeout": 0.8, "connect": 0.2})
	d.length(to/60 + tail)
}

// rollingVantages is every one of five vantages that is sick for some minutes, one
// after another or with a little overlap.
func rollingVantages(d *draft) {
	d.watchedFrom(5)
	from, mix := d.onset, d.vantageMix()
	for _, v := range d.someVantages(len(d.spec.Vantages)) {
		to := from + 60*(5+d.rng.IntN(8))
		d.sicken(v, from, to, 0.7+0.3*d.rng.Float64(), mix)
		from = to - 90 + d.rng.IntN(240)
	}
}

// oneHost is three or five vantages, two of which share a host: its network loses
// its way to a component that the others reach, or to part of everything.
func oneHost(d *draft) {
	d.watchedFrom([]int{3, 5}[d.rng.IntN(2)])
	pair := d.someVantages(2)
	d.spec.Vantages[pair[1]].ASN = d.spec.Vantages[pair[0]].ASN
	d.spec.Vantages[pair[1]].Country = d.spec.Vantages[pair[0]].Country
	d.spec.Failures, d.causes = nil, nil
	d.ailing()
	var sites []int
	if d.rng.IntN(3) > 0 {
		sites = d.members[d.component(want{q: 0.8})]
	}
	to := d.onset + d.lasting()
	d.vantageFault(pair[0], sites, d.step(d.onset, to, 0.6+0.4*d.rng.Float64()),
		scenario.Mix{"timeout": 0.7, "connect": 0.3})
	d.length(to/60 + tail)
}

// watchedFromFew is an outage that so many vantages see.
func watchedFromFew(n int) func(*draft) {
	return func(d *draft) {
		d.watchedFrom(n)
		d.single(0.4+0.6*d.rng.Float64(), outage{})
	}
}
