package faultline

import "time"

// Receipt is the answer to one report. It is given only once the report is in the log, or when it
// was not to be counted at all.
type Receipt struct {
	Site string    // normalised
	At   time.Time // when ingest took it
	// Counted is false for a repeat within 10 minutes and for a name not yet known.
	Counted bool
	// Durable is false only on the in-process store, which nothing outlives.
	Durable bool
}
