package probe_test

import (
	"testing"
	"time"

	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
)

// TestAChainThatWasGoodIsCheckedAgain: what is kept of a verification ends with
// the certificate, and does not hold for another one or another name.
func TestAChainThatWasGoodIsCheckedAgain(t *testing.T) {
	w := probetest.Start(t)
	w.Put("a.net", probetest.Site{})
	w.Put("b.net", probetest.Site{})
	now := time.Now()
	c := probe.NewChecker(
		probe.CheckerConfig{
			Resolver: resolver(t, w.Resolver),
			Guard:    probe.NewGuard(probetest.Loopback, nil, w.Ports),
			Ports:    w.Ports,
			Roots:    w.Roots,
			Agent:    "test",
			Now:      func() time.Time { return now },
		},
	)
	check := func(site, symptom, detail string) {
		t.Helper()
		if p := c.Check(t.Context(), probe.Task{Site: site}).Probe; string(p.Symptom) != symptom ||
			p.Detail != detail {
			t.Errorf("%s at %s: %+v", site, now, p)
		}
	}
	check("a.net", "ok", "")
	check("a.net", "ok", "")
	check("b.net", "ok", "")
	w.Put("a.net", probetest.Site{Bad: "name"})
	check("a.net", "tls", "name")
	w.Put("a.net", probetest.Site{Bad: "chain"})
	check("a.net", "tls", "chain")
	w.Put("a.net", probetest.Site{})
	check("a.net", "ok", "")
	now = now.Add(72 * time.Hour) // within no certificate's dates, and the hour of the cache set aside
	check("a.net", "tls", "expired")
	now = now.Add(-72*time.Hour + 47*time.Hour + 30*time.Minute)
	check("b.net", "ok", "expiring")
	now = now.Add(45 * time.Minute) // kept for less than an hour, as it ends sooner
	check("b.net", "tls", "expired")
}
