package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"faultline"
)

// How long series are kept, by the wall: the log may tell another time.
const (
	// A week of minutes can be drawn whole, with a day to spare.
	keepMinutes = 8 * 24 * time.Hour
	keepHours   = 400 * 24 * time.Hour
)

const (
	// hourBlock is how many hours of a series one hash holds: two fields each,
	// so that it stays small enough for Redis to pack.
	hourBlock = 240
	// seriesAtOnce is how many hashes one script writes.
	// It bounds how long Redis serves nobody else.
	seriesAtOnce = 64
	// seriesFields bounds the fields that one hash gets at once, two an hour or
	// minute, below what Lua unpacks.
	seriesFields = 4 * hourBlock
	// standing begins the name of the field that says how members stood.
	standing = "s"
	// expectedUnit is what expected reports are counted in.
	expectedUnit = 1e-3
)

// seriesPlace is where one step of a series is kept.
type seriesPlace struct {
	key, field string
	keep       time.Duration // after the last write to the hash
}

// placeSeries says where one step of a series is kept. Minutes are a hash for each hour,
// hours one for each block of ten days: small enough that Redis packs them, and few enough
// that a chart reads a handful.
func placeSeries(of string, stepS int, at time.Time) seriesPlace {
	hour := at.Unix() / int64(time.Hour/time.Second)
	if stepS == faultline.StepMinute {
		return seriesPlace{minutesKey(of, hour), strconv.Itoa(at.UTC().Minute()), keepMinutes}
	}
	block := hour / hourBlock
	return seriesPlace{hoursKey(of, block), strconv.FormatInt(hour%hourBlock, 10), keepHours}
}

// seriesHash is what is written to one hash.
type seriesHash struct {
	keep   time.Duration
	fields []any
}

// SaveSeries stores rows of series. They are absolute, so that it is safe to
// repeat; rows of one script are stored together, others may not be when it
// fails.
func (s *Store) SaveSeries(ctx context.Context, l Lease, rows []faultline.SeriesRow) error {
	const op = "save series"
	var keys []string
	hashes := map[string]*seriesHash{}
	// One script for up to seriesAtOnce hashes: a row each would be thousands of round
	// trips a minute.
	flush := func() error {
		args := make([]any, 0, 2*len(keys))
		for _, key := range keys {
			h := hashes[key]
			args = append(append(args, h.keep.Milliseconds(), len(h.fields)), h.fields...)
		}
		if len(keys) > 0 {
			if err := s.fenced(ctx, s.scripts.series, l, keys, args...).Err(); err != nil {
				return s.fail(op, err)
			}
		}
		keys, hashes = keys[:0], map[string]*seriesHash{}
		return nil
	}
	for _, r := range rows {
		if err := checkRow(r); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		at := placeSeries(r.Of, r.StepS, r.Point.At)
		h := hashes[at.key]
		// A hash whose fields would pass the bound is flushed with all others: two
		// entries of one script must not name the same key.
		if h == nil && len(keys) == seriesAtOnce || h != nil && len(h.fields) > seriesFields-4 {
			if err := flush(); err != nil {
				return err
			}
			h = nil
		}
		if h == nil {
			h = &seriesHash{keep: at.keep}
			hashes[at.key] = h
			keys = append(keys, at.key)
		}
		h.fields = append(h.fields, at.field, packCounts(r))
		if r.Stands {
			h.fields = append(h.fields, standing+at.field, packStanding(r.Point))
		}
	}
	return flush()
}

// checkRow refuses what could not be read again.
func checkRow(r faultline.SeriesRow) error {
	step := time.Duration(r.StepS) * time.Second
	switch {
	case r.StepS != faultline.StepMinute && r.StepS != faultline.StepHour:
		return fmt.Errorf("a row of %d s", r.StepS)
	case !r.Point.At.Equal(r.Point.At.Truncate(step)):
		return fmt.Errorf("a row of %s that begins at %s", step, r.Point.At)
	case r.Of == "" || len(r.Of) > maxSeriesName:
		return fmt.Errorf("a series of %q", r.Of)
	}
	return nil
}

// packCounts packs what was counted in a step as numbers of variable length; most are below
// 128 and take one byte.
func packCounts(r faultline.SeriesRow) []byte {
	p := r.Point
	var b []byte
	for _, n := range []int{p.Reports, p.Probes, p.ProbesFailed, int(math.Round(p.Expected / expectedUnit)),
		r.Covered} {
		b = binary.AppendUvarint(b, uint64(max(0, n)))
	}
	return b
}

// packStanding packs how many members were observed and how many failed.
func packStanding(p faultline.SeriesPoint) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(max(0, p.Sites))), uint64(max(0, p.SitesFailing)))
}

// errSeriesField says that a stored field is not what packCounts or packStanding writes.
var errSeriesField = errors.New("a malformed field of a series")

// unpackField adds what one field says to a row.
func unpackField(packed string, stands bool, into *faultline.SeriesRow) error {
	p, expected := &into.Point, 0
	// The order is that of packCounts.
	targets := []*int{&p.Reports, &p.Probes, &p.ProbesFailed, &expected, &into.Covered}
	if stands {
		targets = []*int{&p.Sites, &p.SitesFailing}
		into.Stands = true
	}
	b := []byte(packed)
	for _, t := range targets {
		v, n := binary.Uvarint(b)
		// The bound keeps a damaged field from becoming a count that overflows when it is
		// added up.
		if n <= 0 || v > math.MaxInt32*1000 {
			return errSeriesField
		}
		*t, b = int(v), b[n:]
	}
	if !stands {
		p.Expected = float64(expected) * expectedUnit
	}
	return nil
}
