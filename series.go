package faultline

import "time"

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
}

// SeriesPoint is one step of a [Series]. Counts are of the step alone.
type SeriesPoint struct {
	At      time.Time `json:"at"`      // the beginning of the step
	Reports int       `json:"reports"` // counted reports of failure
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
	BlameProvider Blame = "provider" // something that the site stands on
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
