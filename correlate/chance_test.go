package correlate

import "testing"

// An army that reports the sites of a provider while two of them fail a probe by
// chance has no outage confirmed: the probes alone do not speak for one.
func TestChanceFailuresInABrigadeConfirmNothing(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 56)
	w.grumble(1)
	x := w.on("cdn:x")
	w.crowds = append(w.crowds, crowdOf{sites: x, from: 40, to: 60, perMinute: 150, asns: asns(3000, 40),
		symptom: "http_503"})
	for i, at := range []float64{43, 45, 47, 49} {
		w.faults = append(w.faults, fault{sites: x[i : i+1], vantages: []string{threeVantages()[i%2].Vantage}, from: at,
			to: at + 1, symptom: "http_503"})
	}
	w.runPublished(t).wantNone(t)
}
