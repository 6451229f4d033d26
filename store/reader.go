package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

const (
	// readCount is how many entries one read returns at most.
	// At a peak an entry has some hundred reports, so that one answer has thousands of
	// them.
	readCount = 64
	// maxWriters is how many writers a cursor remembers.
	// Each is a pair of numbers in the cursor, which is in every checkpoint.
	maxWriters = 4096
	// maxBlock is how long one read waits at most: a wait in Redis does not end
	// when its context is cancelled.
	maxBlock = time.Second
)

// Batch is one entry of the log.
type Batch struct {
	Pos    Pos
	Events []faultline.Event
	Trace  string // the spans that led to it, see [trace.Unpack]; empty: none
}

// Cursor is how far a reader has come: the position of the last entry that it
// has seen (the zero value is the start) and the last Seq of each writer, by which repeats
// are known. It is kept with the state that was folded up to there.
type Cursor struct {
	Pos Pos `json:"pos"`
	// Head are the first bytes of that last entry, in hexadecimal, its checksum among
	// them: a log that was lost and written again may have another entry at its place.
	// Empty: not known.
	Head string `json:"head,omitempty"`
	// Both are of one moment: a cursor without its Seqs would fold a repeat twice after a
	// restart.
	Seqs map[uint64]uint64 `json:"seqs"`
}

// Reader reads the log from a cursor on. It is not safe for concurrent use.
type Reader struct {
	s       *Store
	pos     Pos
	head    string // of the entry at pos, see Cursor
	seqs    map[uint64]lastBatch
	counter uint64 // of batches, to know the writer not heard for longest
}

// lastBatch is the number of a writer's last batch, and when it was read, in batches of
// all writers.
type lastBatch struct{ seq, at uint64 }

// logEnd is the newest entry that a process has read.
type logEnd struct {
	Pos  Pos
	Head string
}

// Reader returns a reader that goes on after c.
func (s *Store) Reader(c Cursor) *Reader {
	// Scripts of the leader compare it, see fence.lua: a server that lost what was read
	// here must take nothing that was concluded from it.
	s.readTo.Store(&logEnd{c.Pos, c.Head})
	r := &Reader{s: s, pos: c.Pos, head: c.Head, seqs: make(map[uint64]lastBatch, len(c.Seqs))}
	for writer, seq := range c.Seqs {
		r.seqs[writer] = lastBatch{seq: seq}
	}
	return r
}

// Cursor returns where the reader is: after all that Next has returned.
func (r *Reader) Cursor() Cursor {
	c := Cursor{Pos: r.pos, Head: r.head, Seqs: make(map[uint64]uint64, len(r.seqs))}
	for writer, h := range r.seqs {
		c.Seqs[writer] = h.seq
	}
	return c
}

// Next returns the next batches in order, each only once: repeats are dropped,
// and entries that cannot be read are skipped and counted. If there are none it
// waits up to block, at most a second, and returns an empty slice; with a block
// of 0 it does not wait. An empty slice may also mean that all that was read was
// dropped. An error leaves the reader where it was. [ErrTrimmed] and [ErrRolledBack] are
// final: the reader must start again from a checkpoint that the log goes on from.
func (r *Reader) Next(ctx context.Context, block time.Duration) ([]Batch, error) {
	const op = "read the log"
	after := r.pos
	entries, err := r.s.readStream(ctx, keyLog, after, readCount, block)
	if err != nil {
		return nil, r.s.fail(op, err)
	}
	if len(entries) == 0 {
		return nil, nil
	}
	// After the read, so that no trim can come between.
	if err := r.s.goesOn(ctx, after, r.head); err != nil {
		return nil, err
	}
	batches := make([]Batch, 0, len(entries))
	for _, entry := range entries {
		pos, err := ParsePos(entry.ID)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		// The reader moves on even where the entry is dropped: a repeat or an entry that
		// cannot be read must not be read again and again.
		r.pos, r.head = pos, headOf(entry)
		if events, ok := r.take(entry); ok {
			timed(events, pos.Time())
			spans, _ := entry.Values[traceField].(string)
			batches = append(batches, Batch{Pos: pos, Events: events, Trace: spans})
		}
	}
	r.s.readTo.Store(&logEnd{r.pos, r.head})
	r.s.m.read.Add(float64(len(batches)))
	return batches, nil
}

// headOf are the first bytes of an entry, by which it is told from another that stands
// at its place.
// The head has the checksum of the contents in it, so that five bytes are enough to tell
// two entries apart.
func headOf(entry redis.XMessage) string {
	packed, _ := entry.Values[batchField].(string)
	return hex.EncodeToString([]byte(packed[:min(len(packed), headBytes)]))
}

// goesOn fails with [ErrTrimmed] where the log does not go on from a position any more,
// and with [ErrRolledBack] where it never was what was read from it. head is that of the
// entry there; empty: not known.
func (s *Store) goesOn(ctx context.Context, after Pos, head string) error {
	floor, there, found, err := s.logState(ctx, after)
	if err != nil {
		return s.fail("read the log's past", err)
	}
	// The order of the cases matters: behind the floor an entry is missing because it was
	// trimmed, and above it because a server has lost it.
	if after.Compare(floor) < 0 {
		return fmt.Errorf("read the log after %s: %w: it begins at %s", after, ErrTrimmed, floor)
	}
	if after.After(floor) && !there {
		return fmt.Errorf("read the log after %s: %w", after, ErrRolledBack)
	}
	if there && head != "" && found != "" && found != head {
		return fmt.Errorf("read the log after %s: %w: another entry stands there", after, ErrRolledBack)
	}
	return nil
}

// logState returns where the log begins, whether an entry that was read is still in it, and
// its head. A store in memory cannot be rolled back while its process lives, and to look
// for an entry it walks its whole log: it is asked for the floor alone.
func (s *Store) logState(ctx context.Context, entry Pos) (floor Pos, there bool, head string, err error) {
	if !s.durable {
		floor, err = s.floor(ctx, s.reads)
		return floor, true, "", err
	}
	answer, err := s.scripts.logState.Run(ctx, s.reads, []string{keyLog, keyFloor}, entry.String(), headBytes).Slice()
	if err != nil {
		return Pos{}, false, "", err
	}
	text, _ := answer[0].(string)
	found, _ := answer[1].(int64)
	begins, _ := answer[2].(string)
	floor, err = ParsePos(text)
	return floor, found == 1, hex.EncodeToString([]byte(begins)), err
}

// floor is the oldest position still in the log; the zero value if nothing was ever
// dropped.
func (s *Store) floor(ctx context.Context, c redis.UniversalClient) (Pos, error) {
	text, err := c.Get(ctx, keyFloor).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return Pos{}, err
	}
	return ParsePos(text)
}

// take unpacks an entry, unless it is a repeat or cannot be read.
func (r *Reader) take(entry redis.XMessage) ([]faultline.Event, bool) {
	packed, _ := entry.Values[batchField].(string)
	key, u, err := openBatch(packed)
	if err != nil {
		// The reasons are a few constant texts, so that the label has few values.
		r.s.m.poison.WithLabelValues(err.Error()).Inc()
		return nil, false
	}
	h, known := r.seqs[key.Writer]
	// A writer sends one batch at a time with growing numbers, so that anything not above
	// the last one is a repeat.
	if known && key.Seq <= h.seq {
		r.s.m.repeats.Inc()
		return nil, false
	}
	events, err := u.events()
	if err != nil {
		r.s.m.poison.WithLabelValues(err.Error()).Inc()
		return nil, false
	}
	// Each start of a node is a new writer; without a bound the cursor, and every
	// checkpoint, would grow with them.
	if !known && len(r.seqs) >= maxWriters {
		r.forget()
	}
	r.counter++
	r.seqs[key.Writer] = lastBatch{seq: key.Seq, at: r.counter}
	return events, true
}

// timed gives ticks that say no time that of their entry: the log's own clock, which no
// node's clock can make wrong.
func timed(events []faultline.Event, at time.Time) {
	for i, ev := range events {
		if tick, ok := ev.(faultline.Tick); ok && tick.At.IsZero() {
			events[i] = faultline.Tick{At: at}
		}
	}
}

// forget drops the writer that has sent nothing for longest; of those that a cursor brought
// and that have sent nothing since, the one with the lowest number. A writer that is
// dropped and comes back could have a batch counted twice, if it repeats one from before:
// with 4,096 writers kept that takes thousands of restarts within one retry.
func (r *Reader) forget() {
	var oldest uint64
	least := lastBatch{at: r.counter + 1}
	for writer, h := range r.seqs {
		if h.at < least.at || h.at == least.at && writer < oldest {
			oldest, least = writer, h
		}
	}
	delete(r.seqs, oldest)
}

// readStream returns up to count entries of a stream after a position, and waits
// for the first one if it may. No entries are no error.
func (s *Store) readStream(ctx context.Context, key string, after Pos, count int,
	block time.Duration) ([]redis.XMessage, error) {
	// go-redis leaves BLOCK out of the command where the wait is negative.
	client, wait := s.reads, time.Duration(-1)
	// Redis counts in milliseconds, and takes 0 for good.
	if block = min(block, maxBlock); block >= time.Millisecond {
		// Waiting calls have connections of their own: they would hold those of short
		// reads for a second each.
		client, wait = s.blocking, block
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, block+s.Patience())
		defer cancel()
	}
	streams, err := client.XRead(ctx, &redis.XReadArgs{
		Streams: []string{key}, ID: after.String(), Count: int64(count), Block: wait,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil || len(streams) == 0 {
		return nil, err
	}
	return streams[0].Messages, nil
}
