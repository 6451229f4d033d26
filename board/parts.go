package board

import (
	"slices"

	"faultline"
)

const (
	// maxParts bounds the sites that are looked at for one cause, the most visited first.
	maxParts = 20_000
	// partsKept bounds the incidents that are named for one site.
	partsKept = 4
)

// parts says which sites answer while parts of their pages come from what fails. It follows
// from the open incidents and from the list of sites, and nothing is concluded from it: no
// such site counts as failing, and none is a member of the incident.
type parts struct {
	bySite     map[string][]*Entry // the foremost first
	byIncident map[string][]string // the most visited first
}

// PartsOf returns the open incidents whose causes serve parts of a site's page, while the
// site itself answers; the foremost first.
func (s *Snapshot) PartsOf(site string) []*Entry { return s.findParts().bySite[site] }

// PartlyOf returns the sites that may load only in part because of an incident, the most
// visited first and at most limit of them, and how many there are.
func (s *Snapshot) PartlyOf(id string, limit int) (sites []string, total int) {
	all := s.findParts().byIncident[id]
	return all[:min(len(all), limit)], len(all)
}

// findParts goes through the sites that use what fails, once a snapshot.
func (s *Snapshot) findParts() parts {
	s.partsOnce.Do(func() {
		s.parts = parts{map[string][]*Entry{}, map[string][]string{}}
		if s.uses == nil || s.Blind() {
			return
		}
		for _, e := range s.Order {
			for _, site := range s.usersOf(e) {
				if len(s.parts.bySite[site]) < partsKept {
					s.parts.bySite[site] = append(s.parts.bySite[site], e)
				}
				s.parts.byIncident[e.Incident.ID] = append(s.parts.byIncident[e.Incident.ID], site)
			}
		}
	})
	return s.parts
}

// usersOf are the sites that answer and whose pages use the cause of a confirmed incident.
// What is merely suspected, or recovers, is not said to be missing.
func (s *Snapshot) usersOf(e *Entry) []string {
	inc := &e.Incident
	if inc.State != faultline.StateConfirmed || inc.Cause == nil {
		return nil
	}
	of := append([]faultline.Component{inc.Cause.Component}, inc.Cause.Aka...)
	return slices.DeleteFunc(s.uses.Users(of, maxParts), func(site string) bool { return !s.answers(site) })
}

// answers reports whether every recent probe of a site succeeded and no open incident has it.
func (s *Snapshot) answers(site string) bool {
	status, known := s.Site(site)
	return known && status.State == faultline.SiteOK && status.Probes > 0 && status.ProbesFailed == 0 &&
		len(status.Incidents) == 0
}

// PartsOf returns the open incidents whose causes serve parts of a site's page; see
// [Snapshot.PartsOf].
func (b *Board) PartsOf(site string) []faultline.Incident {
	s := b.current.Load()
	if s == nil {
		return nil
	}
	var out []faultline.Incident
	for _, e := range s.PartsOf(site) {
		out = append(out, e.Incident)
	}
	return out
}

// PartlyOf returns the sites that may load only in part because of an incident; see
// [Snapshot.PartlyOf].
func (b *Board) PartlyOf(id string, limit int) (sites []string, total int) {
	if s := b.current.Load(); s != nil {
		return s.PartlyOf(id, limit)
	}
	return nil, 0
}
