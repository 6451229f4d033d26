package faultline

import (
	"fmt"
	"time"
)

// Coverage is what can be said at all just now. Every surface asks it before it says
// that something works: while nothing observes, nothing is operational, fine or zero,
// it is unknown.
type Coverage struct {
	State    CoverageState `json:"state"`
	Observed int           `json:"observed"` // sites of the map that were judged in the last 15 minutes
	Known    int           `json:"known"`    // sites of the map
	Vantages int           `json:"vantages"` // that reported in the last 15 minutes and can be believed
	// Note is one English sentence or two on what is missing and what to do about it;
	// empty while everything is observed.
	Note string `json:"note,omitempty"`
}

// coverageReach is for how long a view counts a vantage after its newest result.
const coverageReach = 15 * time.Minute

// CoverageStale is how old a view may be before it says nothing of now, in multiples
// of the age from which answers say that they are stale.
const CoverageStale = 8

// CoverageState is coverage in a word.
type CoverageState string

// The states of coverage.
const (
	Observing CoverageState = "observing"
	Impaired  CoverageState = "impaired" // some vantages can't see, or less than half of the sites are observed
	Blind     CoverageState = "blind"    // no vantage can see, or what is known is old
)

// CoverageOf returns the coverage of a view. Vantages are what is known of those by
// their own word; they may be empty where only the view counts them. A stale view is
// blind: what it saw says nothing of now.
func CoverageOf(view View, vantages []VantageStatus, stale bool) Coverage {
	c := Coverage{State: Observing, Observed: view.SitesObserved, Known: view.SitesKnown, Vantages: view.Vantages}
	cannot, counted := 0, 0
	for _, v := range vantages {
		if v.State != VantageBlind && v.State != VantageSick {
			continue
		}
		cannot++
		// What it saw before it went blind is in the view for so long. Later the view counts others
		// alone, and to take it off would hide one of them.
		if v.Since.IsZero() || view.AsOf.Sub(v.Since) <= coverageReach {
			counted++
		}
	}
	c.Vantages = max(0, c.Vantages-counted)
	// The view still counts vantages that ended a few minutes ago. One that is silent may be among
	// those that it rightly counts: it asks for no work, but results of its probes may be sent. So
	// may programs that never asked for any, which are not listed.
	if counted > 0 && cannot == len(vantages) {
		c.Vantages = 0
	}
	switch {
	case stale || view.AsOf.IsZero() || c.Vantages == 0:
		c.State, c.Observed = Blind, 0
	case cannot > 0 || 2*c.Observed < c.Known:
		c.State = Impaired
	}
	c.Note = c.note(view, cannot, stale)
	return c
}

// note says why something is not observed and what helps, for whoever runs the server
// and for programs that show a line of text.
func (c Coverage) note(view View, cannot int, stale bool) string {
	switch {
	case c.State == Observing:
		return ""
	case view.AsOf.IsZero():
		return "Not observed: this server has just started and has no results yet. " +
			"The state of every site is unknown until the first probes report."
	case stale:
		return fmt.Sprintf("Not observed: the newest results are of %s UTC, which is too old to judge by. "+
			"Whoever runs this server can see why at /readyz/write.", view.AsOf.UTC().Format("2006-01-02 15:04:05"))
	case c.State == Blind && cannot > 0:
		return "Not observed: no vantage can see the internet just now, so the state of every site is unknown. " +
			"/v1/vantages says why."
	case c.State == Blind:
		return "Not observed: no vantage reports, so the state of every site is unknown. Whoever runs this server " +
			"can start a vantage with faultline probe, or let serve probe."
	case cannot > 0:
		return fmt.Sprintf("Observed in part: %d of %d vantages can't see, and what they report does not count.",
			cannot, cannot+c.Vantages)
	}
	return fmt.Sprintf("Observed in part: %d of %d known sites.", c.Observed, c.Known)
}
