package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

const (
	// ConcentrationYears is how many years of days are kept, counted from the last write to a
	// year.
	ConcentrationYears = 10
	keepConcentration  = ConcentrationYears * 366 * 24 * time.Hour
)

// SaveConcentration keeps what was counted on a day, in place of an earlier count of it.
func (s *Store) SaveConcentration(ctx context.Context, l Lease, day faultline.ConcentrationDay) error {
	const op = "save the concentration of a day"
	at, err := time.Parse(time.DateOnly, day.Day)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	body, err := json.Marshal(day)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	err = s.fenced(ctx, s.scripts.series, l, []string{concentrationKey(at.Year())},
		keepConcentration.Milliseconds(), 2, day.Day, body).Err()
	if err != nil {
		return s.fail(op, err)
	}
	return nil
}

// ConcentrationDays returns the days that were counted from one time until another, the
// oldest first. A day that was not counted is not among them. Ranges of more than
// [ConcentrationYears] years are refused.
func (s *Store) ConcentrationDays(ctx context.Context, from, until time.Time) ([]faultline.ConcentrationDay, error) {
	const op = "read the concentration of days"
	first, last := from.UTC().Year(), until.UTC().Year()
	if last-first > ConcentrationYears {
		return nil, fmt.Errorf("%s: %w: %d years", op, ErrTooLarge, last-first)
	}
	pipe := s.reads.Pipeline()
	var years []*redis.MapStringStringCmd
	for year := first; year <= last; year++ {
		years = append(years, pipe.HGetAll(ctx, concentrationKey(year)))
	}
	if len(years) == 0 {
		return nil, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, s.fail(op, err)
	}
	begin, end := from.UTC().Format(time.DateOnly), until.UTC().Format(time.DateOnly)
	var days []faultline.ConcentrationDay
	for _, year := range years {
		for name, body := range year.Val() {
			if name < begin || name > end {
				continue
			}
			var day faultline.ConcentrationDay
			if err := json.Unmarshal([]byte(body), &day); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", op, name, err)
			}
			days = append(days, day)
		}
	}
	slices.SortFunc(days, func(a, b faultline.ConcentrationDay) int { return cmp.Compare(a.Day, b.Day) })
	return days, nil
}

func concentrationKey(year int) string { return prefixConcentration + strconv.Itoa(year) }
