package ingest

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"faultline"
)

// known is a DNS of few names.
type known map[string]bool

func (k known) Resolves(_ context.Context, host string) (bool, error) { return k[host], nil }

// byByte labels an address by its second byte: 0 is unknown, 99 a hoster.
type byByte struct{}

func (byByte) Label(addr netip.Addr) (uint32, string) { return uint32(addr.As4()[1]), "GB" }

func openNew(t *testing.T, log Log, dns Resolver) (*Door, func() error) {
	t.Helper()
	d := NewDoor(DoorConfig{Log: log, Keys: &dayKeys{}, Names: NewNames("bbc.co.uk"), Durable: true,
		Now: time.Now, Writer: 7,
		Labels: byByte{}, Hosting: Hosting{99: true}, Newcomers: NewNewcomers(dns, time.Now, prometheus.NewRegistry())})
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- d.Run(ctx) }()
	return d, func() error { cancel(); return <-ran }
}

// from is an address in a network of its own prefix.
func from(asn, host byte) netip.Addr { return netip.AddrFrom4([4]byte{11, asn, host, 1}) }

func TestNewcomerBecomesASite(t *testing.T) {
	for name, c := range map[string]struct {
		site string
		dns  known
		from []netip.Addr
		want bool
	}{
		"five networks": {"new.org", known{"new.org": true},
			[]netip.Addr{from(1, 1), from(2, 1), from(3, 1), from(4, 1), from(5, 1)}, true},
		"by its www. host alone": {"new.org", known{"www.new.org": true},
			[]netip.Addr{from(1, 1), from(2, 1), from(3, 1), from(4, 1), from(5, 1)}, true},
		"five prefixes of unknown AS": {"new.org", known{"new.org": true},
			[]netip.Addr{from(0, 1), from(0, 2), from(0, 3), from(0, 4), from(0, 5)}, true},
		"four networks": {"new.org", known{"new.org": true},
			[]netip.Addr{from(1, 1), from(2, 1), from(3, 1), from(4, 1), from(4, 2)}, false},
		"hosters": {"new.org", known{"new.org": true},
			[]netip.Addr{from(1, 1), from(2, 1), from(3, 1), from(4, 1), from(99, 1)}, false},
		"not in DNS": {"new.org", known{},
			[]netip.Addr{from(1, 1), from(2, 1), from(3, 1), from(4, 1), from(5, 1)}, false},
		"below a suffix that one sells": {"new.github.io", known{"new.github.io": true},
			[]netip.Addr{from(1, 1), from(2, 1), from(3, 1), from(4, 1), from(5, 1)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &memLog{}
				d, closeDoor := openNew(t, log, c.dns)
				for _, addr := range c.from {
					if r, err := d.Report(t.Context(), addr, c.site, ""); err != nil || r.Counted {
						t.Fatalf("%+v, %v", r, err)
					}
				}
				synctest.Wait()
				_, events := log.state()
				if got := len(events) == 1; got != c.want {
					t.Errorf("the log has %+v", events)
				} else if got {
					if r := events[0].(faultline.SiteRecord); r.Site != "new.org" ||
						r.Source != faultline.SourceReported || r.Components != nil {
						t.Errorf("the record is %+v", r)
					}
				}
				if err := closeDoor(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestAbuse_A8: a million invented names in a minute take no memory, nothing of
// them reaches the log, and a name that people truly ask for still gets through.
func TestAbuse_A8(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := openNew(t, log, known{"new.org": true})
		before := heap()
		const names = 1_000_000
		for i := range names {
			addr := netip.AddrFrom4([4]byte{12, byte(1 + i%7), byte(i >> 8), byte(i)})
			if r, err := d.Report(t.Context(), addr, fmt.Sprintf("invented%d.com", i), ""); err != nil || r.Counted {
				t.Fatalf("%+v, %v", r, err)
			}
			if i%(names/5) == names/10 {
				if _, err := d.Report(t.Context(), from(byte(40+i/(names/5)), 1), "new.org", ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		synctest.Wait()
		if grown := heap() - before; grown > 16<<20 {
			t.Errorf("the heap has grown by %d bytes", grown)
		}
		_, events := log.state()
		if len(events) != 1 || events[0].(faultline.SiteRecord).Site != "new.org" {
			t.Errorf("the log has %d events", len(events))
		}
		if r, err := d.Report(t.Context(), alice, "bbc.co.uk", ""); err != nil || !r.Counted {
			t.Errorf("a known site: %+v, %v", r, err)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestAbuse_A9: an attacker of many networks who owns names, and a DNS that knows
// them all, makes sites no faster than the quota, and none below private suffixes.
func TestAbuse_A9(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := openNew(t, log, everything{})
		for i := range 2_000 {
			for asn := range byte(newcomerNetworks) {
				site := fmt.Sprintf("n%d.com", i)
				if i%2 == 1 {
					site = fmt.Sprintf("n%d.github.io", i)
				}
				addr := netip.AddrFrom4([4]byte{12, 1 + asn, byte(i), 1})
				if _, err := d.Report(t.Context(), addr, site, ""); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		if _, events := log.state(); len(events) != newcomersAnHour {
			t.Errorf("%d names became sites at once, want %d", len(events), newcomersAnHour)
		}
		if n := testutil.ToFloat64(d.newcomers.outcomes.WithLabelValues(newcomerFull)); n == 0 {
			t.Error("none was held back")
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

type everything struct{}

func (everything) Resolves(context.Context, string) (bool, error) { return true, nil }
