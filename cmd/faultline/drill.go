package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/ingest"
	"faultline/scenario"
	"faultline/store"
)

// A drill plays an outage of the past on a store of its own, in memory, through
// the real door, log, fold and readers. Its clock runs as many times as fast as
// the world's.

const (
	// drillLead is how long after the start the onset comes, on the viewer's clock.
	drillLead = 10 * time.Second
	// drillBatch bounds how much of the quiet before is one entry of the log.
	drillBatch = 2_000
	// drillStep is how often the player looks whether something is due, drillAhead
	// how far, on the drill's clock, it may be ahead of the fold, and drillWorkers
	// how many reports it has under way at once.
	drillStep    = 20 * time.Millisecond
	drillLeap    = 100 * time.Millisecond // of the world's time, at most, in one step
	drillAhead   = 5 * time.Second
	drillWorkers = 64
	// drillStale is how old a view may be on the viewer's clock.
	drillStale = 15 * time.Second
	// drillPrefixes bounds the address plan of a drill's reporters.
	drillPrefixes = 100_000
)

// drillClock is the time of the day that is played. The player moves it, and never
// past what it has delivered and the fold has read: a slow machine plays slower.
type drillClock struct {
	at    atomic.Int64 // Unix milliseconds
	speed float64
}

func (c *drillClock) Now() time.Time      { return time.UnixMilli(c.at.Load()).UTC() }
func (c *drillClock) advance(t time.Time) { c.at.Store(t.UnixMilli()) }

// drill is a scenario and how it is played.
type drill struct {
	spec  scenario.Spec
	clock *drillClock
	plan  *addressPlan
	log   *slog.Logger
}

// newDrill prepares a scenario by name.
func newDrill(name string, speed float64, log *slog.Logger) (*drill, error) {
	spec, err := scenario.Builtin(name)
	if err != nil {
		return nil, usageError{fmt.Errorf("--drill: %q is not among %s", name, strings.Join(scenario.Names(), ", "))}
	}
	d := &drill{spec: spec, plan: newAddressPlan(), log: log, clock: &drillClock{speed: speed}}
	d.clock.advance(spec.Onset.Add(-time.Duration(float64(drillLead) * speed)))
	return d, nil
}

// records is the map of the scenario, which takes the catalogue's place.
func (d *drill) records() []faultline.SiteRecord { return d.spec.Records() }

// arrivals hands out the events of a scenario, each with when it arrives.
type arrivals func() (time.Time, faultline.Event, bool)

// prepare writes what came before the drill's first moment into the log, with
// its ticks, and returns the rest of the scenario and what ends it.
func (d *drill) prepare(ctx context.Context, st *store.Store) (rest arrivals, stop func(), err error) {
	began := time.Now()
	if _, err := st.Epoch(ctx, faultline.Millis(d.spec.Start)); err != nil {
		return nil, nil, fmt.Errorf("open the drill's log: %w", err)
	}
	next, stop := iter.Pull2(d.spec.Arrivals())
	key := store.BatchKey{Writer: randomWriter()}
	var batch []faultline.Event
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		key.Seq++
		_, err := st.Append(ctx, key, batch)
		batch = batch[:0]
		return err
	}
	ticked, from := d.spec.Start, d.clock.Now()
	for {
		at, ev, ok := next()
		due, until := ok && at.Before(from), from
		if due {
			until = at
		}
		for t := ticked.Add(time.Second); !t.After(until); t = t.Add(time.Second) {
			batch, ticked = append(batch, faultline.Tick{At: t}), t
		}
		if due {
			batch = append(batch, ev)
		}
		if len(batch) >= drillBatch || !due {
			if err := flush(); err != nil {
				stop()
				return nil, nil, fmt.Errorf("write the quiet before the drill: %w", err)
			}
		}
		if !due {
			d.log.Info("drill prepared", "drill", d.spec.Name, "onset", d.spec.Onset, "after", time.Since(began).String())
			return pushBack(at, ev, ok, next), stop, nil
		}
	}
}

// pushBack gives arrivals back the one that was taken too many.
func pushBack(at time.Time, ev faultline.Event, ok bool, next arrivals) arrivals {
	first := true
	return func() (time.Time, faultline.Event, bool) {
		if first {
			first = false
			return at, ev, ok
		}
		return next()
	}
}

// play sends what is left of a scenario, each event when it is due: reports and
// probes through the door, statements as a reader of status pages would. folded
// tells how far the fold has come.
func (d *drill) play(ctx context.Context, door *ingest.Door, log ingest.Log, next arrivals, folded func() time.Time) error {
	p := player{drill: d, door: door, log: log, writer: randomWriter(), vantages: map[string]faultline.Vantage{}}
	for _, v := range d.spec.Vantages {
		p.vantages[v.Vantage] = faultline.Vantage{Vantage: v.Vantage, ASN: v.ASN, Country: v.Country}
	}
	at, ev, ok := next()
	for last := time.Now(); pause(ctx, drillStep); {
		passed := min(time.Since(last), drillLeap)
		last = time.Now()
		now := d.clock.Now()
		if now.Sub(folded()) > drillAhead {
			continue
		}
		pace := d.clock.speed
		if !ok {
			pace = 1 // what the drill concluded stays, at the world's pace
		}
		now = now.Add(time.Duration(pace * float64(passed)))
		var due []faultline.Event
		for ; ok && !at.After(now); at, ev, ok = next() {
			due = append(due, ev)
		}
		if err := p.deliver(ctx, due); err != nil && ctx.Err() == nil {
			d.log.Warn("the drill's door was shut for a moment", "error", err)
		}
		d.clock.advance(now)
	}
	return nil
}

// player delivers events through the door.
type player struct {
	*drill
	door     *ingest.Door
	log      ingest.Log
	writer   uint64
	seq      uint64
	vantages map[string]faultline.Vantage
}

// deliver returns once everything is in the log.
func (p *player) deliver(ctx context.Context, due []faultline.Event) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(drillWorkers)
	probes := map[string][]faultline.Probe{}
	for _, ev := range due {
		switch v := ev.(type) {
		case faultline.Report:
			addr := p.plan.address(v)
			g.Go(func() error {
				_, err := p.door.Report(ctx, addr, v.Site, string(v.Symptom))
				return err
			})
		case faultline.Probe:
			probes[v.Vantage] = append(probes[v.Vantage], v)
		case faultline.Statement:
			p.seq++
			if err := p.log.Append(ctx, p.writer, p.seq, []faultline.Event{v}); err != nil {
				return fmt.Errorf("append a statement of the drill: %w", errors.Join(err, g.Wait()))
			}
		}
	}
	for name, batch := range probes {
		for part := range slices.Chunk(batch, drillBatch) {
			g.Go(func() error {
				_, _, err := p.door.Probes(ctx, p.vantages[name], part)
				return err
			})
		}
	}
	return g.Wait()
}

// addressPlan gives the reporters of a drill addresses, a /64 each within the /48
// of their network, and knows where these sit. They are unique local addresses
// (RFC 4193), which no real reporter has.
type addressPlan struct {
	mu     sync.RWMutex
	places map[netip.Addr]place
}

type place struct {
	asn     uint32
	country string
}

func newAddressPlan() *addressPlan { return &addressPlan{places: map[netip.Addr]place{}} }

// address returns the address that a report of the scenario comes from.
func (p *addressPlan) address(r faultline.Report) netip.Addr {
	var b [16]byte
	b[0] = 0xfd
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s", r.ASN, r.Net)
	binary.BigEndian.PutUint32(b[2:6], uint32(h.Sum64()))
	h.Reset()
	h.Write([]byte(r.Reporter))
	binary.BigEndian.PutUint16(b[6:8], uint16(h.Sum64()))
	addr := netip.AddrFrom16(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.places) < drillPrefixes {
		p.places[network48(addr)] = place{r.ASN, r.Country}
	}
	return addr
}

// Label says where an address of the plan sits.
func (p *addressPlan) Label(addr netip.Addr) (uint32, string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	where := p.places[network48(addr)]
	return where.asn, where.country
}

func network48(addr netip.Addr) netip.Addr {
	prefix, err := addr.Unmap().Prefix(min(48, addr.Unmap().BitLen()))
	if err != nil { // an address with a zone
		return netip.Addr{}
	}
	return prefix.Addr()
}
