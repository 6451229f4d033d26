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

// ProbeSymptom reads the symptom and status of a probe together: the statuses
// 401, 403 and 429 mean that the prober was refused whatever the symptom says.
func ProbeSymptom(symptom string, status int) Symptom {
	s := ReadSymptom(symptom)
	for _, st := range [2]int{status, s.HTTPStatus()} {
		if st == 401 || st == 403 || st == 429 {
			return SymptomBlocked
		}
	}
	return s
}
