package faultline

import "time"

// Published says what had been published of incidents when the end of the log was lost that it was
// concluded from: a replica of Redis without that end has taken over, or a disk has. A node whose
// readers were shown more appends it. A fold that knows less of an incident goes on from what was
// published, under its id and with the next revision; one that knows as much leaves it out. So
// several nodes may say the same.
type Published struct {
	At time.Time `json:"at"`
	// Incidents are the last revisions that readers were shown, at most [MaxAdopted].
	Incidents []Incident `json:"incidents"`
}

// Type implements [Event].
func (Published) Type() string { return TypePublished }

// Time implements [Event].
func (p Published) Time() time.Time { return p.At }
