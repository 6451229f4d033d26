package api

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"faultline"
	"faultline/board"
)

const (
	statuspageIncidents = 50 // as many as live pages list
	statuspageParts     = 50
	statuspageTime      = "2006-01-02T15:04:05.000Z"
)

// From these shares of its sites that fail on, an incident's impact is major, and
// critical.
const (
	majorFrom    = 0.1
	criticalFrom = 0.5
)

// statuspagePage is a page while it is put together.
type statuspagePage struct {
	StatuspagePage
	api   *api
	snap  *board.Snapshot
	of    statuspageOf
	parts []StatuspageComponent
	// changes are the revisions of an incident that changed its state, as far as they are
	// known.
	changes func(*faultline.Incident) []faultline.Incident
}

// opaqueID makes one of the ids of 12 letters and digits that clients expect.
func opaqueID(of ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(of, "\n")))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:12])
}

func statuspageAt(t time.Time) string { return t.UTC().Format(statuspageTime) }

func statuspageAtOr(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := statuspageAt(*t)
	return &text
}

func (a *api) newStatuspagePage(ctx context.Context, s *board.Snapshot, of statuspageOf) *statuspagePage {
	p := &statuspagePage{
		api:     a,
		snap:    s,
		of:      of,
		parts:   []StatuspageComponent{},
		changes: a.changes.within(ctx, a.cfg.Board),
		StatuspagePage: StatuspagePage{
			ID: opaqueID("page", of.key()), Name: "Faultline", URL: a.cfg.Board.PublicURL() + "/",
			TimeZone: "Etc/UTC", UpdatedAt: statuspageAt(a.asOf(s))},
	}
	if of.stack != nil {
		p.stackParts()
		return p
	}
	components := a.cfg.Index.Largest(statuspageParts)
	if of.provider != nil {
		p.Name, p.URL = of.provider.Name, a.cfg.Board.PublicURL()+"/provider/"+of.provider.Slug
		components = a.parts(s)[of.provider.Slug]
		components = components[:min(len(components), statuspageParts)]
	}
	if of.component == "" {
		for _, c := range components {
			p.part(string(c), c.DisplayName(), a.stateNow(s, c), a.componentStatus(s, c))
		}
		return p
	}
	p.Name, p.URL = of.component.DisplayName(), a.cfg.Board.PublicURL()+"/component/"+of.component.Path()
	sites, _, _ := a.cfg.Index.Members(of.component, statuspageParts)
	for _, site := range sites {
		p.part(site, site, s.Status(faultline.SiteRecord{Site: site}).State, siteStatus)
	}
	return p
}

// stackParts appends what somebody depends on.
func (p *statuspagePage) stackParts() {
	p.Name, p.URL = "What you depend on", p.api.cfg.Board.PublicURL()+"/stack?of="+url.QueryEscape(p.of.names())
	stack := p.snap.Stack(p.api.cfg.Index, p.of.stack)
	if len(stack.Things) == 1 {
		p.Name = stack.Things[0].Name
	}
	for _, t := range stack.Things {
		p.part(t.ID, t.Name, stackParts[t.State], siteStatus)
	}
}

// stackParts are the states of things as those of sites, which have words there.
var stackParts = map[board.StackState]faultline.SiteState{board.StackFailing: faultline.SiteDown,
	board.StackRecovering: faultline.SiteDegraded, board.StackSuspected: faultline.SiteDegraded,
	board.StackOK: faultline.SiteOK, board.StackUnknown: faultline.SiteUnknown}

// part appends a part that has been there since the beginning of time: we do not
// know since when.
func (p *statuspagePage) part(id, name string, state faultline.SiteState, word func(faultline.SiteState) string) {
	part := StatuspageComponent{ID: opaqueID("part", p.of.key(), id), Name: name, Status: word(state),
		CreatedAt: statuspageAt(time.Unix(0, 0)), UpdatedAt: p.UpdatedAt, Position: len(p.parts) + 1, PageID: p.ID}
	if part.Status == statusUnknown {
		part.Description = new(notObserved)
	}
	p.parts = append(p.parts, part)
}

// Statuspage has no word for a part whose state is not known. Maintenance is the only
// one of its words that clients draw neither as well nor as broken and that pages
// nobody; the description says what is meant.
const (
	statusUnknown = "under_maintenance"
	notObserved   = "Not observed: its state is not known."
)

// siteStatus is a site's state in their words. What is not observed is not said to
// work.
func siteStatus(state faultline.SiteState) string {
	switch state {
	case faultline.SiteDown:
		return "major_outage"
	case faultline.SiteDegraded:
		return "degraded_performance"
	case faultline.SiteOK, faultline.SiteRecovered:
		return "operational"
	}
	return statusUnknown
}

// componentStatus is the state of a piece of infrastructure in their words: an outage of it
// is major when half of the sites that tell something of it fail.
func (a *api) componentStatus(s *board.Snapshot, component faultline.Component) func(faultline.SiteState) string {
	return func(state faultline.SiteState) string {
		if state != faultline.SiteDown {
			return siteStatus(state)
		}
		t := s.Tally(a.cfg.Index, component)
		if t.Observed > 0 && float64(t.Failing) < criticalFrom*float64(t.Observed) {
			return "partial_outage"
		}
		return siteStatus(state)
	}
}

// incidents are the newest ones of the page, but for those that were none.
func (p *statuspagePage) incidents(most int) []StatuspageIncident {
	out := []StatuspageIncident{}
	for _, e := range p.snap.Order {
		inc := &e.Incident
		if !p.of.has(inc) || inc.State == faultline.StateMerged || inc.State == faultline.StateRetracted {
			continue
		}
		if out = append(out, p.incident(inc)); len(out) == most {
			break
		}
	}
	return out
}

// drillTitle is the title of an incident where nothing else says that it is not happening.
func drillTitle(inc *faultline.Incident) string {
	if inc.Drill {
		return "DRILL: " + inc.Title
	}
	return inc.Title
}

func (p *statuspagePage) incident(inc *faultline.Incident) StatuspageIncident {
	out := StatuspageIncident{ID: opaqueID("incident", inc.ID), Name: drillTitle(inc), Status: incidentStatus(inc),
		CreatedAt: statuspageAt(
			inc.DetectedAt,
		), UpdatedAt: statuspageAt(inc.UpdatedAt), StartedAt: statuspageAt(inc.Onset.At),
		MonitoringAt: statuspageAtOr(
			inc.RecoveringAt,
		), ResolvedAt: statuspageAtOr(inc.ResolvedAt), Impact: impactOf(inc),
		Shortlink: p.api.cfg.Board.PublicURL() + "/incident/" + inc.ID, PageID: p.ID,
		Components: []StatuspageComponent{}}
	for i, part := range p.parts {
		if p.of.stack != nil {
			if p.of.stack[i].Takes(inc) {
				out.Components = append(out.Components, part)
			}
			continue
		}
		onPage := inc.Cause != nil && part.ID == opaqueID("part", p.of.key(), string(inc.Cause.Component))
		for _, s := range inc.Sites {
			onPage = onPage || part.ID == opaqueID("part", p.of.key(), s.Site)
		}
		if onPage {
			out.Components = append(out.Components, part)
		}
	}
	out.IncidentUpdates = p.updates(inc, out)
	return out
}

// statementStatus is a provider's word in their words. That the provider calls it
// resolved does not end the incident: that is ours to say.
func statementStatus(word string) string {
	switch word = strings.ToLower(word); word {
	case "identified", "monitoring":
		return word
	case "resolved":
		return "monitoring"
	}
	return "investigating"
}

// updates are the life of an incident in their shape.
func (p *statuspagePage) updates(inc *faultline.Incident, of StatuspageIncident) []StatuspageUpdate {
	life := lifeOf(inc, p.changes(inc))
	out := make([]StatuspageUpdate, len(life))
	for i, l := range life {
		at := statuspageAt(l.at)
		id := opaqueID("update", inc.ID, l.kind, at)
		if l.kind == "statement" { // several may be of one moment
			id = opaqueID("update", inc.ID, l.kind, at, l.body)
		}
		out[i] = StatuspageUpdate{ID: id, Status: l.status, Body: l.body, IncidentID: of.ID,
			CreatedAt: at, UpdatedAt: at, DisplayAt: at, AffectedComponents: []StatuspageAffected{},
			DeliverNotifications: true}
		for _, part := range of.Components {
			out[i].AffectedComponents = append(out[i].AffectedComponents,
				StatuspageAffected{Code: part.ID, Name: part.Name, OldStatus: "operational", NewStatus: l.parts})
		}
	}
	return out
}

// incidentStatus is a state in their words.
func incidentStatus(inc *faultline.Incident) string {
	switch {
	case inc.State == faultline.StateRecovering:
		return "monitoring"
	case !inc.State.Open():
		return "resolved"
	case inc.State == faultline.StateConfirmed && inc.Cause != nil:
		return "identified"
	}
	return "investigating"
}

// impactOf is how bad an incident is at its worst, by the share that fails.
func impactOf(inc *faultline.Incident) string {
	share := inc.Scope.Fraction
	if n := inc.Impact.Observed; n > 0 {
		share = float64(inc.Impact.PeakFailing) / float64(max(n, inc.Impact.PeakFailing))
	}
	switch {
	case inc.State == faultline.StateCandidate || share < majorFrom:
		return "minor"
	case share < criticalFrom:
		return "major"
	}
	return "critical"
}
