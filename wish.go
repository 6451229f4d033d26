package faultline

import "time"

// Wish asks for a site to be probed now and, until it ends, more often than the
// schedule would, from every vantage. It is no evidence, and neither is that
// nothing comes of it.
type Wish struct {
	Site   string     `json:"site"`
	Reason WishReason `json:"reason"`
	// Component is the one under suspicion, or empty.
	Component Component `json:"component,omitempty"`
	Until     time.Time `json:"until"`
}

// WishReason says why a site should be looked at.
type WishReason string

const (
	WishSuspect WishReason = "suspect" // it stands on what seems to fail
	WishControl WishReason = "control" // it does not, to compare with
	WishAsked   WishReason = "asked"   // somebody wants to know, and nobody probes it
)

// MaxWishes bounds the wishes that hold at one time.
const MaxWishes = 400
