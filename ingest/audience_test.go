package ingest

import (
	"net/netip"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
)

// lands are an address plan of three networks, one of them of machines.
type lands struct{}

func (lands) Label(addr netip.Addr) (uint32, string) {
	switch addr.As4()[0] {
	case 10:
		return 812, "CA"
	case 11:
		return 577, "CA"
	case 12:
		return 16509, "US"
	}
	return 0, ""
}

// address is the i-th address of a network, each in a prefix of its own.
func address(network byte, i int) netip.Addr {
	return netip.AddrFrom4([4]byte{network, byte(i >> 8), byte(i), 1})
}

// readersIn returns the lines of readers that stand in a log.
func readersIn(log *memLog) (lines []faultline.Readers) {
	_, events := log.state()
	for _, ev := range events {
		if line, ok := ev.(faultline.Readers); ok {
			lines = append(lines, line)
		}
	}
	return lines
}

// A minute's requests are counted by network. What is too little, of one prefix, of
// machines or of nowhere is not, and no address is left.
func TestReadersAreCountedByNetworkAndMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{}, func(d *Door) {
			d.audience.labels, d.audience.hosting = lands{}, Hosting{16509: true}
			d.labels = lands{}
		})
		synctest.Wait()
		for i := range 70 {
			d.Reads(address(10, i))
		}
		time.Sleep(90 * time.Second) // the first minute was not whole
		for i := range 70 {
			d.Reads(address(10, i))
			d.Reads(address(11, i%7))  // few, and often
			d.Reads(address(11, 0))    // one above all
			d.Reads(address(12, i))    // machines
			d.Reads(address(13, i))    // unknown
			d.Reads(netip.Addr{})      // nobody
			d.Reads(address(10, i+99)) // others of the same network
		}
		time.Sleep(2 * time.Minute)
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
		lines := readersIn(log)
		if len(lines) != 1 || lines[0].Node == "" || lines[0].At.Second() != 0 {
			t.Fatalf("lines %+v", lines)
		}
		want := []faultline.ReaderNetwork{
			{ASN: 577, Country: "CA", Requests: 70}, {ASN: 812, Country: "CA", Requests: 140},
		}
		if !reflect.DeepEqual(lines[0].Networks, want) {
			t.Errorf("counted %+v, want %+v", lines[0].Networks, want)
		}
	})
}

// However many prefixes ask in a minute, so many are kept and no more; a minute with
// more says nothing, for whoever fills the table would make all others look silent.
func TestReadersAreBounded(t *testing.T) {
	a := newAudience(DoorConfig{Labels: lands{}}, newMetrics(nil))
	for i := range audiencePrefixes + 500 {
		a.read(address(10+byte(i>>16), i))
	}
	if len(a.prefixes) != audiencePrefixes {
		t.Errorf("%d prefixes are kept", len(a.prefixes))
	}
	line := a.take(time.Unix(60, 0), "n")
	if kept := len(a.prefixes) + len(a.networks); kept != 0 || len(line.Networks) != 0 {
		t.Errorf("%+v of a minute that was not counted whole, and %d prefixes are left", line, len(a.prefixes))
	}
	for i := range audiencePrefixes {
		a.read(address(10+byte(i>>16), i))
	}
	line = a.take(time.Unix(120, 0), "n")
	if len(line.Networks) != 1 || line.Networks[0].Requests != audiencePrefixes {
		t.Errorf("the next minute: %+v", line)
	}
}
