package evidence

import (
	"strconv"

	"faultline"
	"faultline/correlate/cause"
)

// Result is one probe's outcome: Unix milliseconds, with its symptom's code in
// the low bits.
type Result int64

// NewResult is a result at a time, in Unix milliseconds.
func NewResult(at int64, code uint16) Result { return Result(at<<codeBits | int64(code)) }

// At is when the check was made, in Unix milliseconds.
func (r Result) At() int64 { return int64(r >> codeBits) }

// Code is that of its symptom.
func (r Result) Code() uint16 { return uint16(r & (1<<codeBits - 1)) }

// Failed reports whether the check found the site failing.
func (r Result) Failed() bool { return r.Code() != CodeOK }

// The codes of symptoms inside a [Result]: an HTTP status stands for itself.
const (
	CodeOK uint16 = iota
	CodeConnect
	CodeTimeout
	CodeDNS
	CodeTLS
	CodeSlow
	CodeContent
	codeBlocked
	CodeOther
	// Timeouts of which the probe says how far it got, by the step that took too long.
	codeTimeoutDNS
	codeTimeoutConnect
	codeTimeoutTLS
	codeTimeoutHTTP
)

// codeSymptoms are the symptoms of the codes that are no HTTP status.
var codeSymptoms = [...]faultline.Symptom{
	CodeOK: faultline.SymptomOK, CodeConnect: faultline.SymptomConnect, CodeTimeout: faultline.SymptomTimeout,
	CodeDNS: faultline.SymptomDNS, CodeTLS: faultline.SymptomTLS, CodeSlow: faultline.SymptomSlow,
	CodeContent: faultline.SymptomContent, codeBlocked: faultline.SymptomBlocked, CodeOther: faultline.SymptomOther,
}

// SymptomCode is the code of a symptom, that of an unknown one CodeOther.
func SymptomCode(s faultline.Symptom) uint16 {
	if n := s.HTTPStatus(); n >= statusFails {
		return uint16(n)
	} else if n != 0 {
		return CodeOK
	}
	for c, known := range codeSymptoms {
		if s == known {
			return uint16(c)
		}
	}
	return CodeOther
}

// ProbeCode is the code of a probe's symptom, with what else the probe says of where it failed.
// A server error that the origin behind an edge made has a code of its own; a gateway says of
// 502 and 504 that whom it asked failed, which may be a part of the edge, so these prove
// nothing. So has a timeout, by the step that took too long.
func ProbeCode(p faultline.Probe) uint16 {
	c := SymptomCode(faultline.ProbeSymptom(string(p.Symptom), p.Status))
	switch {
	case p.Detail == faultline.DetailOrigin && c >= statusServer && SymptomClass(c) != cause.ClassOrigin &&
		c != statusBadGateway && c != statusGatewayTimeout:
		return c + originMark
	case c == CodeTimeout:
		return timeoutCode(p)
	}
	return c
}

// timeoutCode is the code of a probe that took too long.
func timeoutCode(p faultline.Probe) uint16 {
	switch p.Reached() {
	case faultline.LayerResolved:
		return codeTimeoutConnect
	case faultline.LayerConnected:
		return codeTimeoutTLS
	case faultline.LayerSecured, faultline.LayerAnswered:
		return codeTimeoutHTTP
	}
	if p.Detail == faultline.DetailTimeoutDNS {
		return codeTimeoutDNS
	}
	return CodeTimeout
}

// PlainCode is a code without what else is known of where a probe failed.
func PlainCode(c uint16) uint16 {
	switch {
	case c >= statusServer+originMark:
		return c - originMark
	case c >= codeTimeoutDNS && c <= codeTimeoutHTTP:
		return CodeTimeout
	}
	return c
}

// CodeSymptom is the symptom that a code stands for.
func CodeSymptom(c uint16) faultline.Symptom {
	c = PlainCode(c)
	if int(c) < len(codeSymptoms) {
		return codeSymptoms[c]
	}
	return faultline.Symptom("http_" + strconv.Itoa(int(c)))
}

// FailedStep is the step of a check that failed with a symptom: every step before it has
// worked for that very probe. LayerNone is unknown.
func FailedStep(c uint16) faultline.Layer {
	switch {
	case c == CodeDNS, c == codeTimeoutDNS:
		return faultline.LayerResolved
	case c == CodeConnect, c == codeTimeoutConnect:
		return faultline.LayerConnected
	case c == CodeTLS, c == codeTimeoutTLS:
		return faultline.LayerSecured
	case SymptomClass(c) == cause.ClassOrigin:
		return cause.StepOrigin
	case c >= statusFails, c == CodeSlow, c == CodeContent, c == codeTimeoutHTTP:
		return faultline.LayerAnswered
	}
	return faultline.LayerNone
}

// SymptomClass is the class that a symptom falls into when it is asked what failed. A server
// that is reached and says nothing may hang for any reason.
func SymptomClass(c uint16) int {
	switch {
	case c == CodeConnect, c == CodeTimeout, c == codeTimeoutConnect, c == codeTimeoutTLS:
		return cause.ClassConnect
	case c == CodeDNS, c == codeTimeoutDNS:
		return cause.ClassDNS
	case c == CodeTLS:
		return cause.ClassTLS
	case c >= statusOrigin && c < statusOriginEnd, c >= statusServer+originMark:
		return cause.ClassOrigin
	case c >= statusServer:
		return cause.ClassEdge
	}
	return cause.ClassVague
}
