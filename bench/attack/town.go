package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"faultline"
	"faultline/correlate"
	"faultline/ingest"
	"faultline/ingest/infra"
)

const (
	// calm is how long the town is quiet before anything happens: long enough that
	// a crowd where nothing probes may be believed.
	calm = 2 * time.Hour
	// homeNetworks are those that people have reported from all along.
	homeNetworks = 60
	// grumbles are reports a minute over all sites when all is well.
	grumbles = 20
	cdnSites = 40 // of one CDN
	// nameServers serve the sites in turn.
	nameServers = 7
)

// town is a world of sites, probes and people on a clock of its own. Reports go through the
// real door and its limits, and the real fold judges them, so that what holds here holds in
// production.
type town struct {
	sites  []string
	door   *ingest.Door
	limits *ingest.Limits
	engine *correlate.Engine
	now    atomic.Int64 // Unix nanoseconds
	rng    *rand.Rand
	log    memoryLog
	close  func()

	// failing says what probes see of a site; nil: all is well.
	failing func(site, vantage string) (faultline.Symptom, bool)
	// probed says which sites are probed; nil: all.
	probed func(site string) bool
	states map[string][]faultline.IncidentState // by incident, as they were told
	last   map[string]faultline.Incident
	// revised is called with every revision that the fold makes; nil: by nobody.
	revised func(faultline.Incident)

	sent, refused int
}

// config is what a node gives its engine.
var config = sync.OnceValue(func() correlate.Config {
	known, err := infra.FoldProviders()
	if err != nil {
		panic(err) // a table that the program ships and that its tests read
	}
	return correlate.Config{Providers: known}
})

// memoryLog stands for Redis: it keeps what the door appends until the next tick.
type memoryLog struct {
	mu     sync.Mutex
	events []faultline.Event
}

// Append keeps the events.
func (l *memoryLog) Append(_ context.Context, _, _ uint64, events []faultline.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, events...)
	return nil
}

// townKeys are the keys of pseudonyms, the same for every day, so that runs can be repeated.
type townKeys struct{}

// DailyKey returns 32 zero bytes.
func (townKeys) DailyKey(context.Context, string) ([]byte, error) { return make([]byte, 32), nil }

// Addresses of the town are 2a00:ASN:PREFIX:HOST::1: a /48 for each prefix and a /64 for each
// person, which is how limits count IPv6.
func address(asn uint16, prefix, host uint16) netip.Addr {
	b := [16]byte{0x2a, 0x00, 15: 1}
	binary.BigEndian.PutUint16(b[2:], asn)
	binary.BigEndian.PutUint16(b[4:], prefix)
	binary.BigEndian.PutUint16(b[6:], host)
	return netip.AddrFrom16(b)
}

// townLabels read the network off an address.
type townLabels struct{}

// countries are where people live: in those of the vantages and in as many without one.
var countries = [...]string{"GB", "US", "DE", "FR", "IN", "BR"}

// Label returns the network, and a country by its number.
func (townLabels) Label(addr netip.Addr) (uint32, string) {
	b := addr.As16()
	asn := binary.BigEndian.Uint16(b[2:])
	return uint32(asn), countries[int(asn)%len(countries)]
}

// hosterASN is a network of a hosting company, whose reports must weigh nothing.
const hosterASN = 60_000

// vantages are three, in three networks and countries: the least at which one may lie and two
// be right.
var vantages = []faultline.Vantage{{Vantage: "lon-1", ASN: 20473, Country: "GB"},
	{Vantage: "nyc-1", ASN: 14061, Country: "US"},
	{Vantage: "fra-1", ASN: 24940, Country: "DE"}}

// newTown makes a town of n sites; close must be called.
func newTown(n int) *town {
	t := &town{rng: rand.New(rand.NewPCG(7, 8)), engine: correlate.New(config()),
		states: map[string][]faultline.IncidentState{}, last: map[string]faultline.Incident{}}
	t.now.Store(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano())
	t.fold(faultline.Epoch{At: t.clock(), Epoch: "attack"})
	for i := range n {
		site := fmt.Sprintf("s%04d.com", i)
		t.sites = append(t.sites, site)
		t.fold(faultline.SiteRecord{At: t.clock(), Site: site, Rank: 1 + i, Components: []faultline.Component{
			faultline.Component(fmt.Sprintf("cdn:c%d", i/cdnSites)),
			faultline.Component(fmt.Sprintf("dns:d%d", i%nameServers)), "tld:com"}})
	}
	for _, v := range vantages {
		t.fold(v)
	}
	t.door = ingest.NewDoor(ingest.DoorConfig{Log: &t.log, Keys: townKeys{}, Names: ingest.NewNames(t.sites...),
		Labels:  townLabels{},
		Hosting: ingest.Hosting{hosterASN: true}, Durable: true, Now: t.clock, Writer: 1})
	t.limits = ingest.NewLimits(ingest.LimitsConfig{Person: 300, Prefix: 6000, Token: 600, Keys: townKeys{},
		Now: t.clock})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = t.door.Run(ctx) }()
	t.close = func() { cancel(); <-done }
	return t
}

// clock is the town's time.
func (t *town) clock() time.Time { return time.Unix(0, t.now.Load()).UTC() }

// fold takes an event and notes what was published of it.
func (t *town) fold(ev faultline.Event) {
	for _, in := range t.engine.Fold(ev) {
		if s := t.states[in.ID]; len(s) == 0 || s[len(s)-1] != in.State {
			t.states[in.ID] = append(s, in.State)
		}
		t.last[in.ID] = in
		if t.revised != nil {
			t.revised(in)
		}
	}
}

// report is what one person sends: by the limits, through the door.
func (t *town) report(from netip.Addr, site string, symptom faultline.Symptom) {
	t.sent++
	if !t.limits.Person(from).OK {
		t.refused++
		return
	}
	if _, err := t.door.Report(context.Background(), from, site, string(symptom)); err != nil {
		t.refused++
	}
}

// pass lets time pass, a second at a time: probes, a grumble now and then, what happens in
// each second, and then the fold of all that.
func (t *town) pass(d time.Duration, happens func(second int)) {
	for second := range int(d / time.Second) {
		t.now.Add(int64(time.Second))
		t.probe(second)
		if t.rng.IntN(60) < grumbles {
			t.report(address(uint16(1+t.rng.IntN(homeNetworks)), uint16(t.rng.IntN(400)), uint16(t.rng.IntN(1<<16))),
				t.sites[t.rng.IntN(len(t.sites))], "other")
		}
		if happens != nil {
			happens(second)
		}
		t.log.mu.Lock()
		events := t.log.events
		t.log.events = nil
		t.log.mu.Unlock()
		for _, ev := range events {
			t.fold(ev)
		}
		t.fold(faultline.Tick{At: t.clock()})
	}
}

// probe has every vantage look at a sixtieth of the sites each second.
func (t *town) probe(second int) {
	for i := second % 60; i < len(t.sites); i += 60 {
		site := t.sites[i]
		if t.probed != nil && !t.probed(site) {
			continue
		}
		for _, v := range vantages {
			p := faultline.Probe{At: faultline.Millis(t.clock()), Site: site, Vantage: v.Vantage,
				Symptom: faultline.SymptomOK, Status: 200}
			if symptom, fails := t.fails(site, v.Vantage); fails {
				p.Symptom, p.Status = symptom, symptom.HTTPStatus()
			}
			t.fold(p)
		}
	}
}

// fails says whether a probe of a site fails just now, and how.
func (t *town) fails(site, vantage string) (faultline.Symptom, bool) {
	if t.failing == nil {
		return "", false
	}
	return t.failing(site, vantage)
}

// reached is the furthest state that any incident was published in (none, candidate or
// confirmed), and its title. only says which causes count.
func (t *town) reached(only func(*faultline.Cause) bool) (faultline.IncidentState, string) {
	best, title := faultline.IncidentState(""), ""
	for id, states := range t.states {
		switch last := t.last[id]; {
		case !only(last.Cause):
		case slices.Contains(states, faultline.StateConfirmed):
			return faultline.StateConfirmed, last.Title
		case slices.Contains(states, faultline.StateCandidate) && best == "":
			best, title = faultline.StateCandidate, last.Title
		}
	}
	return best, title
}

// The causes that are asked for: any, a viewer's network, and any but that.
func anyCause(*faultline.Cause) bool       { return true }
func isNetwork(c *faultline.Cause) bool    { return c != nil && c.Kind == faultline.KindISP }
func isNotNetwork(c *faultline.Cause) bool { return !isNetwork(c) }
