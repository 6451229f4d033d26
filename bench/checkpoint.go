package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"faultline"
	"faultline/correlate"
	"faultline/store"
)

// checkpointLease is longer than any round, so that losing the lease means a fault and not a
// slow machine. redisPatience bounds one request to Redis.
const (
	checkpointTarget = 2.0  // seconds
	pauseTarget      = 50.0 // milliseconds
	// checkpointEvents are folded between two pieces, as the fold would.
	checkpointEvents = 20
	checkpointLease  = time.Minute
	redisPatience    = 10 * time.Second
)

// measureCheckpoint measures how long it takes to write down and store the state of
// an engine with a million sites, an outage going on, and how long the fold and the
// door were held up by it at worst.
func measureCheckpoint(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	sites := tickSizes[len(tickSizes)-1]
	fmt.Fprintf(log, "checkpoint: a map of %d sites\n", sites)
	e := newEstate(opt.Seed, sites, estateAnomalous)
	e.settle()
	if err := checkEstate(e.play()); err != nil {
		return nil, fmt.Errorf("void: %w", err)
	}
	redis, err := startRedis(ctx, "everysec")
	if err != nil {
		return nil, err
	}
	defer redis.stop()
	st, err := store.Open(ctx, store.Config{URL: redis.url, Durable: true})
	if err != nil {
		return nil, err
	}
	defer st.Close()
	r := checkpointRun{estate: e, st: st}
	if err := r.lead(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "checkpoint: %d rounds\n", opt.Rounds)
	m, err := measure(ctx, opt.Rounds, mode{"checkpoint", r.save})
	if err != nil {
		return nil, err
	}
	return []figure{r.duration(m), r.pause(m)}, nil
}

// checkpointRun is an engine, where its checkpoints go, and what they cost: the series have a
// value for each round.
type checkpointRun struct {
	*estate
	st           *store.Store
	lease        store.Lease
	size, pieces int
	encoding     series // seconds of a checkpoint until all is written down
	fold, door   series // milliseconds that each was held up at worst
	doorAlone    series // as long, while nothing else went on
}

// lead takes the lease, because only its holder may store a checkpoint.
func (r *checkpointRun) lead(ctx context.Context) error {
	if _, err := r.st.Epoch(ctx, faultline.Millis(time.Now())); err != nil {
		return err
	}
	lease, ok, err := r.st.Acquire(ctx, "bench", checkpointLease, time.Now())
	if err != nil || !ok {
		return fmt.Errorf("no lease: %v, %w", ok, err)
	}
	r.lease = lease
	return nil
}

// save takes one checkpoint as the leader does and returns how many seconds went by until it
// was stored. Events are folded between its pieces, and a door appends to the log all the
// time. The state that is restored at the end is compared with that of the beginning, since a
// checkpoint that is fast and wrong is worth nothing.
func (r *checkpointRun) save(ctx context.Context) (float64, error) {
	if ok, err := r.st.Renew(ctx, "bench", r.lease); err != nil || !ok {
		return 0, fmt.Errorf("the lease is lost: %w", err)
	}
	r.news(r.dirty)
	r.evaluate()
	want := fmt.Sprintf("%+v", r.eng.View().Counters)
	door := r.openDoor(ctx)
	began := time.Now()
	state, worst := r.encode()
	encoding := time.Since(began)
	pos, err := r.st.LogTail(ctx)
	if err != nil {
		return 0, err
	}
	cp := store.Checkpoint{Cursor: store.Cursor{Pos: pos}, State: state, SavedAt: faultline.Millis(began)}
	if err := r.st.SaveCheckpoint(ctx, r.lease, cp); err != nil {
		return 0, err
	}
	took := time.Since(began)
	waited, err := door()
	if err != nil {
		return 0, err
	}
	alone, err := r.doorWhile(ctx, took)
	if err != nil {
		return 0, err
	}
	r.size, r.pieces = cp.Size(), len(state)
	r.encoding = append(r.encoding, encoding.Seconds())
	r.fold = append(r.fold, 1e3*worst.Seconds())
	r.door = append(r.door, 1e3*waited.Seconds())
	r.doorAlone = append(r.doorAlone, 1e3*alone.Seconds())
	return took.Seconds(), r.verify(ctx, want)
}

// encode writes the engine's state down piece by piece, as the leader does, and returns the
// longest time for which the fold could do nothing else: until the first piece, or for one of
// them.
func (r *checkpointRun) encode() (state [][]byte, worst time.Duration) {
	began := time.Now()
	next := r.eng.Snapshot()
	for {
		piece := next()
		worst = max(worst, time.Since(began))
		if piece == nil {
			return state, worst
		}
		state = append(state, piece)
		r.news(checkpointEvents)
		began = time.Now()
	}
}

// openDoor appends reports to the log, one batch after another, until it is closed; then it
// returns the longest that one took. It shows whether storing the pieces holds up the writes
// of people's reports, which share Redis.
func (r *checkpointRun) openDoor(ctx context.Context) (closed func() (time.Duration, error)) {
	ctx, cancel := context.WithCancel(ctx)
	var longest time.Duration
	var failure error
	var done sync.WaitGroup
	writer := uint64(time.Now().UnixNano())
	done.Go(func() {
		batch := []faultline.Event{faultline.Report{At: r.now, Site: r.names[0], Reporter: "bench"}}
		for seq := uint64(1); ctx.Err() == nil; seq++ {
			began := time.Now()
			if _, err := r.st.Append(ctx, store.BatchKey{Writer: writer, Seq: seq}, batch); err != nil &&
				ctx.Err() == nil {
				failure = errors.Join(failure, err)
			}
			longest = max(longest, time.Since(began))
		}
	})
	return func() (time.Duration, error) {
		cancel()
		done.Wait()
		return longest, failure
	}
}

// doorWhile is the longest that one append takes while nothing else goes on, over a span of
// time. It is the measure to compare openDoor's result with.
func (r *checkpointRun) doorWhile(ctx context.Context, span time.Duration) (time.Duration, error) {
	door := r.openDoor(ctx)
	select {
	case <-time.After(span):
	case <-ctx.Done():
	}
	return door()
}

// verify says whether what is stored is the state of the moment at which the
// checkpoint began.
func (r *checkpointRun) verify(ctx context.Context, counters string) error {
	cp, ok, err := r.st.Checkpoint(ctx)
	if err != nil || !ok {
		return fmt.Errorf("void: nothing is stored: %w", err)
	}
	eng, err := correlate.Restore(correlate.Config{}, cp.Whole())
	if err != nil {
		return fmt.Errorf("void: %w", err)
	}
	if got := fmt.Sprintf("%+v", eng.View().Counters); got != counters {
		return fmt.Errorf("void: what is stored has counted %s, there were %s", got, counters)
	}
	return nil
}

// duration is the time that a checkpoint takes from its beginning until it is stored.
func (r *checkpointRun) duration(m measurement) figure {
	took := m.series[0]
	f := figure{
		Name: "checkpoint.duration", Value: took.median(), Target: checkpointTarget, Better: lower,
		OK: meets(took.median(), checkpointTarget, lower), Unit: "seconds from its beginning until it is stored",
		Limit: "none: seconds", Runs: len(took), Spread: m.widest(),
		Detail: map[string]any{"sites": r.sites, "components": estateComponents, "heard": len(r.watched),
			"anomalous": r.anomalous,
			"megabytes": float64(r.size) / (1 << 20), "encoding_seconds": r.encoding.median()},
	}
	if m.inconclusive {
		f.Detail["verdict"] = "inconclusive"
	}
	return f
}

// pause is the longest time for which the fold or the door waited while a checkpoint was
// made, the worse of the two in each round.
func (r *checkpointRun) pause(_ measurement) figure {
	worst := series{}
	for i := range r.fold {
		worst = append(worst, max(r.fold[i], r.door[i]))
	}
	return figure{
		Name: "checkpoint.pause", Value: worst.median(), Target: pauseTarget, Better: lower,
		OK:    meets(worst.median(), pauseTarget, lower),
		Unit:  "milliseconds that the fold or an append of the door were held up at worst",
		Limit: "none: milliseconds; door_alone_ms is an append without a checkpoint", Runs: len(worst),
		Spread: worst.spread(),
		Detail: map[string]any{"fold_ms": r.fold.median(), "fold_worst_ms": slices.Max(r.fold),
			"door_ms": r.door.median(), "door_worst_ms": slices.Max(r.door), "door_alone_ms": r.doorAlone.median(),
			"pieces": r.pieces},
	}
}
