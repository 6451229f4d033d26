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
	select {
	case b.series <- struct{}{}:
		defer func() { <-b.series }()
	default:
		return faultline.Series{}, faultline.ErrUnavailable
	}
	wait := seriesTimeout
	if far, ok := b.cfg.Series.(interface{ RoundTrip() time.Duration }); ok {
		wait += 2 * far.RoundTrip()
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	s, err := b.cfg.Series.Series(ctx, of, stepS, from, until)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", faultline.ErrUnavailable, err)
	}
	return s, err
}
