package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"faultline"
	"faultline/store"
)

// The targets of the group ingest, as ratios to servers that do less, measured in the same
// rounds; ingestRedisBytes is in bytes a report. A round lasts ingestRound, and the first of
// ingestWarm is not counted.
const (
	ingestEverysec   = 0.75 // of the throughput of the same server that stores nothing
	ingestAlways     = 0.55
	ingestNaive      = 2.0  // times the throughput of one round trip a report
	ingestRedisCPU   = 0.15 // of Redis' CPU per report
	ingestRedisBytes = 60.0

	ingestRound = 1500 * time.Millisecond
	ingestWarm  = 500 * time.Millisecond
)

// contender is one server under load, with the Redis behind it. check is nil where nothing is
// stored.
type contender struct {
	name   string
	kind   string
	redis  *redisChild
	server *child
	load   *load
	check  func(ctx context.Context) (int64, error) // how many reports the log has gained since it was last asked

	serverCPU, redisCPU, loadCPU series // microseconds a report, by round
	reports                      int64
}

// measureIngest loads the door and its limits in turn. A round in which anything but 202 was
// answered, or in which the log did not gain what was counted, voids it all. The Redis with
// appendfsync always is apart from the other, because its disk would slow that down.
func measureIngest(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	everysec, err := startRedis(ctx, "everysec")
	if err != nil {
		return nil, err
	}
	defer everysec.stop()
	always, err := startRedis(ctx, "always")
	if err != nil {
		return nil, err
	}
	defer always.stop()
	all := []*contender{
		{name: "noop", kind: serverNoop, redis: everysec},
		{name: "everysec", kind: serverOurs, redis: everysec},
		{name: "always", kind: serverOurs, redis: always},
		{name: "naive", kind: serverNaive, redis: everysec},
		{name: "bare", kind: serverBare, redis: everysec},
	}
	modes := make([]mode, len(all))
	for i, c := range all {
		if err := c.start(ctx); err != nil {
			return nil, err
		}
		defer c.server.stop()
		modes[i] = mode{c.name, c.round}
	}
	before, err := always.usedMemory(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(log, "ingest: 5 servers, 256 connections, 10000 addresses")
	m, err := measure(ctx, opt.Rounds, modes...)
	if err != nil {
		return nil, err
	}
	after, err := always.usedMemory(ctx)
	if err != nil {
		return nil, err
	}
	return ingestFigures(all, m, float64(after-before)/float64(all[2].reports)), nil
}

// start begins the server of a contender in a process of its own, so that its CPU time is its
// own, and loads it once without counting: connections, pools and the first garbage
// collection are no measure.
func (c *contender) start(ctx context.Context) error {
	var err error
	if c.server, err = startServer(ctx, c.kind, c.redis.url); err != nil {
		return err
	}
	c.load = &load{addr: c.server.addr, sites: ingestSites()}
	switch c.kind {
	case serverOurs, serverBoth:
		c.check, err = logGain(ctx, c.redis.url)
	case serverNaive:
		c.check = streamGain(c.redis)
	}
	if err == nil { // what is started, dialled and filled for the first time is no measure
		_, err = c.load.run(ctx, ingestWarm)
	}
	if err == nil && c.check != nil {
		_, err = c.check(ctx)
	}
	return err
}

// round measures reports a second, and notes the CPU time that the server, Redis and this
// process spent meanwhile. The last says whether the load itself was the limit.
func (c *contender) round(ctx context.Context) (float64, error) {
	server, redis := c.server.cmd.Process.Pid, c.redis.cmd.Process.Pid
	s0, err0 := processCPU(server)
	r0, err1 := processCPU(redis)
	l0, err2 := selfCPU()
	got, err3 := c.load.run(ctx, ingestRound)
	s1, err4 := processCPU(server)
	r1, err5 := processCPU(redis)
	l1, err6 := selfCPU()
	if err := errors.Join(err0, err1, err2, err3, err4, err5, err6); err != nil {
		return 0, err
	}
	if err := c.checkAnswered(got); err != nil {
		return 0, err
	}
	if c.check != nil {
		gained, err := c.check(ctx)
		if err != nil {
			return 0, err
		}
		if gained != got.accepted {
			return 0, fmt.Errorf("void: %d were answered 202 and the log has gained %d", got.accepted, gained)
		}
	}
	n := float64(got.accepted)
	c.reports += got.accepted
	c.serverCPU = append(c.serverCPU, float64((s1-s0).Microseconds())/n)
	c.redisCPU = append(c.redisCPU, float64((r1-r0).Microseconds())/n)
	c.loadCPU = append(c.loadCPU, float64((l1-l0).Microseconds())/n)
	return n / got.took.Seconds(), nil
}

// checkAnswered voids a round in which anything but a report that counts was answered.
// A refused report costs less than a stored one, so a single one would flatter the
// figure.
func (c *contender) checkAnswered(got answered) error {
	if got.other > 0 || got.counted != got.accepted || got.accepted == 0 {
		return fmt.Errorf("void: %d answers of 202, %d of them counted, %d others", got.accepted,
			got.counted, got.other)
	}
	return nil
}

// logGain counts the reports that the log has gained since it was last asked, as any reader
// of it would: unpacked, their checksum tested, repeats dropped. The returned function reads
// on from where it was.
func logGain(ctx context.Context, url string) (func(context.Context) (int64, error), error) {
	st, err := store.Open(ctx, store.Config{URL: url + "?read_timeout=10s"})
	if err != nil {
		return nil, err
	}
	reader := st.Reader(store.Cursor{})
	return func(ctx context.Context) (n int64, err error) {
		for {
			batches, err := reader.Next(ctx, 0)
			if err != nil || len(batches) == 0 {
				return n, err
			}
			for _, b := range batches {
				n += reportsIn(b.Events)
			}
		}
	}, nil
}

// reportsIn counts the reports among events.
func reportsIn(events []faultline.Event) (n int64) {
	for _, ev := range events {
		if _, ok := ev.(faultline.Report); ok {
			n++
		}
	}
	return n
}

// streamGain counts what has come into the stream since it was last asked. A round in which fewer
// reports arrived than were answered is void.
func streamGain(r *redisChild) func(context.Context) (int64, error) {
	var last int64
	return func(ctx context.Context) (int64, error) {
		n, err := r.client.XLen(ctx, naiveStream).Result()
		gained := n - last
		last = n
		return gained, err
	}
}

// ingestFigures compares the contenders: ours with one that stores nothing (what
// durability costs) and with one round trip a report (what batching saves). Medians
// over the rounds are compared, so that one disturbed round does not decide.
func ingestFigures(all []*contender, m measurement, bytes float64) []figure {
	rps := map[string]float64{}
	detail := map[string]any{"connections": ingestConnections, "addresses": ingestAddresses}
	for i, c := range all {
		rps[c.name] = m.series[i].median()
		detail[c.name] = map[string]any{"reports_a_second": rps[c.name], "server_cpu_us": c.serverCPU.median(),
			"redis_cpu_us": c.redisCPU.median(), "load_cpu_us": c.loadCPU.median(), "spread": m.series[i].spread(),
			"reports": c.reports}
	}
	if m.inconclusive {
		detail["verdict"] = "inconclusive"
	}
	row := func(name string, value, target float64, better, unit, limit string) figure {
		return figure{Name: "ingest." + name, Value: value, Target: target, Better: better,
			OK:   meets(value, target, better),
			Unit: unit, Limit: limit, Runs: len(m.series[0]), Spread: m.widest(), Detail: detail}
	}
	const noop = "the same gin server that answers 202 and stores nothing"
	const naive = "the same gin server with one round trip a report"
	return []figure{
		row("everysec", rps["everysec"]/rps["noop"], ingestEverysec, higher, "ratio of throughput", noop),
		row("always", rps["always"]/rps["noop"], ingestAlways, higher, "ratio of throughput", noop),
		row("naive", rps["everysec"]/rps["naive"], ingestNaive, higher, "ratio of throughput", naive),
		row("redis_cpu", all[1].redisCPU.median()/all[3].redisCPU.median(), ingestRedisCPU, lower,
			"ratio of Redis CPU per report", naive),
		row("redis_bytes", bytes, ingestRedisBytes, lower, "bytes of Redis per report", "none: bytes"),
	}
}
