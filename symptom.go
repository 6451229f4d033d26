package faultline

import "strings"

// Symptom is how a site fails, as a person or a probe saw it. The zero value
// means that nothing was said and is treated as [SymptomOther].
type Symptom string

// The symptoms of the contract. Besides these there is http_NNN for each
// status from 100 to 599.
const (
	SymptomOK      Symptom = "ok"      // it works
	SymptomConnect Symptom = "connect" // no connection: refused, reset, unreachable
	SymptomTimeout Symptom = "timeout" // no answer in time
	SymptomDNS     Symptom = "dns"     // the name does not resolve
	SymptomTLS     Symptom = "tls"     // certificate or handshake
	SymptomSlow    Symptom = "slow"    // an answer, but late
	SymptomContent Symptom = "content" // an answer, but not the right one
	SymptomBlocked Symptom = "blocked" // the prober is refused: no evidence of an outage
	SymptomOther   Symptom = "other"   // anything else
)

// HTTPStatus returns NNN of http_NNN, and 0 for every other symptom.
func (s Symptom) HTTPStatus() int {
	digits, ok := strings.CutPrefix(string(s), "http_")
	if !ok || len(digits) != 3 {
		return 0
	}
	n := 0
	for _, d := range []byte(digits) {
		if d < '0' || d > '9' {
			return 0
		}
		n = n*10 + int(d-'0')
	}
	if n < 100 || n > 599 {
		return 0
	}
	return n
}

// Known reports whether s is a symptom of the contract.
func (s Symptom) Known() bool {
	switch s {
	case SymptomOK, SymptomConnect, SymptomTimeout, SymptomDNS, SymptomTLS,
		SymptomSlow, SymptomContent, SymptomBlocked, SymptomOther:
		return true
	}
	return s.HTTPStatus() != 0
}

// ReadSymptom reads what arrived as a symptom: anything unknown is
// [SymptomOther], as the contract has it.
func ReadSymptom(s string) Symptom {
	if sym := Symptom(s); sym.Known() {
		return sym
	}
	return SymptomOther
}

// StatusDenied is the status of no standard by which LinkedIn refuses programs.
const StatusDenied = 999

// ValidStatus reports whether a probe may carry status: 0 for none, one of HTTP
// (RFC 9110 section 15), or [StatusDenied].
func ValidStatus(status int) bool {
	return status == 0 || status >= 100 && status <= 599 || status == StatusDenied
}

// StatusRefuses reports whether an answer with this status refuses the client
// that asks, so that it says nothing about how the site is for anybody else.
// Whoever answers a GET of a front page so is up and does not want us, our
// method, our version of HTTP, or what our request lacks.
func StatusRefuses(status int) bool {
	switch status {
	case 401, 403, 407, 451: // authentication, permission, law (RFC 9110, RFC 7725)
		return true
	case 405, 406, 412, 418, 444: // as firewalls answer what they take for a robot
		return true
	case 426, 505: // another version of HTTP is wanted than ours
		return true
	case 428, 429: // a condition or a rest is asked of the client (RFC 6585)
		return true
	case 511: // the network wants a login (RFC 6585 section 6): a fault of the vantage
		return true
	}
	return status == StatusDenied
}

// ProbeSymptom reads the symptom and status of a probe together: a status by
// which the prober was refused means [SymptomBlocked] whatever the symptom says.
// The API, the replay, the prober and the fold all read probes by it.
func ProbeSymptom(symptom string, status int) Symptom {
	s := ReadSymptom(symptom)
	if StatusRefuses(status) || StatusRefuses(s.HTTPStatus()) || symptom == "http_999" {
		return SymptomBlocked
	}
	return s
}
