package correlate

import (
	"slices"
	"testing"

	"faultline"
)

// A site that depends on two networks fails with a part of each. Its clean probes contradict a
// crowd by that part, and many such sites together contradict it for certain.
func TestCleanProbesOfSharedSitesContradictTheCrowd(t *testing.T) {
	t.Parallel()
	const second = faultline.Component("asn:AS64999")
	for name, l := range map[string]liars{
		"10 of 20 unprobed, 400 people":    {people: 400, networks: 60, each: 1},
		"10 of 20 unprobed, 30 name three": {people: 30, networks: 25, each: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(60, 46)
			for i := range 20 {
				w.sites[i].Components = append(slices.Clone(w.sites[i].Components), second)
			}
			w.grumble(2)
			w.blind(w.on(second)[:10])
			l.sites, l.from, l.to, l.symptom = w.on(second)[:10], 36, 41, "http_503"
			w.said = l.reports()
			w.run(t).wantNone(t)
		})
	}
}

// Certificates of a CDN expire: what fails depends on two authorities, whose other sites are
// well, and all of it on the CDN.
func TestHandshakesThatFailAtOneProviderAccuseNoAuthorities(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 44)
	for i := range w.sites {
		if i%4 == 2 {
			w.sites[i].Components = append(slices.Clone(w.sites[i].Components), "cdn:zed")
		}
	}
	w.faults = []fault{{sites: w.on("cdn:zed"), from: 35, to: 44, symptom: "tls"}}
	w.run(t).wantOne(t, "cdn:zed")
}
