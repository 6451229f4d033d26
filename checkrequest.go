package faultline

import "time"

// CheckRequest asks for a site to be probed now and, until it ends, more often than the
// schedule would, from every vantage. It is no evidence, and neither is that
// nothing comes of it.
type CheckRequest struct {
	Site   string      `json:"site"`
	Reason CheckReason `json:"reason"`
	// Component is the one under suspicion, or empty.
	Component Component `json:"component,omitempty"`
	Until     time.Time `json:"until"`
}

// CheckReason says why a site should be checked.
type CheckReason string

// The reasons for a check.
const (
	CheckSuspect CheckReason = "suspect" // it depends on what seems to fail
	CheckControl CheckReason = "control" // it does not, to compare with
	CheckAsked   CheckReason = "asked"   // somebody wants to know, and nobody probes it
)

// MaxCheckRequests bounds the requests that hold at one time.
const MaxCheckRequests = 400
