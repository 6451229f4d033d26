package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

const (
	// placesEvery is how often the files are looked at for a change.
	placesEvery = 30 * time.Second
	// maxPlaces bounds one file, in bytes: it is held in memory.
	maxPlaces = 512 << 20
)

// Places says where addresses sit, from files of MaxMind's format (MMDB): those
// of GeoLite2, DB-IP Lite and IPinfo Lite can be read. A file that changes is
// read again; one that can't be read then leaves the old one in place. It is safe
// for concurrent use; its one goroutine is [Places.Run].
type Places struct {
	files  []*placeFile
	log    *slog.Logger
	failed prometheus.Counter
}

// placeFile is one file and what it held when it was last read.
type placeFile struct {
	path    string
	reader  atomic.Pointer[maxminddb.Reader]
	size    int64
	changed time.Time
}

// OpenPlaces reads the files. An address is looked up in all of them, and the
// first that knows its network, or its country, is believed.
func OpenPlaces(files []string, log *slog.Logger, reg prometheus.Registerer) (*Places, error) {
	p := &Places{log: log, failed: promauto.With(reg).NewCounter(prometheus.CounterOpts{
		Name: "faultline_places_reload_failures_total",
		Help: "Times that a changed address database could not be read.",
	})}
	for _, path := range files {
		f := &placeFile{path: path}
		if _, err := f.load(); err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
		promauto.With(reg).NewGaugeFunc(prometheus.GaugeOpts{Name: "faultline_places_built_seconds",
			Help:        "When the address database in use was made, Unix time.",
			ConstLabels: prometheus.Labels{"file": path},
		}, func() float64 { return float64(f.reader.Load().Metadata.BuildEpoch) })
	}
	return p, nil
}

// Run looks for changed files until ctx ends.
func (p *Places) Run(ctx context.Context) error {
	tick := time.NewTicker(placesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			p.reload()
		}
	}
}

// reload reads the files that have changed. One that is broken leaves what was read before,
// with a line in the log.
func (p *Places) reload() {
	for _, f := range p.files {
		fresh, err := f.load()
		switch {
		case err != nil:
			p.failed.Inc()
			p.log.Warn("the address database can't be read; the one before stays", "file", f.path, "error", err)
		case fresh:
			p.log.Info("the address database was read again", "file", f.path)
		}
	}
}

// load reads the file if it is another than the one in use.
func (f *placeFile) load() (fresh bool, err error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return false, fmt.Errorf("address database: %w", err)
	}
	// Both are compared, because a copy may keep the time of its source.
	if f.reader.Load() != nil && info.Size() == f.size && info.ModTime().Equal(f.changed) {
		return false, nil
	}
	if info.Size() > maxPlaces {
		return false, fmt.Errorf("address database %s: %d bytes are more than %d", f.path, info.Size(), maxPlaces)
	}
	// Read, not mapped: a file that is overwritten in place would change under us.
	body, err := os.ReadFile(f.path)
	if err != nil {
		return false, fmt.Errorf("address database: %w", err)
	}
	reader, err := maxminddb.OpenBytes(body)
	if err != nil {
		return false, fmt.Errorf("address database %s: %w", f.path, err)
	}
	f.size, f.changed = info.Size(), info.ModTime()
	f.reader.Store(reader)
	return true, nil
}

// placeRecord holds what the known kinds of file say of an address.
type placeRecord struct {
	Number  uint32 `maxminddb:"autonomous_system_number"` // GeoLite2, DB-IP
	ASN     string `maxminddb:"asn"`                      // IPinfo: AS15169
	Code    string `maxminddb:"country_code"`             // IPinfo
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"` // GeoLite2, DB-IP
}

// asn is the network that a record names, as a number or as text; 0 for none.
func (r placeRecord) asn() uint32 {
	if r.Number != 0 {
		return r.Number
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(r.ASN, "AS"), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// Label returns an address's autonomous system, 0 if unknown, and its country,
// empty if unknown.
func (p *Places) Label(addr netip.Addr) (asn uint32, country string) {
	// An IPv4 address that arrives in the form of IPv6 is found under its own form alone.
	addr = addr.Unmap().WithZone("")
	for _, f := range p.files {
		var r placeRecord
		if err := f.reader.Load().Lookup(addr).Decode(&r); err != nil {
			continue // an IPv6 address in a file of IPv4
		}
		if asn == 0 {
			asn = r.asn()
		}
		for _, code := range []string{r.Country.Code, r.Code} {
			if country == "" && isCountry(code) {
				country = code
			}
		}
	}
	return asn, country
}

// isCountry reports whether a text has the form of a country's code (ISO 3166-1 alpha-2).
func isCountry(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}
