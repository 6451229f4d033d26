package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// readWriteTarget is how many reads a CPU second there are left of those alone.
	readWriteTarget = 0.85
	readWriteRound  = 1500 * time.Millisecond
	// readWriteReaders are few enough to leave the door its half on two cores, which
	// clients and Redis share with the server.
	readWriteReaders = 4
	// paceKept is the least share of the pace that the door has to keep while it is
	// read from: below it the door did not take half of its peak.
	paceKept = 0.9
)

// both is one server that is read from and written to.
type both struct {
	door  *contender
	reads *reader
	list  readCase
	pace  float64 // reports a second: half of the door's peak
	// writeCPU is what a report costs at the peak, by the last round.
	writeCPU time.Duration
	writes   series
}

// measureReadWrite measures reads a CPU second while the door takes half of its
// peak, beside reads alone: of the CPU of both together, what so many reports cost
// at the peak in the same round is the reports'. They never cost less, as batches
// are largest there: what they cost beyond it counts against the reads.
func measureReadWrite(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	redis, err := startRedis(ctx, "everysec")
	if err != nil {
		return nil, err
	}
	defer redis.stop()
	b := &both{door: &contender{name: "both", kind: serverBoth, redis: redis},
		list: readCase{"list", readListPath, http.Header{"Accept-Encoding": {"gzip"}}, http.StatusOK}}
	if err := b.door.start(ctx); err != nil {
		return nil, err
	}
	defer b.door.server.stop()
	b.reads = &reader{b.door.server}
	fmt.Fprintf(log, "read-during-write: %d rounds\n", opt.Rounds)
	m, err := measure(ctx, opt.Rounds, mode{"reads alone", b.readAlone}, mode{"peak", b.peak}, mode{"both", b.readAndWrite})
	if err != nil {
		return nil, err
	}
	alone, during := m.series[0].median(), m.series[2].median()
	f := figure{Name: "read-during-write", Value: during / alone, Target: readWriteTarget, Better: higher, OK: meets(during/alone, readWriteTarget, higher),
		Unit: "ratio of reads a CPU second", Limit: "the same server, nobody writing", Runs: len(m.series[0]), Spread: m.widest(),
		Detail: map[string]any{"alone": alone, "during": during, "half_of_peak": b.pace, "report_cpu_us": m.series[1].median(),
			"reports_a_second_during": b.writes.median(), "connections": readWriteReaders}}
	if m.inconclusive {
		f.Detail["verdict"] = "inconclusive"
	}
	return []figure{f}, nil
}

func (b *both) readAlone(ctx context.Context) (float64, error) {
	return b.reads.perCPUSecondOf(ctx, b.list, readWriteReaders, readWriteRound)
}

// peak returns the CPU of a report at the door's peak, in microseconds, and sets
// the pace to half of it.
func (b *both) peak(ctx context.Context) (float64, error) {
	cpu, got, err := b.spend(func() (answered, error) { return b.door.load.run(ctx, readWriteRound) })
	if err != nil {
		return 0, err
	}
	b.pace, b.writeCPU = float64(got.accepted)/got.took.Seconds()/2, cpu/time.Duration(got.accepted)
	return float64(b.writeCPU.Nanoseconds()) / 1e3, nil
}

func (b *both) readAndWrite(ctx context.Context) (float64, error) {
	var read int64
	cpu, wrote, err := b.spend(func() (got answered, err error) {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() (err error) {
			read, err = b.reads.load(ctx, b.list.request(), b.list.status, readWriteReaders, readWriteRound)
			return err
		})
		g.Go(func() (err error) { got, err = b.door.load.runAt(ctx, readWriteRound, b.pace); return err })
		return got, g.Wait()
	})
	if err != nil {
		return 0, err
	}
	b.writes = append(b.writes, float64(wrote.accepted)/wrote.took.Seconds())
	left := cpu - b.writeCPU*time.Duration(wrote.accepted)
	if left <= 0 || read == 0 {
		return 0, errors.New("void: the reports cost more at the peak than both together")
	}
	return float64(read) / left.Seconds(), b.checkPace(wrote)
}

// spend runs f, checks what was written, and returns the CPU that the server spent
// meanwhile.
func (b *both) spend(f func() (answered, error)) (time.Duration, answered, error) {
	before, err0 := b.reads.cpu()
	got, err1 := f()
	after, err2 := b.reads.cpu()
	if err := errors.Join(err0, err1, err2); err != nil {
		return 0, got, err
	}
	return after - before, got, b.door.checkAnswered(got)
}

// checkPace voids a round in which the door did not take half of its peak.
func (b *both) checkPace(got answered) error {
	if rate := float64(got.accepted) / got.took.Seconds(); rate < paceKept*b.pace {
		return fmt.Errorf("void: %.0f reports a second were taken, %.0f are half of the peak", rate, b.pace)
	}
	return nil
}
