package correlate

import (
	"math"
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

// put places a site in an engine, with its evidence in every window as if it had
// just been judged, and returns its number.
func put(e *Engine, name string, l float64, on ...faultline.Component) uint32 {
	e.Fold(faultline.SiteRecord{Site: name, Components: on})
	id, _ := e.sites.find(name)
	e.activate(id)
	j := siteEvidence{id: id, symptom: memo[uint16]{is: 503}}
	j.Probed = true
	for w := range evidence.Windows {
		j.L[w], j.probes[w] = l, l
	}
	at := int32(len(e.s.evidence))
	e.s.byID[id], e.s.unsettled = at, append(e.s.unsettled, at)
	e.s.evidence = append(e.s.evidence, j)
	return id
}

// probed gives a site results of one vantage: a letter each, the last one just now,
// so many seconds apart.
func probed(e *Engine, id uint32, vantage, outcomes string, apart int64) *evidence.Track {
	v, _ := e.vantage(vantage)
	for w := range evidence.Windows {
		e.vantages.rows[v].trust[w] = 1
	}
	t := e.sites.rows[id].track(v)
	t.OK = 100
	for i, o := range outcomes {
		code := evidence.CodeOK
		if o == 'x' {
			code = 503
		}
		t.Add(evidence.NewResult(e.clock-int64(len(outcomes)-1-i)*apart*second, code))
	}
	return t
}

// near fails unless a number is as expected to a part in a million.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
