package api

import (
	"slices"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"
)

// IncidentAnswer is an incident with how old the answer is.
type IncidentAnswer struct {
	Meta board.Meta `json:"meta"`
	faultline.Incident
}

// revisionPage renders one revision, which never changes: its meta says when it
// was told.
func (a *api) revisionPage(inc faultline.Incident) (*page.Page, error) {
	m := board.NewMeta(a.cfg.Board.PublicURL())
	m.AsOf, m.Vantages = &inc.UpdatedAt, inc.Evidence.Vantages // of a state that is past, coverage says nothing
	return page.New(IncidentAnswer{Meta: m, Incident: inc.WithoutTimeline()})
}

// SiteAnswer is how one site does, with how old the answer is.
type SiteAnswer struct {
	Meta board.Meta `json:"meta"`
	SiteNow
	// OwnerIncident is the weightiest open incident of what the site's owner runs, such as
	// a cloud: that the site itself answers says nothing of that.
	OwnerIncident *IncidentRef `json:"owner_incident,omitempty"`
	// Uses are the components that serve parts of the site's page, such as scripts, styles and fonts, from
	// other hosts. It is absent where nothing is known.
	Uses []faultline.Component `json:"uses,omitempty"`
	// DegradedBy are the confirmed incidents of such components while the site itself answers: parts of its
	// page may be missing. The site's state is degraded then, and it counts as failing nowhere.
	DegradedBy []IncidentRef `json:"degraded_by,omitempty"`
	// CertificateEnds is when the site's certificate ends, if that is within seven days.
	CertificateEnds *time.Time `json:"certificate_ends,omitempty" format:"date-time"`
	// Maintenances are what providers announce for components of the site.
	Maintenances []faultline.Maintenance `json:"maintenances,omitempty"`
}

// SiteNow is how one site does. With as_of it is what the incidents that were open then said of
// it: a site that none of them named is unknown, and what only ten minutes of the present can
// say is null.
type SiteNow struct {
	Site  string              `json:"site"`
	Rank  int                 `json:"rank"` // 0 is unknown
	State faultline.SiteState `json:"state"`
	// Symptom is the commonest failure, and ok when there is none. It is absent when nothing is observed.
	Symptom    faultline.Symptom     `json:"symptom,omitempty"`
	Components []faultline.Component `json:"components"` // by our list of sites as it is now
	Reports    *int                  `json:"reports"`    // counted, last 10 minutes
	// Expected are the reports that 10 quiet minutes would bring.
	Expected      *float64   `json:"expected"`
	Probes        *int       `json:"probes"`        // last 10 minutes
	ProbesFailed  *int       `json:"probes_failed"` // of those
	LastReportAt  *time.Time `json:"last_report_at"`
	FirstReportAt *time.Time `json:"first_report_at"` // of the oldest of reports
	LastProbeAt   *time.Time `json:"last_probe_at"`
	Incidents     []string   `json:"incidents"` // ids of the open ones that it belongs to
}

// siteThen is a site as the incidents that were open at a moment had it.
func siteThen(s faultline.SiteStatus) SiteNow {
	return SiteNow{Site: s.Site, Rank: s.Rank, State: s.State, Symptom: s.Symptom, Components: s.Components,
		Incidents: s.Incidents}
}

// siteNow is a site as it does now, with the counts of the last minutes.
func siteNow(s faultline.SiteStatus) SiteNow {
	now := siteThen(s)
	now.Reports, now.Expected, now.Probes, now.ProbesFailed = &s.Reports, &s.Expected, &s.Probes, &s.ProbesFailed
	now.LastReportAt, now.FirstReportAt, now.LastProbeAt = s.LastReportAt, s.FirstReportAt, s.LastProbeAt
	return now
}

// siteAnswer adds to how a site does what is known of the time to come.
func (a *api) siteAnswer(s *board.Snapshot, record faultline.SiteRecord) SiteAnswer {
	status := s.Status(record)
	answer := SiteAnswer{Meta: s.Meta, SiteNow: siteNow(status), Uses: record.Uses}
	for _, e := range s.PartsOf(record.Site) {
		answer.DegradedBy = append(answer.DegradedBy, newIncidentRef(&e.Incident, a.cfg.Board.PublicURL()))
	}
	if e := s.OfOwner(status.Site); e != nil {
		ref := newIncidentRef(&e.Incident, a.cfg.Board.PublicURL())
		answer.OwnerIncident = &ref
	}
	if c, ok := a.cfg.Notices.Certificate(status.Site); ok {
		answer.CertificateEnds = &c.Ends
	}
	answer.Maintenances = a.cfg.Notices.Maintenances(func(c faultline.Component) bool {
		return slices.Contains(status.Components, c)
	})
	return answer
}
