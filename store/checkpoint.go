package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

const (
	// Bounds of reading and writing checkpoints while other nodes do the same.
	// A leader that dies while it writes leaves chunks that no checkpoint names. They go
	// by themselves.
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
	Format  int       // of the state, as whoever wrote it numbers them
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
// Several pieces are copied, which takes their size of memory again: whoever only stores
// them uses State.
func (c Checkpoint) Whole() []byte {
	if len(c.State) == 1 {
		return c.State[0]
	}
	return slices.Concat(c.State...)
}

// checkpointHead goes in front of the state, with its length before it: the cursor is
// written down with the state that it belongs to, and not beside it.
type checkpointHead struct {
	Cursor  Cursor    `json:"cursor"`
	SavedAt time.Time `json:"saved_at"`
}

// SaveCheckpoint makes a checkpoint the newest, in chunks, each its own command, so
// that other commands go between. The new one counts once all of it is there:
// until then, and if anything fails, the old one is the newest. Of the older ones
// some are kept, see [keptGenerations]. One whose position lies before the newest
// one's is refused with [ErrBackwards].
func (s *Store) SaveCheckpoint(ctx context.Context, l Lease, cp Checkpoint) error {
	const op = "save the checkpoint"
	pos := cp.Cursor.Pos
	head, err := json.Marshal(checkpointHead{Cursor: cp.Cursor, SavedAt: faultline.Millis(cp.SavedAt)})
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	head = append(binary.AppendUvarint(nil, uint64(len(head))), head...)
	size := len(head) + cp.Size()
	// Rounded up: the last chunk may be shorter.
	n := (size + chunkBytes - 1) / chunkBytes
	// Refused before a chunk is written, so that a state that has grown too large leaves
	// no garbage.
	if n > maxCheckpointChunks {
		return fmt.Errorf("%s: %w: %d bytes", op, ErrTooLarge, size)
	}
	old, err := s.generations(ctx, s.writes)
	if err != nil {
		return s.fail(op, err)
	}
	// No two attempts share a name, or one would spoil the other's chunks.
	fresh := Generation{Name: generationName(l.Fence, cp.Format), Chunks: n, Pos: pos}
	keys := chunkKeys(fresh.Name, n)
	sum, err := s.writeChunks(ctx, l, keys, append([][]byte{head}, cp.State...))
	if err != nil {
		return s.fail(op, err)
	}
	fresh.Sum = sum
	// The one write that makes it count. It also takes the time limit from the chunks.
	if err := s.flip(ctx, l, fresh, old); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// writeChunks stores the pieces cut again, a chunk for each key, and returns the
// SHA-256 of all. Nothing holds the whole of them in one: that would be as much
// memory again, while ingest has reports to write.
func (s *Store) writeChunks(ctx context.Context, l Lease, keys []string, pieces [][]byte) ([]byte, error) {
	readers := make([]io.Reader, len(pieces))
	for i, p := range pieces {
		readers[i] = bytes.NewReader(p)
	}
	// One buffer for all chunks: the client has written it out when the script's answer
	// is there.
	sum, chunk := sha256.New(), make([]byte, chunkBytes)
	all := io.TeeReader(io.MultiReader(readers...), sum)
	for _, key := range keys {
		n, err := io.ReadFull(all, chunk)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) { // the last one may be shorter
			return nil, err
		}
		if err := s.fenced(ctx, s.scripts.chunk, l, []string{key}, chunk[:n],
			unfinishedTTL.Milliseconds()).Err(); err != nil {
			return nil, err
		}
	}
	return sum.Sum(nil), nil
}

// Checkpoint returns the newest checkpoint, and false if there is none. One that
// can't be read is [ErrUnreadable]; there may be older ones, see [Store.Generations].
func (s *Store) Checkpoint(ctx context.Context) (Checkpoint, bool, error) {
	const op = "read the checkpoint"
	for range checkpointTries {
		all, err := s.generations(ctx, s.reads)
		if err != nil {
			return Checkpoint{}, false, s.fail(op, err)
		}
		if len(all) == 0 {
			return Checkpoint{}, false, nil
		}
		cp, err := s.ReadGeneration(ctx, all[0])
		// Its chunks went between the two reads, so that a newer one exists by now.
		if errors.Is(err, errReplaced) {
			continue
		}
		return cp, err == nil, err
	}
	return Checkpoint{}, false, fmt.Errorf("%s: %w: its chunks are gone", op, ErrUnreadable)
}

// ReadGeneration reads one generation. One that is damaged, or whose chunks are gone,
// is [ErrUnreadable].
func (s *Store) ReadGeneration(ctx context.Context, g Generation) (Checkpoint, error) {
	op := fmt.Sprintf("read checkpoint %s", g.Name)
	payload, err := s.readChunks(ctx, g)
	if errors.Is(err, redis.Nil) {
		return Checkpoint{}, fmt.Errorf("%s: %w: %w", op, ErrUnreadable, errReplaced)
	}
	if wrongType(err) {
		return Checkpoint{}, fmt.Errorf("%s: %w: %w", op, ErrUnreadable, err)
	}
	if err != nil {
		return Checkpoint{}, s.fail(op, err)
	}
	cp, err := readCheckpoint(payload, string(g.Sum))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%s: %w: %w", op, ErrUnreadable, err)
	}
	cp.Format = g.Format()
	return cp, nil
}

// readChunks returns the chunks of one generation, joined. Redis' nil means that a newer
// checkpoint has taken its place meanwhile.
func (s *Store) readChunks(ctx context.Context, g Generation) ([]byte, error) {
	// A wrong size costs memory and no more: what was read is checked against the sum
	// afterwards.
	payload := make([]byte, 0, g.Chunks*chunkBytes)
	for _, key := range chunkKeys(g.Name, g.Chunks) {
		chunk, err := s.reads.Get(ctx, key).Bytes()
		if err != nil {
			return nil, err
		}
		payload = append(payload, chunk...)
	}
	return payload, nil
}

// readCheckpoint takes a payload apart after its checksum was found right.
func readCheckpoint(payload []byte, sum string) (Checkpoint, error) {
	if got := sha256.Sum256(payload); string(got[:]) != sum {
		return Checkpoint{}, errors.New("its checksum is wrong")
	}
	size, n := binary.Uvarint(payload)
	// The sum is right, so that this is a checkpoint that was written wrongly. It must
	// not bring the node down nevertheless.
	if n <= 0 || size > uint64(len(payload)-n) {
		return Checkpoint{}, errors.New("its head is malformed")
	}
	var head checkpointHead
	if err := json.Unmarshal(payload[n:n+int(size)], &head); err != nil {
		return Checkpoint{}, fmt.Errorf("its head: %w", err)
	}
	return Checkpoint{Cursor: head.Cursor, State: [][]byte{payload[n+int(size):]}, SavedAt: head.SavedAt}, nil
}
