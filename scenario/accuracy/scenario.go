package accuracy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"faultline"
	"faultline/scenario"
)

// Scenario is one drawn stretch of time with its truth. The same kind and seed give the
// same one.
type Scenario struct {
	Kind  string
	Seed  uint64
	Spec  scenario.Spec
	Truth []Fault
	// Innocent are probed sites that liars name and at which nothing fails, sorted.
	Innocent []string
}

// Fault is what was wrong in truth.
type Fault struct {
	Component faultline.Component
	// Accept are the causes that count as found: the component and those whose
	// members cannot be told from its own. The empty one stands for unattributed.
	Accept     []faultline.Component
	Onset, End time.Time
	// Sites are those that it hit and that could be seen to fail, Maybe those
	// that hardly anyone could see.
	Sites, Maybe []string
	// Demanded faults are missed when they are not found. Naming another is no
	// mistake, and earns nothing.
	Demanded bool
	// Timed faults were watched closely enough to ask when they began.
	Timed bool
}

// Hours is how long the scenario lasts.
func (s Scenario) Hours() float64 { return s.Spec.End.Sub(s.Spec.Start).Hours() }

// Groups lists the groups of kinds in the order of the table.
func Groups() []string {
	var names []string
	for _, k := range kinds {
		if !slices.Contains(names, k.group) {
			names = append(names, k.group)
		}
	}
	return names
}

// GroupOf returns the group of a kind; empty for a kind that is unknown.
func GroupOf(kind string) string {
	for _, k := range kinds {
		if k.name == kind {
			return k.group
		}
	}
	return ""
}

// Kinds lists the kinds of scenario in the order of the table.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// Draw draws the scenario of a kind and seed. Even seeds are for tuning, odd
// ones are held out. An unknown kind is an error that wraps
// [faultline.ErrNotFound].
func Draw(kind string, seed uint64) (Scenario, error) {
	i := slices.IndexFunc(kinds, func(k drawnKind) bool { return k.name == kind })
	if i < 0 {
		return Scenario{}, fmt.Errorf("kind of scenario %q: %w", kind, faultline.ErrNotFound)
	}
	d := newDraft(kind, seed)
	kinds[i].draw(d)
	d.spec.Sites = d.sites
	d.settle()
	if err := d.spec.Check(); err != nil {
		return Scenario{}, fmt.Errorf("scenario %s, seed %d: %w", kind, seed, err)
	}
	slices.Sort(d.innocent)
	return Scenario{Kind: kind, Seed: seed, Spec: d.spec, Truth: d.truth, Innocent: slices.Compact(d.innocent)}, nil
}

// The stretch of time of most scenarios, in minutes from its start.
const (
	usualOnset  = 42
	onsetSpread = 10
	tail        = 28 // after the last fault has ended
)

// draft is a scenario in the making. What is drawn depends only on its random numbers,
// so steps must be drawn in a fixed order.
type draft struct {
	rng     *rand.Rand
	spec    scenario.Spec
	sites   []scenario.Site
	members map[faultline.Component][]int
	causes  []cause
	truth   []Fault
	onset   int // seconds after the start
	// innocent are well-probed sites that liars name.
	innocent []string
}

// cause is a fault whose truth is still to be worked out from failures of the spec.
type cause struct {
	component faultline.Component
	failures  []int
	accept    []faultline.Component
	from, to  int // seconds after the start
	demanded  bool
	timed     bool
}

// firstDay is the earliest day on which a scenario may begin.
var firstDay = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

// newDraft is a usual internet, in which nothing fails yet.
func newDraft(kind string, seed uint64) *draft {
	d := emptyDraft(kind, seed)
	probed := 160 + d.rng.IntN(70)
	d.populate(fewestSites+d.rng.IntN(moreSites), probed)
	d.onset = 60*(usualOnset+d.rng.IntN(onsetSpread)) + d.rng.IntN(60)
	d.length(usualOnset + onsetSpread + tail)
	d.ailing()
	return d
}

// emptyDraft is an internet without a site: who watches and who reports.
func emptyDraft(kind string, seed uint64) *draft {
	d := &draft{rng: rand.New(rand.NewPCG(seed, 0xacc)), members: map[faultline.Component][]int{}}
	start := firstDay.Add(time.Duration(d.rng.IntN(365*24*60)) * time.Minute)
	cadence := 45 + d.rng.IntN(46)
	d.spec = scenario.Spec{
		Name: fmt.Sprintf("%s-%d", kind, seed), Title: kind, Why: "Drawn by chance.", Seed: seed,
		Start: start, Onset: start.Add(time.Second),
		Vantages: []scenario.Vantage{
			{Vantage: "lon-1", ASN: 20473, Country: "GB", CadenceS: cadence, LatencyMS: 60},
			{Vantage: "nyc-1", ASN: 14618, Country: "US", CadenceS: cadence, LatencyMS: 80},
			{Vantage: "fra-1", ASN: 51167, Country: "DE", CadenceS: cadence, LatencyMS: 65},
		},
		Noise: scenario.Noise{
			ProbeFailure: 0.001 + 0.003*d.rng.Float64(),
			Symptoms:     scenario.Mix{"timeout": 0.7, "connect": 0.2, "http_502": 0.1},
		},
		Crowd: scenario.Crowd{
			Rate: 150 + 250*d.rng.Float64(), Exponent: 0.55, Quiet: 0.005 + 0.01*d.rng.Float64(),
			QuietExponent: 0.7 + 0.2*d.rng.Float64(),
			WearyS:        3_600, LagShape: 2, LagMeanS: 60 + 90*d.rng.Float64(), Home: 0.75, Silent: 0.2,
			Vague: 0.1, Day: 0.5,
			Complaint: scenario.Mix{"other": 0.4, "slow": 0.3, "timeout": 0.15, "content": 0.15},
			Networks:  networks(),
		},
	}
	return d
}

// populate draws the sites, so many of which are probed, and what they depend on.
func (d *draft) populate(sites, probed int) {
	d.sites = drawSites(d.rng, sites, probed)
	misMap(d.sites, d.rng)
	for i, s := range d.sites {
		for _, c := range s.Components {
			d.members[c] = append(d.members[c], i)
		}
		t := tldOf(s)
		d.members[t] = append(d.members[t], i)
	}
}

// length makes the scenario last at least so many minutes.
func (d *draft) length(minutes int) {
	end := d.spec.Start.Add(time.Duration(minutes) * time.Minute)
	if end.After(d.spec.End) {
		d.spec.End = end
	}
}

// at is a time of the scenario, in seconds after its start.
func (d *draft) at(seconds int) time.Time {
	return d.spec.Start.Add(time.Duration(seconds) * time.Second)
}

// ailing makes some sites fail for the probes for good, some now and then, and some for
// their people too, for a while, all on their own account. Such sites are always there
// in life, and must not be taken for outages.
func (d *draft) ailing() {
	for range 1 + d.rng.IntN(3) {
		d.unwell([]int{d.watched()}, 0.97)
	}
	for range 1 + d.rng.IntN(3) {
		d.unwell([]int{d.watched()}, 0.04+0.14*d.rng.Float64())
	}
	if d.rng.Float64() < 0.5 {
		site := d.sites[d.rng.IntN(len(d.sites))].Site
		from := 600 + d.rng.IntN(60*usualOnset)
		d.fault(faultline.NewComponent(faultline.KindSite, site),
			outage{from: from, to: from + 120 + d.rng.IntN(900), q: 1})
	}
}

// unwell lets requests of sites time out for all vantages and for nobody else: the probes see
// something of their own.
func (d *draft) unwell(sites []int, q float64) {
	for v := range d.spec.Vantages {
		d.vantageFault(v, sites, []scenario.Point{{At: d.at(1), Q: q}}, scenario.Mix{"timeout": 1})
	}
}

// vantageFault lets what one vantage asks of some sites (none: of all) fail. It
// is no outage.
func (d *draft) vantageFault(v int, sites []int, q []scenario.Point, mix scenario.Mix) {
	f := scenario.Failure{
		Component: faultline.NewComponent(faultline.KindISP, fmt.Sprintf("AS%d", d.spec.Vantages[v].ASN)),
		Q:         q, Symptoms: mix,
	}
	for _, i := range sites {
		f.Sites = append(f.Sites, d.sites[i].Site)
	}
	d.spec.Failures = append(d.spec.Failures, f)
}

// watched draws a site that is probed.
func (d *draft) watched() int {
	for {
		if i := d.rng.IntN(len(d.sites)); !d.sites[i].Unprobed {
			return i
		}
	}
}

// tldOf is the top-level domain of a site.
func tldOf(s scenario.Site) faultline.Component {
	for i := len(s.Site) - 1; ; i-- {
		if s.Site[i] == '.' {
			return faultline.NewComponent(faultline.KindTLD, s.Site[i+1:])
		}
	}
}
