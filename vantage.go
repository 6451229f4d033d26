package faultline

import (
	"strings"
	"time"
)

// VantageStatus is what is known of a place that probes run from, by its own
// word: a vantage that can't see says so, and then what it saw is no evidence.
type VantageStatus struct {
	Vantage string       `json:"vantage"`
	ASN     uint32       `json:"asn,omitzero"`
	Country string       `json:"country,omitempty"`
	State   VantageState `json:"state"`
	Since   time.Time    `json:"since,omitzero" format:"date-time"`
	Why     string       `json:"why,omitempty"`
	// SeenAt is when it last asked for work; missing if it never has.
	SeenAt time.Time `json:"seen_at,omitzero" format:"date-time"`
	// KnownSince is when an operator added it, or when it first asked for work if nobody did.
	KnownSince time.Time `json:"known_since,omitzero" format:"date-time"`
	// Health is what it reports of its own work; nil: it reports nothing.
	Health *VantageHealth `json:"health,omitempty"`
}

// VantageHealth is what a vantage reports of its own work. Nothing in it is evidence.
type VantageHealth struct {
	Version string `json:"version,omitempty"` // of the program that runs there
	// Due counts the checks that its schedule held within the last hour, and Delivered
	// those of them whose results the server accepted within [LateBound].
	Due       int `json:"due"`
	Delivered int `json:"delivered"`
	// Spooled counts the results that wait on its disk, and Dropped those that it gave up
	// since it began, because they had become too old or too many.
	Spooled int   `json:"spooled"`
	Dropped int64 `json:"dropped"`
	// Held counts the results of sites that are well which wait for their run to end.
	Held int `json:"held,omitempty"`
	// ResolverFaults counts names that one of its resolvers failed to answer and another
	// one answered, since it began.
	ResolverFaults int64 `json:"resolver_faults"`
	// ClockOffsetMS is by how much its clock is ahead of the server's, in milliseconds;
	// less than two seconds is 0.
	ClockOffsetMS int64 `json:"clock_offset_ms"`
	// DeliveredAt is when the server last accepted results of it.
	DeliveredAt time.Time `json:"delivered_at,omitzero" format:"date-time"`
}

// HeaderVantageHealth is the header of a request for work that holds a [VantageHealth] as
// JSON. Servers that do not know it ignore it.
const HeaderVantageHealth = "Faultline-Vantage-Health"

// Bounds of what a vantage reports of its work: what lies beyond is no report of one.
const (
	maxHealthVersion = 64
	maxHealthCount   = 1 << 40
)

// Fault names the member of a report that can't be; empty when none is.
func (h VantageHealth) Fault() (member string) {
	printable := func(r rune) bool { return r > ' ' && r <= '~' }
	switch {
	case len(h.Version) > maxHealthVersion ||
		strings.ContainsFunc(h.Version, func(r rune) bool { return !printable(r) }):
		return "version"
	case h.Due < 0 || h.Due > maxHealthCount:
		return "due"
	case h.Delivered < 0 || h.Delivered > h.Due:
		return "delivered"
	case h.Spooled < 0 || h.Spooled > maxHealthCount:
		return "spooled"
	case h.Held < 0 || h.Held > maxHealthCount:
		return "held"
	case h.Dropped < 0 || h.Dropped > maxHealthCount:
		return "dropped"
	case h.ResolverFaults < 0 || h.ResolverFaults > maxHealthCount:
		return "resolver_faults"
	case max(h.ClockOffsetMS, -h.ClockOffsetMS) < 0 || max(h.ClockOffsetMS, -h.ClockOffsetMS) > maxHealthCount:
		return "clock_offset_ms"
	}
	return ""
}

// Share is the part of the checks of the last hour whose results arrived in time; ok is
// false where none was due.
func (h VantageHealth) Share() (share float64, ok bool) {
	if h.Due <= 0 {
		return 0, false
	}
	return float64(h.Delivered) / float64(h.Due), true
}

// AddedVantage is a vantage that an operator has added, with the token that it was given.
type AddedVantage struct {
	Vantage string    `json:"vantage"`
	ASN     uint32    `json:"asn,omitzero"`
	Country string    `json:"country,omitempty"`
	AddedAt time.Time `json:"added_at" format:"date-time"`
	// Token is the id of the token, by which it is revoked. It is not published.
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at" format:"date-time"` // of the token
}

// VantageState is in a word how far a vantage may be believed.
type VantageState string

// The states of a vantage.
const (
	VantageUnknown VantageState = "unknown" // it has not checked its canaries yet
	VantageOK      VantageState = "ok"
	VantageBlind   VantageState = "blind" // it does not reach what must be reachable, or reaches what can't be
	VantageSick    VantageState = "sick"  // unrelated sites fail at it at once
	// VantageSilent has not asked for work for an hour. No vantage says so of itself.
	VantageSilent VantageState = "silent"
)

// Known reports whether s is one of the states that a vantage reports.
func (s VantageState) Known() bool {
	switch s {
	case VantageUnknown, VantageOK, VantageBlind, VantageSick:
		return true
	}
	return false
}

// MaxVantages bounds the vantages that are known at one time.
const MaxVantages = 4_096

// VantageWhy is the reason why a vantage says that it is blind or sick. It is
// published, so that nothing but the reasons below is ever taken for one.
type VantageWhy string

// Why a vantage can't be believed.
const (
	WhyNoCanary  VantageWhy = "no_canary"  // none of what must be reachable answers
	WhyOneCanary VantageWhy = "one_canary" // one of it alone answers
	WhyFalseName VantageWhy = "false_name" // a name that does not exist has an address
	WhyUnrelated VantageWhy = "unrelated"  // unrelated sites fail at once
)

// VantageWhys lists every reason, in order.
var VantageWhys = []VantageWhy{WhyNoCanary, WhyOneCanary, WhyFalseName, WhyUnrelated}

// whyTexts say the reasons in words, as agents send them and as they are shown.
var whyTexts = map[VantageWhy]string{
	WhyNoCanary:  "no canary answers",
	WhyOneCanary: "only one canary answers",
	WhyFalseName: "a name that does not exist has an address",
	WhyUnrelated: "unrelated sites fail here at once",
}

// ReadVantageWhy reads a reason, written as one of [VantageWhys] or in the words
// that agents have always sent, and returns it in those words. It reports false
// for anything else; empty is no reason at all.
func ReadVantageWhy(s string) (text string, ok bool) {
	if s == "" {
		return "", true
	}
	for _, why := range VantageWhys {
		if s == string(why) || s == whyTexts[why] {
			return whyTexts[why], true
		}
	}
	return "", false
}
