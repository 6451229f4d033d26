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
	// readWriteTarget is the least share of what reads and reports cost together that
	// they cost apart.
	readWriteTarget = 0.85
	readWriteRound  = 1500 * time.Millisecond
	// readWriteReaders are few enough to leave the door its half on two cores, which
	// clients and Redis share with the server.
	readWriteReaders = 2
	// paceKept is the least share of the pace that the door has to keep while it is
	// read from: below it the door did not take half of its peak.
	paceKept = 0.9
	// paceTries is how often a round is tried in which it does not.
	paceTries = 5
)

// both is one server that is read from and written to at the same time.
type both struct {
	door  *contender
	reads *reader
	list  readCase
	pace  float64 // reports a second: half of the door's peak
	// Of the last round, a second of the server's CPU: reads alone, and reports alone
	// at that pace.
	readsAlone, reportsAlone float64
	wrote                    series // reports a second while it was read from
}

// measureReadWrite measures what reads and reports cost together, the door taking half of its
// peak, beside what as many of each cost alone in the same round. One can't be told from the
// other in the CPU of a process; that the sum of both is no more than its parts says that
// reads are as cheap as ever. A ratio of 1 means that neither slows the other down.
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
	peak, err := b.door.load.run(ctx, readWriteRound)
	if err != nil {
		return nil, err
	}
	b.pace = float64(peak.accepted) / peak.took.Seconds() / 2
	fmt.Fprintf(log, "read-during-write: half of the peak are %.0f reports a second, %d rounds\n", b.pace, opt.Rounds)
	m, err := measure(ctx, opt.Rounds, mode{"reads alone", b.readAlone}, mode{"reports alone", b.writeAlone},
		mode{"both", b.readAndWrite})
	if err != nil {
		return nil, err
	}
	value := m.series[2].median()
	f := figure{Name: "read-during-write", Value: value, Target: readWriteTarget, Better: higher,
		OK:   meets(value, readWriteTarget, higher),
		Unit: "ratio of CPU, apart to together", Limit: "the same server, nobody writing, and nobody reading",
		Runs: len(m.series[2]), Spread: m.widest(),
		Detail: map[string]any{"reads_a_cpu_second": m.series[0].median(), "reports_a_cpu_second": m.series[1].median(),
			"half_of_peak": b.pace, "reports_a_second": b.wrote.median(), "connections": readWriteReaders}}
	if m.inconclusive {
		f.Detail["verdict"] = "inconclusive"
	}
	return []figure{f}, nil
}

// readAlone measures reads while nothing is written.
func (b *both) readAlone(ctx context.Context) (value float64, err error) {
	b.readsAlone, err = b.reads.perCPUSecondOf(ctx, b.list, readWriteReaders, readWriteRound)
	return b.readsAlone, err
}

// writeAlone measures reports at the fixed pace while nothing is read.
func (b *both) writeAlone(ctx context.Context) (float64, error) {
	cpu, got, err := b.spend(func() (answered, error) { return b.door.load.runAt(ctx, readWriteRound, b.pace) })
	b.reportsAlone = float64(got.accepted) / cpu.Seconds()
	return b.reportsAlone, err
}

// readAndWrite measures both at once. It tries again where the machine had no room for half
// of the peak, up to paceTries times.
func (b *both) readAndWrite(ctx context.Context) (value float64, err error) {
	for range paceTries {
		if value, err = b.tryBoth(ctx); !errors.Is(err, errOffPace) {
			break
		}
	}
	return value, err
}

// tryBoth measures both at once, with the pace of the reports fixed.
func (b *both) tryBoth(ctx context.Context) (float64, error) {
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
	b.wrote = append(b.wrote, float64(wrote.accepted)/wrote.took.Seconds())
	apart := float64(read)/b.readsAlone + float64(wrote.accepted)/b.reportsAlone
	return apart / cpu.Seconds(), b.checkPace(wrote)
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

// errOffPace voids a round in which the reports did not keep their pace.
var errOffPace = errors.New("void: off the pace")

// checkPace voids a round in which the door did not take half of its peak.
func (b *both) checkPace(got answered) error {
	if rate := float64(got.accepted) / got.took.Seconds(); rate < paceKept*b.pace {
		return fmt.Errorf("%w: %.0f reports a second were taken, %.0f are half of the peak", errOffPace, rate, b.pace)
	}
	return nil
}
