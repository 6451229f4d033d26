package api

import (
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
	return page.New(IncidentAnswer{Meta: m, Incident: inc})
}

// SiteAnswer is how one site does, with how old the answer is.
type SiteAnswer struct {
	Meta board.Meta `json:"meta"`
	faultline.SiteStatus
}
