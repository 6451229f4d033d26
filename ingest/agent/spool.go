package agent

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"faultline"
	"faultline/atomicfile"
	"faultline/ingest/probe"
	"faultline/lockfile"
	"faultline/task"
)

// Bounds of a spool. A result that is older than [faultline.LateBound] is evidence of
// nothing and is not sent any more, so that an hour without the server costs no more disk
// than five minutes do; the bounds on size hold for clocks and schedules gone wrong.
const (
	// bytes on disk, of all batches together
	maxSpoolBytes   = 64 << 20
	maxSpoolBatches = 8_192
	// the first pause after a failure; it doubles up to the next line
	spoolRetry    = 500 * time.Millisecond
	spoolRetryMax = 10 * time.Second
	spoolSend     = 10 * time.Second // for one batch
	// results say what this vantage checks and are for nobody else on the machine
	spoolDirMode  = 0o700
	spoolFileMode = 0o600
)

// spoolSuffix ends the name of a batch on disk, which is its number. What is being
// written has another name.
const spoolSuffix = ".ndjson"

// Spool hands the results of a vantage in, and keeps those that the server does not
// take on disk until it does. It hands them in in the order in which they were seen. It
// is safe for concurrent use. A batch is one file, so handing it in and removing it is
// one step: after a crash a batch may be sent twice, which counts once, and none is
// lost.
type Spool struct {
	dir  string
	next probe.Sink // where results are handed in
	log  *slog.Logger
	now  func() time.Time
	wake chan struct{} // holds one token while there may be something

	lock *os.File

	mu      sync.Mutex
	batches []spooled // oldest first
	bytes   int64
	last    uint64 // number of the newest batch
	probes  int    // that wait
	dropped int64  // too old, or too many
	ledger  Ledger
}

// spooled is one batch on disk.
type spooled struct {
	number uint64
	bytes  int64
	probes int
}

// OpenSpool opens the spool in a directory, which is created if need be, with what an
// earlier process left there. It fails where another process uses it. Two things are
// not set here: where results are handed in, and who runs [Spool.Run].
func OpenSpool(dir string, log *slog.Logger, now func() time.Time) (*Spool, error) {
	if err := os.MkdirAll(dir, spoolDirMode); err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	s := &Spool{dir: dir, log: log, now: now, wake: make(chan struct{}, 1)}
	err := s.takeLock()
	if err == nil {
		err = s.readDir()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the spool: %w", err), s.Close())
	}
	return s, nil
}

// takeLock makes this process the only one that uses the directory, until it ends. Two
// agents in one spool would hand in each other's results under their own names. The
// lock is the system's and ends with the process. A file that only exists would remain
// after a crash, and the next start would need a person.
func (s *Spool) takeLock() (err error) {
	if s.lock, err = os.OpenFile(filepath.Join(s.dir, "lock"), os.O_RDWR|os.O_CREATE, spoolFileMode); err != nil {
		return err
	}
	err = lockfile.Take(s.lock)
	if errors.Is(err, lockfile.ErrLocked) {
		return fmt.Errorf("%s is in use by another process", s.dir)
	}
	return err
}

// Close lets another process have the directory.
func (s *Spool) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// readDir finds the batches that an earlier process left. Files with other names are
// left alone: the lock, and what an interrupted write left behind. The whole text is
// read only to count its lines, which are the results that wait.
func (s *Spool) readDir() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, ours := strings.CutSuffix(e.Name(), spoolSuffix)
		number, err := strconv.ParseUint(name, 10, 64)
		if !ours || err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join(s.dir, e.Name()))
		if err != nil {
			return err
		}
		b := spooled{number, int64(len(text)), bytes.Count(text, []byte{'\n'})}
		s.batches = append(s.batches, b)
		s.bytes, s.probes, s.last = s.bytes+b.bytes, s.probes+b.probes, max(s.last, number)
	}
	slices.SortFunc(s.batches, func(a, b spooled) int { return cmp.Compare(a.number, b.number) })
	s.bound()
	return nil
}

// Probes implements [probe.Sink]: it hands a batch in, or keeps it on disk. Where
// results wait already, a new one waits behind them. So results arrive in the order in
// which they were found, which the fold's windows depend on.
//
// A result that the server refuses goes to disk without a retry here, because the
// prober must not wait: its next check is due.
func (s *Spool) Probes(ctx context.Context, probes []faultline.Probe) error {
	if s.empty() {
		err := s.send(ctx, probes)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			s.log.Warn("the server takes no results; they wait on disk", "spool", s.dir, "error", err)
		}
	}
	if err := s.keep(probes); err != nil {
		return fmt.Errorf("keep results on disk: %w", err)
	}
	select {
	// One token is enough: Run hands in everything that waits before it sleeps again.
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// empty reports whether nothing waits.
func (s *Spool) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.batches) == 0
}

// keep writes a batch behind those that wait. The file is whole or not there
// (atomicfile writes it beside and renames it), so a crash here costs this batch and
// never the ones before.
func (s *Spool) keep(probes []faultline.Probe) error {
	var text []byte
	var err error
	for _, p := range probes {
		if text, err = faultline.AppendLine(text, p); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := spooled{s.last + 1, int64(len(text)), len(probes)} // lines: a run is kept, and dropped, whole
	path := s.path(b.number)
	if err := atomicfile.Write(path, text); err != nil {
		return err
	}
	s.batches = append(s.batches, b)
	s.last, s.bytes, s.probes = b.number, s.bytes+b.bytes, s.probes+b.probes
	s.bound()
	return nil
}

// path is the file of a batch. Numbers have leading zeros, so that names sort in the order in which
// batches were made.
func (s *Spool) path(number uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%020d%s", number, spoolSuffix))
}

// bound drops the oldest batches beyond the bounds. One batch always stays, however
// large. The oldest goes first, because it is the next to become too old to be
// evidence. The caller holds the lock.
func (s *Spool) bound() {
	for len(s.batches) > 1 && (s.bytes > maxSpoolBytes || len(s.batches) > maxSpoolBatches) {
		s.dropped += int64(s.batches[0].probes)
		s.remove()
	}
}

// remove takes the oldest batch off the disk. A file that cannot be removed is
// forgotten all the same. It would be sent again after a restart, and the server counts
// a result once. The caller holds the lock.
func (s *Spool) remove() {
	b := s.batches[0]
	if err := os.Remove(s.path(b.number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("a batch of results stays on disk", "error", err)
	}
	s.batches = slices.Delete(s.batches, 0, 1)
	s.bytes, s.probes = s.bytes-b.bytes, s.probes-b.probes
}

// Run hands in what waits until ctx ends. While the server is away the pauses double up
// to ten seconds: all vantages lose the same server at once, and must not keep it from
// coming back.
func (s *Spool) Run(ctx context.Context) error {
	wait := spoolRetry
	for ctx.Err() == nil {
		switch err := s.deliver(ctx); {
		case errors.Is(err, errNothingWaits):
			wait = spoolRetry
			select {
			case <-s.wake:
			case <-ctx.Done():
			}
		case err != nil:
			task.Pause(ctx, wait)
			wait = min(2*wait, spoolRetryMax)
		default:
			wait = spoolRetry
		}
	}
	return nil
}

// errNothingWaits is how [Spool.deliver] tells [Spool.Run] to sleep until a result is
// kept.
var errNothingWaits = errors.New("nothing waits")

// deliver hands the oldest batch in, without what has become too old, and removes it
// once it is taken. The lock is not held while the batch is sent, which may take ten
// seconds: the prober keeps its next results meanwhile.
func (s *Spool) deliver(ctx context.Context) error {
	s.mu.Lock()
	if len(s.batches) == 0 {
		s.mu.Unlock()
		return errNothingWaits
	}
	oldest := s.batches[0]
	s.mu.Unlock()
	// A file that somebody has deleted is a batch without results: it is passed over,
	// else it would block all behind it for ever.
	text, err := os.ReadFile(s.path(oldest.number))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fresh := s.fresh(text)
	if len(fresh) > 0 {
		if err := s.send(ctx, fresh); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.batches) == 0 || s.batches[0].number != oldest.number {
		return nil // the bounds have taken it meanwhile
	}
	s.dropped += int64(oldest.probes - len(fresh))
	s.remove()
	if len(s.batches) == 0 {
		s.log.Info("the server takes results again", "dropped", s.dropped)
	}
	return nil
}

// fresh reads the results of a batch that are not too old. A line that can't be read is
// left out: a machine that lost power may leave half of one.
func (s *Spool) fresh(text []byte) (probes []faultline.Probe) {
	oldest := s.now().Add(-faultline.LateBound)
	for line := range bytes.Lines(text) {
		var p faultline.Probe
		if err := json.Unmarshal(line, &p); err == nil && !p.At.Before(oldest) {
			probes = append(probes, p)
		}
	}
	return probes
}

// send hands results in and counts them. Only what the server took is in the ledger, so
// a vantage's health says what others could see of it.
func (s *Spool) send(ctx context.Context, probes []faultline.Probe) error {
	ctx, cancel := context.WithTimeout(ctx, spoolSend)
	defer cancel()
	if err := s.next.Probes(ctx, probes); err != nil {
		return err
	}
	s.ledger.Delivered(probes, s.now())
	return nil
}

// Health is what the spool knows of how this vantage does.
func (s *Spool) Health() faultline.VantageHealth {
	h := s.ledger.Health(s.now())
	s.mu.Lock()
	defer s.mu.Unlock()
	h.Spooled, h.Dropped = s.probes, s.dropped
	return h
}
