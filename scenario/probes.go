package scenario

import (
	"math/rand/v2"

	"faultline"
)

// How probes behave, in milliseconds.
const (
	probeJitter  = 900    // a probe starts up to so much after it is due
	probeTimeout = 10_000 // latency of a probe that gave up
	deliverFast  = 100    // a result is handed in so much after the answer,
	deliverSlow  = 1_500  // or up to so much
)

// watch is every vantage probing every site.
type watch struct {
	vantages []Vantage
	sites    []watched
	noise    float64
	symptoms picker[faultline.Symptom]
}

// watched is one site, with a line for each vantage.
type watched struct {
	site    string
	effects []effect
	rng     *rand.Rand
	due     []int64   // next probe
	latency []float64 // of a usual answer
}

// newWatch makes the vantages of a spec ready. Each site has random numbers of its own,
// so that a site which is added changes no other.
func newWatch(s *Spec, effects [][]effect, noise picker[faultline.Symptom]) watch {
	w := watch{vantages: s.Vantages, noise: s.Noise.ProbeFailure, symptoms: noise}
	for i, site := range s.Sites {
		if site.Unprobed {
			continue
		}
		rng := source(s.Seed, "probe", site.Site)
		line := watched{site: site.Site, effects: effects[i], rng: rng}
		for _, v := range s.Vantages {
			// A random beginning within the first cadence, so that a vantage does not probe
			// all sites in one second.
			line.due = append(line.due, s.Start.UnixMilli()+rng.Int64N(int64(v.CadenceS)*1_000))
			line.latency = append(line.latency, float64(v.LatencyMS)*(0.5+1.3*rng.Float64()))
		}
		w.sites = append(w.sites, line)
	}
	return w
}

// probe appends the probes that are due before to.
func (w *watch) probe(out []arrival, to int64) []arrival {
	for i := range w.sites {
		site := &w.sites[i]
		for v := range w.vantages {
			// The next one is due a cadence after this was due, not after it was made:
			// jitter must not add up.
			for ; site.due[v] < to; site.due[v] += int64(w.vantages[v].CadenceS) * 1_000 {
				out = append(out, w.one(site, v))
			}
		}
	}
	return out
}

// one makes one probe at about the moment that it is due.
func (w *watch) one(site *watched, v int) arrival {
	at := site.due[v] + site.rng.Int64N(probeJitter)
	p := w.ask(site, v, at, site.rng)
	handedIn := at + int64(p.LatencyMS) + deliverFast + site.rng.Int64N(deliverSlow-deliverFast)
	return arrival{handedIn, p}
}

// ask is what a vantage sees of a site at that moment, in milliseconds since 1970.
func (w *watch) ask(site *watched, v int, at int64, rng *rand.Rand) faultline.Probe {
	vantage, given := &w.vantages[v], 0
	p := faultline.Probe{
		// The vantage's own clock, which may be wrong. The arrival is on the scenario's.
		At: ms(at + int64(vantage.ClockS)*1_000), Site: site.site, Vantage: vantage.Vantage,
		Symptom:   faultline.SymptomOK,
		LatencyMS: 1 + int(site.latency[v]*(0.9+0.4*rng.Float64())),
	}
	// By chance, which a fault of its own below overrides.
	if rng.Float64() < w.noise {
		p.Symptom = w.symptoms.pick(rng)
	}
	for _, e := range site.effects {
		if q := e.severity(at, viewer{vantage.ASN, vantage.Country}); q > 0 && rng.Float64() < q {
			p.Symptom, p.Detail, given = e.symptoms.pick(rng), e.detail, e.status
		}
	}
	switch p.Symptom {
	case faultline.SymptomOK, faultline.SymptomContent:
		p.Status = 200
	case faultline.SymptomSlow:
		p.Status, p.LatencyMS = 200, min(20*p.LatencyMS, probeTimeout)
	case faultline.SymptomBlocked:
		p.Status = 403
	case faultline.SymptomTimeout:
		p.LatencyMS = probeTimeout
	default:
		p.Status = p.Symptom.HTTPStatus()
	}
	if given != 0 && p.Symptom.HTTPStatus() == 0 {
		p.Status = given
	}
	return p
}
