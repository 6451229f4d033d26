package faultline

import (
	"math"
	"time"
)

// Series is how a site or a component did over time: what people reported and
// what probes saw, one point a step, oldest first, with no gaps. It is what the
// charts are drawn from.
type Series struct {
	// Of is the site, or the component as kind:name.
	Of string `json:"of"`
	// StepS is the length of a step in seconds: 60, 300 or 3600.
	StepS int `json:"step_s"`
	// Points cover whole steps of UTC, the last one may still be filling.
	Points []SeriesPoint `json:"points"`
	// CompleteUntil is the end of the last minute whose counts are stored; zero: none is.
	CompleteUntil time.Time `json:"complete_until"`
}

// PointState says what the counts of a step are worth.
type PointState string

// The states of a step. The zero value is a step that was observed: its counts are
// counts, and 0 means none.
const (
	PointObserved    PointState = ""
	PointUnfinished  PointState = "unfinished"   // the step is still filling
	PointNotObserved PointState = "not_observed" // nobody looked: there are no counts
	PointNotStored   PointState = "not_stored"   // its counts are not written yet
)

// Counted reports whether a step has counts at all.
func (s PointState) Counted() bool { return s != PointNotObserved && s != PointNotStored }

// SeriesPoint is one step of a [Series]. Counts are of the step alone.
type SeriesPoint struct {
	At      time.Time  `json:"at"` // the beginning of the step
	State   PointState `json:"state"`
	Reports int        `json:"reports"` // counted reports of failure
	// Expected and ExpectedHigh are the reports that a quiet step at this hour
	// would bring: the mean, and the end of the band that 99 of 100 quiet steps
	// stay within.
	Expected     float64 `json:"expected"`
	ExpectedHigh float64 `json:"expected_high"`
	Probes       int     `json:"probes"`
	ProbesFailed int     `json:"probes_failed"`
	// Sites and SitesFailing say, of a component, how many members were observed
	// at the end of the step and how many of them were failing; 0 for a site.
	Sites        int `json:"sites"`
	SitesFailing int `json:"sites_failing"`
}

// Blame says where a visitor's trouble with a site most likely lies.
type Blame string

// The answers to "is it me?".
const (
	BlameSite     Blame = "site"     // the site's own fault
	BlameProvider Blame = "provider" // something that the site depends on
	BlameISP      Blame = "isp"      // the viewer's own network
	BlameYou      Blame = "you"      // everyone else is fine
	BlameUnknown  Blame = "unknown"  // we do not know
)

// Verdict answers "is it me?" for one site and one viewer's network, with the
// numbers that say so. The network is taken from the request and never stored.
type Verdict struct {
	Site  string `json:"site"`
	Blame Blame  `json:"blame"`
	// Because is one English sentence for people.
	Because string `json:"because"`
	// Incident is the one that explains it; null when there is none.
	Incident *Incident `json:"incident"`
	// Partly says that the site answers and that only parts of its page come from what fails.
	Partly bool `json:"partly,omitzero"`
	// Of the site, the last 10 minutes.
	Reports      int `json:"reports"`
	Probes       int `json:"probes"`
	ProbesFailed int `json:"probes_failed"`
	// Of the viewer's network: its ASN (0 when not known), the sites that its
	// people reported in the last 10 minutes, and how many reports they made.
	ASN            int `json:"asn"`
	NetworkSites   int `json:"network_sites"`
	NetworkReports int `json:"network_reports"`
}

// SeriesRow is one minute or hour of a [Series] on its way to where series are
// kept. Its values are absolute: to write one twice changes nothing, and a later
// one of the same step replaces it. What is silent, without a report or a failed
// probe, has no row of its minutes; its hour counts the probes.
type SeriesRow struct {
	Of    string
	StepS int // 60 or 3600
	// Covered is, of an hour, how many of its minutes the counts are of.
	Covered int
	// Stands: Point's Sites and SitesFailing are set. A row that corrects an older minute leaves
	// them as they were.
	Stands bool
	Point  SeriesPoint // ExpectedHigh stays 0: it follows from Expected
}

// The steps that a series comes in, in seconds.
const (
	StepMinute      = 60
	StepFiveMinutes = 300
	StepHour        = 3600
)

// ReportDispersion is how much more the reports of one site in a step vary than
// a Poisson count would: the variance is mean + ReportDispersion·mean².
const ReportDispersion = 0.3

// reportsWithin is the share of quiet steps that stay at or below ExpectedHigh.
const reportsWithin = 0.99

// ExpectedHigh returns the end of the band that 99 of 100 quiet steps stay
// within when they bring mean reports: a quantile of the negative binomial
// distribution. A mean of 0 gives 0.
func ExpectedHigh(mean float64) float64 {
	if !(mean > 0) {
		return 0
	}
	const r = 1 / ReportDispersion
	q := mean / (mean + r)
	p := math.Pow(1-q, r) // of no report at all
	sum := p
	for k := 0.0; ; k++ {
		if sum >= reportsWithin || k >= maxBand {
			return k
		}
		p *= q * (k + r) / (k + 1)
		sum += p
	}
}

// maxBand bounds the end of a band, so that no mean makes it endless.
const maxBand = 1e6
