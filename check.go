package faultline

import (
	"fmt"
	"time"
)

// Check is what came of one check that a person asked for, of a site that is not
// on the map. It is answered to that person. It is not in the log, so that no
// incident and no site of the map can come of it.
type Check struct {
	ID      string    `json:"id"` // names the check for as long as it is kept
	Site    string    `json:"site"`
	AskedAt time.Time `json:"asked_at" format:"date-time"`
	// Pending says that no vantage has answered yet and that one still may.
	Pending bool      `json:"pending"`
	State   SiteState `json:"state"` // by the results alone
	// Symptom is that of a failing result, and ok when all are well. It is absent while nothing is known.
	Symptom Symptom `json:"symptom,omitempty"`
	Results []Probe `json:"results"` // the newest of each vantage, oldest first
}

// Bounds of a check's life.
const (
	// CheckWindow is how long vantages are asked to check a site. Within it a
	// second request for the same site shares the first one's results.
	CheckWindow = 30 * time.Second
	// CheckLife is how long the results of a check are kept.
	CheckLife = 10 * time.Minute
)

// BusyError says that more was asked for or sent than may be, and when there is
// room again.
type BusyError struct {
	RetryAfter time.Duration
	Limit      Limit
}

// Limit names what was used up.
type Limit string

// The limits of checks and of lines.
const (
	LimitPerson Limit = "person" // checks that one address or IPv6 /64 may ask for
	LimitPrefix Limit = "prefix" // checks that one /24 or IPv6 /48 may ask for
	LimitAll    Limit = "all"    // checks that everybody together may ask for
	LimitLines  Limit = "lines"  // lines that one token may send
)

// Error names the limit that was reached.
func (e BusyError) Error() string {
	return fmt.Sprintf("the limit %s is used up; there is room again in %s", e.Limit, e.RetryAfter)
}

// Judge fills in State and Symptom from the results, of which each vantage has
// one. A check that was refused by the site (blocked) says nothing.
func (c *Check) Judge() {
	c.State, c.Symptom = SiteUnknown, ""
	failed, answered := 0, 0
	for _, p := range c.Results {
		switch p.Symptom {
		case SymptomBlocked:
		case SymptomOK:
			answered++
		default:
			failed, answered = failed+1, answered+1
			c.Symptom = p.Symptom
		}
	}
	switch {
	case answered == 0:
	case failed == 0:
		c.State, c.Symptom = SiteOK, SymptomOK
	case failed == answered:
		c.State = SiteDown
	default:
		c.State = SiteDegraded
	}
}
