package board

import (
	"context"
	"fmt"
	"time"

	"faultline"
)

// SeriesSource keeps series. Package store has it.
type SeriesSource interface {
	// Series returns the steps of 60, 300 or 3,600 s that begin between two times,
	// oldest first, without gaps.
	Series(ctx context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error)
}

const (
	// seriesTimeout is how long an answer waits for what is kept of older minutes.
	// where the source is near; where it is far, two round trips longer.
	seriesTimeout = 50 * time.Millisecond
	// seriesAtOnce bounds the reads of series under way at once.
	seriesAtOnce = 64
)

// Series returns how a site, or a component as kind:name, did from one time until
// another, in steps of 60, 300 or 3,600 s. It waits 50 ms and two round trips at most, and fails with
// [faultline.ErrUnavailable] where nothing is kept or it can't be read.
func (b *Board) Series(ctx context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error) {
	if b.cfg.Series == nil {
		return faultline.Series{}, faultline.ErrUnavailable
	}
	return keptIn(ctx, b, b.cfg.Series, func(ctx context.Context) (faultline.Series, error) {
		return b.cfg.Series.Series(ctx, of, stepS, from, until)
	})
}

// ConcentrationSource keeps the concentration of earlier days. Package store has it.
type ConcentrationSource interface {
	// ConcentrationDays returns the days that were counted, oldest first, with gaps.
	ConcentrationDays(ctx context.Context, from, until time.Time) ([]faultline.ConcentrationDay, error)
}

// ConcentrationDays returns the concentration of the days from one time until another, the
// oldest first, without those on which nobody counted. It waits as [Board.Series] does, and
// fails as that does.
func (b *Board) ConcentrationDays(ctx context.Context, from, until time.Time) ([]faultline.ConcentrationDay, error) {
	if b.cfg.Days == nil {
		return nil, faultline.ErrUnavailable
	}
	return keptIn(ctx, b, b.cfg.Days, func(ctx context.Context) ([]faultline.ConcentrationDay, error) {
		return b.cfg.Days.ConcentrationDays(ctx, from, until)
	})
}

// keptIn reads from where older numbers are kept, in bounded time.
func keptIn[T any](ctx context.Context, b *Board, source any, read func(context.Context) (T, error)) (T, error) {
	var nothing T
	select {
	case b.series <- struct{}{}:
		defer func() { <-b.series }()
	default:
		return nothing, faultline.ErrUnavailable
	}
	wait := seriesTimeout
	if far, ok := source.(interface{ RoundTrip() time.Duration }); ok {
		wait += 2 * far.RoundTrip()
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	out, err := read(ctx)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", faultline.ErrUnavailable, err)
	}
	return out, err
}
