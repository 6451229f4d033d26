package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

// maxSeriesPoints bounds what one read returns, and with it how many hashes it reads.
// It is a week of minutes.
const maxSeriesPoints = 10_000

// Series returns how a site or a component did from one time until another: the steps
// of 60, 300 or 3,600 s that begin in there, oldest first, without gaps. Minutes go
// back 8 days, hours 400. A minute without a row of its own had no report and no failed
// probe; its probes are its share of what the hour counted. A step of which nothing is
// stored says so by its state: its counts are none. A step that is still going on says
// so ([faultline.PointUnfinished]), or each chart would end in a fall.
func (s *Store) Series(ctx context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error) {
	const op = "read a series"
	step := time.Duration(stepS) * time.Second
	switch {
	case stepS != faultline.StepMinute && stepS != faultline.StepFiveMinutes && stepS != faultline.StepHour:
		return faultline.Series{}, fmt.Errorf("%s: no steps of %d s are kept", op, stepS)
	case of == "" || len(of) > maxSeriesName:
		return faultline.Series{}, fmt.Errorf("%s: %w", op, faultline.ErrNotFound)
	}
	first := from.UTC().Truncate(step)
	// Only whole steps are returned: a part of one would look like a drop.
	if first.Before(from) {
		first = first.Add(step)
	}
	// Rounded up, because a step that has begun before until is part of the answer.
	n := int((until.Sub(first) + step - 1) / step)
	if n > maxSeriesPoints {
		return faultline.Series{}, fmt.Errorf("%s: %w: %d points", op, ErrTooLarge, n)
	}
	out := faultline.Series{Of: of, StepS: stepS, Points: make([]faultline.SeriesPoint, max(0, n))}
	if n <= 0 {
		return out, nil
	}
	// The hour before tells what is expected where an hour tells nothing.
	rows, err := s.seriesRows(ctx, of, first.Add(-time.Hour), until, stepS < faultline.StepHour)
	if err != nil {
		return faultline.Series{}, err
	}
	rows.end = rows.complete()
	out.CompleteUntil = rows.end
	for i := range out.Points {
		at := first.Add(time.Duration(i) * step)
		p := rows.step(at, step)
		if p.State == faultline.PointObserved && at.Add(step).After(until) && !at.Add(step).Before(rows.end) {
			p.State = faultline.PointUnfinished
		}
		// Expected reports are stored in thousandths; more digits would be noise of
		// adding up.
		p.Expected = math.Round(p.Expected*1e3) / 1e3
		p.ExpectedHigh = faultline.ExpectedHigh(p.Expected)
		out.Points[i] = p
	}
	return out, nil
}

// step is one step of a series. Five minutes are joined from minutes, which are not
// stored again as such.
func (r seriesRows) step(at time.Time, step time.Duration) faultline.SeriesPoint {
	if step == time.Hour {
		return r.hour(at)
	}
	p := r.minute(at)
	for m := at.Add(time.Minute); m.Before(at.Add(step)); m = m.Add(time.Minute) {
		p = joined(p, r.minute(m))
	}
	return p
}

// complete is the end of the last minute whose counts are stored; zero: none is. Hours
// say how many of their minutes are counted.
func (r seriesRows) complete() (end time.Time) {
	for _, h := range r.hours {
		if covered := h.Point.At.Add(time.Duration(h.Covered) * time.Minute); covered.After(end) {
			end = covered
		}
	}
	for _, m := range r.minutes {
		if covered := m.Point.At.Add(time.Minute); covered.After(end) {
			end = covered
		}
	}
	return end
}

// unknown is a step of which nothing is stored. Close behind what is complete its
// counts may still be on their way; anything earlier was not observed.
func (r seriesRows) unknown(at time.Time) faultline.SeriesPoint {
	p := faultline.SeriesPoint{At: at, State: faultline.PointNotObserved}
	if !at.Before(r.end) && at.Sub(r.end) < storedWithin {
		p.State = faultline.PointNotStored
	}
	return p
}

// storedWithin is how long the counts of a minute may be on their way. What is missing
// for longer was not observed.
const storedWithin = time.Hour

// joined is a step with one more minute at its end. A minute that was not observed adds
// nothing but what was expected of it. Counts are added up, but how many sites fail is
// a state and is taken from the last minute.
func joined(p, m faultline.SeriesPoint) faultline.SeriesPoint {
	switch {
	case !m.State.Counted():
		p.Expected += m.Expected
		return p
	case !p.State.Counted():
		p.State = m.State
	}
	p.Reports += m.Reports
	p.Probes += m.Probes
	p.ProbesFailed += m.ProbesFailed
	p.Expected += m.Expected
	if m.Sites > 0 {
		p.Sites, p.SitesFailing = m.Sites, m.SitesFailing
	}
	return p
}

// seriesRows are the rows of one series by when they begin, in Unix seconds.
type seriesRows struct {
	minutes, hours map[int64]*faultline.SeriesRow
	end            time.Time // of the last minute that is stored; zero: none is
}

// seriesRows reads the rows of a series that begin in a span of time, in one round trip
// however many hashes they are in.
func (s *Store) seriesRows(ctx context.Context, of string, from, until time.Time, minutes bool) (seriesRows, error) {
	const op = "read a series"
	rows := seriesRows{minutes: map[int64]*faultline.SeriesRow{}, hours: map[int64]*faultline.SeriesRow{}}
	first, last := from.Unix()/3600, (until.Unix()-1)/3600
	read := map[string]func(hash map[string]string) error{}
	for block := first / hourBlock; block <= last/hourBlock; block++ {
		read[hoursKey(of, block)] = func(hash map[string]string) error {
			return unpackHash(hash, rows.hours, of, faultline.StepHour, block*hourBlock*3600)
		}
	}
	for hour := first; minutes && hour <= last; hour++ {
		read[minutesKey(of, hour)] = func(hash map[string]string) error {
			return unpackHash(hash, rows.minutes, of, faultline.StepMinute, hour*3600)
		}
	}
	// The pipeline's answers come in the order of its commands, which a map does not
	// have; so each key keeps its own command.
	cmds := make(map[string]*redis.MapStringStringCmd, len(read))
	if _, err := s.reads.Pipelined(ctx, func(p redis.Pipeliner) error {
		for key := range read {
			cmds[key] = p.HGetAll(ctx, key)
		}
		return nil
	}); err != nil {
		return rows, s.fail(op, err)
	}
	for key, cmd := range cmds {
		if err := read[key](cmd.Val()); err != nil {
			return rows, fmt.Errorf("%s: %s: %w", op, key, err)
		}
	}
	return rows, nil
}

// unpackHash reads one hash into rows; its field 0 begins at base.
func unpackHash(hash map[string]string, rows map[int64]*faultline.SeriesRow, of string, stepS int, base int64) error {
	for field, packed := range hash {
		number, stands := strings.CutPrefix(field, standing)
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return errSeriesField
		}
		at := base + n*int64(stepS)
		// A step has two fields, counts and members, and either may come first.
		if rows[at] == nil {
			rows[at] = &faultline.SeriesRow{Of: of, StepS: stepS,
				Point: faultline.SeriesPoint{At: time.Unix(at, 0).UTC()}}
		}
		if err := unpackField(packed, stands, rows[at]); err != nil {
			return err
		}
	}
	return nil
}

// hour is one step of an hour: its row, or one that says that nothing is stored.
func (r seriesRows) hour(at time.Time) faultline.SeriesPoint {
	if h := r.hours[at.Unix()]; h != nil {
		return h.Point
	}
	p := r.unknown(at)
	p.Expected = r.usual(at.Unix()) * 60
	return p
}

// usual is how many reports a minute were expected in the hour at (Unix seconds), or in the
// one before where nothing is stored: 0 if neither is known.
// Expected counts of an hour are stored for the whole hour, hence the division by 60
// minutes.
func (r seriesRows) usual(at int64) float64 {
	for _, hour := range []int64{at, at - 3600} {
		if h := r.hours[hour]; h != nil {
			return h.Point.Expected / 60
		}
	}
	return 0
}

// minute is one minute: its row, or what the hour implies.
func (r seriesRows) minute(at time.Time) faultline.SeriesPoint {
	hour := at.Unix() - at.Unix()%3600
	h := r.hours[hour]
	row := r.minutes[at.Unix()]
	// Minutes up to Covered have been counted, so that a missing row there means that
	// nothing was reported, and not that nothing is known.
	covered := h != nil && at.Before(h.Point.At.Add(time.Duration(h.Covered)*time.Minute))
	if row == nil && !covered {
		p := r.unknown(at)
		p.Expected = r.usual(hour)
		return p
	}
	p := faultline.SeriesPoint{At: at, Expected: r.usual(hour)}
	if row != nil {
		p = row.Point
	} else if h != nil {
		p.Probes = r.implied(h, at)
	}
	if h != nil && p.Sites == 0 {
		p.Sites = h.Point.Sites
	}
	return p
}

// implied are the probes of a silent minute: those of the hour that its rows do not
// count, spread evenly over its silent minutes. Minutes without a report or a failure
// have no row, which keeps a quiet day small.
func (r seriesRows) implied(h *faultline.SeriesRow, at time.Time) int {
	begin := h.Point.At.Unix()
	rest, silent, before := h.Point.Probes, 0, 0
	for m := range int64(h.Covered) {
		if row := r.minutes[begin+m*60]; row != nil {
			rest -= row.Point.Probes
			continue
		}
		if begin+m*60 < at.Unix() {
			before++
		}
		silent++
	}
	if at.Unix() >= begin+int64(h.Covered)*60 || silent == 0 || rest <= 0 {
		return 0
	}
	// Differences of rounded sums, so that the minutes of an hour add up to the hour to
	// the probe.
	return (before+1)*rest/silent - before*rest/silent
}
