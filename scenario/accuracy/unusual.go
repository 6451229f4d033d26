package accuracy

import (
	"strconv"

	"faultline"
	"faultline/scenario"
)

// probesOnly is an outage that nobody reports.
func probesOnly(d *draft) {
	d.spec.Crowd.Rate = 0.01
	d.single(0.3+0.7*d.rng.Float64(), outage{})
}

// reportsOnly is an outage in a world that nothing probes.
func reportsOnly(d *draft) {
	for i := range d.sites {
		d.sites[i].Unprobed = true
	}
	c := d.component(want{crowded: true, most: 200})
	d.fault(c, outage{from: d.onset, to: d.onset + d.lasting(), q: 0.7 + 0.3*d.rng.Float64(), demanded: true,
		untimed: true})
}

// oneVantage is an outage that one vantage and the crowd see.
func oneVantage(d *draft) {
	d.spec.Vantages = d.spec.Vantages[:1]
	d.spec.Failures = nil // what ails sites is drawn for all vantages
	d.causes = nil
	d.ailing()
	d.single(0.6+0.4*d.rng.Float64(), outage{})
}

// manyVantages is an outage seen by a dozen vantages that look seldom.
func manyVantages(d *draft) {
	d.spec.Vantages = nil
	for i, country := range []string{"GB", "US", "DE", "FR", "JP", "SG", "BR", "IN", "AU", "US", "DE", "ZA"} {
		d.spec.Vantages = append(d.spec.Vantages, scenario.Vantage{Vantage: "v-" + strconv.Itoa(i),
			ASN: uint32(64500 + i), Country: country, CadenceS: 240 + d.rng.IntN(240), LatencyMS: 70})
	}
	d.spec.Failures, d.causes = nil, nil
	d.ailing()
	d.single(0.2+0.8*d.rng.Float64(), outage{})
}

// slowness is a component that answers late rather than not at all.
func slowness(d *draft) {
	d.single(0.4+0.6*d.rng.Float64(), outage{symptoms: scenario.Mix{"slow": 0.6, "timeout": 0.4}})
}

// mixedSymptoms is an outage that looks different from site to site.
func mixedSymptoms(d *draft) {
	d.single(0.5+0.5*d.rng.Float64(),
		outage{symptoms: scenario.Mix{"http_503": 0.2, "http_500": 0.2, "timeout": 0.2, "connect": 0.2, "tls": 0.1,
			"dns": 0.1}})
}

// earlyOutage is an outage a quarter of an hour after the log began.
func earlyOutage(d *draft) {
	d.onset = 60*(15+d.rng.IntN(6)) + d.rng.IntN(60)
	d.single(0.4+0.6*d.rng.Float64(), outage{})
}

// longOutage is an outage of hours.
func longOutage(d *draft) {
	d.fault(d.component(want{q: 0.3}), outage{from: d.onset, to: d.onset + 3_600*(4+d.rng.IntN(4)),
		q: 0.3 + 0.7*d.rng.Float64(), demanded: true})
}

// unmappedProvider is a provider that no map knows. To name none is right.
func unmappedProvider(d *draft) {
	to := d.onset + d.lasting()
	joint := cause{from: d.onset, to: to, accept: []faultline.Component{""}, demanded: true}
	mix := []scenario.Mix{{"http_503": 1}, {"timeout": 1}, {"connect": 0.5, "timeout": 0.5}}[d.rng.IntN(3)]
	seen := map[int]bool{}
	for range 12 + d.rng.IntN(25) {
		i := d.watched()
		if seen[i] {
			continue
		}
		seen[i] = true
		d.fault(faultline.NewComponent(faultline.KindSite, d.sites[i].Site),
			outage{from: d.onset, to: to, q: 0.9, symptoms: mix})
		joint.failures = append(joint.failures, d.causes[len(d.causes)-1].failures...)
		d.causes = d.causes[:len(d.causes)-1]
	}
	d.causes = append(d.causes, joint)
}

// originTail is a CDN whose sites come back with errors of their overloaded origins.
func originTail(d *draft) {
	c := d.component(want{q: 0.8, within: func(c faultline.Component) bool { return c.Kind() == faultline.KindCDN }})
	to := d.onset + d.lasting()
	d.fault(c, outage{from: d.onset, to: to, q: 0.9, demanded: true})
	for _, i := range d.members[c] {
		if d.rng.Float64() < 0.3 {
			from := to + d.rng.IntN(120)
			d.fault(faultline.NewComponent(faultline.KindSite, d.sites[i].Site),
				outage{from: from, to: from + 60*(4+d.rng.IntN(14)), q: 0.6,
					symptoms: scenario.Mix{"http_502": 0.3, "http_503": 0.3, "http_522": 0.2, "http_504": 0.2}})
		}
	}
}

// ispAndCDN is a network of viewers that fails while a CDN does.
func ispAndCDN(d *draft) {
	viewersISP(d)
	from := d.onset + d.rng.IntN(600)
	d.fault(d.component(want{q: 0.5, most: len(d.sites) / 10}),
		outage{from: from, to: from + d.lasting(), q: 0.5 + 0.5*d.rng.Float64(), demanded: true})
}

// flashCrowd is people who ask after many sites, one at least, each in its own way,
// although all is well.
func flashCrowd(d *draft) {
	e := scenario.Echo{From: d.at(d.onset), To: d.at(d.onset + d.lasting()), Factor: 10 + 40*d.rng.Float64()}
	order, drawn := d.rng.Perm(len(d.sites)), 20+d.rng.IntN(60)
	for n, i := range order {
		if n >= drawn && len(e.Sites) > 0 {
			break
		}
		if !d.sites[i].Unprobed {
			e.Sites = append(e.Sites, d.sites[i].Site)
		}
	}
	d.spec.Echoes = append(d.spec.Echoes, e)
	d.length(120)
}
