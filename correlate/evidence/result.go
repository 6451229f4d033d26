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
)

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

// ProbeCode is the code of a probe's symptom. A server error of which the probe says that
// the origin behind an edge made it has a code of its own. A gateway says of 502 and 504
// that whom it asked failed, which may be a part of the edge, so these prove nothing.
func ProbeCode(symptom faultline.Symptom, detail string) uint16 {
	c := SymptomCode(symptom)
	if detail == faultline.DetailOrigin && c >= statusServer && SymptomClass(c) != cause.ClassOrigin &&
		c != statusBadGateway && c != statusGatewayTimeout {
		c += originMark
	}
	return c
}

// PlainCode is a code without the mark of an origin.
func PlainCode(c uint16) uint16 {
	if c >= statusServer+originMark {
		return c - originMark
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
	case c == CodeDNS:
		return faultline.LayerResolved
	case c == CodeConnect:
		return faultline.LayerConnected
	case c == CodeTLS:
		return faultline.LayerSecured
	case SymptomClass(c) == cause.ClassOrigin:
		return cause.StepOrigin
	case c >= statusFails, c == CodeSlow, c == CodeContent:
		return faultline.LayerAnswered
	}
	return faultline.LayerNone
}

// SymptomClass is the class that a symptom falls into when it is asked what failed.
func SymptomClass(c uint16) int {
	switch {
	case c == CodeConnect || c == CodeTimeout:
		return cause.ClassConnect
	case c == CodeDNS:
		return cause.ClassDNS
	case c == CodeTLS:
		return cause.ClassTLS
	case c >= statusOrigin && c < statusOriginEnd, c != PlainCode(c):
		return cause.ClassOrigin
	case c >= statusServer:
		return cause.ClassEdge
	}
	return cause.ClassVague
}
