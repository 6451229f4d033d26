package correlate

import "faultline"

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
	if n := s.HTTPStatus(); n >= 400 {
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

func codeSymptom(c uint16) faultline.Symptom {
	if int(c) < len(codeSymptoms) {
		return codeSymptoms[c]
	}
	return faultline.Symptom("http_" + string([]byte{byte('0' + c/100), byte('0' + c/10%10), byte('0' + c%10)}))
}

// The classes that symptoms fall into when they are asked what failed.
const (
	classEdge    = iota // 5xx of the party that answers first
	classConnect        // refused, reset or no answer
	classDNS
	classTLS
	classOrigin // 52x: an edge that accuses the origin
	classVague  // says nothing of the cause
	classes
)

func symptomClass(c uint16) int {
	switch {
	case c == codeConnect || c == codeTimeout:
		return classConnect
	case c == codeDNS:
		return classDNS
	case c == codeTLS:
		return classTLS
	case c >= 520 && c < 530:
		return classOrigin
	case c >= 500:
		return classEdge
	}
	return classVague
}

// symptomGain is ln P(class | kind fails) / P(class), which a failing site adds
// to the case of a component: DNS faults say dns, authorities tls, edges 5xx,
// networks nothing at all. The figures are the mixes of the published outages
// (docs/method.md lists them), bounded so that no symptom decides alone.
var symptomGain = map[string][classes]float64{
	faultline.KindCDN:    {classEdge: 0.5, classConnect: 0.1, classDNS: -0.9, classTLS: -0.3, classOrigin: -0.7},
	faultline.KindCloud:  {classEdge: 0.3, classConnect: 0.4, classDNS: -0.9, classTLS: -0.7, classOrigin: 0.3},
	faultline.KindDNS:    {classEdge: -1.2, classConnect: -0.3, classDNS: 1.0, classTLS: -1.2, classOrigin: -0.7},
	faultline.KindTLD:    {classEdge: -1.2, classConnect: -0.7, classDNS: 1.0, classTLS: -1.2, classOrigin: -0.7},
	faultline.KindCA:     {classEdge: -1.2, classConnect: -1.2, classDNS: -1.2, classTLS: 1.5, classOrigin: -1.0},
	faultline.KindASN:    {classEdge: 0, classConnect: 0.5, classDNS: -0.7, classTLS: -0.7, classOrigin: 0.3},
	faultline.KindPrefix: {classEdge: -0.3, classConnect: 0.6, classDNS: -0.7, classTLS: -0.7, classOrigin: 0.3},
	faultline.KindPOP:    {classEdge: 0.4, classConnect: 0.3, classDNS: -0.9, classTLS: -0.3, classOrigin: -0.7},
}
