package faultline

import "time"

// VantageStatus is what is known of a place that probes run from, by its own
// word: a vantage that can't see says so, and then what it saw is no evidence.
type VantageStatus struct {
	Vantage string       `json:"vantage"`
	ASN     uint32       `json:"asn,omitzero"`
	Country string       `json:"country,omitempty"`
	State   VantageState `json:"state"`
	Since   time.Time    `json:"since,omitzero" format:"date-time"`
	Why     string       `json:"why,omitempty"`
	SeenAt  time.Time    `json:"seen_at" format:"date-time"` // when it was last heard of
}

// VantageState is in a word how far a vantage may be believed.
type VantageState string

const (
	VantageUnknown VantageState = "unknown" // it has not looked at its canaries yet
	VantageOK      VantageState = "ok"
	VantageBlind   VantageState = "blind" // it does not reach what must be reachable, or reaches what can't be
	VantageSick    VantageState = "sick"  // unrelated sites fail at it at once
)

// Known reports whether s is one of the states.
func (s VantageState) Known() bool {
	switch s {
	case VantageUnknown, VantageOK, VantageBlind, VantageSick:
		return true
	}
	return false
}

// MaxVantages bounds the vantages that are known at one time.
const MaxVantages = 4_096
