package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/correlate"
	"faultline/ingest"
	"faultline/ingest/agent"
	"faultline/store"
)

// The group scale: every site is checked once a minute from twelve vantages, through an
// agent's runs of healthy results, the API's door, the log on a real Redis, and the fold. What a
// million sites would take is computed from the largest size that is measured, in proportion.
const (
	scaleVantages = 12
	scaleFailing  = 1_000 // sites of the component that fails
	scaleCosts    = 4     // minutes whose costs are measured: as long as a run is
	scaleQuiet    = 14    // minutes before it fails, the measured ones with them: by then all results are in runs
	scaleOutage   = 3     // minutes of it at most

	// What a million sites mean, checked once a minute by twelve vantages.
	scaleWanted = 200_000 // results a second
	scaleCores  = 1.0     // of the fold
	scaleLog    = 2.0     // GB of log an hour
	scaleDetect = 60.0    // seconds from the first failure to a confirmed incident
)

// scaleSizes are the numbers of sites that are measured; the last is the figures'. The
// smaller one is there to see whether costs grow in proportion, without which no size
// says anything of a million, and is measured without runs too.
var scaleSizes = []scaleSize{{10_000, false}, {10_000, true}, {100_000, true}}

// scaleSize is what is measured: how many sites, and whether healthy results go in as runs.
type scaleSize struct {
	sites int
	runs  bool
}

// scaleCulprit is the component that fails.
var scaleCulprit = faultline.NewComponent(faultline.KindCDN, "culprit")

// fleet is what a deployment consists of, without HTTP: the door, Redis and the fold.
// Its clock moves a second at a time, as fast as the machine goes. HTTP is left out
// because agents hand in a thousand results in one request: its share of the cost is
// small, and the group ingest measures it.
type fleet struct {
	redis  *redisChild
	store  *store.Store
	lease  store.Lease
	door   *ingest.Door
	reader *store.Reader
	engine *correlate.Engine
	sites  []string
	agents []*agent.Runs
	rng    *rand.Rand   // of what results take; one agent after another draws from it
	clock  atomic.Int64 // in ms since 1970: what the door and the ticks go by
	folded time.Time    // the same, of the fold
	ticks  uint64
	fails  bool
	told   time.Time // when the outage was confirmed; zero: not yet
	stop   func() error
}

// scaleRow is what one size came to. Costs are processor time, which other programs on
// the machine disturb less than time on the clock.
type scaleRow struct {
	Sites     int     `json:"sites"`
	Runs      bool    `json:"runs"`               // healthy results go in as runs
	Rate      float64 `json:"results_a_second"`   // through all of it, one after the other
	DoorMicro float64 `json:"door_us_a_result"`   // processor time, with what packs the log
	FoldMicro float64 `json:"fold_us_a_result"`   // processor time
	FoldShare float64 `json:"fold_share_of_core"` // at one check a minute
	LogBytes  float64 `json:"log_bytes_a_result"` // of Redis' memory
	LogGBHour float64 `json:"log_gb_an_hour"`     // at one check a minute
	Detected  float64 `json:"detected_after_s"`   // on the log's clock
	HeapMB    float64 `json:"heap_mb"`            // of door and fold together
}

// measureScale plays a quiet time and an outage for each size, on a clock that moves as fast
// as the machine goes, and says what a million sites would take by the largest one. Two sizes
// are measured, so that a cost which grows faster than the number of sites is seen.
func measureScale(ctx context.Context, _ options, log io.Writer) ([]figure, error) {
	fmt.Fprintf(log, "scale: %8s %5s %10s %9s %9s %7s %9s %9s %8s\n", "sites", "runs", "results/s", "door us",
		"fold us", "cores", "log B", "GB/hour", "found s")
	var rows []scaleRow
	for _, size := range scaleSizes {
		r, err := scaled(ctx, size)
		if err != nil {
			return nil, fmt.Errorf("%d sites: %w", size.sites, err)
		}
		fmt.Fprintf(log, "scale: %8d %5t %10.0f %9.2f %9.2f %7.3f %9.2f %9.2f %8.0f\n", r.Sites, r.Runs, r.Rate,
			r.DoorMicro, r.FoldMicro, r.FoldShare, r.LogBytes, r.LogGBHour, r.Detected)
		rows = append(rows, r)
	}
	last := rows[len(rows)-1]
	detail := map[string]any{"sizes": rows, "vantages": scaleVantages}
	limit := fmt.Sprintf("none: %d sites were measured, and a million are in proportion", last.Sites)
	line := func(name string, value, target float64, better, unit string) figure {
		return figure{Name: "scale." + name, Value: value, Target: target, Better: better, Unit: unit, Limit: limit,
			OK: meets(value, target, better), Runs: 1, Detail: detail}
	}
	return []figure{
		line("results", last.Rate, scaleWanted, higher, "results a second through door, log and fold"),
		line("fold", last.FoldMicro*scaleWanted/1e6, scaleCores, lower, "cores of the fold for a million sites"),
		line("log", last.LogBytes*scaleWanted*3600/1e9, scaleLog, lower, "GB of log an hour for a million sites"),
		line("detection", last.Detected, scaleDetect, lower, "s from the first failure to a confirmed incident"),
	}, nil
}

// scaled measures one size: the last minutes of a quiet time for the costs, then an
// outage for the time until it is confirmed. A run in which the outage is not
// confirmed, or in which the fold counted another number of probes than were sent, is
// void: a server that loses work is fast.
func scaled(ctx context.Context, size scaleSize) (row scaleRow, err error) {
	f, err := newFleet(ctx, size)
	if err != nil {
		return scaleRow{}, err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	if _, _, err := f.minutes(ctx, scaleQuiet-scaleCosts); err != nil {
		return scaleRow{}, err
	}
	before, err := f.redis.usedMemory(ctx)
	if err != nil {
		return scaleRow{}, err
	}
	began := time.Now()
	door, fold, err := f.minutes(ctx, scaleCosts)
	took := time.Since(began).Seconds()
	after, err2 := f.redis.usedMemory(ctx)
	if err = errors.Join(err, err2); err != nil {
		return scaleRow{}, err
	}
	results := float64(size.sites * scaleVantages * scaleCosts)
	row = scaleRow{Sites: size.sites, Runs: size.runs, Rate: results / took, DoorMicro: door.Seconds() * 1e6 / results,
		FoldMicro: fold.Seconds() * 1e6 / results, FoldShare: fold.Seconds() / (60 * scaleCosts),
		LogBytes: float64(after-before) / results}
	row.LogGBHour = row.LogBytes * results / scaleCosts * 60 / 1e9
	row.HeapMB = float64(live()) / (1 << 20)
	wrong := f.folded
	f.fails = true
	if _, _, err := f.minutes(ctx, scaleOutage); err != nil {
		return scaleRow{}, err
	}
	if f.told.IsZero() {
		return scaleRow{}, errors.New("void: the outage was not confirmed")
	}
	row.Detected = f.told.Sub(wrong).Seconds()
	held := 0
	for _, a := range f.agents {
		held += a.Held()
	}
	want := size.sites * scaleVantages * (scaleQuiet + scaleOutage)
	if n := f.engine.View().Counters.Probes; n != int64(want-held) {
		return scaleRow{}, fmt.Errorf("void: the fold counted %d probes, and %d are held, of %d", n, held, want)
	}
	return row, nil
}

// newFleet starts a deployment without HTTP, on a real Redis with appendfsync always,
// the slowest setting that operators choose. The sites share fifty CDNs, five hundred
// name servers and five thousand networks, so that the fold has as many components to
// weigh as in life.
func newFleet(ctx context.Context, size scaleSize) (*fleet, error) {
	r, err := startRedis(ctx, "always")
	if err != nil {
		return nil, err
	}
	f := &fleet{redis: r, engine: correlate.New(correlate.Config{}), sites: scaleSites(size.sites),
		rng: rand.New(rand.NewPCG(3, 4)), folded: trafficStart,
		stop: func() error { r.stop(); return nil }}
	f.clock.Store(trafficStart.UnixMilli())
	if f.store, err = store.Open(ctx, store.Config{URL: r.url + "?read_timeout=60s&write_timeout=60s"}); err == nil {
		_, err = f.store.Epoch(ctx, trafficStart)
	}
	if err == nil {
		f.lease, _, err = f.store.Acquire(ctx, "bench", time.Hour, trafficStart)
	}
	if err != nil {
		r.stop()
		return nil, err
	}
	f.reader = f.store.Reader(store.Cursor{})
	names := ingest.NewNames()
	for i, site := range f.sites {
		names.Add(site)
		components := []faultline.Component{faultline.NewComponent(faultline.KindCDN, fmt.Sprint("c", i%50)),
			faultline.NewComponent(faultline.KindDNS, fmt.Sprint("d", i%500)),
			faultline.NewComponent(faultline.KindASN, fmt.Sprint("AS", 1+i%5_000))}
		if i < scaleFailing {
			components[0] = scaleCulprit
		}
		f.engine.Fold(faultline.SiteRecord{At: trafficStart, Site: site, Rank: 1 + i, Components: components})
	}
	f.door = ingest.NewDoor(ingest.DoorConfig{Log: benchLog{f.store}, Keys: f.store, Names: names, Durable: true,
		Now: f.now, Writer: 1})
	for v := range scaleVantages {
		from := map[bool]int{true: 1, false: size.sites + 1}[size.runs]
		a := agent.NewRuns(scaleSink{f.door, scaleVantage(v)}, from, f.now)
		a.Assign(size.sites, time.Minute)
		f.agents = append(f.agents, a)
	}
	running, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- f.door.Run(running) }()
	f.stop = func() error { end(); err := <-ended; r.stop(); return err }
	return f, nil
}

// scaleSites are names as sites have them: words of two to four syllables, below the endings that
// are common. Names that are numbered would make the log smaller than it is in life.
func scaleSites(n int) []string {
	const syllables = "ba be bo ca ce co da de do fa fi ga go ha he ka ki la le li lo ma me mi mo na ne ni no " +
		"pa pe po ra re ri ro sa se si so ta te ti to va ve vi wa we za zo an en in on ar er or al el st th sh ing " +
		"ter net web tech shop news"
	words, rng := strings.Fields(syllables), rand.New(rand.NewPCG(1, 2))
	endings := []string{".com", ".com", ".com", ".com", ".org", ".net", ".de", ".co.uk", ".com.br", ".fr", ".io"}
	seen := make(map[string]bool, n)
	names := make([]string, 0, n)
	for len(names) < n {
		name := ""
		for range 3 + rng.IntN(4) {
			name += words[rng.IntN(len(words))]
		}
		if name += endings[rng.IntN(len(endings))]; !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// scaleVantage is one of those that check.
func scaleVantage(v int) faultline.Vantage {
	return faultline.Vantage{Vantage: fmt.Sprint("v", v), ASN: uint32(1 + v),
		Country: []string{"US", "DE", "JP", "GB"}[v%4]}
}

// scaleSink hands an agent's lines to the door, as the API does.
type scaleSink struct {
	door    *ingest.Door
	vantage faultline.Vantage
}

// Probes implements probe.Sink. A line that the door refuses voids the run.
func (s scaleSink) Probes(ctx context.Context, probes []faultline.Probe) error {
	n, refused, err := s.door.Probes(ctx, s.vantage, probes)
	if err == nil && n != len(probes) {
		err = fmt.Errorf("void: %d of %d lines were taken: %v", n, len(probes), refused)
	}
	return err
}

// now is the clock of the door. It is read by many goroutines at once, hence the atomic
// number.
func (f *fleet) now() time.Time { return time.UnixMilli(f.clock.Load()).UTC() }

// minutes has every site checked once a minute by every vantage, and each minute folded after it.
// It returns the processor time of either, over all of them.
func (f *fleet) minutes(ctx context.Context, n int) (door, fold time.Duration, err error) {
	for range n {
		a, b, err := f.minute(ctx)
		if err != nil {
			return 0, 0, err
		}
		door, fold = door+a, fold+b
	}
	return door, fold, nil
}

// minute has every site checked once by every vantage, and then all of it folded. It
// returns the processor time of either. The two take turns and do not overlap, so that
// the processor time of either can be told.
func (f *fleet) minute(ctx context.Context) (door, fold time.Duration, err error) {
	began, err := selfCPU()
	if err != nil {
		return 0, 0, err
	}
	for second := range 60 {
		if err := f.second(ctx, second); err != nil {
			return 0, 0, err
		}
	}
	between, err := selfCPU()
	if err != nil {
		return 0, 0, err
	}
	if err := f.fold(ctx); err != nil {
		return 0, 0, err
	}
	after, err := selfCPU()
	return between - began, after - between, err
}

// second hands in what each vantage has checked in this second, and appends the tick. A
// vantage spreads its sites over the minute, as the prober does. Vantages begin at
// different seconds, or all of them would check a site at once and the fold would get
// its evidence in bursts.
func (f *fleet) second(ctx context.Context, second int) error {
	f.clock.Add(time.Second.Milliseconds())
	g, gctx := errgroup.WithContext(ctx)
	for v, a := range f.agents {
		var probes []faultline.Probe
		for i := (second + 5*v) % 60; i < len(f.sites); i += 60 {
			probes = append(probes, f.probe(i, scaleVantage(v).Vantage))
		}
		g.Go(func() error { return a.Probes(gctx, probes) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	f.ticks++
	_, err := f.store.AppendFenced(ctx, f.lease, store.BatchKey{Writer: 2, Seq: f.ticks},
		[]faultline.Event{faultline.Tick{At: f.now()}})
	return err
}

// probe is what a vantage finds at a site now. What it takes varies by site and from check to
// check, and so does when in its second it is checked, as equal numbers would make the log
// smaller than it is in life.
func (f *fleet) probe(site int, vantage string) faultline.Probe {
	p := faultline.Probe{At: f.now().Add(-time.Duration(f.rng.IntN(1000)) * time.Millisecond), Site: f.sites[site],
		Vantage: vantage, Symptom: faultline.SymptomOK, Status: 200, LatencyMS: 40 + site%190 + f.rng.IntN(30)}
	if f.fails && site < scaleFailing {
		p.Symptom, p.Status = "http_503", 503
	}
	return p
}

// fold reads on to the end of the log. The log gives a tick the time at which Redis took
// it; here the clock moves as fast as the machine goes, so that each tick is a second.
func (f *fleet) fold(ctx context.Context) error {
	for {
		batches, err := f.reader.Next(ctx, 0)
		if err != nil || len(batches) == 0 {
			return err
		}
		for _, b := range batches {
			f.foldBatch(b.Events)
		}
	}
}

// foldBatch folds events; ticks get the clock of the fold, which runs faster than the world's.
func (f *fleet) foldBatch(events []faultline.Event) {
	for _, ev := range events {
		if _, tick := ev.(faultline.Tick); tick {
			f.folded = f.folded.Add(time.Second)
			ev = faultline.Tick{At: f.folded}
		}
		f.note(f.engine.Fold(ev))
	}
}

// note remembers when the outage was first confirmed. Only the true cause counts: an
// outage that is confirmed with another one is not found.
func (f *fleet) note(revisions []faultline.Incident) {
	for _, inc := range revisions {
		if f.told.IsZero() && inc.ConfirmedAt != nil && inc.Cause != nil && inc.Cause.Component == scaleCulprit {
			f.told = *inc.ConfirmedAt
		}
	}
}
