package faultline

import "time"

// View is what a fold of the log knows at one moment besides its incidents: how
// the sites do that somebody has said something about, and what was counted.
// Readers hold the newest one in memory.
type View struct {
	AsOf time.Time `json:"as_of"`
	// SitesKnown counts the sites of the map, SitesObserved those of them that
	// probes or reports have judged in the last 15 minutes.
	SitesKnown    int `json:"sites_known"`
	SitesObserved int `json:"sites_observed"`
	Vantages      int `json:"vantages"` // with a result in the last 15 minutes
	// Sites are those with a report or a failed probe in the last 15 minutes,
	// the most reported first, at most [ViewSites].
	Sites []SiteStatus `json:"sites"`
	// Well are the sites whose probes all succeeded in the last 10 minutes and that
	// nobody reported, in order of name, at most [ViewSites].
	Well []WellSite `json:"well,omitempty"`
	// Networks are those that people reported from in the last 10 minutes, those
	// that reported most sites first, at most [ViewNetworks].
	Networks []NetworkStatus `json:"networks,omitempty"`
	Counters Counters        `json:"counters"`
	// Trace are the spans that led to it, where something is traced: for operators, and no part
	// of what is concluded.
	Trace string `json:"-"`
}

// The bounds of what a [View] carries.
const (
	ViewSites    = 20_000
	ViewNetworks = 2_000
)

// WellSite is a site that every recent probe found well.
type WellSite struct {
	Site   string `json:"site"`
	Probes int    `json:"probes"` // last 10 minutes
}

// NetworkStatus is what the people of one network say just now.
type NetworkStatus struct {
	ASN     int `json:"asn"`
	Sites   int `json:"sites"`   // that they reported, last 10 minutes
	Reports int `json:"reports"` // of theirs, last 10 minutes
	// Expected are the reports that 10 quiet minutes would bring.
	Expected float64 `json:"expected"`
}

// SiteStatus is how one site does just now.
type SiteStatus struct {
	Site  string    `json:"site"`
	Rank  int       `json:"rank"` // 0 is unknown
	State SiteState `json:"state"`
	// Symptom is the commonest failure, and ok when there is none. It is absent when nothing is observed.
	Symptom    Symptom     `json:"symptom,omitempty"`
	Components []Component `json:"components"`
	Reports    int         `json:"reports"` // counted, last 10 minutes
	// Expected are the reports that 10 quiet minutes would bring.
	Expected     float64    `json:"expected"`
	Probes       int        `json:"probes"`        // last 10 minutes
	ProbesFailed int        `json:"probes_failed"` // of those
	LastReportAt *time.Time `json:"last_report_at"`
	// FirstReportAt is of the oldest of Reports.
	FirstReportAt *time.Time `json:"first_report_at"`
	LastProbeAt   *time.Time `json:"last_probe_at"`
	Incidents     []string   `json:"incidents"` // ids of the open ones that it belongs to
}

// Counters conserve what was folded: every report and probe of the log is
// counted exactly once as counted, repeated, late or unreadable.
type Counters struct {
	Reports         int64 `json:"reports"`          // counted
	ReportsRepeated int64 `json:"reports_repeated"` // the same person and site within 10 minutes
	Probes          int64 `json:"probes"`           // counted
	ProbesRepeated  int64 `json:"probes_repeated"`  // the same site, vantage and time
	Late            int64 `json:"late"`             // more than 5 minutes behind the clock: left out
	Future          int64 `json:"future"`           // more than 2 minutes ahead: clamped, and counted above as well
	Refused         int64 `json:"refused"`          // beyond a bound of the engine
}
