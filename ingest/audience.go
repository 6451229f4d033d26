package ingest

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
)

const (
	// audiencePrefix is how many requests of one prefix (/24 or /48) count in a minute:
	// whoever wants to look like many readers needs many prefixes.
	audiencePrefix = 10
	// audiencePrefixes bounds the prefixes of a minute. A minute with more says nothing:
	// whoever fills the table would make all others look silent.
	audiencePrefixes = 1 << 16
	// audienceWriter sets the line of the audience apart from the batches of ingest.
	audienceWriter = 0x5ead
)

// audience counts requests of people by network, a minute at a time. It keeps no address:
// only, until the minute ends, a hash of each prefix. Networks of machines do not count.
type audience struct {
	labels  Labels
	hosting Hosting
	seed    maphash.Seed
	skipped prometheus.Counter
	failed  prometheus.Counter

	mu       sync.Mutex
	prefixes map[uint64]*readPrefix
	networks map[uint32]*faultline.ReaderNetwork
	full     bool // requests of this minute were not counted
}

// readPrefix is one prefix of this minute.
type readPrefix struct {
	requests int
	network  *faultline.ReaderNetwork // nil: unknown, or of machines
}

// newAudience returns a count of readers that has counted nobody. The seed of its hashes is
// drawn at each start and never written.
func newAudience(cfg DoorConfig, m *metrics) *audience {
	return &audience{
		labels: cfg.Labels, hosting: cfg.Hosting, seed: maphash.MakeSeed(),
		prefixes: map[uint64]*readPrefix{}, networks: map[uint32]*faultline.ReaderNetwork{},
		skipped: m.auto.NewCounter(prometheus.CounterOpts{
			Name: "faultline_ingest_readers_skipped_total",
			Help: "Requests not counted as readers because a minute had more prefixes than are kept.",
		}),
		failed: m.auto.NewCounter(prometheus.CounterOpts{
			Name: "faultline_ingest_readers_failed_total",
			Help: "Minutes whose count of readers the log did not take.",
		}),
	}
}

// Reads counts one request that a person may have made. The address is not kept.
func (d *Door) Reads(addr netip.Addr) { d.audience.read(addr) }

// read counts one request of an address, for its network. The address itself is not kept.
func (a *audience) read(addr netip.Addr) {
	if a.labels == nil || !addr.IsValid() {
		return
	}
	_, prefix := prefixesOf(addr)
	key := maphash.Comparable(a.seed, prefix)
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.prefixes[key]
	if p == nil {
		if len(a.prefixes) >= audiencePrefixes {
			a.skipped.Inc()
			a.full = true
			return
		}
		p = &readPrefix{network: a.networkOf(addr)}
		a.prefixes[key] = p
	}
	// A prefix of an unknown network is noted nevertheless, so that its address is looked
	// up once a minute.
	if p.network != nil && p.requests < audiencePrefix {
		p.requests++
		p.network.Requests++
	}
}

// networkOf is where the readers of an address's network are counted.
func (a *audience) networkOf(addr netip.Addr) *faultline.ReaderNetwork {
	asn, country := a.labels.Label(addr)
	if asn == 0 || a.hosting[asn] {
		return nil
	}
	n := a.networks[asn]
	if n == nil {
		n = &faultline.ReaderNetwork{ASN: asn, Country: country}
		a.networks[asn] = n
	}
	return n
}

// take ends a minute: it returns what was counted, nothing of a minute that was not
// counted whole, and begins again.
func (a *audience) take(end time.Time, node string) faultline.Readers {
	a.mu.Lock()
	defer a.mu.Unlock()
	line := faultline.Readers{At: faultline.Millis(end), Node: node}
	for _, n := range a.networks {
		if !a.full {
			line.Networks = append(line.Networks, *n)
		}
	}
	a.full = false
	clear(a.prefixes)
	clear(a.networks)
	return line.Bounded()
}

// sayReaders appends what each minute counted, in a batch of its own: a node of an earlier
// version that cannot read it loses nothing else. A node without an address database has
// nothing to say.
func (d *Door) sayReaders(ctx context.Context, log Log, writer uint64) {
	if d.labels == nil {
		return
	}
	node := fmt.Sprintf("%016x", writer)
	end := d.now().Truncate(time.Minute)
	for seq := uint64(0); ; seq++ {
		end = end.Add(time.Minute)
		timer := time.NewTimer(end.Sub(d.now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		line := d.audience.take(end, node)
		if len(line.Networks) == 0 || seq == 0 {
			continue // nothing can be compared; the first minute was not whole
		}
		// One attempt: a minute that is lost says nothing, and the next minute is counted
		// already.
		attempt, cancel := context.WithTimeout(ctx, flushLimit)
		if err := log.Append(attempt, writer^audienceWriter, seq, []faultline.Event{line}); err != nil {
			d.audience.failed.Inc()
		}
		cancel()
	}
}
