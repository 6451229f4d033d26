package scenario

import (
	"time"

	"faultline"
)

// Spec is one scenario: a stretch of time, the sites and who watches them, and
// what goes wrong. All times are absolute, all shares and rates of failing lie
// between 0 and 1.
type Spec struct {
	Schema  string   `json:"$schema"` // for editors; not read
	Name    string   `json:"name"`    // lower case, with hyphens; names its file
	Title   string   `json:"title"`
	Why     string   `json:"why"`     // what is to be learnt from it
	Sources []string `json:"sources"` // the public record that the facts are from
	Seed    uint64   `json:"seed"`
	// Base names what the spec is completed by, a file of specs/base: vantages, noise
	// and crowd where it has none, and sites beside its own. Empty: the spec is whole.
	Base string `json:"base"`
	// Record is what is known of an outage that took place; nil for one that did not.
	Record *Record `json:"record"`

	// Nothing fails before Onset: what lies between Start and Onset is the quiet
	// that baselines are learnt from.
	Start time.Time `json:"start"`
	Onset time.Time `json:"onset"`
	End   time.Time `json:"end"`

	Vantages   []Vantage             `json:"vantages"`
	Noise      Noise                 `json:"noise"`
	Crowd      Crowd                 `json:"crowd"`
	Failures   []Failure             `json:"failures"`
	Echoes     []Echo                `json:"echoes"`
	Attacks    []Attack              `json:"attacks"`
	Dirt       Dirt                  `json:"dirt"`
	Readers    Readers               `json:"readers,omitzero"`
	Statements []faultline.Statement `json:"statements"`
	Sites      []Site                `json:"sites"`
}

// Record is what the public record says of an outage, for a replay to be held against.
type Record struct {
	Cause faultline.Component `json:"cause"` // what its post-mortem names
	// Also are other components that it names as what failed with it, which may be named
	// instead.
	Also []faultline.Component `json:"also"`
	URL  string                `json:"url"` // of the post-mortem
	// FirstWord is when the provider first spoke of it in public. Zero: not known, or it
	// had spoken before. WordNote says why, or how well the time is known.
	FirstWord time.Time `json:"first_word,omitzero"`
	WordNote  string    `json:"word_note"`
	// Well are sites that people reported although they worked.
	Well []string `json:"well"`
	// Ended is when the outage was over, where the reconstruction ends before.
	Ended time.Time `json:"ended,omitzero"`
	// Uncertain names what is made up or not known to the minute, a sentence each.
	Uncertain []string `json:"uncertain"`
}

// Site is one site with what it depends on. Its top-level domain is derived.
type Site struct {
	Site       string                `json:"site"`
	Rank       int                   `json:"rank"` // popularity; decides how many people report
	Components []faultline.Component `json:"components"`
	// Shares is how much of the site's traffic each component carries, where it
	// is not all of it. Those that it does not name share what is left of their
	// kind evenly. It is the truth of the scenario: the map is not told.
	Shares map[faultline.Component]float64 `json:"shares"`
	Home   string                          `json:"home"` // country of most of its visitors; empty: everywhere
	// Unprobed sites are watched by their visitors alone.
	Unprobed bool `json:"unprobed"`
	// Mapped is what the map says that the site depends on, where it is wrong:
	// entries are missing or stale. Nil: the truth.
	Mapped []faultline.Component `json:"mapped"`
}

// Vantage is a place that probes every site once a cadence.
type Vantage struct {
	Vantage   string `json:"vantage"`
	ASN       uint32 `json:"asn"`
	Country   string `json:"country"`
	CadenceS  int    `json:"cadence_s"`  // seconds between two probes of one site
	LatencyMS int    `json:"latency_ms"` // of a usual answer
	ClockS    int    `json:"clock_s"`    // seconds that its clock is ahead; below 0: behind
}

// Failure is one component failing. Its q is the share of the requests through
// it that fail: of a site served by two providers, those of the other survive.
// A failure of isp: concerns the viewers and vantages of that network, one of
// site: that site and the hosts below it.
type Failure struct {
	Component faultline.Component `json:"component"`
	// Q runs in straight lines from point to point; 0 before the first, constant
	// after the last.
	Q        []Point `json:"q"`
	Symptoms Mix     `json:"symptoms"`
	Detail   string  `json:"detail"` // of failing probes: edge, origin, …
	// Status is that of failing probes whose symptom does not hold one: of those
	// that were turned away, 405 or 999. 0: the usual one of the symptom.
	Status    int      `json:"status"`
	Countries []string `json:"countries"` // of the viewers and vantages that it hits; none: everywhere
	// Returns lets the sites come back one by one, whatever q says: the share of
	// them that are back, in straight lines from point to point. None: all
	// follow q to the end.
	Returns []Return `json:"returns"`
	// Sites are the only ones that it hits; none: all that depend on the component.
	Sites []string `json:"sites"`
}

// Point is a share of failing requests at a moment.
type Point struct {
	At time.Time `json:"at"`
	Q  float64   `json:"q"`
}

// Return is a share of sites that are back at a moment.
type Return struct {
	At    time.Time `json:"at"`
	Share float64   `json:"share"`
}

// Mix is how symptoms are shared out; the shares add up to 1.
type Mix map[faultline.Symptom]float64

// Noise is what goes wrong for no common reason.
type Noise struct {
	ProbeFailure    float64 `json:"probe_failure"` // share of all probes that fail though the site is well
	Symptoms        Mix     `json:"symptoms"`      // of those, and of sites' own faults
	OwnFaultsPerDay float64 `json:"own_faults_per_day"`
	OwnFaultMinutes float64 `json:"own_fault_minutes"` // mean length of a site's own fault
}

// Crowd is the people who report. A site of rank r that is wholly down draws
// rate/(r+1)^exponent reports a minute.
type Crowd struct {
	Rate      float64 `json:"rate"`
	Exponent  float64 `json:"exponent"`
	Quiet     float64 `json:"quiet"`      // share of that rate on a good day
	WearyS    float64 `json:"weary_s"`    // after so many seconds of failing the rate has fallen to 1/e; 0: never
	LagShape  float64 `json:"lag_shape"`  // from failing visit to report: a gamma distribution
	LagMeanS  float64 `json:"lag_mean_s"` // its mean, seconds
	Home      float64 `json:"home"`       // share of reporters from the site's home country, if it has one
	Silent    float64 `json:"silent"`     // share of reports that name no symptom
	Vague     float64 `json:"vague"`      // share of the others that say "other"
	Complaint Mix     `json:"complaints"` // what is said of sites that are well
	// QuietExponent takes the place of Exponent on a good day; 0: it is the same.
	QuietExponent float64 `json:"quiet_exponent"`
	// Day is how far the rates swing about their mean over a day, 0 to 1: most
	// at 15:00 UTC, least twelve hours later.
	Day float64 `json:"day"`
	// Bursts spreads the rate of each site's quiet reports from minute to minute:
	// the σ of a log-normal factor of mean 1. 0: a Poisson process.
	Bursts   float64   `json:"bursts"`
	Networks []Network `json:"networks"`
}

// Network is one that reporters sit in.
type Network struct {
	ASN      uint32  `json:"asn"`
	Country  string  `json:"country"`
	Share    float64 `json:"share"`    // of all reporters, relative to the other networks
	Prefixes int     `json:"prefixes"` // how many /24 its reporters are spread over
}

// Echo is people reporting sites that are well, because others are not.
type Echo struct {
	Sites  []string  `json:"sites"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Factor float64   `json:"factor"` // times the rate of a good day
}

// Attack is people, or what claims to be people, reporting sites that are well.
type Attack struct {
	Sites     []string  `json:"sites"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	PerMinute float64   `json:"per_minute"` // reports of each site
	Symptoms  Mix       `json:"symptoms"`
	Networks  []Network `json:"networks"` // that they come from
	// People is how many they are: each names one site after another. 0: every
	// report is by a person of its own.
	People int `json:"people"`
}

// Dirt is what happens to events on their way.
type Dirt struct {
	Repeated float64 `json:"repeated"` // share that arrives twice
	Late     float64 `json:"late"`     // share that arrives late,
	LateS    int     `json:"late_s"`   // by up to so many seconds
}
