package dump

import (
	"time"

	"faultline"
)

// Site is a line of sites.ndjson.gz.
type Site struct {
	Site      string       `json:"site" parquet:"site"`
	Name      string       `json:"name" parquet:"name"`       // empty: not known
	Rank      int          `json:"rank" parquet:"rank"`       // 1 is the most visited; 0: not known
	Country   string       `json:"country" parquet:"country"` // empty: not known
	DependsOn []Dependency `json:"depends_on" parquet:"depends_on,list"`
}

// Dependency is a component of a site, and how that is known.
type Dependency struct {
	Component  faultline.Component `json:"component" parquet:"component"`
	Source     string              `json:"source" parquet:"source"`         // in words; empty: not said
	Date       string              `json:"date" parquet:"date"`             // of which day the source is; empty: not said
	Confidence float64             `json:"confidence" parquet:"confidence"` // 0 to 1; 0: not said
}

// Hour is a line of series.ndjson.gz: one hour of one site that was observed.
type Hour struct {
	Site string    `json:"site" parquet:"site"`
	At   time.Time `json:"at" parquet:"at,timestamp(millisecond)"` // its beginning
	// Reports of people who said that the site fails; null: there were some, and too few
	// for their number to be given, see [MinReports].
	Reports      *int `json:"reports" parquet:"reports,optional"`
	Probes       int  `json:"probes" parquet:"probes"`
	ProbesFailed int  `json:"probes_failed" parquet:"probes_failed"`
}

// Revision is a line of incidents.ndjson.gz: a revision as the API publishes it, but for
// its counts of people. Of those it has one number, see [atLeast]. Hash is that of the
// revision as it was published, with all counts.
type Revision struct {
	faultline.Incident
	Evidence   Evidence    `json:"evidence"`
	Sites      []SiteOf    `json:"sites"`
	Exonerated []SiteOfOne `json:"exonerated"`
	// Withheld: the revision has counts of people that are left out here, so that its hash
	// can't be computed from this line.
	Withheld bool `json:"withheld"`
}

// Evidence is what probes saw since the onset, and how many people reported.
type Evidence struct {
	// PeopleAtLeast is how many people reported, rounded down to a multiple of [MinPeople];
	// null: there were some, and fewer than that.
	PeopleAtLeast *int `json:"people_at_least"`
	Probes        int  `json:"probes"`
	ProbesFailed  int  `json:"probes_failed"`
	Vantages      int  `json:"vantages"`
}

// SiteOf is a site of an incident.
type SiteOf struct {
	Site         string              `json:"site" parquet:"site"`
	Member       faultline.Member    `json:"member" parquet:"member"`
	State        faultline.SiteState `json:"state" parquet:"state"`
	Symptom      faultline.Symptom   `json:"symptom" parquet:"symptom"`
	Onset        time.Time           `json:"onset" parquet:"onset,timestamp(millisecond)"`
	RecoveredAt  *time.Time          `json:"recovered_at" parquet:"recovered_at,optional,timestamp(millisecond)"`
	Probes       int                 `json:"probes" parquet:"probes"`
	ProbesFailed int                 `json:"probes_failed" parquet:"probes_failed"`
}

// SiteOfOne is a site that people reported during an incident and that probes found well.
type SiteOfOne struct {
	Site   string `json:"site"`
	Probes int    `json:"probes"` // all of them succeeded
}

// revisionOf is the row of a revision. Its own evidence, sites and exonerated sites
// take the place of the incident's, because these have counts of people.
func revisionOf(inc faultline.Incident) Revision {
	e := inc.Evidence
	r := Revision{Incident: inc.WithoutTimeline(), Sites: make([]SiteOf, 0, len(inc.Sites)),
		Exonerated: make([]SiteOfOne, 0, len(inc.Exonerated)),
		Evidence: Evidence{PeopleAtLeast: atLeast(e.Reporters, e.Reports), Probes: e.Probes,
			ProbesFailed: e.ProbesFailed, Vantages: e.Vantages},
		Withheld: e.Reports > 0 || e.Reporters > 0 || e.Networks > 0 || len(e.Countries) > 0 || e.Readers != nil ||
			len(inc.Exonerated) > 0}
	for _, s := range inc.Sites {
		r.Withheld = r.Withheld || s.Reports > 0
		r.Sites = append(r.Sites, SiteOf{Site: s.Site, Member: s.Member, State: s.State, Symptom: s.Symptom,
			Onset: s.Onset, RecoveredAt: s.RecoveredAt, Probes: s.Probes, ProbesFailed: s.ProbesFailed})
	}
	for _, x := range inc.Exonerated {
		r.Exonerated = append(r.Exonerated, SiteOfOne{x.Site, x.Probes})
	}
	return r
}

// Columns is a row of incidents.parquet: what a [Revision] has that fits a table.
type Columns struct {
	ID           string     `json:"id" parquet:"id"`
	Revision     int        `json:"revision" parquet:"revision"`
	State        string     `json:"state" parquet:"state"`
	Basis        string     `json:"basis" parquet:"basis"`
	Title        string     `json:"title" parquet:"title"`
	Headline     string     `json:"headline" parquet:"headline"`
	Cause        *string    `json:"cause" parquet:"cause,optional"` // kind:name; null: unattributed
	CauseKind    *string    `json:"cause_kind" parquet:"cause_kind,optional"`
	CauseName    *string    `json:"cause_name" parquet:"cause_name,optional"`
	Confidence   *float64   `json:"confidence" parquet:"confidence,optional"`
	Onset        time.Time  `json:"onset" parquet:"onset,timestamp(millisecond)"`
	Earliest     time.Time  `json:"onset_earliest" parquet:"onset_earliest,timestamp(millisecond)"`
	Latest       time.Time  `json:"onset_latest" parquet:"onset_latest,timestamp(millisecond)"`
	DetectedAt   time.Time  `json:"detected_at" parquet:"detected_at,timestamp(millisecond)"`
	ConfirmedAt  *time.Time `json:"confirmed_at" parquet:"confirmed_at,optional,timestamp(millisecond)"`
	RecoveringAt *time.Time `json:"recovering_at" parquet:"recovering_at,optional,timestamp(millisecond)"`
	ResolvedAt   *time.Time `json:"resolved_at" parquet:"resolved_at,optional,timestamp(millisecond)"`
	UpdatedAt    time.Time  `json:"updated_at" parquet:"updated_at,timestamp(millisecond)"`
	Worldwide    bool       `json:"worldwide" parquet:"worldwide"`
	Failing      int        `json:"failing" parquet:"failing"`
	Observed     int        `json:"observed" parquet:"observed"`
	PeakFailing  int        `json:"peak_failing" parquet:"peak_failing"`
	Joined       int        `json:"joined" parquet:"joined"`
	ElsewhereF   int        `json:"elsewhere_failing" parquet:"elsewhere_failing"`
	ElsewhereO   int        `json:"elsewhere_observed" parquet:"elsewhere_observed"`
	People       *int       `json:"people_at_least" parquet:"people_at_least,optional"`
	Probes       int        `json:"probes" parquet:"probes"`
	ProbesFailed int        `json:"probes_failed" parquet:"probes_failed"`
	Vantages     int        `json:"vantages" parquet:"vantages"`
	SitesTotal   int        `json:"sites_total" parquet:"sites_total"`
	Sites        []SiteOf   `json:"sites" parquet:"sites,list"`
	MergedInto   *string    `json:"merged_into" parquet:"merged_into,optional"`
	Hash         string     `json:"hash" parquet:"hash"`
	Withheld     bool       `json:"withheld" parquet:"withheld"`
}

// columnsOf is the same row in columns.
func columnsOf(r Revision) Columns {
	c := Columns{ID: r.ID, Revision: r.Incident.Revision, State: string(r.State), Basis: r.Basis, Title: r.Title,
		Headline: r.Headline, Onset: r.Onset.At, Earliest: r.Onset.Earliest, Latest: r.Onset.Latest,
		DetectedAt: r.DetectedAt, ConfirmedAt: r.ConfirmedAt, RecoveringAt: r.RecoveringAt, ResolvedAt: r.ResolvedAt,
		UpdatedAt: r.UpdatedAt, Worldwide: r.Scope.Worldwide, Failing: r.Impact.Failing, Observed: r.Impact.Observed,
		PeakFailing: r.Impact.PeakFailing, Joined: r.Impact.Joined, ElsewhereF: r.Impact.ElsewhereFailing,
		ElsewhereO: r.Impact.ElsewhereObserved, People: r.Evidence.PeopleAtLeast, Probes: r.Evidence.Probes,
		ProbesFailed: r.Evidence.ProbesFailed, Vantages: r.Evidence.Vantages, SitesTotal: r.SitesTotal,
		Sites: r.Sites, MergedInto: r.MergedInto, Hash: r.Hash, Withheld: r.Withheld}
	if r.Cause != nil {
		name := string(r.Cause.Component)
		c.Cause, c.CauseKind, c.CauseName, c.Confidence = &name, &r.Cause.Kind, &r.Cause.Name, &r.Cause.Confidence
	}
	return c
}
