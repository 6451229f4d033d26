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
	faultline.SiteStatus
	// OwnerIncident is the weightiest open incident of what the site's owner runs, such as
	// a cloud: that the site itself answers says nothing of that.
	OwnerIncident *IncidentRef `json:"owner_incident,omitempty"`
	// CertificateEnds is when the site's certificate ends, if that is within seven days.
	CertificateEnds *time.Time `json:"certificate_ends,omitempty" format:"date-time"`
	// Maintenances are what providers announce for components of the site.
	Maintenances []faultline.Maintenance `json:"maintenances,omitempty"`
}

// siteAnswer adds to how a site does what is known of the time to come.
func (a *api) siteAnswer(s *board.Snapshot, status faultline.SiteStatus) SiteAnswer {
	answer := SiteAnswer{Meta: s.Meta, SiteStatus: status}
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
