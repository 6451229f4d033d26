package evidence

import (
	"math"

	"faultline"
	"faultline/correlate/cause"
)

// CommonSymptom is the commonest failure of a site of late, the clearer class first when
// it is as common, and the step at which more than half of its failed probes failed. Both
// hold until a time if nothing comes in.
func CommonSymptom(tracks []*Track, c *Crowd, now int64) (best uint16, step faultline.Layer, until int64) {
	var steps [cause.StepOrigin + 1]int
	failures := 0
	var count, alike [1 << codeBits]uint16 // alike: by plain code
	most := uint16(0)
	best, until = CodeOther, math.MaxInt64
	vote := func(code uint16) {
		plain := PlainCode(code)
		count[code]++
		alike[plain]++
		switch n := alike[plain]; {
		case plain == PlainCode(best) && most > 0:
			most = n
			if count[code] > count[best] {
				best = code
			}
		case n > most || n == most && SymptomClass(code) < SymptomClass(best):
			best, most = code, n
		}
	}
	for _, t := range tracks {
		for _, r := range t.Recent {
			if r.Failed() && now-r.At() <= symptomSpan {
				until = min(until, r.At()+symptomSpan+1)
				vote(r.Code())
				steps[FailedStep(r.Code())]++
				failures++
			}
		}
	}
	if c != nil && most == 0 { // where a probe failed, what it saw is the symptom, whoever says otherwise
		for _, h := range c.Since(now - symptomSpan) {
			if h.Code != CodeOther {
				until = min(until, h.At+symptomSpan+1)
				vote(h.Code)
			}
		}
	}
	return best, commonStep(&steps, failures), until
}

// commonStep is the step at which more than half of a site's failed probes failed. If they
// failed at several, it is one that excludes what more than half of them exclude: registries
// and DNS providers by failures after the name was resolved, authorities by failures at any
// other step than the certificate's.
func commonStep(steps *[cause.StepOrigin + 1]int, failures int) faultline.Layer {
	known := 0
	for l, n := range steps {
		if 2*n > failures {
			return faultline.Layer(l)
		}
		if faultline.Layer(l) != faultline.LayerNone {
			known += n
		}
	}
	named := 2*(known-steps[faultline.LayerResolved]) > failures
	certified := 2*(known-steps[faultline.LayerSecured]) > failures
	switch {
	case named && certified:
		return faultline.LayerConnected
	case named:
		return faultline.LayerSecured
	case certified:
		return faultline.LayerResolved
	}
	return faultline.LayerNone
}
