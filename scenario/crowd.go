package scenario

import (
	"iter"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"faultline"
)

// msMinute is a minute in milliseconds, the unit of all rates here.
const msMinute = float64(time.Minute / time.Millisecond)

// crowd is the people who visit the sites, made ready to report.
type crowd struct {
	spec       *Crowd
	sites      []audience
	complaints picker[faultline.Symptom]
	networks   picker[network]
	weary      float64 // milliseconds
}

// audience is the people who visit one site. Each site has a source of chance of its
// own, drawn from the seed and its name. So a change to one site leaves the reports of
// all others as they were.
type audience struct {
	site     string
	rate     float64 // reports a millisecond while it is wholly down
	quiet    float64 // and on a good day
	effects  []effect
	echoes   []echo
	networks *picker[network] // of those at home; nil if they are everywhere
	rng      *rand.Rand
	lag      distuv.Gamma // milliseconds
}

// echo is an [Echo] made ready, in milliseconds since 1970.
type echo struct {
	from, to int64
	factor   float64
}

// network is a [Network] with the secret that its prefixes' pseudonyms are made of.
type network struct {
	viewer
	prefixes int
	secret   uint64
}

// newCrowd makes the crowd of a spec. Rates fall with the rank by a power (Zipf), as
// visits to sites do.
func newCrowd(s *Spec, effects [][]effect) crowd {
	c := crowd{spec: &s.Crowd, complaints: newPicker(s.Crowd.Complaint), weary: s.Crowd.WearyS * 1_000}
	home := map[string]*picker[network]{}
	for _, n := range s.Crowd.Networks {
		asn := strconv.FormatUint(uint64(n.ASN), 10)
		net := network{viewer{n.ASN, n.Country}, n.Prefixes, pcg(s.Seed, "network", asn+n.Country).Uint64()}
		c.networks.add(net, n.Share)
		if home[n.Country] == nil {
			home[n.Country] = &picker[network]{}
		}
		home[n.Country].add(net, n.Share)
	}
	echoes := map[string][]echo{}
	for _, e := range s.Echoes {
		for _, site := range e.Sites {
			echoes[site] = append(echoes[site], echo{e.From.UnixMilli(), e.To.UnixMilli(), e.Factor})
		}
	}
	for i, site := range s.Sites {
		chance := pcg(s.Seed, "crowd", site.Site)
		perMinute := s.Crowd.Rate / math.Pow(float64(site.Rank+1), s.Crowd.Exponent)
		quiet := perMinute * s.Crowd.Quiet
		if s.Crowd.QuietExponent > 0 {
			quiet = s.Crowd.Rate * s.Crowd.Quiet / math.Pow(float64(site.Rank+1), s.Crowd.QuietExponent)
		}
		c.sites = append(c.sites, audience{
			site: site.Site, rate: perMinute / msMinute, quiet: quiet / msMinute,
			effects: effects[i], echoes: echoes[site.Site], networks: home[site.Home],
			rng: rand.New(chance),
			lag: distuv.Gamma{Alpha: s.Crowd.LagShape, Beta: s.Crowd.LagShape / (s.Crowd.LagMeanS * 1_000),
				Src: chance},
		})
	}
	return c
}

// report appends the reports of those whose visit falls in [from, to). It is asked for
// stretches in order, since chance goes on from one to the next.
func (c *crowd) report(out []arrival, from, to int64) []arrival {
	hour := c.hour(from)
	for i := range c.sites {
		a := &c.sites[i]
		out = c.grumble(out, a, hour*c.burst(a), from, to)
		for _, e := range a.effects {
			if !e.over(from, to) {
				out = c.complain(out, a, e, hour, from, to)
			}
		}
	}
	return out
}

// peakHour is when most people are awake and online, UTC.
const peakHour = 15

// hour is how the rates stand to their mean at that time of day. A cosine is near
// enough to the daily curve of traffic; its height is the spec's Day.
func (c *crowd) hour(at int64) float64 {
	if c.spec.Day == 0 {
		return 1
	}
	t := ms(at)
	hours := float64(t.Hour()-peakHour) + float64(t.Minute())/60
	return 1 + c.spec.Day*math.Cos(2*math.Pi*hours/24)
}

// burst is how the quiet rate of a site stands to its mean in one minute. It is
// log-normal with mean 1, so that bursts change the spread of a quiet rate and not its
// mean.
func (c *crowd) burst(a *audience) float64 {
	if c.spec.Bursts == 0 {
		return 1
	}
	sigma := c.spec.Bursts
	return math.Exp(sigma*a.rng.NormFloat64() - sigma*sigma/2)
}

// grumble is what people say of a site that is well, the more so while others are not.
// They are the noise that a method must not take for an outage.
func (c *crowd) grumble(out []arrival, a *audience, factor float64, from, to int64) []arrival {
	quiet := a.quiet * factor
	for at := range a.moments(quiet, from, to) {
		out = append(out, c.say(a, at, c.from(a), c.complaints))
	}
	for _, e := range a.echoes {
		for at := range a.moments(quiet*(e.factor-1), max(from, e.from), min(to, e.to)) {
			out = append(out, c.say(a, at, c.from(a), c.complaints))
		}
	}
	return out
}

// complain is what people say whose visit failed, after a while. Their interest wears
// off: an outage of hours is reported less and less, although nothing works.
func (c *crowd) complain(out []arrival, a *audience, e effect, factor float64, from, to int64) []arrival {
	for at := range a.moments(a.rate*factor, from, to) {
		n := c.from(a)
		urge := e.severity(at, n.viewer)
		if c.weary > 0 {
			urge *= math.Exp(-float64(at-e.q[0].at) / c.weary)
		}
		if a.rng.Float64() < urge {
			out = append(out, c.say(a, at+int64(a.lag.Rand()), n, e.symptoms))
		}
	}
	return out
}

// moments yields those of a Poisson process of so many a millisecond. The gaps of a
// Poisson process are exponential.
func (a *audience) moments(rate float64, from, to int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		if rate <= 0 {
			return
		}
		for at := float64(from); ; {
			if at += a.rng.ExpFloat64() / rate; at >= float64(to) || !yield(int64(at)) {
				return
			}
		}
	}
}

// from draws the network that somebody sits in.
func (c *crowd) from(a *audience) network {
	if a.networks != nil && a.rng.Float64() < c.spec.Home {
		return a.networks.pick(a.rng)
	}
	return c.networks.pick(a.rng)
}

// say makes one report. Everybody reports once, so that every report has a reporter of
// its own. Some people name no symptom, and some only say that it does not work.
func (c *crowd) say(a *audience, at int64, n network, symptoms picker[faultline.Symptom]) arrival {
	symptom := symptoms.pick(a.rng)
	if a.rng.Float64() < c.spec.Vague {
		symptom = faultline.SymptomOther
	}
	if a.rng.Float64() < c.spec.Silent {
		symptom = ""
	}
	return arrival{at, faultline.Report{
		At: ms(at), Site: a.site, Symptom: symptom, Reporter: hex(a.rng.Uint64(), 16),
		ASN: n.asn, Country: n.country, Net: hex(n.prefix(a.rng.IntN(n.prefixes)), 8),
	}}
}

// prefix is the pseudonym of one of a network's prefixes: 32 bits, as ingest
// makes them.
func (n network) prefix(i int) uint64 {
	return rand.NewPCG(n.secret, uint64(i)).Uint64() >> 32
}

// hex writes v with so many digits.
func hex(v uint64, digits int) string {
	s := strconv.FormatUint(v, 16)
	for len(s) < digits {
		s = "0" + s
	}
	return s
}

// ms is the time at so many milliseconds since 1970.
func ms(t int64) time.Time { return time.UnixMilli(t).UTC() }
