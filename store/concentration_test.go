package store

import (
	"errors"
	"testing"
	"time"

	"faultline"
)

// testConcentration keeps days of two years, of which one is counted twice.
func testConcentration(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	day := func(name string, hhi int) faultline.ConcentrationDay {
		at, err := time.Parse(time.DateOnly, name)
		ok(t, err)
		return faultline.ConcentrationDay{Day: name, At: at, Kinds: []faultline.ConcentrationPoint{{Kind: "cdn",
			Known: 9, Sites: 10, HHI: &hhi}}}
	}
	for _, d := range []faultline.ConcentrationDay{day("2025-12-30", 1), day("2026-01-02", 2), day("2026-01-02", 3)} {
		ok(t, f.SaveConcentration(ctx, l, d))
	}
	from := time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)
	days, err := f.ConcentrationDays(ctx, from, from.AddDate(0, 2, 0))
	ok(t, err)
	if len(days) != 2 || days[0].Day != "2025-12-30" || *days[1].Kinds[0].HHI != 3 {
		t.Errorf("kept %+v", days)
	}
	if days, err = f.ConcentrationDays(ctx, from, from); err != nil || len(days) != 0 {
		t.Errorf("of a day that was not counted: %+v, %v", days, err)
	}
	_, err = f.ConcentrationDays(ctx, from.AddDate(-ConcentrationYears-1, 0, 0), from)
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("of too many years: %v", err)
	}
	if err := f.SaveConcentration(ctx, l, faultline.ConcentrationDay{Day: "today"}); err == nil {
		t.Error("a day without a date was kept")
	}
	other := Lease{Fence: l.Fence + 1}
	if err := f.SaveConcentration(ctx, other, day("2026-01-03", 4)); !errors.Is(err, faultline.ErrNotLeader) {
		t.Errorf("who does not lead keeps days: %v", err)
	}
}
