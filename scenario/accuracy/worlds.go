package accuracy

import (
	"strconv"

	"faultline"
	"faultline/scenario"
)

// cadence draws how often each vantage probes a site, in seconds.
func (d *draft) cadence(low, high int) {
	for i := range d.spec.Vantages {
		d.spec.Vantages[i].CadenceS = low + d.rng.IntN(high-low+1)
	}
}

// rarelyProbed is an outage in a world that is probed every 6 to 20 minutes, half
// the time with hardly anybody who reports.
func rarelyProbed(d *draft) {
	d.watchedFrom(2 + d.rng.IntN(4))
	d.cadence(360, 1_200)
	if d.rng.IntN(2) == 0 {
		d.spec.Crowd.Rate /= 50
	}
	d.onset += 60 * 60
	d.fault(d.component(want{q: 0.7}), outage{from: d.onset, to: d.onset + 3_600 + d.rng.IntN(3_600),
		q: 0.7 + 0.3*d.rng.Float64(), demanded: true, untimed: true})
}

// rarelyProbedCalm is such a world with nothing but chance: probes that fail now
// and then, and one vantage that is sick for an hour.
func rarelyProbedCalm(d *draft) {
	d.watchedFrom(2 + d.rng.IntN(4))
	d.cadence(360, 1_200)
	d.spec.Noise.ProbeFailure = 0.01
	from := d.onset + 60*40
	d.sicken(d.someVantages(1)[0], from, from+3_600, 0.3+0.7*d.rng.Float64(), d.vantageMix())
}

// pageSuffixes are registries of names below which anyone may have a page, with
// what their pages depend on.
var pageSuffixes = []struct {
	suffix     string
	components []faultline.Component
}{
	{"github.io", []faultline.Component{"cdn:fastly", "asn:AS54113", "ca:letsencrypt"}},
	{"netlify.app", []faultline.Component{"cdn:cdn3", "cloud:aws/us-west-2", "ca:letsencrypt"}},
	{"pages.dev", []faultline.Component{"cdn:cloudflare", "asn:AS13335", "dns:cloudflare"}},
	{"web.app", []faultline.Component{"cdn:google", "asn:AS15169", "ca:google"}},
}

// hostedPages is four to twelve pages of one owner below a private suffix that fail
// at once. They count as one site: what they depend on is not to blame.
func hostedPages(d *draft) {
	host := pageSuffixes[d.rng.IntN(len(pageSuffixes))]
	var pages []int
	for k := range 4 + d.rng.IntN(9) {
		d.sites = append(d.sites, scenario.Site{
			Site: "shop" + strconv.Itoa(k) + "." + host.suffix, Rank: 3_000 + 100*k, Components: host.components,
		})
		i := len(d.sites) - 1
		for _, c := range append([]faultline.Component{tldOf(d.sites[i])}, host.components...) {
			d.members[c] = append(d.members[c], i)
		}
		pages = append(pages, i)
	}
	d.eachAlone(pages, outage{from: d.onset, to: d.onset + d.lasting(), q: 1, symptoms: scenario.Mix{"http_503": 1}})
	joint := &d.causes[len(d.causes)-1]
	joint.accept = append(joint.accept, faultline.NewComponent(faultline.KindSite, host.suffix))
}
