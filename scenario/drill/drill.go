// Package drill plays an outage of the past through a real node: its door, log, fold
// and readers, on a store of its own in memory. Its clock runs as many times as fast
// as the world's.
//
// What belongs here: when each event of a scenario is delivered, and from which
// address. What does not: the scenarios (package scenario), and the node.
package drill

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
	"faultline/scenario"
	"faultline/task"
)

const (
	// lead is how long after the start the onset comes, on the viewer's clock.
	lead = 10 * time.Second
	// batchSize bounds how much of the quiet before is one entry of the log.
	batchSize = 2_000
	// step is how often the player checks whether something is due, ahead
	// how far, on the drill's clock, it may be ahead of the fold, and workers
	// how many reports it has under way at once.
	step    = 20 * time.Millisecond
	leap    = 100 * time.Millisecond // of the world's time, at most, in one step
	ahead   = 5 * time.Second
	workers = 64
	// stale is how old a view may be on the viewer's clock.
	stale = 15 * time.Second
	// maxPrefixes bounds the address plan of a drill's reporters.
	maxPrefixes = 100_000
)

// clock is the time of the day that is played. The player moves it, and never
// past what it has delivered and the fold has read: a slow machine plays slower.
type clock struct {
	at    atomic.Int64 // Unix milliseconds
	speed float64
}

func (c *clock) Now() time.Time      { return time.UnixMilli(c.at.Load()).UTC() }
func (c *clock) advance(t time.Time) { c.at.Store(t.UnixMilli()) }

// Drill is a scenario and how it is played.
type Drill struct {
	spec  scenario.Spec
	clock *clock
	plan  *AddressPlan
	log   *slog.Logger
}

// New prepares a built-in scenario, to be played speed times as fast as the world's
// clock. It fails for a name that is not built in.
func New(name string, speed float64, log *slog.Logger) (*Drill, error) {
	spec, err := scenario.Builtin(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not among %s", name, strings.Join(scenario.Names(), ", "))
	}
	d := &Drill{spec: spec, plan: newAddressPlan(), log: log, clock: &clock{speed: speed}}
	d.clock.advance(spec.Onset.Add(-time.Duration(float64(lead) * speed)))
	return d, nil
}

// Records are the sites of the scenario, which take the catalogue's place.
func (d *Drill) Records() []faultline.SiteRecord { return d.spec.Records() }

// Now is the time of the day that is played.
func (d *Drill) Now() time.Time { return d.clock.Now() }

// TickEvery is how much of the world's time one second of the drill takes.
func (d *Drill) TickEvery() time.Duration {
	return time.Duration(float64(time.Second) / d.clock.speed)
}

// StaleAfter is how old a view may be, on the drill's clock.
func (d *Drill) StaleAfter() time.Duration { return time.Duration(float64(stale) * d.clock.speed) }

// Start is when the scenario begins.
func (d *Drill) Start() time.Time { return d.spec.Start }

// Places says where the addresses of the drill's reporters sit.
func (d *Drill) Places() *AddressPlan { return d.plan }

// Log takes batches of events into the drill's log. Package store has one.
type Log interface {
	Append(ctx context.Context, events []faultline.Event) error
}

// Door takes what people report and what vantages see. Package ingest has it.
type Door interface {
	Report(ctx context.Context, addr netip.Addr, site, symptom string) (faultline.Receipt, error)
	Probes(ctx context.Context, v faultline.Vantage, probes []faultline.Probe) (accepted int,
		rejected []faultline.Invalid, err error)
}

// Arrivals hands out the events of a scenario, each with when it arrives.
type Arrivals func() (time.Time, faultline.Event, bool)

// Prepare writes what came before the drill's first moment into the log, with its
// ticks, and returns the rest of the scenario and what ends it.
func (d *Drill) Prepare(ctx context.Context, log Log) (rest Arrivals, stop func(), err error) {
	began := time.Now()
	next, stop := iter.Pull2(d.spec.Arrivals())
	var batch []faultline.Event
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := log.Append(ctx, batch)
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
		if len(batch) >= batchSize || !due {
			if err := flush(); err != nil {
				stop()
				return nil, nil, fmt.Errorf("write the quiet before the drill: %w", err)
			}
		}
		if !due {
			d.log.Info("drill prepared", "drill", d.spec.Name, "onset", d.spec.Onset, "after",
				time.Since(began).String())
			return pushBack(at, ev, ok, next), stop, nil
		}
	}
}

// pushBack gives arrivals back the one that was taken too many.
func pushBack(at time.Time, ev faultline.Event, ok bool, next Arrivals) Arrivals {
	first := true
	return func() (time.Time, faultline.Event, bool) {
		if first {
			first = false
			return at, ev, ok
		}
		return next()
	}
}

// Play sends what is left of a scenario, each event when it is due: reports and
// probes through the door, statements as a reader of status pages would. folded
// tells how far the fold has come.
func (d *Drill) Play(ctx context.Context, door Door, log Log, next Arrivals, folded func() time.Time) error {
	p := player{Drill: d, door: door, log: log, vantages: map[string]faultline.Vantage{}}
	for _, v := range d.spec.Vantages {
		p.vantages[v.Vantage] = faultline.Vantage{Vantage: v.Vantage, ASN: v.ASN, Country: v.Country}
	}
	at, ev, ok := next()
	for last := time.Now(); task.Pause(ctx, step); {
		passed := min(time.Since(last), leap)
		last = time.Now()
		now := d.clock.Now()
		if now.Sub(folded()) > ahead {
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
			d.log.Warn("the drill could not deliver for a moment", "error", err)
		}
		d.clock.advance(now)
	}
	return nil
}

// player delivers events through the door.
type player struct {
	*Drill
	door     Door
	log      Log
	vantages map[string]faultline.Vantage
}

// deliver returns once everything is in the log.
func (p *player) deliver(ctx context.Context, due []faultline.Event) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
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
			if err := p.log.Append(ctx, []faultline.Event{v}); err != nil {
				return fmt.Errorf("append a statement of the drill: %w", errors.Join(err, g.Wait()))
			}
		}
	}
	for name, batch := range probes {
		for part := range slices.Chunk(batch, batchSize) {
			g.Go(func() error {
				_, _, err := p.door.Probes(ctx, p.vantages[name], part)
				return err
			})
		}
	}
	return g.Wait()
}

// AddressPlan gives the reporters of a drill addresses, a /64 each within the /48
// of their network, and knows where these sit. They are unique local addresses
// (RFC 4193), which no real reporter has.
type AddressPlan struct {
	mu     sync.RWMutex
	places map[netip.Addr]place
}

type place struct {
	asn     uint32
	country string
}

func newAddressPlan() *AddressPlan { return &AddressPlan{places: map[netip.Addr]place{}} }

// address returns the address that a report of the scenario comes from.
func (p *AddressPlan) address(r faultline.Report) netip.Addr {
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
	if len(p.places) < maxPrefixes {
		p.places[network48(addr)] = place{r.ASN, r.Country}
	}
	return addr
}

// Label says where an address of the plan sits.
func (p *AddressPlan) Label(addr netip.Addr) (uint32, string) {
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
