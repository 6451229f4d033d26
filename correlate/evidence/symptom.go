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
	var count [1 << codeBits]uint16
	most := uint16(0)
	best, until = CodeOther, math.MaxInt64
	vote := func(code uint16) {
		count[code]++
		if n := count[code]; n > most || n == most && SymptomClass(code) < SymptomClass(best) {
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
	for l, n := range steps {
		if 2*n > failures {
			step = faultline.Layer(l)
		}
	}
	return best, step, until
}
