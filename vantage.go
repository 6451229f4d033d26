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

// The states of a vantage.
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
