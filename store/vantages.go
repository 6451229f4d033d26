package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"faultline"
)

// vantageLife is how long a vantage is known after it last asked for work, so that one
// that fell silent can be named.
const vantageLife = 30 * 24 * time.Hour

// SaveVantage notes what a vantage says of itself. A new one beyond the bound of
// [faultline.MaxVantages] is left out.
func (s *Store) SaveVantage(ctx context.Context, v faultline.VantageStatus) error {
	const op = "save a vantage"
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := s.scripts.vantage.Run(ctx, s.writes, []string{keyVantages}, v.Vantage, body,
		faultline.MaxVantages, vantageLife.Milliseconds()).Err(); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// Vantages returns those that asked for work within the 30 days before now, in order of
// name. Others are forgotten.
func (s *Store) Vantages(ctx context.Context, now time.Time) ([]faultline.VantageStatus, error) {
	all, err := recent(ctx, s, "read the vantages", keyVantages, now.Add(-vantageLife),
		func(v faultline.VantageStatus) time.Time { return v.SeenAt })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b faultline.VantageStatus) int { return cmp.Compare(a.Vantage, b.Vantage) })
	return all, nil
}
