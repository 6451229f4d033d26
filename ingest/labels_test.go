package ingest

import (
	"net/netip"
	"testing"
	"testing/synctest"

	"faultline"
)

// plan is an address plan: one network.
type plan struct {
	prefix  netip.Prefix
	asn     uint32
	country string
}

func (p plan) Label(addr netip.Addr) (uint32, string) {
	if p.prefix.Contains(addr) {
		return p.asn, p.country
	}
	return 0, ""
}

func TestReportsAreLabelledWithTheirNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{}, func(d *Door) {
			d.labels = plan{netip.MustParsePrefix("198.51.100.0/24"), 2856, "GB"}
		})
		for _, from := range []netip.Addr{alice, netip.MustParseAddr("203.0.113.9")} {
			if _, err := d.Report(t.Context(), from, "bbc.co.uk", ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
		_, events := log.state()
		known, unknown := events[0].(faultline.Report), events[1].(faultline.Report)
		if known.ASN != 2856 || known.Country != "GB" {
			t.Errorf("a known network is labelled AS%d %q", known.ASN, known.Country)
		}
		if unknown.ASN != 0 || unknown.Country != "" {
			t.Errorf("an unknown network is labelled AS%d %q", unknown.ASN, unknown.Country)
		}
	})
}
