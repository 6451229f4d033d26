package ingest

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"faultline"
)

// What it takes for an unknown name to become a site.
const (
	// One person has one network at a time, and a botnet mostly few: a name of nobody's
	// must not become a site.
	newcomerNetworks = 5              // that asked for it …
	newcomerSpan     = 24 * time.Hour // … within so long
	// newcomersAnHour is how many names a node makes sites at most, and as many
	// at once; the rest wait until somebody asks again.
	newcomersAnHour = 60
	// Each prefix may bring so many names an hour, and as many at once.
	newcomersOfPrefix = 30
)

// Bounds of [Newcomers].
const (
	newcomerBits  = 17 // 2^17 names in the sketch, 32 bytes each: 4 MiB
	newcomerWays  = 4
	newcomerQueue = 64 // names that wait for DNS
	// newcomerLookup bounds one question to DNS.
	newcomerLookup = 3 * time.Second
)

// Resolver knows whether a name stands for a public host: whether it has an
// address that anybody on the internet could reach.
type Resolver interface {
	Resolves(ctx context.Context, host string) (bool, error)
}

// Newcomers holds names that people ask for and nobody knows yet, until several
// networks have asked for one and DNS knows it: then it is a site. Of a name the
// sketch keeps a hash and who asked, nothing else, in a fixed piece of memory; in
// a full set the name that the fewest networks asked for makes room.
type Newcomers struct {
	dns      Resolver
	now      func() time.Time
	seed     maphash.Seed
	ready    chan string
	outcomes *prometheus.CounterVec

	mu       sync.Mutex
	slots    []newcomer
	promoted *gcraTable // one key
	bringers *gcraTable
}

// newcomer is one name: its hash, the networks that asked, hashed as well, and
// when the first did, in Unix hours.
type newcomer struct {
	name uint64
	// 0 stands for a free place.
	nets  [newcomerNetworks]uint32
	since uint32
}

// NewNewcomers returns an empty sketch.
func NewNewcomers(dns Resolver, now func() time.Time, reg prometheus.Registerer) *Newcomers {
	return &Newcomers{
		dns: dns, now: now, seed: maphash.MakeSeed(), ready: make(chan string, newcomerQueue),
		slots: make([]newcomer, 1<<newcomerBits), promoted: newGCRA(2), bringers: newGCRA(14),
		outcomes: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_newcomers_total",
			Help: "Reports of unknown names by what became of the name: waits, refused (nothing promotes it), full, " +
				"unresolved, site.",
		}, []string{"outcome"}),
	}
}

// What became of an unknown name.
const (
	newcomerWaits      = "waits"
	newcomerRefused    = "refused"
	newcomerFull       = "full"
	newcomerUnresolved = "unresolved"
	newcomerSite       = "site"
)

// ask notes that somebody of a network asked for a name. The network is an
// autonomous system or, where that is unknown, a prefix; its bringer is the
// prefix in any case.
func (n *Newcomers) ask(site string, network, bringer uint64) {
	outcome := newcomerWaits
	defer func() { n.outcomes.WithLabelValues(outcome).Inc() }()
	if suffix, icann := publicsuffix.PublicSuffix(site); !icann || suffix == site {
		outcome = newcomerRefused // whoever owns the suffix makes as many as they like
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	s, known := n.slot(maphash.String(n.seed, site), uint32(now.Unix()/3600))
	if !known {
		hour := rate{burst: newcomersOfPrefix, interval: time.Hour / newcomersOfPrefix}
		if _, wait := n.bringers.take(maphash.Comparable(n.seed, bringer), hour, 1, now); wait > 0 {
			outcome = newcomerRefused
			return
		}
		*s = newcomer{name: maphash.String(n.seed, site), since: uint32(now.Unix() / 3600)}
	}
	// The lowest bit is set, so that no hash is 0.
	if !s.addNetwork(uint32(maphash.Comparable(n.seed, network)) | 1) {
		return
	}
	hour := rate{burst: newcomersAnHour, interval: time.Hour / newcomersAnHour}
	if _, wait := n.promoted.take(1, hour, 1, now); wait > 0 {
		outcome = newcomerFull
		return
	}
	select {
	case n.ready <- site:
		*s = newcomer{} // it is asked for again if DNS does not know it
	default:
		outcome = newcomerFull
	}
}

// slot finds a name, or the place that it would take.
func (n *Newcomers) slot(name uint64, hour uint32) (s *newcomer, known bool) {
	// A name may stand in one of four places, so that finding it costs four comparisons
	// and no chain.
	set := name % (1 << newcomerBits / newcomerWays) * newcomerWays
	slots := n.slots[set : set+newcomerWays]
	least := &slots[0]
	for i := range slots {
		s := &slots[i]
		// Unsigned hours: a since in the future would wrap to a large number, and the
		// entry counts as old.
		if s.name == name && hour-s.since < uint32(newcomerSpan/time.Hour) {
			return s, true
		}
		if s.worth(hour) < least.worth(hour) {
			least = s
		}
	}
	return least, false
}

// worth is by what names keep their places: how many networks asked.
func (s *newcomer) worth(hour uint32) int {
	if s.name == 0 || hour-s.since >= uint32(newcomerSpan/time.Hour) {
		return -1
	}
	for i, net := range s.nets {
		if net == 0 {
			return i
		}
	}
	return len(s.nets)
}

// addNetwork adds a network and reports whether there are enough now.
func (s *newcomer) addNetwork(net uint32) bool {
	for i := range s.nets {
		if s.nets[i] == net {
			return s.nets[len(s.nets)-1] != 0
		}
		if s.nets[i] == 0 {
			s.nets[i] = net
			return i == len(s.nets)-1
		}
	}
	return true
}

// run asks DNS for those that are ready and hands over those that it knows.
// It runs apart from requests, because DNS may take seconds.
func (n *Newcomers) run(ctx context.Context, promote func(faultline.SiteRecord) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case site := <-n.ready:
			outcome := newcomerUnresolved
			r := faultline.SiteRecord{At: faultline.Millis(n.now()), Site: site, Source: faultline.SourceReported}
			if n.resolves(ctx, site) && promote(r) == nil {
				outcome = newcomerSite
			}
			n.outcomes.WithLabelValues(outcome).Inc()
		}
	}
}

// resolves asks for the name and, where that is none, for its www. host.
func (n *Newcomers) resolves(ctx context.Context, site string) bool {
	for _, host := range []string{site, "www." + site} {
		ctx, cancel := context.WithTimeout(ctx, newcomerLookup)
		ok, err := n.dns.Resolves(ctx, host)
		cancel()
		if ok && err == nil {
			return true
		}
	}
	return false
}

// networkOf is what a reporter counts as for a newcomer: 0 counts as none.
func networkOf(r faultline.Report, net uint32) uint64 {
	switch {
	case r.Hosting:
		return 0
	case r.ASN != 0:
		return uint64(r.ASN)
	}
	// Prefixes are moved out of the range of AS numbers, which have 32 bits.
	return 1<<32 | uint64(net)
}

// promote puts a newcomer's record into the log; the fold makes it a site on
// every node.
func (d *Door) promote(ctx context.Context, r faultline.SiteRecord) error {
	b, err := d.commit.add(r)
	if err == nil {
		err = b.wait(ctx)
	}
	if err != nil {
		return fmt.Errorf("make %s a site: %w", r.Site, err)
	}
	return nil
}
