package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/trace"
)

const (
	// batchField is the field of a log entry that has its contents: the packed batch.
	batchField = "b"
	// traceField names the spans that led to the entry, where something of it is traced. It is
	// no part of the contents: exports, replays, checkpoints and checksums are without it.
	traceField = "t"
	// keepLog is how long the log is kept, whatever the checkpoint says.
	// A fold that must begin at an older checkpoint, and an export, find what they need
	// in it.
	keepLog = time.Hour
	// keptTight is how many checkpoints the log goes on from where memory is tight.
	keptTight = 2
	// maxLogEntries is how long the log may be before what the checkpoint covers is
	// dropped even within that hour. At a peak an entry is some hundred reports.
	maxLogEntries = 2_000_000
	// trimStep bounds what one command drops, so that it stalls nobody; a Trim
	// makes at most trimSteps of them.
	// At most 5,000,000 entries go in one call; the next call goes on where this one
	// ended.
	trimStep  = 10_000
	trimSteps = 500
)

// errNoLog: nobody has called Epoch, or Redis came back empty.
var errNoLog = errors.New("there is no log")

// BatchKey makes a batch idempotent: of all batches of one writer with the same
// Seq, readers see the first. A writer is one process's one sender: it appends
// one batch at a time, with growing Seq, and gives up on a batch before it
// sends the next.
type BatchKey struct {
	Writer uint64
	Seq    uint64
}

// Append puts events into the log as one entry and returns its position. When it
// returns, the batch is as safe as Redis makes anything safe that it has
// acknowledged. On an error that wraps [faultline.ErrUnavailable] the batch may
// or may not be there: repeat it with the same key and the same events. Without
// a log (see [Store.Epoch]) that is the error as well: a Redis that came back
// empty must not take a batch as if nothing had happened.
func (s *Store) Append(ctx context.Context, key BatchKey, events []faultline.Event) (Pos, error) {
	return s.append(key, events, func(packed []byte) (string, error) {
		values := []any{batchField, packed}
		if carried := trace.Carried(ctx); carried != nil {
			values = append(values, traceField, carried)
		}
		return s.writes.XAdd(ctx, &redis.XAddArgs{Stream: keyLog, NoMkStream: true, Values: values}).Result()
	})
}

// AppendFenced is Append for the leader: it fails with [faultline.ErrNotLeader],
// and nothing is written, once a newer lease was given.
func (s *Store) AppendFenced(ctx context.Context, l Lease, key BatchKey, events []faultline.Event) (Pos, error) {
	return s.append(key, events, func(packed []byte) (string, error) {
		return s.fenced(ctx, s.scripts.append, l, []string{keyLog}, packed).Text()
	})
}

// append packs a batch, hands it to add, and reads the position that Redis gave it. The key makes a
// repeat harmless.
// add is called once: repeating is its caller's business, who alone knows how long it may
// take.
func (s *Store) append(key BatchKey, events []faultline.Event, add func([]byte) (string, error)) (Pos, error) {
	const op = "append to the log"
	packed, err := encodeBatch(key, events)
	if err != nil {
		return Pos{}, fmt.Errorf("%s: %w", op, err)
	}
	// Packing is not timed: the histogram shows how long Redis and the way to it take.
	timer := prometheus.NewTimer(s.m.appending)
	text, err := add(packed)
	timer.ObserveDuration()
	// The stream does not exist. XADD would make it, and a log would begin that nobody
	// opened.
	if errors.Is(err, redis.Nil) {
		err = errNoLog
	}
	if err != nil {
		return Pos{}, s.fail(op, err)
	}
	pos, err := ParsePos(text)
	if err != nil {
		return Pos{}, fmt.Errorf("%s: %w", op, err)
	}
	// Counted only once the position is known. A batch whose answer was lost is counted
	// when it is repeated.
	s.m.appended.WithLabelValues("batches").Inc()
	s.m.appended.WithLabelValues("events").Add(float64(len(events)))
	s.m.appended.WithLabelValues("bytes").Add(float64(len(packed)))
	return pos, nil
}

// Epoch opens the log if there is none: its first entry is then a
// [faultline.Epoch] with a new ULID of time now. It returns the log's epoch. Of
// several callers one opens the log and all get the same answer. Nothing can be
// appended before.
func (s *Store) Epoch(ctx context.Context, now time.Time) (string, error) {
	const op = "open the log"
	id, err := ulid.New(ulid.Timestamp(now), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("%s: %w", op, err)
	}
	// Nobody else writes under this name: it is random, and used once.
	key := BatchKey{Writer: binary.LittleEndian.Uint64(id[8:])}
	packed, err := encodeBatch(key, []faultline.Event{faultline.Epoch{At: faultline.Millis(now), Epoch: id.String()}})
	if err != nil {
		return "", fmt.Errorf("%s: %w", op, err)
	}
	// The script writes the name and the first entry together. It returns the name that
	// is stored, which is another node's if that one was faster.
	keys := []string{keyEpoch, keyLog, keyRestoring}
	epoch, err := s.scripts.epoch.Run(ctx, s.writes, keys, id.String(), packed).Text()
	if err != nil {
		return "", s.fail(op, err)
	}
	return epoch, nil
}

// LogTail returns the position of the log's newest entry, the zero value if there
// is none.
// It is how far behind a fold is measured by: the position of the tail less that of the
// fold.
func (s *Store) LogTail(ctx context.Context) (Pos, error) {
	const op = "read the log's tail"
	text, err := s.scripts.tail.Run(ctx, s.reads, []string{keyLog}).Text()
	if err != nil {
		return Pos{}, s.fail(op, err)
	}
	pos, err := ParsePos(text)
	if err != nil {
		return Pos{}, fmt.Errorf("%s: %w", op, err)
	}
	return pos, nil
}

// OpenLog is the epoch of the log that there is, "" if there is none.
func (s *Store) OpenLog(ctx context.Context) (string, error) {
	epoch, err := s.reads.Get(ctx, keyEpoch).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", s.fail("read the log's epoch", err)
	}
	return epoch, nil
}

// LogStart is when the log was opened, by the clock of the node that opened it.
func (s *Store) LogStart(ctx context.Context) (time.Time, error) {
	const op = "read when the log was opened"
	text, err := s.reads.Get(ctx, keyEpoch).Result()
	if err != nil {
		return time.Time{}, s.fail(op, err)
	}
	id, err := ulid.Parse(text)
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // a name of another kind: it is not known
	}
	return id.Timestamp().UTC(), nil
}

// Trim drops entries that are both behind the newest checkpoints (see
// [keptGenerations]) and more than an hour older than now, and of a log of more than
// 2,000,000 entries all that are behind those checkpoints; it may leave a few that could
// go. Where memory is tight it drops all that are behind the newest two checkpoints.
// Without a checkpoint it drops nothing.
func (s *Store) Trim(ctx context.Context, l Lease, now time.Time, tight bool) error {
	const op = "trim the log"
	all, err := s.generations(ctx, s.writes)
	if err != nil {
		return s.fail(op, err)
	}
	if len(all) == 0 {
		return nil
	}
	kept, tooLong := keptGenerations, s.maxLog
	// Full memory would stop everything; two checkpoints to fall back to are then enough.
	if tight {
		kept, tooLong = keptTight, 0
	}
	// generations has the newest first, so that this is the oldest checkpoint that a fold
	// may fall back to. What lies behind it none needs.
	behind := all[min(len(all), kept)-1].Pos
	// Positions of a stream begin with milliseconds of Redis' clock, so that a time is a
	// position as well.
	horizon := max(now.Add(-keepLog).UnixMilli(), 0)
	for range trimSteps {
		gone, err := s.fenced(ctx, s.scripts.trim, l, []string{keyLog, keyFloor}, horizon, s.trimStep, tooLong,
			behind.ms, behind.seq).Int()
		if err != nil {
			return s.fail(op, err)
		}
		if gone < s.trimStep/2 { // whole nodes of the stream go, never more than asked for
			return nil
		}
	}
	return nil
}
