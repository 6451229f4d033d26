package web

import (
	"strings"
	"testing"
	"time"

	"faultline"
)

func TestVerdicts(t *testing.T) {
	back := start.Add(time.Hour)
	incident := func(state faultline.IncidentState, kind, name string) *faultline.Incident {
		inc := &faultline.Incident{State: state}
		if kind != "" {
			inc.Cause = &faultline.Cause{Component: faultline.NewComponent(kind, name), Kind: kind, Name: name}
		}
		return inc
	}
	down := faultline.IncidentSite{State: faultline.SiteDown}
	cases := []struct {
		status         faultline.SiteStatus
		reported       bool
		cause          *faultline.Incident
		member         faultline.IncidentSite
		answer, reason string
	}{
		{cause: incident(faultline.StateConfirmed, "dns", "Dyn"), member: down,
			answer: "Yes: x.org is failing, and it is not just you.", reason: "Its DNS provider, Dyn, is failing."},
		{cause: incident(faultline.StateRecovering, "cdn", "Fastly"), member: down, answer: "Yes: x.org is failing",
			reason: "Its CDN, Fastly, is recovering."},
		{cause: incident(faultline.StateConfirmed, "site", "x.org"), member: down, answer: "Yes:",
			reason: "The fault is its own"},
		{cause: incident(faultline.StateConfirmed, "", ""), member: down, answer: "Yes:",
			reason: "nothing is known that they share"},
		{cause: incident(faultline.StateConfirmed, "tld", ".ru"), member: down, answer: "Yes:",
			reason: "The top-level domain .ru is failing."},
		{cause: incident(faultline.StateConfirmed, "isp", "AS812"),
			member: faultline.IncidentSite{State: faultline.SiteUnknown},
			answer: "It depends on where you are: x.org can’t be reached from AS812.",
			reason: "The internet provider AS812 is failing for many unrelated sites."},
		{cause: incident(faultline.StateCandidate, "cdn", "Fastly"), member: down, answer: "Perhaps:",
			reason: "Nothing confirms it yet."},
		{cause: incident(faultline.StateRecovering, "cdn", "Fastly"),
			member: faultline.IncidentSite{State: faultline.SiteRecovered, RecoveredAt: &back},
			answer: "x.org is back.", reason: "It failed until 10:47 UTC. Its CDN, Fastly, is recovering."},

		{answer: "We cannot tell how x.org does: nothing has checked it in the last 15 minutes."},
		{reported: true, status: faultline.SiteStatus{State: faultline.SiteDown, Symptom: "tls"}, answer: "Yes:",
			reason: "(certificate or encryption)"},
		{reported: true, status: faultline.SiteStatus{State: faultline.SiteDegraded, Symptom: "http_502"},
			answer: "Partly:", reason: "(error 502)"},
		{reported: true, status: faultline.SiteStatus{State: faultline.SiteOK},
			answer: "No: x.org works as seen from our probes."},
		{reported: true, status: faultline.SiteStatus{State: faultline.SiteOK, Reports: 3},
			answer: "Not that we can see"},
		{reported: true, status: faultline.SiteStatus{State: faultline.SiteRecovered}, answer: "x.org is back."},
		{reported: true, status: faultline.SiteStatus{State: faultline.SiteUnknown, Reports: 3},
			answer: "We can’t tell: people report x.org, and no probe confirms it."},
		{reported: true, status: faultline.SiteStatus{State: faultline.SiteUnknown, Reports: 3, Probes: 2,
			ProbesFailed: 1}, answer: "We can’t tell how x.org does just now."},
	}
	v := observing(t)
	for _, c := range cases {
		answer, reason := v.verdict("x.org", c.status, c.reported, c.cause, c.member)
		if !strings.HasPrefix(answer, c.answer) || !strings.Contains(reason, c.reason) {
			t.Errorf("%+v: %q %q, want %q %q", c.status, answer, reason, c.answer, c.reason)
		}
	}
}

// watched is a source whose vantages observe every site.
type watched struct{ nobody }

func (watched) Coverage() faultline.Coverage {
	return faultline.Coverage{State: faultline.Observing, Observed: 10, Known: 10, Vantages: 2}
}

func (watched) View() faultline.View {
	return faultline.View{AsOf: start, SitesKnown: 10, SitesObserved: 10, Vantages: 2}
}

// observing speaks English of a world that is observed.
func observing(t *testing.T) *localizer {
	t.Helper()
	v := english(t)
	v.cfg.Source = watched{}
	return v
}

func TestWhereReportsAloneTellThereIsNoDenominator(t *testing.T) {
	points := []point{{At: start.Add(time.Minute), Failing: 40, Observed: 3},
		{At: start.Add(time.Hour), Failing: 739, Observed: 3}}
	inc := incidentOf(points)
	inc.Basis, inc.Cause = faultline.BasisReports, &faultline.Cause{Component: "isp:AS812", Kind: "isp", Name: "AS812"}
	rows := english(t).tallies(&inc)
	if rows[0].N != "739" || rows[0].Of != "" || rows[0].What != "sites seen from AS812 are failing" {
		t.Errorf("%+v", rows)
	}
	c := english(t).chartOf(&inc, points, points[1].At)
	if len(c.Shapes) != 2 || len(c.Ends) > 0 || c.Grid[len(c.Grid)-1].Label != "800" {
		t.Errorf("%d shapes under %v", len(c.Shapes), c.Grid)
	}
}
