package faultline

import "time"

// ConcentrationDay is how few providers served how many sites of the list on one day of UTC.
// A day on which nobody counted has none.
type ConcentrationDay struct {
	Day string `json:"day"` // 2006-01-02
	// At is when it was counted: of a day the newest count is kept.
	At    time.Time            `json:"at"`
	Kinds []ConcentrationPoint `json:"kinds"`
}

// ConcentrationPoint is one kind of component on one day.
type ConcentrationPoint struct {
	Kind  string `json:"kind"`
	Known int    `json:"known"` // sites whose provider of the kind was known, of Sites
	Sites int    `json:"sites"`
	// HHI is the Herfindahl-Hirschman index over the known sites, 0 to 10,000; null where
	// none was known. HHIRanked is that of the Ranked sites with a rank, each with the
	// weight 1/rank.
	HHI       *int `json:"hhi"`
	Ranked    int  `json:"ranked"`
	HHIRanked *int `json:"hhi_ranked"`
	Firebreak int  `json:"firebreak"` // known sites with a second provider
}
