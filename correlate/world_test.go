package correlate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"faultline"
)

// dawn is when every synthetic world begins.
var dawn = time.Date(2024, 3, 6, 9, 0, 0, 0, time.UTC)

// after is the moment so many minutes into a world.
func after(minutes float64) time.Time {
	return dawn.Add(time.Duration(minutes * float64(time.Minute)))
}

// world is a small synthetic Internet with a known truth: sites on shared
// infrastructure, vantages that probe each of them once a cadence, people who
// complain, and faults. The same world gives the same events, always.
type world struct {
	seed     uint64
	minutes  int
	calm     float64       // minutes at the beginning in which the clock ticks seldom: a past and no more
	cadence  time.Duration // of the probes of one site at one vantage; a minute if unset
	sites    []faultline.SiteRecord
	vantages []faultline.Vantage
	unprobed map[string]bool          // sites that nothing probes
	clocks   map[string]time.Duration // of vantages: how far ahead they are
	noise    float64                  // share of all probes that fail for no reason
	faults   []fault
	crowds   []crowdOf
	said     []faultline.Event // further events, each at its own time
}

// fault fails the probes of some sites, at some vantages, from one minute to
// another.
type fault struct {
	sites    []string
	vantages []string // nil: all of them
	from, to float64  // minutes
	symptom  faultline.Symptom
	detail   string
	share    float64 // of the probes that fail; 1 if unset
}

// crowdOf is people complaining of sites, each person once.
type crowdOf struct {
	sites     []string
	from, to  float64 // minutes
	perMinute float64 // reports of all of the sites together
	asns      []uint32
	nets      int // distinct prefixes of each network; 0: a prefix of everyone's own
	symptom   faultline.Symptom
	country   string // of all of them; those of three countries if unset
}

// threeVantages see the same sites from three countries.
func threeVantages() []faultline.Vantage {
	return []faultline.Vantage{
		{Vantage: "lon-1", ASN: 20473, Country: "GB"},
		{Vantage: "nyc-1", ASN: 14061, Country: "US"},
		{Vantage: "sgp-1", ASN: 16509, Country: "SG"},
	}
}

// town is n sites: a fifth on each of three CDNs, the rest on none, with DNS,
// network and certificates shared crosswise, so that a cause must be told from
// what merely overlaps it.
func town(n int) []faultline.SiteRecord {
	sites := make([]faultline.SiteRecord, n)
	for i := range sites {
		s := faultline.SiteRecord{Site: fmt.Sprintf("s%03d.example", i), Rank: 10 + 7*i}
		if cdn := i % 5; cdn < 3 {
			s.Components = append(s.Components, faultline.NewComponent(faultline.KindCDN, string("xyz"[cdn])))
		}
		s.Components = append(s.Components,
			faultline.NewComponent(faultline.KindDNS, string("pqrs"[i/5%4])),
			faultline.NewComponent(faultline.KindASN, fmt.Sprint("AS", 64500+i%7)),
			faultline.NewComponent(faultline.KindCA, string("ab"[i/3%2])),
		)
		sites[i] = s
	}
	return sites
}

// quietTown is a town where nothing happens, seen from three vantages. Most of its
// stories begin at minute 35: half an hour before it is only a past.
func quietTown(n, minutes int) *world {
	return &world{seed: 1, minutes: minutes, calm: 28, sites: town(n), vantages: threeVantages()}
}

// on lists the sites that depend on a component, by the records of the world.
func (w *world) on(c faultline.Component) []string {
	var names []string
	for _, s := range w.sites {
		if slices.Contains(s.Components, c) {
			names = append(names, s.Site)
		}
	}
	return names
}

// all lists every site of the world.
func (w *world) all() []string {
	var names []string
	for _, s := range w.sites {
		names = append(names, s.Site)
	}
	return names
}

// blind takes the probes away from some sites.
func (w *world) blind(sites []string) {
	w.unprobed = map[string]bool{}
	for _, s := range sites {
		w.unprobed[s] = true
	}
}

// asns is n networks of viewers from first on.
func asns(first uint32, n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = first + uint32(i)
	}
	return out
}

// grumble is the background of any day: now and then somebody complains.
func (w *world) grumble(perMinute float64) {
	w.crowds = append(w.crowds, crowdOf{sites: w.all(), to: float64(w.minutes), perMinute: perMinute,
		asns: asns(3000, 40)})
}

// events is everything that happens in the world in order of time, with a tick a
// second: an epoch, the map, then what is seen and said.
func (w *world) events() []faultline.Event {
	out := []faultline.Event{faultline.Epoch{At: dawn, Epoch: "01HTEST"}}
	for _, v := range w.vantages {
		out = append(out, v)
	}
	for _, s := range w.sites {
		out = append(out, s)
	}
	return append(out, w.withTicks(w.happenings())...)
}

// happenings is what is seen and said, in order of time.
func (w *world) happenings() []faultline.Event {
	rng := rand.New(rand.NewPCG(w.seed, 0xfa17))
	evs := slices.Clone(w.said)
	for i := range w.sites {
		for v := range w.vantages {
			evs = w.probe(evs, rng, i, v)
		}
	}
	for i, c := range w.crowds {
		evs = c.reports(evs, rng, i)
	}
	sortByTime(evs)
	return evs
}

// probe appends the probes of one site from one vantage.
func (w *world) probe(evs []faultline.Event, rng *rand.Rand, site, at int) []faultline.Event {
	name, from := w.sites[site].Site, w.vantages[at].Vantage
	if w.unprobed[name] {
		return evs
	}
	cadence := w.cadence
	if cadence == 0 {
		cadence = time.Minute
	}
	phase := time.Duration((site*37+at*20_000+site*at*1_700)%int(cadence/time.Millisecond)) * time.Millisecond
	for t := phase; t < time.Duration(w.minutes)*time.Minute; t += cadence {
		p := faultline.Probe{At: dawn.Add(t + time.Duration(rng.IntN(900))*time.Millisecond), Site: name, Vantage: from,
			Symptom: faultline.SymptomOK}
		if rng.Float64() < w.noise {
			p.Symptom = faultline.SymptomTimeout
		}
		for _, f := range w.faults {
			if f.fails(p, rng) {
				p.Symptom, p.Detail = f.symptom, f.detail
			}
		}
		if p.Status = p.Symptom.HTTPStatus(); p.Symptom == faultline.SymptomOK {
			p.Status = 200
		}
		evs = append(evs, p)
	}
	return evs
}

func (f *fault) fails(p faultline.Probe, rng *rand.Rand) bool {
	return !p.At.Before(after(f.from)) && p.At.Before(after(f.to)) && slices.Contains(f.sites, p.Site) &&
		(f.vantages == nil || slices.Contains(f.vantages, p.Vantage)) && (f.share == 0 || rng.Float64() < f.share)
}

// reports appends what a crowd says, at exponential intervals.
func (c *crowdOf) reports(evs []faultline.Event, rng *rand.Rand, crowd int) []faultline.Event {
	t := c.from
	for n := 0; ; n++ {
		if t += rng.ExpFloat64() / c.perMinute; t >= c.to {
			return evs
		}
		asn := c.asns[rng.IntN(len(c.asns))]
		net := fmt.Sprint("n", crowd, "-", n)
		if c.nets > 0 {
			net = fmt.Sprint("n", asn, "-", rng.IntN(c.nets))
		}
		from := c.country
		if from == "" {
			from = []string{"GB", "US", "DE"}[asn%3]
		}
		evs = append(evs, faultline.Report{
			At: faultline.Millis(after(t)), Site: c.sites[rng.IntN(len(c.sites))], Symptom: c.symptom,
			Reporter: fmt.Sprintf("%04x%012x", crowd, n), ASN: asn, Country: from, Net: net,
		})
	}
}

func sortByTime(evs []faultline.Event) {
	slices.SortStableFunc(evs, func(a, b faultline.Event) int { return a.Time().Compare(b.Time()) })
}

// seldom is the time between ticks while a world is calm.
const seldom = 25 * time.Second

// withTicks puts a tick before the first event of each second up to the end, as
// the leader of a log does; while the world is calm, of each twenty-fifth.
func (w *world) withTicks(evs []faultline.Event) []faultline.Event {
	end := after(float64(w.minutes))
	out := make([]faultline.Event, 0, len(evs)+int(end.Sub(dawn)/time.Second))
	tick, clock := dawn, dawn
	for i := 0; i <= len(evs); i++ {
		if i == len(evs) {
			clock = end
		} else if at := evs[i].Time(); at.After(clock) && at.Before(end) {
			clock = at
		}
		for ; !tick.After(clock); tick = tick.Add(time.Second) {
			if !tick.Before(after(w.calm)) || tick.Sub(dawn)%seldom == 0 {
				out = append(out, faultline.Tick{At: tick})
			}
		}
		if i < len(evs) {
			out = append(out, evs[i])
		}
	}
	return out
}

// run folds the world into a new engine and keeps watch over every revision.
func (w *world) run(t *testing.T) *story {
	t.Helper()
	return play(t, New(Config{}), w.events())
}

// f1 is how well a list of sites matches the truth.
func f1(got []faultline.IncidentSite, want []string) float64 {
	both := 0.
	for _, s := range got {
		if slices.Contains(want, s.Site) {
			both++
		}
	}
	return 2 * both / math.Max(1, float64(len(got)+len(want)))
}
