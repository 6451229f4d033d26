package faultline

import "time"

// MaxAdopted bounds the incidents that an [Adopt] carries.
const MaxAdopted = 256

// Adopt begins a fold of the log again, with the incidents that were published before.
// A leader appends it when nothing is left that the old fold could be restored from. A
// fold that reads it has no incidents but these from then on. It goes on with their ids
// and revisions.
type Adopt struct {
	At time.Time `json:"at"`
	// From is the position of the log behind which folds begin again, so that what was
	// accepted while nobody folded counts; empty: at the start of the log.
	From string `json:"from,omitempty"`
	// Counters are what the last view said, and CountedTo the position of the log that
	// it was made at; empty if that is not known.
	Counters  Counters  `json:"counters"`
	CountedTo string    `json:"counted_to,omitempty"`
	CountedAt time.Time `json:"counted_at,omitzero"` // the time of that view
	// Known is how many incidents there were, by which new ids differ from old ones.
	Known int `json:"known"`
	// Incidents are the last revisions of those that are open or may recur.
	Incidents []Incident `json:"incidents"`
}

// Type implements [Event].
func (Adopt) Type() string { return TypeAdopt }

// Time implements [Event].
func (a Adopt) Time() time.Time { return a.At }
