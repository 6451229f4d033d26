package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"faultline"
	"faultline/correlate"
)

// The world of a run: steps of five seconds, in which six sites of one CDN fail for a
// minute and a half, and faults of the deployment, which end before the last steps.
const (
	stepMS    = 5_000
	failsFrom = 12
	failsTo   = 32
	faultsTo  = 44
	lastStep  = 60
	nodes     = 3
	failing   = 6
	sites     = 12
	vantages  = 3
	leaseMS   = 2 * stepMS
)

// began is when every run begins.
var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// run is one deployment from its beginning to its end, all in one goroutine: what happens is
// decided by its random numbers alone, so a seed repeats it.
type run struct {
	rng    *rand.Rand
	mutant string
	now    int64 // ms since 1970, the true time
	step   int

	master, replica *server
	offset          int64 // of the clock of the server that takes writes
	nodes           [nodes]*node
	later           []func() // requests that are still under way
	writers         int

	sent  map[string]bool // every report, by its reporter: whether it was acknowledged
	gone  map[string]bool // those that were in the end that a failover lost
	fails int             // failovers
	found bool            // the outage was
}

// violation is something that must never be. It is panicked with, and recovered by
// simulate. It is a panic because it may be found at any depth, and nothing after it
// means anything.
type violation struct{ what string }

func (v violation) Error() string { return v.what }

// broken ends a run.
func broken(format string, args ...any) { panic(violation{fmt.Sprintf(format, args...)}) }

// chance is true with a probability.
func (r *run) chance(p float64) bool { return r.rng.Float64() < p }

// faulty reports whether faults happen now.
func (r *run) faulty() bool { return r.step < faultsTo }

// simulate runs one seed. An error says what was violated. mutant is the mistake to
// plant; empty for none. The nodes act in another order in each step, since no protocol
// may depend on who is first.
func simulate(seed uint64, mutant string) (r *run, err error) {
	r = &run{rng: rand.New(rand.NewPCG(seed, 19)), mutant: mutant, now: began.UnixMilli(), master: newServer(),
		sent: map[string]bool{}, gone: map[string]bool{}}
	defer func() {
		if v := recover(); v != nil {
			found, ok := v.(violation)
			if !ok {
				panic(v)
			}
			err = fmt.Errorf("step %d: %w", r.step, found)
		}
	}()
	r.master.append(r.now, r.writer(), 1, []faultline.Event{faultline.Epoch{At: began, Epoch: "epoch"}})
	r.master.append(r.now, r.writer(), 1, catalogue())
	r.replica = r.master.clone()
	for i := range r.nodes {
		r.nodes[i] = newNode(r, i)
	}
	for r.step = range lastStep {
		r.now += stepMS
		r.goWrong()
		r.hand(r.step >= failsFrom && r.step < failsTo)
		for _, i := range r.rng.Perm(nodes) {
			r.nodes[i].act()
		}
		r.checkStep()
	}
	r.checkEnd()
	return r, nil
}

// writer is the number of a new writer.
func (r *run) writer() int { r.writers++; return r.writers }

// catalogue is the first batch: sites, of which some share a CDN, and vantages.
func catalogue() []faultline.Event {
	var list []faultline.Event
	for i := range sites {
		rec := faultline.SiteRecord{At: began, Site: site(i), Rank: 100 + i, Source: faultline.SourceCatalog}
		if i < failing {
			rec.Components = []faultline.Component{"cdn:fastly"}
		}
		list = append(list, rec)
	}
	for i := range vantages {
		list = append(list, faultline.Vantage{Vantage: vantage(i), ASN: uint32(64500 + i), Country: "DE"})
	}
	return list
}

// site is the name of a site.
func site(i int) string { return fmt.Sprintf("site%02d.example", i) }

// vantage is the name of a vantage.
func vantage(i int) string { return fmt.Sprintf("v-%d", i) }

// goWrong is what may happen to the deployment in one step: the replica catches up,
// takes over, the power fails, late requests arrive, nodes crash, stop for a while, or
// have their clock set. The chances are high: a run of five minutes must see what a
// deployment sees in years.
func (r *run) goWrong() {
	if !r.faulty() {
		r.heal()
		return
	}
	if r.chance(.25) {
		r.replica = r.master.clone()
	}
	if r.chance(.05) {
		r.failOver()
	}
	if r.chance(.03) { // the power fails
		for _, n := range r.nodes {
			n.crash()
		}
	}
	for len(r.later) > 0 && r.chance(.5) {
		arrives := r.later[0]
		r.later = r.later[1:]
		arrives()
	}
	for i, n := range r.nodes {
		switch {
		case n == nil || n.dead:
			if r.chance(.3) {
				r.nodes[i] = newNode(r, i)
			}
		case r.chance(.03):
			n.crash()
		case r.chance(.04):
			n.pausedFor = 1 + r.rng.IntN(4)
		case r.chance(.03):
			jumps := []int64{-86_400_000, -600_000, 600_000, 86_400_000}
			n.skew = jumps[r.rng.IntN(len(jumps))]
		}
	}
}

// heal ends all faults but wrong clocks, which nothing mends. After it the run goes on
// for a while, in which everything must be found and agree.
func (r *run) heal() {
	for _, arrives := range r.later {
		arrives()
	}
	r.later = nil
	for i, n := range r.nodes {
		if n == nil || n.dead {
			r.nodes[i] = newNode(r, i)
		}
		r.nodes[i].pausedFor = 0
	}
}

// failOver has the replica take over, with its own clock, and without what it has not
// received. Reports that are lost by it are noted: Redis had acknowledged them, and no
// protocol above it can bring them back.
func (r *run) failOver() {
	r.fails++
	for _, e := range r.master.log[min(len(r.replica.log), len(r.master.log)):] {
		for _, ev := range e.events {
			if rep, ok := ev.(faultline.Report); ok {
				r.gone[rep.Reporter] = true
			}
		}
	}
	r.master, r.replica = r.replica, r.replica.clone()
	r.offset = r.rng.Int64N(2*stepMS) - stepMS
}

// hand gives what is observed in this step to nodes: probes of each vantage, and three
// reports. down says whether the outage goes on. Each vantage looks at every other
// step, as real ones look at different moments.
func (r *run) hand(down bool) {
	at := time.UnixMilli(r.now).UTC()
	for v := range vantages {
		if (r.step+v)%2 == 0 {
			continue
		}
		var batch []faultline.Event
		for i := range sites {
			p := faultline.Probe{At: at.Add(time.Duration(i) * time.Millisecond), Site: site(i), Vantage: vantage(v),
				Symptom: faultline.SymptomOK, Status: 200, LatencyMS: 80}
			if down && i < failing {
				p.Symptom, p.Status = "http_503", 503
			}
			batch = append(batch, p)
		}
		r.take(batch)
	}
	for range 3 {
		who := fmt.Sprintf("%016x", r.rng.Uint64())
		r.sent[who] = false
		if r.take([]faultline.Event{faultline.Report{At: at, Site: site(r.rng.IntN(failing)), Symptom: "http_503",
			Reporter: who, ASN: uint32(1 + r.rng.IntN(40)), Country: "DE"}}) {
			r.sent[who] = true
		}
	}
}

// take hands a batch to one node that runs, and returns whether it was acknowledged.
// One that is refused by a node that is down is not tried at another, as a person would
// not.
func (r *run) take(batch []faultline.Event) bool {
	n := r.nodes[r.rng.IntN(nodes)]
	if n == nil || n.dead || n.pausedFor > 0 {
		return false
	}
	return n.door(batch)
}

// newEngine is an engine, new or from a checkpoint's state.
func newEngine(state []byte) (*correlate.Engine, error) {
	if state == nil {
		return correlate.New(correlate.Config{}), nil
	}
	return correlate.Restore(correlate.Config{}, state)
}
