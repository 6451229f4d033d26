package api

import (
	"cmp"
	"slices"
	"time"

	"faultline"
)

// said is one update: what was said of an incident, and when.
type said struct {
	kind         string // of what our own updates are told apart by
	at           time.Time
	status, body string
	parts        string // the status of the parts that it concerns
}

// lifeOf is what was said of an incident, newest first: what we concluded, and what
// the provider said. Programs keep updates by their ids and never read one again,
// so that nothing in one may depend on what is concluded later: no count, no title,
// no cause. Changes are the revisions that changed its state: an incident that fails again
// forgets that it recovered, and its readers must not.
func lifeOf(inc *faultline.Incident, changes []faultline.Incident) []said {
	life := []said{{"detected", inc.DetectedAt, "investigating", "There are signs of an outage.",
		"degraded_performance"}}
	if inc.ConfirmedAt != nil {
		life = append(life, said{"confirmed", *inc.ConfirmedAt, "identified", "The outage is confirmed.",
			"partial_outage"})
	}
	life = append(life, endings(inc, changes)...)
	for _, s := range inc.Statements {
		life = append(life, said{"statement", s.At, statementStatus(s.Status), "The provider says (" +
			s.Status + "): " + s.Text, "degraded_performance"})
	}
	slices.SortStableFunc(life, func(a, b said) int { return cmp.Compare(b.at.UnixMilli(), a.at.UnixMilli()) })
	return life
}

// endings is each time that an incident recovered, ended or failed again. What changes do not
// know of yet is taken from the incident itself.
func endings(inc *faultline.Incident, changes []faultline.Incident) (life []said) {
	back := "" // the last of them since the sites failed
	ended := func(of *faultline.Incident) {
		if of.RecoveringAt != nil && back == "" {
			back = "recovering"
			life = append(life, said{back, *of.RecoveringAt, "monitoring", "Most of the sites work again.",
				"degraded_performance"})
		}
		if of.ResolvedAt != nil && back != "resolved" {
			back = "resolved"
			life = append(life, said{back, *of.ResolvedAt, "resolved", "The outage is over.", "operational"})
		}
	}
	for i := range changes {
		change := &changes[i]
		if change.State == faultline.StateConfirmed && back != "" {
			life = append(life, said{"again", change.UpdatedAt, "identified", "Sites are failing again.",
				"partial_outage"})
			back = ""
		}
		ended(change)
	}
	ended(inc)
	return life
}
