package correlate

import (
	"faultline"
	"faultline/correlate/cause"
)

// The codes of symptoms inside a [result]: an HTTP status stands for itself.
const (
	codeOK uint16 = iota
	codeConnect
	codeTimeout
	codeDNS
	codeTLS
	codeSlow
	codeContent
	codeBlocked
	codeOther
)

var codeSymptoms = [...]faultline.Symptom{
	codeOK: faultline.SymptomOK, codeConnect: faultline.SymptomConnect, codeTimeout: faultline.SymptomTimeout,
	codeDNS: faultline.SymptomDNS, codeTLS: faultline.SymptomTLS, codeSlow: faultline.SymptomSlow,
	codeContent: faultline.SymptomContent, codeBlocked: faultline.SymptomBlocked, codeOther: faultline.SymptomOther,
}

func symptomCode(s faultline.Symptom) uint16 {
	if n := s.HTTPStatus(); n >= statusFails {
		return uint16(n)
	} else if n != 0 {
		return codeOK
	}
	for c, known := range codeSymptoms {
		if s == known {
			return uint16(c)
		}
	}
	return codeOther
}

// probeCode is the code of a probe's symptom. A server error of which the probe says that
// the origin behind an edge made it has a code of its own. A gateway says of 502 and 504
// that whom it asked failed, which may be a part of the edge, so these prove nothing.
func probeCode(symptom faultline.Symptom, detail string) uint16 {
	c := symptomCode(symptom)
	if detail == faultline.DetailOrigin && c >= statusServer && symptomClass(c) != cause.ClassOrigin &&
		c != statusBadGateway && c != statusGatewayTimeout {
		c += originMark
	}
	return c
}

// plainCode is a code without the mark of an origin.
func plainCode(c uint16) uint16 {
	if c >= statusServer+originMark {
		return c - originMark
	}
	return c
}

func codeSymptom(c uint16) faultline.Symptom {
	c = plainCode(c)
	if int(c) < len(codeSymptoms) {
		return codeSymptoms[c]
	}
	return faultline.Symptom("http_" +
		string([]byte{byte('0' + c/hundred), byte('0' + c/decimal%decimal), byte('0' + c%decimal)}))
}

// failedStep is the step of a check that failed with a symptom: every step before it has
// worked for that very probe. LayerNone is unknown.
func failedStep(c uint16) faultline.Layer {
	switch {
	case c == codeDNS:
		return faultline.LayerResolved
	case c == codeConnect:
		return faultline.LayerConnected
	case c == codeTLS:
		return faultline.LayerSecured
	case symptomClass(c) == cause.ClassOrigin:
		return cause.StepOrigin
	case c >= statusFails, c == codeSlow, c == codeContent:
		return faultline.LayerAnswered
	}
	return faultline.LayerNone
}

// symptomClass is the class that a symptom falls into when it is asked what failed.
func symptomClass(c uint16) int {
	switch {
	case c == codeConnect || c == codeTimeout:
		return cause.ClassConnect
	case c == codeDNS:
		return cause.ClassDNS
	case c == codeTLS:
		return cause.ClassTLS
	case c >= statusOrigin && c < statusOriginEnd, c != plainCode(c):
		return cause.ClassOrigin
	case c >= statusServer:
		return cause.ClassEdge
	}
	return cause.ClassVague
}
