package faultline

import "time"

// What the Detail of a [Probe] says that was made of an [Alert].
const (
	// DetailAlert: a monitoring program saw the site well until a few minutes ago,
	// and tells only of the change: that it says nothing else is no want of successes.
	DetailAlert = "alert"
	// DetailStandingAlert: the alert has stood for longer.
	DetailStandingAlert = "standing-alert"
)

// Alert is what a monitoring program says once of one site: that it began to
// fail, that it still does, or that it is well again.
type Alert struct {
	Site    string
	Symptom Symptom
	Status  int // HTTP status; 0 when there was none
	// Key tells a program's alerts of one site apart.
	Key string
	// Since is when the program says that it began; zero: now.
	Since time.Time
	// Resolved: the program has seen the site well again.
	Resolved bool
}
