package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/correlate"
	"faultline/store"
)

// The group peak: an hour and a half of the highest load, on a clock that moves as fast as
// the machine goes. It measures memory and not speed, so no round is repeated.
const (
	peakRate    = 1_000 // reports a second, all counted
	peakBatch   = 8     // in one entry of the log, as at that rate when an append takes 8 ms
	peakWriters = 8     // that append at once
	peakSites   = 500
	peakMinutes = 90
	peakKept    = 60 // minutes of the log

	peakBytes = 60.0 // of Redis for each report of the hour's second half, when what else grows has grown
	peakGrown = 1.05 // times as much half an hour after the hour as at its end
)

// peak is Redis, the fold and the leader's duties over them. There is no door: what it would
// append is appended directly.
type peak struct {
	redis  *redisChild
	store  *store.Store
	lease  store.Lease
	reader *store.Reader
	engine *correlate.Engine
	clock  time.Time
	wall   []time.Time // when each minute of the clock began, as Redis numbers entries
	seqs   [peakWriters]uint64
	ticks  uint64
	rng    *rand.Rand
}

// measurePeak plays ninety minutes of peak, with checkpoints and trimming as the leader makes
// them, and prints what Redis held every ten minutes. The first half hour is left out of
// bytes a report, because tables that grow once are still filling.
func measurePeak(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	fmt.Fprintf(log,
		"peak: %d minutes at %d reports a second\n| minute | entries of the log | used_memory, MB |\n| ---: | ---: | "+
			"---: |\n", peakMinutes, peakRate)
	p, err := newPeak(ctx, opt.Seed)
	if err != nil {
		return nil, err
	}
	defer p.redis.stop()
	var mb []float64 // every ten minutes
	for minute := 0; ; minute++ {
		// Before the minute is played: the last look is at the end of the last minute,
		// after its trimming.
		if minute%10 == 0 {
			entries, err1 := p.redis.client.XLen(ctx, "{faultline}:log").Result()
			held, err2 := redisMB(ctx, p.redis)
			if err := errors.Join(err1, err2); err != nil {
				return nil, err
			}
			fmt.Fprintf(log, "| %d | %d | %.1f |\n", minute, entries, held)
			mb = append(mb, held)
		}
		if minute == peakMinutes {
			break
		}
		if err := p.minute(ctx); err != nil {
			return nil, fmt.Errorf("minute %d: %w", minute, err)
		}
	}
	// Each report is by another person, so that the engine must count them all. A lost
	// one would make memory look better than it is.
	counted := p.engine.View().Counters.Reports
	if want := int64(peakRate * 60 * peakMinutes); counted != want {
		return nil, fmt.Errorf("void: %d reports were made and the fold counted %d", want, counted)
	}
	detail := map[string]any{"reports_a_second": peakRate, "reports": counted, "used_memory_mb_every_10_minutes": mb}
	// One value each ten minutes: 3 is half an hour, 6 an hour.
	half, hour, end := mb[3], mb[6], mb[len(mb)-1]
	// 1,800 seconds of reports lie between the two.
	bytes := (hour - half) * (1 << 20) / (peakRate * 1800)
	return []figure{
		{Name: "peak.bytes", Value: bytes, Target: peakBytes, Better: lower, OK: bytes <= peakBytes,
			Unit:  "bytes of Redis for each further report",
			Limit: "none: bytes, log, checkpoints, series and all", Runs: 1, Detail: detail},
		{Name: "peak.bounded", Value: end / hour, Target: peakGrown, Better: lower,
			Unit: "times the used_memory of the first hour's end",
			OK:   end/hour <= peakGrown, Limit: "half an hour of peak later", Runs: 1, Detail: detail},
	}, nil
}

// newPeak starts Redis, the fold and the leader's duties. It uses appendfsync everysec,
// because memory is measured and not durability.
func newPeak(ctx context.Context, seed uint64) (*peak, error) {
	r, err := startRedis(ctx, "everysec")
	if err != nil {
		return nil, err
	}
	p := &peak{redis: r, engine: correlate.New(correlate.Config{}), clock: time.Now().UTC().Truncate(time.Minute),
		rng: rand.New(rand.NewPCG(seed, 9))}
	// The limits of a call are long, because Redis answers late while eight writers fill
	// it as fast as it can.
	if p.store, err = store.Open(ctx, store.Config{URL: r.url + "?read_timeout=10s&write_timeout=10s"}); err == nil {
		_, err = p.store.Epoch(ctx, p.clock)
	}
	if err == nil {
		p.lease, _, err = p.store.Acquire(ctx, "bench", time.Hour, p.clock)
	}
	if err == nil {
		// An empty cursor is the start of the log, where the list of sites will be.
		p.reader = p.store.Reader(store.Cursor{})
		var sites []faultline.Event
		for i := range peakSites {
			sites = append(sites, faultline.SiteRecord{At: p.clock, Site: peakSite(i), Rank: 1 + i,
				Components: []faultline.Component{faultline.NewComponent("cdn", fmt.Sprint("c", i%20)),
					faultline.NewComponent("dns", fmt.Sprint("d", i%50))}})
		}
		// Numbers of writers must differ: a batch whose writer and sequence were seen
		// before is dropped as a repeat. The reports have 1 to peakWriters, the ticks the
		// next one.
		_, err = p.store.Append(ctx, store.BatchKey{Writer: peakWriters + 2, Seq: 1}, sites)
	}
	if err != nil {
		r.stop()
		return nil, err
	}
	return p, nil
}

// peakSite is the name of a site.
func peakSite(i int) string { return fmt.Sprintf("site%d.com", i) }

// minute plays one: its reports, a tick each second, what the fold makes of them, and
// at its end the series, the view, a checkpoint and the trimming of the log. The order
// is the leader's: what was concluded is stored before the log that it came from is
// cut.
func (p *peak) minute(ctx context.Context) error {
	p.wall = append(p.wall, time.Now())
	for range 60 {
		if err := p.second(ctx); err != nil {
			return err
		}
	}
	if err := p.fold(ctx); err != nil {
		return err
	}
	if err := p.store.SaveSeries(ctx, p.lease, p.engine.Series()); err != nil {
		return err
	}
	if err := p.store.SaveView(ctx, p.lease, p.engine.View(), store.Pos{}); err != nil {
		return err
	}
	cp := store.Checkpoint{Cursor: p.reader.Cursor(), State: [][]byte{p.engine.Checkpoint()}, SavedAt: p.clock}
	if err := p.store.SaveCheckpoint(ctx, p.lease, cp); err != nil {
		return err
	}
	// Redis numbers entries by its own clock, which does not move with ours: what is
	// an hour old by ours began at that place of its.
	hourAgo := p.wall[max(0, len(p.wall)-peakKept)]
	return p.store.Trim(ctx, p.lease, hourAgo.Add(time.Hour), false)
}

// second appends the reports of one, each by a person of its own, and the tick. Eight
// writers append at once, as the batches of eight nodes would come.
func (p *peak) second(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	var lots [peakWriters][][]faultline.Event
	for i := range peakRate / peakBatch {
		lots[i%peakWriters] = append(lots[i%peakWriters], p.batch())
	}
	// Each writer has one batch in flight. A writer's sequence must grow, and so its
	// batches cannot overtake one another.
	for w, batches := range lots {
		g.Go(func() error {
			for _, events := range batches {
				p.seqs[w]++
				if _, err := p.store.Append(gctx, store.BatchKey{Writer: uint64(w + 1), Seq: p.seqs[w]},
					events); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	// The tick comes after all reports of its second, as in a log whose order is that of
	// arrival.
	p.clock = p.clock.Add(time.Second)
	p.ticks++
	_, err := p.store.AppendFenced(ctx, p.lease, store.BatchKey{Writer: peakWriters + 1, Seq: p.ticks},
		[]faultline.Event{faultline.Tick{At: p.clock}})
	return err
}

// batch draws one batch of reports. The smaller of two random numbers makes well-known
// sites get more of them. Each reporter is new, which is the worst case for memory:
// nothing can be merged.
func (p *peak) batch() []faultline.Event {
	events := make([]faultline.Event, peakBatch)
	for i := range events {
		site := min(p.rng.IntN(peakSites), p.rng.IntN(peakSites)) // the better known the more
		events[i] = faultline.Report{At: p.clock.Add(time.Duration(p.rng.IntN(1000)) * time.Millisecond),
			Site: peakSite(site), Symptom: "http_503",
			Reporter: fmt.Sprintf("%016x", p.rng.Uint64()), ASN: uint32(1000 + p.rng.IntN(200)), Country: "GB",
			Net: fmt.Sprintf("%08x", p.rng.Uint32N(20_000)*7919)}
	}
	return events
}

// fold reads on to the end of the log and stores what comes of it.
func (p *peak) fold(ctx context.Context) error {
	for {
		batches, err := p.reader.Next(ctx, 0)
		if err != nil || len(batches) == 0 {
			return err
		}
		for _, b := range batches {
			if err := p.foldBatch(ctx, b.Events); err != nil {
				return err
			}
		}
	}
}

// foldBatch folds a batch and stores the revisions, as a leader does.
func (p *peak) foldBatch(ctx context.Context, events []faultline.Event) error {
	for _, ev := range events {
		for _, inc := range p.engine.Fold(ev) {
			if err := p.store.SaveRevision(ctx, p.lease, inc); err != nil {
				return err
			}
		}
	}
	return nil
}
