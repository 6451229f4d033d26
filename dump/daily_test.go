package dump

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
)

// clockwork is what a [Daily] asks of a node.
type clockwork struct{ now, folded, began time.Time }

func (c *clockwork) config(dir string, keep int) DailyConfig {
	return DailyConfig{Dir: dir, Keep: keep, From: kept{3}, Sites: func() []Site { return []Site{{Site: "a.net"}} },
		Began:  func(context.Context) (time.Time, error) { return c.began, nil },
		Folded: func() time.Time { return c.folded }, Now: func() time.Time { return c.now }, Rest: time.Nanosecond,
		Log: slog.New(slog.DiscardHandler)}
}

// at is a moment of the day after the first, both for the clock and for the fold.
func at(days int, after time.Duration) *clockwork {
	now := day.AddDate(0, 0, 1+days).Add(after)
	return &clockwork{now: now, folded: now, began: day}
}

// written writes all days that are due.
func (d *Daily) writeAll(t *testing.T) (days []string) {
	t.Helper()
	for {
		wrote, err := d.step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !wrote {
			break
		}
	}
	for _, m := range d.Days() {
		days = append(days, m.Day)
	}
	return days
}

func openDaily(t *testing.T, cfg DailyConfig) *Daily {
	t.Helper()
	d, err := OpenDaily(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A day is written once midnight is a quarter of an hour past, on the clock and in the fold
// as well, and never one from before the log.
func TestADayIsWrittenOnceItIsOverAndFolded(t *testing.T) {
	for name, tt := range map[string]struct {
		clock *clockwork
		want  []string
	}{
		"before it is settled": {at(0, Settle-time.Second), nil},
		"settled":              {at(0, Settle), []string{"2026-03-01"}},
		"the fold is behind": {&clockwork{now: day.AddDate(0, 0, 1).Add(time.Hour), folded: day.AddDate(0, 0, 1),
			began: day}, nil},
		"nothing is folded": {&clockwork{now: day.AddDate(0, 0, 2), began: day}, nil},
		"missed days":       {at(2, time.Hour), []string{"2026-03-03", "2026-03-02", "2026-03-01"}},
		"more were missed than are kept": {at(5, time.Hour),
			[]string{"2026-03-06", "2026-03-05", "2026-03-04"}},
		"the log began in the evening": {&clockwork{now: day.AddDate(0, 0, 3).Add(time.Hour),
			folded: day.AddDate(0, 0, 3).Add(time.Hour), began: day.AddDate(0, 0, 1).Add(20 * time.Hour)},
			[]string{"2026-03-03", "2026-03-02"}},
	} {
		d := openDaily(t, tt.clock.config(t.TempDir(), 3))
		if got := d.writeAll(t); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v are written, want %v", name, got, tt.want)
		}
	}
}

// A restart finds what was written, writes nothing twice, removes what was not finished,
// and writes again what is damaged. Old days go.
func TestDaysOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	first := openDaily(t, at(1, time.Hour).config(dir, 2)).writeAll(t)
	if err := os.MkdirAll(filepath.Join(dir, unfinished+"17"), 0o700); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(dir, first[0], "series.ndjson.gz")
	before, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(damaged, before[1:], 0o600); err != nil {
		t.Fatal(err)
	}
	again := openDaily(t, at(1, 2*time.Hour).config(dir, 2))
	if got := again.Days(); len(got) != 1 || got[0].Day != first[1] {
		t.Errorf("after a restart there are %v, want only the one that is whole", got)
	}
	if got := again.writeAll(t); !slices.Equal(got, first) {
		t.Errorf("%v, want %v again", got, first)
	}
	if after, err := os.ReadFile(damaged); err != nil || string(after) != string(before) {
		t.Errorf("the damaged file is written again otherwise: %v", err)
	}
	later := openDaily(t, at(2, time.Hour).config(dir, 2)).writeAll(t)
	if want := []string{"2026-03-03", "2026-03-02"}; !slices.Equal(later, want) {
		t.Errorf("%v are kept, want %v", later, want)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v are on disk, want the two days: %v", entries, err)
	}
}

// Where days take more room than there is, the oldest go, and are not written again.
func TestDaysAreBoundedInBytes(t *testing.T) {
	cfg := at(4, time.Hour).config(t.TempDir(), 5)
	cfg.MaxBytes = 1
	d := openDaily(t, cfg)
	if got := d.writeAll(t); !slices.Equal(got, []string{"2026-03-05"}) {
		t.Errorf("%v are kept, want the newest", got)
	}
}

// What can't be read writes nothing, and is tried again.
func TestAFailureLeavesNothing(t *testing.T) {
	cfg := at(0, time.Hour).config(t.TempDir(), 3)
	wrong := errors.New("Redis holds another log")
	cfg.Check = func(context.Context) error { return wrong }
	d := openDaily(t, cfg)
	if _, err := d.step(t.Context()); !errors.Is(err, wrong) {
		t.Errorf("the failure is %v", err)
	}
	if entries, err := os.ReadDir(cfg.Dir); err != nil || len(entries) != 0 || len(d.Days()) != 0 {
		t.Errorf("%v is left: %v", entries, err)
	}
	wrong = nil
	if got := d.writeAll(t); len(got) != 1 {
		t.Errorf("after the failure %v are written", got)
	}
}

// Every file of a day can be opened under its name, with the checksum of its bytes, and
// nothing else can.
func TestFilesAreOpenedByTheirNamesAlone(t *testing.T) {
	d := openDaily(t, at(0, time.Hour).config(t.TempDir(), 3))
	d.writeAll(t)
	names := []string{manifestName, sumsName}
	for _, f := range d.Days()[0].Files {
		names = append(names, f.Name)
	}
	for _, name := range names {
		f, file, err := d.Open("2026-03-01", name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		body, err := io.ReadAll(f)
		f.Close()
		sum := sha256.Sum256(body)
		if err != nil || file.SHA256 != hex.EncodeToString(sum[:]) || file.Bytes != int64(len(body)) {
			t.Errorf("%s: %+v is said of %d bytes with the sum %x", name, file, len(body), sum)
		}
	}
	for _, asked := range [][2]string{{"2026-03-01", "nothing"}, {"2026-03-01", ""}, {"2026-03-02", manifestName},
		{"..", manifestName}, {"2026-03-01", "../2026-03-01/" + manifestName}, {"", ""}} {
		if _, _, err := d.Open(asked[0], asked[1]); !errors.Is(err, faultline.ErrNotFound) {
			t.Errorf("%v: %v", asked, err)
		}
	}
	var none *Daily
	_, _, err := none.Open("2026-03-01", manifestName)
	if !errors.Is(err, faultline.ErrNotFound) || none.Days() != nil {
		t.Error("a node without dumps has some")
	}
}

// A day on which nothing was observed says so.
func TestADayOnWhichNobodyLookedSaysSo(t *testing.T) {
	cfg := at(1, time.Hour).config(t.TempDir(), 2)
	cfg.From = nothing{}
	d := openDaily(t, cfg)
	d.writeAll(t)
	for _, m := range d.Days() {
		if m.Observed {
			t.Errorf("%s is said to be observed", m.Day)
		}
	}
	cfg.From, cfg.Dir = kept{0}, t.TempDir()
	if d = openDaily(t, cfg); len(d.writeAll(t)) != 2 || !d.Days()[0].Observed {
		t.Error("a day with hours is said to be unobserved")
	}
}

type nothing struct{ Source }

func (nothing) Older(context.Context, time.Time, string, int) ([]faultline.Incident, error) {
	return nil, nil
}
func (nothing) Series(context.Context, string, int, time.Time, time.Time) (faultline.Series, error) {
	return faultline.Series{}, nil
}

func TestTheAgeOfTheNewestDumpIsMeasured(t *testing.T) {
	cfg, reg := at(0, 2*time.Hour).config(t.TempDir(), 2), prometheus.NewRegistry()
	cfg.Registry = reg
	openDaily(t, cfg).writeAll(t)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "faultline_dump_age_seconds" && f.GetMetric()[0].GetGauge().GetValue() != 7200 {
			t.Errorf("two hours after midnight the age is %v", f.GetMetric()[0])
		}
	}
	if len(families) != 2 {
		t.Errorf("%d metrics", len(families))
	}
}
