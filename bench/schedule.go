package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"time"

	"faultline"
	"faultline/ingest/probe"
)

// The schedule is measured in true time, because being late is what is measured. scheduleWarm
// is left out: all sites are due at once when a prober starts.
const (
	scheduledSites  = 100_000
	schedulePeriod  = time.Minute
	scheduleWorkers = 400
	// 100,000 sites a minute are 1,667 checks a second, and 192 ms of each keep 320 of
	// 400 workers busy.
	// A check takes a twelfth of a second to a third of one, so that the workers are
	// busy for 80 % of the time.
	scheduleLook   = 192 * time.Millisecond
	scheduleWarm   = 20 * time.Second
	scheduleFor    = 75 * time.Second
	scheduleMemory = 100.0 // MB
	scheduleLate   = 1.0   // seconds
)

// measureSchedule runs the prober over 100,000 sites with looks that take time and do
// nothing, and measures how late they begin and what it holds in memory. Being late matters,
// because a check that begins late sees a failure late.
func measureSchedule(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	fmt.Fprintf(log, "probe.schedule: %d sites for %s\n", scheduledSites, scheduleWarm+scheduleFor)
	before := heapMB()
	eyes := &dummyEyes{rng: rand.New(rand.NewPCG(opt.Seed, 7)), from: time.Now().Add(scheduleWarm)}
	p := probe.New(probe.Config{Vantage: "bench", Eyes: eyes, Sink: nowhere{}, Period: schedulePeriod,
		Workers:  scheduleWorkers,
		Canaries: probe.Canaries{Pass: []string{"a.example.net", "b.example.net"}, Fail: "no.example.net"}})
	ctx, cancel := context.WithTimeout(ctx, scheduleWarm+scheduleFor)
	defer cancel()
	done := make(chan error, 1)
	// Run ends with the context. The channel holds one value, so that the goroutine ends
	// even where this function has returned with an error.
	go func() { done <- p.Run(ctx) }()
	if err := p.Do(ctx, probe.Work{Sites: benchSites(scheduledSites)}); err != nil {
		return nil, err
	}
	// The deadline is the end of measuring, and no failure.
	<-ctx.Done()
	eyes.mu.Lock()
	late := slices.Sorted(slices.Values(eyes.late))
	eyes.mu.Unlock()
	// Measured while the prober is still reachable, see KeepAlive below: its tables would
	// be garbage otherwise, and memory would look free.
	heap := heapMB() - before
	runtime.KeepAlive(p)
	if err := <-done; err != nil {
		return nil, err
	}
	// A prober that makes few checks is never late. One that made less than nine tenths
	// of what was due measured nothing.
	if want := int(0.9 * float64(scheduledSites) * scheduleFor.Seconds() / schedulePeriod.Seconds()); len(late) < want {
		return nil, fmt.Errorf("void: %d looks were made in %s, want %d", len(late), scheduleFor, want)
	}
	// The 99th percentile and not the largest: a single pause of the machine decides the
	// largest one.
	p99 := late[len(late)*99/100].Seconds()
	load := float64(len(late)) * scheduleLook.Seconds() / (scheduleFor.Seconds() * scheduleWorkers)
	detail := map[string]any{"sites": scheduledSites, "looks": len(late), "load": load,
		"p50_s": late[len(late)/2].Seconds(), "max_s": late[len(late)-1].Seconds()}
	return []figure{
		{Name: "probe.late", Value: p99, Target: scheduleLate, Better: lower, OK: p99 <= scheduleLate,
			Unit:  "s after it was due, 99th percentile",
			Limit: "looks that take 192 ms on average and do nothing, on workers busy 80 % of the time", Runs: 1,
			Detail: detail},
		{Name: "probe.memory", Value: heap, Target: scheduleMemory, Better: lower, OK: heap <= scheduleMemory,
			Unit:  "MB for 100,000 scheduled sites",
			Limit: "heap in use after a collection, buffers of workers included", Runs: 1, Detail: detail},
	}, nil
}

// heapMB is what the heap and the stacks hold once what is garbage is gone.
func heapMB() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse+m.StackInuse) / (1 << 20)
}

// benchSites are sites of twenty CDNs and two hundred DNS providers, so that the prober's
// limits on one provider apply as in life.
func benchSites(n int) []probe.Site {
	sites := make([]probe.Site, n)
	for i := range sites {
		sites[i] = probe.Site{Site: fmt.Sprintf("site-number-%d.example.net", i), Components: []faultline.Component{
			faultline.NewComponent("cdn", fmt.Sprint("c", i%20)), faultline.NewComponent("dns", fmt.Sprint("d", i%200)),
			faultline.NewComponent("asn", fmt.Sprint("AS", i%3000)), "tld:net"}}
	}
	return sites
}

// dummyEyes stand for the checks: they take their time and do nothing, and note how late each
// began after it was due.
// Its methods are called by all workers at once, so that the generator and the list are
// behind one mutex.
type dummyEyes struct {
	from time.Time
	mu   sync.Mutex
	rng  *rand.Rand
	late []time.Duration
}

// Check waits for a random time and returns a result that is well.
func (d *dummyEyes) Check(ctx context.Context, t probe.Task) probe.Result {
	now := time.Now()
	d.mu.Lock()
	// A task without a due time was asked for at once, and cannot be late.
	if !t.Due.IsZero() && now.After(d.from) {
		d.late = append(d.late, now.Sub(t.Due))
	}
	// From 0.4 to 1.6 times the mean: checks that all take the same time would end in
	// step, and free all workers at once.
	wait := time.Duration((0.4 + 1.2*d.rng.Float64()) * float64(scheduleLook))
	addr := netip.AddrFrom4([4]byte{byte(20 + d.rng.IntN(40)), byte(d.rng.IntN(256)), byte(d.rng.IntN(256)), 1})
	d.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return probe.Result{Probe: faultline.Probe{Site: t.Site, At: now, Symptom: faultline.SymptomOK, Status: 200},
		Observation: probe.Observation{Site: t.Site, Addr: addr}, Entry: "https://" + t.Site + "/",
		ETag: `"0123456789abcdef"`}
}

// Exists says that no name exists, which the prober's canary expects of a name that must not.
func (d *dummyEyes) Exists(context.Context, string) (bool, error) { return false, nil }

// nowhere takes every probe and drops it.
type nowhere struct{}

// Probes drops them.
func (nowhere) Probes(context.Context, []faultline.Probe) error { return nil }
