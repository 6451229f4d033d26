package infra

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// MMDB finds networks in a database of autonomous systems in MaxMind's format
// (https://maxmind.github.io/MaxMind-DB/), such as those of MaxMind, DB-IP and IPinfo. Faultline
// ships none. It is safe for concurrent use.
type MMDB struct{ reader *maxminddb.Reader }

// asnRecord has the members of GeoLite2-ASN, which DB-IP uses as well, and those
// of IPinfo.
type asnRecord struct {
	Number uint32 `maxminddb:"autonomous_system_number"`
	Org    string `maxminddb:"autonomous_system_organization"`
	ASN    string `maxminddb:"asn"` // AS13335
	Name   string `maxminddb:"name"`
	ASName string `maxminddb:"as_name"`
}

// OpenMMDB opens a database. It fails on a file that has no systems. A database of
// countries would open as well, and then name no network of any address.
func OpenMMDB(path string) (*MMDB, error) {
	reader, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("database of networks: %w", err)
	}
	db := &MMDB{reader: reader}
	if !db.hasSystems() {
		reader.Close()
		return nil, fmt.Errorf("database of networks: %s has no autonomous systems (its type is %q)", path,
			reader.Metadata.DatabaseType)
	}
	return db, nil
}

// hasSystems looks through the first thousand networks for one with a system, since not
// every entry of a database has one.
func (d *MMDB) hasSystems() bool {
	examined := 0
	for result := range d.reader.Networks() {
		var rec asnRecord
		if result.Decode(&rec) == nil && rec.asn() != 0 {
			return true
		}
		if examined++; examined >= 1000 {
			break
		}
	}
	return false
}

// Close ends the use of the file.
func (d *MMDB) Close() error { return d.reader.Close() }

// Network implements [Networks]. The prefix is the network that the database has
// for the address, which is the announced one where the database is made from
// announcements.
func (d *MMDB) Network(addr netip.Addr) (Network, bool) {
	result := d.reader.Lookup(addr.Unmap().WithZone(""))
	var rec asnRecord
	if !result.Found() || result.Decode(&rec) != nil || rec.asn() == 0 {
		return Network{}, false
	}
	return Network{ASN: rec.asn(), Org: rec.org(), Prefix: result.Prefix()}, true
}

// asn is the number of the system; databases write it as a number or as text ("AS13335").
func (r asnRecord) asn() uint32 {
	if r.Number != 0 {
		return r.Number
	}
	digits, _ := strings.CutPrefix(r.ASN, "AS")
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// org is who runs it, under whichever name the database has.
func (r asnRecord) org() string {
	for _, s := range []string{r.Org, r.ASName, r.Name} {
		if s != "" {
			return s
		}
	}
	return ""
}
