package scenario

import (
	"math/rand/v2"
	"strconv"

	"faultline"
)

// attack is an [Attack] made ready.
type attack struct {
	targets  []audience
	rate     float64 // reports a millisecond of each
	from, to int64
	symptoms picker[faultline.Symptom]
	networks picker[network]
	people   int    // 0: each report is by another
	secret   uint64 // that their pseudonyms are made of
}

// attacksOf makes the attacks of a spec ready.
func attacksOf(s *Spec) []attack {
	var out []attack
	for i, a := range s.Attacks {
		ready := attack{
			rate: a.PerMinute / msMinute,
			from: a.From.UnixMilli(), to: a.To.UnixMilli(), symptoms: newPicker(a.Symptoms),
		}
		ready.people, ready.secret = a.People, pcg(s.Seed, "people", strconv.Itoa(i)).Uint64()
		for _, n := range a.Networks {
			asn := strconv.FormatUint(uint64(n.ASN), 10)
			secret := pcg(s.Seed, "attack", asn+n.Country).Uint64()
			ready.networks.add(network{viewer{n.ASN, n.Country}, n.Prefixes, secret}, n.Share)
		}
		for _, site := range a.Sites {
			ready.targets = append(ready.targets,
				audience{site: site, rng: source(s.Seed, "attack"+strconv.Itoa(i), site)})
		}
		out = append(out, ready)
	}
	return out
}

// report appends the reports that are made in [from, to), each by a new face
// unless the attack says how many people there are.
func (a *attack) report(out []arrival, from, to int64) []arrival {
	for i := range a.targets {
		t := &a.targets[i]
		for at := range t.moments(a.rate, max(from, a.from), min(to, a.to)) {
			who := t.rng
			if a.people > 0 { // the same person has the same network and pseudonym each time
				who = rand.New(rand.NewPCG(a.secret, uint64(t.rng.IntN(a.people))))
			}
			n := a.networks.pick(who)
			out = append(out, arrival{at, faultline.Report{
				At: ms(at), Site: t.site, Symptom: a.symptoms.pick(t.rng), Reporter: hex(who.Uint64(), 16),
				ASN: n.asn, Country: n.country, Net: hex(n.prefix(who.IntN(n.prefixes)), 8),
			}})
		}
	}
	return out
}

// dirt is a [Dirt] made ready.
type dirt struct {
	Dirt
	rng *rand.Rand
}

// repeatWithin is how soon the second copy of an event follows, in milliseconds.
const repeatWithin = 60_000

// newDirt makes the dirt of a spec ready, with random numbers of its own: what is dirty
// must not change what happens.
func newDirt(s *Spec) dirt { return dirt{s.Dirt, source(s.Seed, "dirt", "")} }

// soil delays and repeats events from the n-th on.
func (d *dirt) soil(events []arrival, n int) []arrival {
	if d.Dirt == (Dirt{}) {
		return events
	}
	for i := n; i < len(events) && d.Late > 0; i++ {
		if d.rng.Float64() < d.Late {
			events[i].at += int64(d.rng.Float64() * float64(d.LateS) * 1_000)
		}
	}
	for i, end := n, len(events); i < end; i++ {
		if d.rng.Float64() < d.Repeated {
			events = append(events, arrival{events[i].at + d.rng.Int64N(repeatWithin), events[i].ev})
		}
	}
	return events
}
