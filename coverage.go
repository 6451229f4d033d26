package faultline

// Coverage is what can be said at all just now. Every surface asks it before it says
// that something works: while nothing observes, nothing is operational, fine or zero,
// it is unknown.
type Coverage struct {
	State    CoverageState `json:"state"`
	Observed int           `json:"observed"` // sites of the map that were judged in the last 15 minutes
	Known    int           `json:"known"`    // sites of the map
	Vantages int           `json:"vantages"` // that reported in the last 15 minutes and can be believed
}

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
	cannot := 0
	for _, v := range vantages {
		if v.State == VantageBlind || v.State == VantageSick {
			cannot++
		}
	}
	c.Vantages = max(0, c.Vantages-cannot)
	if cannot > 0 && cannot == len(vantages) {
		c.Vantages = 0
	}
	switch {
	case stale || view.AsOf.IsZero() || c.Vantages == 0:
		c.State, c.Observed = Blind, 0
	case cannot > 0 || 2*c.Observed < c.Known:
		c.State = Impaired
	}
	return c
}
