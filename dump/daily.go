package dump

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
	"faultline/atomicfile"
	"faultline/record"
	"faultline/task"
)

const (
	// Settle is how long after midnight (UTC) a day is written. By then what came late for
	// its last minutes is counted, and its last hour is stored.
	Settle = 15 * time.Minute
	// MaxBytes bounds what all days take on disk. The oldest go first; the newest stays.
	MaxBytes = 8 << 30

	dayLength = 24 * time.Hour
	// usualPace is how often it is asked whether a day is due.
	usualPace = 5 * time.Second
	// retry is how long after a failure the next try is.
	retry = time.Minute
	// usualRest is the pause after each step of reading.
	// A day takes longer so, and readers of the node do not notice that it is written.
	usualRest = 20 * time.Millisecond
	// unfinished begins the name of a directory that is being written.
	unfinished = ".new-"
	dirMode    = 0o755
)

// DailyConfig says what a node writes down every day, and where.
type DailyConfig struct {
	Dir  string // of this node alone
	Keep int    // how many days are kept, at least 1
	// MaxBytes bounds what they take; 0: [MaxBytes].
	MaxBytes int64
	From     Source
	// Check fails where what was read of From is not to be believed; it is asked after a
	// day was written, and before that is put in place. nil: everything is.
	Check func(context.Context) error
	Sites func() []Site
	// Record proves revisions; nil: nothing does.
	Record func() *record.Keeper
	// Began is when the log was opened: no earlier day is written.
	Began func(context.Context) (time.Time, error)
	// Folded is up to which time the log is concluded from.
	// A node that lags behind would write a day without its last incidents.
	Folded func() time.Time
	Now    func() time.Time
	// Pace is the time between two questions whether a day is due; 0: 5 s. Rest is the
	// pause after each step of reading; 0: 20 ms.
	Pace, Rest time.Duration
	Log        *slog.Logger
	Registry   prometheus.Registerer // nil: no metrics
}

// Daily writes each past day once, and has those that are kept. A day that was missed
// is made up for while it would still be kept. It is safe for concurrent use. Every
// node writes all days for itself. The same day of the same store gives the same bytes,
// so it does not matter which node answers.
type Daily struct {
	cfg      DailyConfig
	days     atomic.Pointer[[]keptDay] // the newest first; never written to
	failures prometheus.Counter
	// cut is the oldest day for which there was room, where there was none for an older
	// one; zero: there was. Run alone has it.
	cut time.Time
	// settled is the newest day up to which nothing more is due. Run alone has it.
	settled time.Time
}

// keptDay is a day on disk, with all its files by name. The list of files is what
// [Daily.Open] allows, so no name from a request ever reaches the disk.
type keptDay struct {
	Manifest
	files map[string]File
	bytes int64
}

// OpenDaily finds the days that were written before. Directories that an interrupted
// write has left are removed. Whatever else is there is left alone, in case somebody
// named a directory of their own.
func OpenDaily(cfg DailyConfig) (*Daily, error) {
	cfg.Pace, cfg.Rest = cmp.Or(cfg.Pace, usualPace), cmp.Or(cfg.Rest, usualRest)
	cfg.MaxBytes = cmp.Or(cfg.MaxBytes, MaxBytes)
	d := &Daily{cfg: cfg, failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_dump_failures_total",
		Help: "Tries to write a day's dump that failed; each is tried again."})}
	if err := os.MkdirAll(cfg.Dir, dirMode); err != nil {
		return nil, fmt.Errorf("open the dumps: %w", err)
	}
	entries, err := os.ReadDir(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("open the dumps: %w", err)
	}
	var days []keptDay
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) {
			if err := os.RemoveAll(filepath.Join(cfg.Dir, e.Name())); err != nil {
				return nil, fmt.Errorf("open the dumps: %w", err)
			}
			continue
		}
		if _, err := time.Parse(time.DateOnly, e.Name()); err != nil || !e.IsDir() {
			continue // not ours
		}
		day, err := readDay(filepath.Join(cfg.Dir, e.Name()))
		if err != nil || day.Day != e.Name() {
			cfg.Log.Warn("a dump on disk can't be read, and is written again", "day", e.Name(), "error", err)
			continue
		}
		days = append(days, day)
	}
	d.put(days)
	d.register(cfg.Registry)
	return d, nil
}

// register registers the metrics, one of which an alert depends on: the age of the
// newest day.
func (d *Daily) register(reg prometheus.Registerer) {
	if reg == nil {
		return
	}
	reg.MustRegister(d.failures, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "faultline_dump_age_seconds",
		Help: "How long ago the day ended that this node's newest dump is of; 0 while there is none."}, func() float64 {
		days := *d.days.Load()
		if len(days) == 0 {
			return 0
		}
		return max(0, d.cfg.Now().Sub(days[0].begin().Add(dayLength)).Seconds())
	}))
}

// readDay reads a directory that [Write] has written. Sizes are compared and hashes are
// not: to read eight gigabytes at each start would take minutes. Readers have the
// hashes.
func readDay(dir string) (keptDay, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return keptDay{}, err
	}
	k := keptDay{Manifest: m, files: map[string]File{}}
	for _, f := range m.Files {
		info, err := os.Stat(filepath.Join(dir, filepath.Base(f.Name)))
		if err != nil {
			return k, err
		}
		if info.Size() != f.Bytes {
			return k, fmt.Errorf("%s has %d bytes and not %d", f.Name, info.Size(), f.Bytes)
		}
		k.files[f.Name], k.bytes = f, k.bytes+f.Bytes
	}
	// A manifest cannot hold its own checksum, so that these two are worked out at each
	// start.
	for _, name := range []string{manifestName, sumsName} {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return k, err
		}
		sum := sha256.Sum256(body)
		k.files[name] = File{Name: name, Bytes: int64(len(body)), SHA256: hex.EncodeToString(sum[:])}
	}
	return k, nil
}

// begin is when the day began; the zero time for a name that is none.
func (k keptDay) begin() time.Time {
	at, _ := time.Parse(time.DateOnly, k.Day) // it was read as one
	return at
}

// put makes a list of days the one that readers see. Readers go on with the list that
// they have.
func (d *Daily) put(days []keptDay) {
	slices.SortFunc(days, func(a, b keptDay) int { return strings.Compare(b.Day, a.Day) })
	d.days.Store(&days)
}

// Days are the manifests of the days that are kept, the newest first.
func (d *Daily) Days() []Manifest {
	if d == nil {
		return nil
	}
	days := *d.days.Load()
	list := make([]Manifest, 0, len(days))
	for _, k := range days {
		list = append(list, k.Manifest)
	}
	return list
}

// Keep is how many days are kept.
func (d *Daily) Keep() int {
	if d == nil {
		return 0
	}
	return d.cfg.Keep
}

// Open opens a file of a day, manifest.json and SHA256SUMS included. What is not there
// is [faultline.ErrNotFound]. The caller closes it. A day that is removed while
// somebody reads it stays readable to them, as files are on Unix.
func (d *Daily) Open(day, name string) (*os.File, File, error) {
	if d == nil {
		return nil, File{}, faultline.ErrNotFound
	}
	for _, k := range *d.days.Load() {
		file, ok := k.files[name]
		if k.Day != day || !ok {
			continue
		}
		f, err := os.Open(filepath.Join(d.cfg.Dir, k.Day, file.Name))
		if errors.Is(err, fs.ErrNotExist) { // it went a moment ago
			err = fmt.Errorf("%w: %w", faultline.ErrNotFound, err)
		}
		return f, file, err
	}
	return nil, File{}, faultline.ErrNotFound
}

// Run writes each day that is due until ctx ends. A failure is logged, counted and
// tried again. After one day it goes on to the next at once, as a node that was away
// may have many to write.
func (d *Daily) Run(ctx context.Context) error {
	for {
		pause := d.cfg.Pace
		for wrote := true; wrote && ctx.Err() == nil; {
			var err error
			// An error ends the inner loop, as wrote is false then.
			if wrote, err = d.step(ctx); err != nil && ctx.Err() == nil {
				d.failures.Inc()
				d.cfg.Log.Warn("a dump can't be written; it is tried again", "error", err)
				pause = retry
			}
		}
		if !task.Pause(ctx, pause) {
			return nil
		}
	}
}

// step writes one day that is due, and reports whether it did. A day is due once the
// log is folded past its end, since before that its last minutes are still missing.
func (d *Daily) step(ctx context.Context) (bool, error) {
	now := d.cfg.Now()
	if folded := d.cfg.Folded(); folded.Before(now) {
		now = folded
	}
	// Truncate counts from the zero time, which was midnight in UTC, so that it gives
	// midnight.
	last := now.Add(-Settle).UTC().Truncate(dayLength).Add(-dayLength)
	if now.IsZero() || d.settled.Equal(last) { // nothing is concluded yet, or nothing is new
		return false, nil
	}
	began, err := d.cfg.Began(ctx)
	if err != nil {
		return false, fmt.Errorf("read since when there is a log: %w", err)
	}
	if d.cut.After(began) {
		began = d.cut
	}
	day, ok := due(last, began, d.cfg.Keep, d.has)
	if !ok {
		d.settled = last
		return false, nil
	}
	if err := d.write(ctx, day); err != nil {
		return false, fmt.Errorf("write the dump of %s: %w", day.Format(time.DateOnly), err)
	}
	return true, nil
}

// due is the newest day up to last that would be kept and that there is none of yet.
// The newest comes first, because it is what readers wait for.
func due(last, began time.Time, keep int, has func(time.Time) bool) (time.Time, bool) {
	first := last.AddDate(0, 0, 1-keep)
	if since := began.UTC().Truncate(dayLength); since.After(first) {
		first = since
	}
	for day := last; !day.Before(first); day = day.AddDate(0, 0, -1) {
		if !has(day) {
			return day, true
		}
	}
	return time.Time{}, false
}

// has reports whether a day is kept.
func (d *Daily) has(day time.Time) bool {
	name := day.Format(time.DateOnly)
	return slices.ContainsFunc(*d.days.Load(), func(k keptDay) bool { return k.Day == name })
}

// write writes a day beside the others, puts it in place as a whole by one rename, and
// removes what is no longer kept. A crash in the middle leaves a directory that the
// next start removes.
func (d *Daily) write(ctx context.Context, day time.Time) (err error) {
	name := day.Format(time.DateOnly)
	scratch, err := os.MkdirTemp(d.cfg.Dir, unfinished)
	if err != nil {
		return err
	}
	// After the rename there is nothing of that name, and this does nothing.
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	// MkdirTemp gives the owner alone access; a web server of another user may serve the
	// files.
	if err := os.Chmod(scratch, dirMode); err != nil {
		return err
	}
	var proven *record.Keeper
	if d.cfg.Record != nil {
		proven = d.cfg.Record()
	}
	if _, err := Write(ctx, scratch, Day{Day: day, From: d.cfg.From, Sites: d.cfg.Sites(), Record: proven,
		Rest: func(ctx context.Context) { task.Pause(ctx, d.cfg.Rest) }}); err != nil {
		return err
	}
	// After the reading and before the rename: what was read of a Redis that was emptied
	// meanwhile must not replace a good day.
	if d.cfg.Check != nil {
		if err := d.cfg.Check(ctx); err != nil {
			return err
		}
	}
	kept, err := readDay(scratch)
	if err != nil {
		return err
	}
	// The names of the files must be on disk before the directory gets its own, or a
	// power failure leaves a day without some of them.
	if err := atomicfile.SyncDir(scratch); err != nil {
		return err
	}
	place := filepath.Join(d.cfg.Dir, name)
	if err := os.RemoveAll(place); err != nil { // one that could not be read
		return err
	}
	if err := os.Rename(scratch, place); err != nil {
		return err
	}
	d.cfg.Log.Info("the day's dump is written", "day", name, "bytes", kept.bytes, "observed", kept.Observed)
	d.put(append(slices.Clone(*d.days.Load()), kept))
	return errors.Join(d.prune(), atomicfile.SyncDir(d.cfg.Dir))
}

// prune removes the days beyond the bounds. A day that did not fit is not written
// again. Its bound is remembered (cut), or a day would be written and removed for ever.
func (d *Daily) prune() error {
	days := slices.Clone(*d.days.Load())
	bytes, keep := int64(0), 0
	for keep < len(days) && keep < d.cfg.Keep {
		// The newest day stays, whatever its size: a node without any would look as if it
		// wrote none.
		if bytes += days[keep].bytes; keep > 0 && bytes > d.cfg.MaxBytes {
			d.cut = days[keep-1].begin()
			break
		}
		keep++
	}
	d.put(days[:keep:keep])
	var failed error
	for _, k := range days[keep:] {
		failed = errors.Join(failed, os.RemoveAll(filepath.Join(d.cfg.Dir, k.Day)))
	}
	return failed
}
