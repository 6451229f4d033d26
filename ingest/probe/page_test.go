package probe_test

import (
	"net/http"
	"net/netip"
	"testing"

	"faultline/ingest/probe/probetest"
)

// Pages are read over the same guarded connections as checks: no private address and no other
// port is connected to, and the certificate must be good.
func TestPagesAreReadThroughTheGuard(t *testing.T) {
	w := probetest.Start(t)
	w.Put("good.example", probetest.Site{})
	w.Put("private.example", probetest.Site{Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
	w.Put("expired.example", probetest.Site{Bad: "expired"})
	transport := w.Checker(nil).Transport()
	for address, works := range map[string]bool{"https://good.example/": true, "https://private.example/": false,
		"https://expired.example/": false, "https://good.example:8443/": false, "https://127.0.0.1/": false,
		"https://nowhere.example/": false} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(r)
		if (err == nil) != works {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
}
