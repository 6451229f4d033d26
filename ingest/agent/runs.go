package agent

import (
	"context"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"time"

	"faultline"
	"faultline/ingest/probe"
)

const (
	// DefaultRunsFrom is from how many sites on a vantage hands healthy results in as runs. The log of
	// fewer is small, and then a page that says when a site was last found well is worth more.
	DefaultRunsFrom = 10_000
	// steadyAfter is how many results in a row must find a site well before any is held back: that
	// it works again, or for the first time, is news.
	steadyAfter = 5
	// evenly is by how much of a period two checks may lie apart from it and still be evenly
	// spaced. A schedule draws each of them earlier or later by a twentieth.
	evenly = 0.2
	// maxHeld bounds the sites whose results are held back; those of more go in one by one.
	maxHeld = 1 << 20
	// sweepEvery is how often runs are looked for that nothing has ended.
	sweepEvery = 15 * time.Second
	// runBatch is how many lines are handed in at a time.
	runBatch = 1_000
)

// Runs hands results in, and of sites that are steadily well it holds them back and hands in
// runs ([faultline.ProbeRun]): some four results in one line. A failure, what comes just before
// it, the results after it and all that was asked for go in at once, so that nothing that says
// of an outage waits. It is safe for concurrent use.
type Runs struct {
	next probe.Sink
	from int // sites
	now  func() time.Time
	seed maphash.Seed

	mu      sync.Mutex
	sites   int
	period  time.Duration
	held    map[string]*heldRun // by site
	results int                 // that are held
	swept   time.Time
	// unsent are lines that the next sink did not take: with them goes the next batch.
	unsent []faultline.Probe
}

// heldRun is what is held back of one site, and what is known of it.
type heldRun struct {
	of      faultline.Probe // the newest result, whether it is held or not
	from    time.Time       // of the first that is held
	latency []int           // of each that is held, in milliseconds
	most    int             // results at which this run ends; 0: at the bounds
	well    int             // results in a row that found the site well
}

// NewRuns returns runs that go to next once a vantage checks from sites or more. Who checks, and
// how often, is said by Assign.
func NewRuns(next probe.Sink, from int, now func() time.Time) *Runs {
	return &Runs{next: next, from: from, now: now, seed: maphash.MakeSeed(), held: map[string]*heldRun{}}
}

// Assign says how many sites the vantage checks once a period from now on.
func (r *Runs) Assign(sites int, period time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sites, r.period = sites, period
}

// Held is how many results are held back.
func (r *Runs) Held() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.results
}

// Probes implements [probe.Sink]. A batch that failed may be handed in again: results that were
// taken before are passed over, and the lines that they became part of are tried again. Results
// of few sites are passed on as they are, and nothing of them is kept.
func (r *Runs) Probes(ctx context.Context, probes []faultline.Probe) error {
	r.mu.Lock()
	if r.sites < r.from || r.period <= 0 {
		left := len(r.held)+len(r.unsent) > 0 // from when there were more sites
		r.mu.Unlock()
		if left {
			if err := r.Flush(ctx); err != nil {
				return err
			}
		}
		return r.next.Probes(ctx, probes)
	}
	lines := append(r.unsent, r.take(probes)...)
	lines = append(lines, r.sweep(r.now())...)
	r.unsent = nil
	r.mu.Unlock()
	return r.send(ctx, lines)
}

// Flush hands in all that is held back: at the end, and when the schedule begins anew.
func (r *Runs) Flush(ctx context.Context) error {
	r.mu.Lock()
	lines := r.unsent
	r.unsent = nil
	for _, site := range slices.Sorted(maps.Keys(r.held)) {
		lines = r.end(lines, r.held[site])
	}
	clear(r.held)
	r.mu.Unlock()
	return r.send(ctx, lines)
}

// send hands lines in, and keeps those that are not taken.
func (r *Runs) send(ctx context.Context, lines []faultline.Probe) error {
	var failed error
	for batch := range slices.Chunk(lines, runBatch) {
		if failed == nil {
			failed = r.next.Probes(ctx, batch)
		}
		if failed != nil {
			r.mu.Lock()
			r.unsent = append(r.unsent, batch[:min(len(batch), maxHeld-len(r.unsent))]...)
			r.mu.Unlock()
		}
	}
	return failed
}

// take returns the lines that results become, in order. The caller holds the lock.
func (r *Runs) take(probes []faultline.Probe) []faultline.Probe {
	lines := make([]faultline.Probe, 0, len(probes))
	for _, p := range probes {
		lines = r.takeOne(lines, p)
	}
	return lines
}

// takeOne adds a result to its site's run, or ends that and appends what is to be handed in.
func (r *Runs) takeOne(lines []faultline.Probe, p faultline.Probe) []faultline.Probe {
	h := r.held[p.Site]
	if h == nil {
		if len(r.held) >= maxHeld {
			return append(lines, p)
		}
		h = &heldRun{}
		r.held[p.Site] = h
	}
	if !p.At.After(h.of.At) {
		return lines // it was taken before
	}
	gap, before := p.At.Sub(h.of.At), h.of
	h.of = p
	switch {
	case p.Symptom != faultline.SymptomOK:
		h.well = 0
		return append(r.endAs(lines, h, before), p)
	case h.well < steadyAfter || float64(gap) < (1-evenly)*float64(r.period): // not steady, or asked for
		h.well++
		return append(r.endAs(lines, h, before), p)
	case float64(gap) > (1+evenly)*float64(r.period) || !alike(before, p) || p.At.Sub(h.from) > faultline.MaxRunSpan:
		lines = r.endAs(lines, h, before)
	}
	if len(h.latency) == 0 {
		h.from, h.most = p.At, 0
		if h.well == steadyAfter { // the first run of a site, so that not all end in one minute
			h.well++
			h.most = 1 + int(maphash.String(r.seed, p.Site)%4)
		}
	}
	h.latency = append(h.latency, p.LatencyMS)
	r.results++
	next := p.At.Add(time.Duration((1 - evenly) * float64(r.period))) // at the earliest
	if n := len(h.latency); n == h.most || n == faultline.MaxRunCount || next.Sub(h.from) > faultline.MaxRunSpan {
		lines = r.end(lines, h)
	}
	return lines
}

// alike reports whether two results that found a site well say the same, but for what they took.
func alike(a, b faultline.Probe) bool {
	return a.Status == b.Status && a.Detail == b.Detail && slices.Equal(a.Via, b.Via) &&
		a.CertificateEnds.Equal(b.CertificateEnds)
}

// endAs ends a run whose last result was before.
func (r *Runs) endAs(lines []faultline.Probe, h *heldRun, before faultline.Probe) []faultline.Probe {
	now := h.of
	h.of = before
	lines = r.end(lines, h)
	h.of = now
	return lines
}

// end appends what is held of a site as one line, if anything is.
func (r *Runs) end(lines []faultline.Probe, h *heldRun) []faultline.Probe {
	n := len(h.latency)
	if n == 0 {
		return lines
	}
	p := h.of
	if n > 1 {
		slices.Sort(h.latency)
		p.Run = &faultline.ProbeRun{From: h.from, Count: n,
			LatencyMS: [3]int{h.latency[0], h.latency[n/2], h.latency[n-1]}}
		p.LatencyMS = p.Run.LatencyMS[1]
	}
	r.results -= n
	h.latency = h.latency[:0]
	return append(lines, p)
}

// sweep ends the runs of sites that are not checked any more, and forgets those.
func (r *Runs) sweep(now time.Time) (lines []faultline.Probe) {
	if now.Sub(r.swept) < sweepEvery {
		return nil
	}
	r.swept = now
	for _, site := range slices.Sorted(maps.Keys(r.held)) {
		if h := r.held[site]; now.Sub(h.of.At) > faultline.MaxRunSpan {
			lines = r.end(lines, h)
			delete(r.held, site)
		}
	}
	return lines
}
