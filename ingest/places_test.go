package ingest

import (
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/prometheus/client_golang/prometheus"
)

// database writes an MMDB that maps prefixes to records.
func database(t *testing.T, path string, records map[string]mmdbtype.Map) {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test", RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for prefix, record := range records {
		_, network, err := net.ParseCIDR(prefix)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	tmp, err := os.Create(path + ".tmp")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteTo(tmp); err != nil {
		t.Fatal(err)
	}
	if err := tmp.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}

func ofASN(n uint32) mmdbtype.Map {
	return mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(n)}
}

func TestPlaces(t *testing.T) {
	asn, country, both := filepath.Join(t.TempDir(), "asn"), filepath.Join(t.TempDir(), "country"),
		filepath.Join(t.TempDir(), "both")
	database(t, asn, map[string]mmdbtype.Map{"192.0.2.0/24": ofASN(64496), "2001:db8::/32": ofASN(64497)})
	database(t, country, map[string]mmdbtype.Map{
		"192.0.2.0/24":    {"country": mmdbtype.Map{"iso_code": mmdbtype.String("GB")}},
		"198.51.100.0/24": {"country": mmdbtype.Map{"iso_code": mmdbtype.String("not a code")}}})
	database(t, both,
		map[string]mmdbtype.Map{"203.0.113.0/24": {"asn": mmdbtype.String("AS64498"),
			"country_code": mmdbtype.String("FR")}})
	p, err := OpenPlaces([]string{asn, country, both}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]struct {
		asn     uint32
		country string
	}{
		"192.0.2.7": {64496, "GB"}, "::ffff:192.0.2.7": {64496, "GB"}, "2001:db8::7": {64497, ""},
		"203.0.113.1": {64498, "FR"}, "198.51.100.1": {0, ""}, "10.0.0.1": {0, ""},
	} {
		if n, c := p.Label(netip.MustParseAddr(addr)); n != want.asn || c != want.country {
			t.Errorf("%s: %d %q, want %+v", addr, n, c, want)
		}
	}
	// A file that changes is read anew; one that is broken leaves what was.
	database(t, asn, map[string]mmdbtype.Map{"192.0.2.0/24": ofASN(64499)})
	ok(t, os.Chtimes(asn, time.Time{}, time.Now().Add(time.Hour)))
	p.reload()
	if n, _ := p.Label(netip.MustParseAddr("192.0.2.7")); n != 64499 {
		t.Errorf("after a change: %d", n)
	}
	ok(t, os.WriteFile(asn, []byte("no database"), 0o600))
	p.reload()
	if n, _ := p.Label(netip.MustParseAddr("192.0.2.7")); n != 64499 {
		t.Errorf("after a broken file: %d", n)
	}
	if _, err := OpenPlaces([]string{asn}, slog.New(slog.DiscardHandler), nil); err == nil {
		t.Error("a broken file was opened")
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHosting(t *testing.T) {
	h, err := NewHosting(strings.NewReader("64496 # ours\n\nAS64497\n!AS16509"))
	if err != nil || !h[64496] || !h[64497] || h[16509] || !h[24940] {
		t.Errorf("%d networks, %v", len(h), err)
	}
	for _, bad := range []string{"ASX", "0", "4294967296", "!", "AS1 AS2"} {
		if _, err := NewHosting(strings.NewReader("1\n" + bad)); err == nil ||
			!strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
