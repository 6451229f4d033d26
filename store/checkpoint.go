package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

const (
	// unfinishedTTL is how long the chunks of a checkpoint live that was never
	// finished.
	unfinishedTTL = 10 * time.Minute
	// checkpointTries is how often reading starts again when a newer checkpoint
	// replaces the one being read.
	checkpointTries = 4
)

// Checkpoint is a fold's state and how far into the log it has come.
type Checkpoint struct {
	Cursor  Cursor
	State   [][]byte  // in pieces of any size, as they were written down; read, it is one
	SavedAt time.Time // whole milliseconds, UTC
}

// Size is how many bytes the state takes.
func (c Checkpoint) Size() int {
	n := 0
	for _, p := range c.State {
		n += len(p)
	}
	return n
}

// Whole is the state in one piece, nil if there is none.
func (c Checkpoint) Whole() []byte {
	if len(c.State) == 1 {
		return c.State[0]
	}
	return slices.Concat(c.State...)
}

// checkpointHead goes in front of the state.
type checkpointHead struct {
	Cursor  Cursor    `json:"cursor"`
	SavedAt time.Time `json:"saved_at"`
}

// pointer is what the checkpoint's key says.
type pointer struct {
	generation string
	chunks     int
	sum        string
}

// SaveCheckpoint replaces the checkpoint, in chunks, each its own command, so
// that other commands go between. The new one counts once all of it is there:
// until then, and if anything fails, the old one stands. One whose position lies
// before the stored one's is refused with [ErrBackwards].
func (s *Store) SaveCheckpoint(ctx context.Context, l Lease, cp Checkpoint) error {
	const op = "save the checkpoint"
	pos := cp.Cursor.Pos
	head, err := json.Marshal(checkpointHead{Cursor: cp.Cursor, SavedAt: faultline.Millis(cp.SavedAt)})
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	head = append(binary.AppendUvarint(nil, uint64(len(head))), head...)
	size := len(head) + cp.Size()
	n := (size + chunkBytes - 1) / chunkBytes
	if n > maxCheckpointChunks {
		return fmt.Errorf("%s: %w: %d bytes", op, ErrTooLarge, size)
	}
	old, _, err := s.pointer(ctx, s.writes)
	if err != nil {
		return s.fail(op, err)
	}
	// No two attempts share a name, or one would spoil the other's chunks.
	generation := fmt.Sprintf("%d-%s", l.Fence, rand.Text())
	keys := chunkKeys(generation, n)
	sum, err := s.writeChunks(ctx, l, keys, append([][]byte{head}, cp.State...))
	if err != nil {
		return s.fail(op, err)
	}
	all := append(append([]string{keyCheckpoint}, keys...), chunkKeys(old.generation, old.chunks)...)
	if err := s.fenced(ctx, s.scripts.flip, l, all, generation, old.generation, n, pos.ms, pos.seq, sum).Err(); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// writeChunks stores the pieces cut anew, a chunk for each key, and returns the
// SHA-256 of all. Nothing holds the whole of them in one: that would be as much
// memory again, while the door has reports to write.
func (s *Store) writeChunks(ctx context.Context, l Lease, keys []string, pieces [][]byte) ([]byte, error) {
	readers := make([]io.Reader, len(pieces))
	for i, p := range pieces {
		readers[i] = bytes.NewReader(p)
	}
	sum, chunk := sha256.New(), make([]byte, chunkBytes)
	all := io.TeeReader(io.MultiReader(readers...), sum)
	for _, key := range keys {
		n, err := io.ReadFull(all, chunk)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) { // the last one may be shorter
			return nil, err
		}
		if err := s.fenced(ctx, s.scripts.chunk, l, []string{key}, chunk[:n], unfinishedTTL.Milliseconds()).Err(); err != nil {
			return nil, err
		}
	}
	return sum.Sum(nil), nil
}

// Checkpoint returns the newest checkpoint, and false if there is none.
func (s *Store) Checkpoint(ctx context.Context) (Checkpoint, bool, error) {
	const op = "read the checkpoint"
	for range checkpointTries {
		p, ok, err := s.pointer(ctx, s.reads)
		if err != nil {
			return Checkpoint{}, false, s.fail(op, err)
		}
		if !ok {
			return Checkpoint{}, false, nil
		}
		payload, err := s.readChunks(ctx, p)
		if errors.Is(err, redis.Nil) {
			continue // replaced while we read it
		}
		if err != nil {
			return Checkpoint{}, false, s.fail(op, err)
		}
		cp, err := readCheckpoint(payload, p.sum)
		if err != nil {
			return Checkpoint{}, false, fmt.Errorf("%s: %w", op, err)
		}
		return cp, true, nil
	}
	return Checkpoint{}, false, s.fail(op, errors.New("its chunks are gone"))
}

func (s *Store) pointer(ctx context.Context, c redis.UniversalClient) (pointer, bool, error) {
	fields, err := c.HMGet(ctx, keyCheckpoint, "gen", "chunks", "sum").Result()
	if err != nil {
		return pointer{}, false, err
	}
	var p pointer
	var ok bool
	if p.generation, ok = fields[0].(string); !ok {
		return pointer{}, false, nil
	}
	chunks, _ := fields[1].(string)
	p.sum, _ = fields[2].(string)
	if p.chunks, err = strconv.Atoi(chunks); err != nil || p.chunks < 0 || p.chunks > maxCheckpointChunks {
		return pointer{}, false, fmt.Errorf("the pointer names %q chunks", chunks)
	}
	return p, true, nil
}

func (s *Store) readChunks(ctx context.Context, p pointer) ([]byte, error) {
	payload := make([]byte, 0, p.chunks*chunkBytes)
	for _, key := range chunkKeys(p.generation, p.chunks) {
		chunk, err := s.reads.Get(ctx, key).Bytes()
		if err != nil {
			return nil, err
		}
		payload = append(payload, chunk...)
	}
	return payload, nil
}

func readCheckpoint(payload []byte, sum string) (Checkpoint, error) {
	if got := sha256.Sum256(payload); string(got[:]) != sum {
		return Checkpoint{}, errors.New("its checksum is wrong")
	}
	size, n := binary.Uvarint(payload)
	if n <= 0 || size > uint64(len(payload)-n) {
		return Checkpoint{}, errors.New("its head is malformed")
	}
	var head checkpointHead
	if err := json.Unmarshal(payload[n:n+int(size)], &head); err != nil {
		return Checkpoint{}, fmt.Errorf("its head: %w", err)
	}
	return Checkpoint{Cursor: head.Cursor, State: [][]byte{payload[n+int(size):]}, SavedAt: head.SavedAt}, nil
}
