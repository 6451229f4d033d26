package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"faultline"
	"faultline/store"
	"faultline/task"
)

// exportPatience is for how long a Redis that does not answer is asked again.
const exportPatience = 5 * time.Second

// patiently repeats what Redis may be too busy for just now, for up to exportPatience. An
// export is started by a person who can start it again, so that it does not wait for
// longer.
func patiently(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, exportPatience)
	defer cancel()
	for {
		err := do()
		if outcomeOf(err) != writeAgain || !task.Pause(ctx, writeRetry) {
			return err
		}
	}
}

// Export calls write with every event from the start of the log to its present end, in
// order. A log that is older than an hour has lost its beginning: that is an error.
// The end is fixed before the first read: a log that grows faster than it is written out
// would otherwise never end.
func Export(ctx context.Context, st *store.Store, write func(faultline.Event) error) error {
	var tail store.Pos
	if err := patiently(ctx, func() (err error) { tail, err = st.LogTail(ctx); return err }); err != nil {
		return fmt.Errorf("export the log: %w", err)
	}
	reader, pos := st.Reader(store.Cursor{}), store.Pos{}
	for tail.After(pos) {
		var batches []store.Batch
		err := patiently(ctx, func() (err error) { batches, err = reader.Next(ctx, 0); return err })
		if errors.Is(err, store.ErrTrimmed) && pos.IsZero() {
			return fmt.Errorf("export the log: its beginning is no longer kept: %w", err)
		}
		if err != nil {
			return fmt.Errorf("export the log: %w", err)
		}
		for _, b := range batches {
			if b.Pos.After(tail) {
				return nil
			}
			if err := writeAll(b.Events, write); err != nil {
				return err
			}
		}
		next := reader.Cursor().Pos
		if next == pos {
			return errors.New("export the log: it went away meanwhile")
		}
		pos = next
	}
	return nil
}

// writeAll calls write with each event until it fails.
func writeAll(events []faultline.Event, write func(faultline.Event) error) error {
	for _, ev := range events {
		if err := write(ev); err != nil {
			return err
		}
	}
	return nil
}
