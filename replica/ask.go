package replica

import (
	"context"
	"fmt"

	"faultline/store"
)

// How other goroutines reach the engine: they hand a function to the one that owns it, and
// wait until it has run.

// answer does what others ask of the goroutine, between two reads: only there are the
// engine and the reader at the same position of the log.
func (f *folder) answer(ctx context.Context) error {
	for {
		select {
		case ask := <-f.asks:
			ask(f.eng, f.reader.Cursor())
		case why := <-f.reloads:
			return fmt.Errorf("%w: %w", errReload, why)
		case <-ctx.Done():
			return ctx.Err()
		default:
			return nil
		}
	}
}

// Do runs ask on the goroutine that owns the engine and returns when it is done. If ctx
// ends first, ask may still run, so that what it writes to must not be read then.
func (f *folder) Do(ctx context.Context, ask func(Engine, store.Cursor)) error {
	done := make(chan struct{})
	select {
	case f.asks <- func(e Engine, c store.Cursor) { defer close(done); ask(e, c) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Reload has the fold begin again from the stored checkpoint. It returns when the goroutine
// has taken the request, not when the fold has begun.
func (f *folder) Reload(ctx context.Context, why error) error {
	select {
	case f.reloads <- why:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
