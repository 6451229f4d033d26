package faultline

import (
	"net/netip"
	"time"
)

// Allowance is what a limiter says of one request.
type Allowance struct {
	OK bool
	// RetryAfter is how long to wait when it is not OK.
	RetryAfter time.Duration
	// Quotas are those that were asked, one or two of them; the rest is zero.
	Quotas [2]Quota
}

// Quota is one limit as it stands for one client: so many requests may come at
// once, and the whole of it grows back within a window.
type Quota struct {
	Name      string
	Limit     int           // requests
	Window    time.Duration // in which Limit grows back
	Remaining int           // requests
	Reset     time.Duration // until Remaining is Limit again
}

// Reader is who reads: whoever comes from an address or, with a token, its subject.
type Reader struct {
	Addr  netip.Addr
	Token string // the subject; empty: no token
}
