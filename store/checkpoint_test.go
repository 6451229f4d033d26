package store

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// checkpoint makes one of some megabytes, which a seed tells from others.
func checkpoint(seed byte, pos Pos) Checkpoint {
	state := make([]byte, 5*chunkBytes+int(seed)*chunkBytes+17)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(state)
	return Checkpoint{
		Cursor:  Cursor{Pos: pos, Seqs: map[uint64]uint64{1: uint64(seed), 1 << 63: 2}},
		State:   slices.Collect(slices.Chunk(state, chunkBytes+1000)), // no piece is a chunk
		SavedAt: time.Date(2026, 3, 1, 12, 0, int(seed), 5e6, time.UTC),
	}
}

func (f *fixture) wantCheckpoint(t *testing.T, want Checkpoint) {
	t.Helper()
	got, there, err := f.Checkpoint(t.Context())
	ok(t, err)
	equal(t, there, true)
	equal(t, got.Cursor, want.Cursor)
	equal(t, got.SavedAt, want.SavedAt)
	if !bytes.Equal(got.Whole(), want.Whole()) {
		t.Fatalf("another state, of %d bytes instead of %d", got.Size(), want.Size())
	}
}

// chunks counts the chunks that stay and those that expire.
func (f *fixture) chunks(t *testing.T) (stay, expire int) {
	t.Helper()
	for _, key := range f.keys(t) {
		if !strings.HasPrefix(key, prefixChunk) {
			continue
		}
		if n := f.writes.StrLen(t.Context(), key).Val(); n > chunkBytes {
			t.Fatalf("%s has %d bytes", key, n)
		}
		if f.writes.PTTL(t.Context(), key).Val() > 0 {
			expire++
		} else {
			stay++
		}
	}
	return stay, expire
}

func testCheckpoint(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	_, there, err := f.Checkpoint(ctx)
	ok(t, err)
	equal(t, there, false)
	kept := []int{}
	for _, seed := range []byte{2, 1, 3, 0} {
		cp := checkpoint(seed, Pos{5, 1})
		ok(t, f.SaveCheckpoint(ctx, l, cp))
		f.wantCheckpoint(t, cp)
		kept = append(kept, 6+int(seed))
		sum := 0
		for _, n := range kept[max(0, len(kept)-keptGenerations):] {
			sum += n
		}
		stay, expire := f.chunks(t)
		equal(t, []int{stay, expire}, []int{sum, 0})
	}
	ok(t, f.writes.HSet(ctx, keyCheckpoint, "sum", "wrong").Err())
	_, _, err = f.Checkpoint(ctx)
	wantErr(t, err, ErrUnreadable)
	huge := Checkpoint{State: [][]byte{make([]byte, maxCheckpointChunks*chunkBytes)}}
	wantErr(t, f.SaveCheckpoint(ctx, l, huge), ErrTooLarge)
}

func testCheckpointOrder(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	for _, pos := range []Pos{{9, 9}, {10, 2}, {10, 11}} {
		ok(t, f.SaveCheckpoint(ctx, l, Checkpoint{Cursor: Cursor{Pos: pos}, State: [][]byte{[]byte(pos.String())}}))
	}
	for _, pos := range []Pos{{}, {9, 9}, {10, 2}} {
		wantErr(t, f.SaveCheckpoint(ctx, l, Checkpoint{Cursor: Cursor{Pos: pos}}), ErrBackwards)
	}
	got, _, err := f.Checkpoint(ctx)
	ok(t, err)
	equal(t, string(got.Whole()), "10-11")
}

var errCrash = errors.New("crashed here")

// crash is a hook that breaks off at the nth command, before or after it was
// executed, and all after it.
type crash struct {
	at    int
	after bool
	count int
}

func (c *crash) DialHook(next redis.DialHook) redis.DialHook { return next }
func (c *crash) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (c *crash) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.count++
		if c.count > c.at || c.count == c.at && !c.after {
			cmd.SetErr(errCrash)
			return errCrash
		}
		err := next(ctx, cmd)
		if c.count == c.at && (err == nil || !strings.HasPrefix(err.Error(), "NOSCRIPT")) {
			cmd.SetErr(errCrash)
			return errCrash
		}
		return err
	}
}

// testChunkLost: a checkpoint of which a chunk has expired before the last write becomes none.
func testChunkLost(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	old := checkpoint(0, Pos{1, 0})
	ok(t, f.SaveCheckpoint(ctx, l, old))
	before, err := f.Generations(ctx)
	ok(t, err)
	fresh := Generation{Name: generationName(l.Fence, 1), Chunks: 1, Pos: Pos{2, 0}, Sum: before[0].Sum}
	wantErr(t, f.fail("flip", f.flip(ctx, l, fresh, before)), ErrChunkLost)
	f.wantCheckpoint(t, old)
}

// testCheckpointCrash breaks saving off at every command: the old checkpoint can
// be read until the new one is whole, and nothing is left for ever.
func testCheckpointCrash(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	old := checkpoint(0, Pos{1, 0})
	ok(t, f.SaveCheckpoint(ctx, l, old))
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			hook := &crash{at: at, after: after}
			s, err := Open(ctx, Config{URL: f.url})
			ok(t, err)
			s.writes.AddHook(hook)
			fresh := checkpoint(byte(at%3), Pos{1, 0})
			saved := s.SaveCheckpoint(ctx, l, fresh)
			ok(t, s.Close())
			if saved == nil && hook.count < at {
				f.wantCheckpoint(t, fresh)
				old = fresh
				break
			}
			wantErr(t, saved, errCrash)
			got, _, err := f.Checkpoint(ctx)
			ok(t, err)
			if after && got.SavedAt.Equal(fresh.SavedAt) && !fresh.SavedAt.Equal(old.SavedAt) {
				old = fresh // only the reply was lost
			}
			f.wantCheckpoint(t, old)
			if at > 20 {
				t.Fatal("saving never ends")
			}
		}
		stay, _ := f.chunks(t)
		all, err := f.Generations(ctx)
		ok(t, err)
		want := 0
		for _, g := range all {
			want += g.Chunks
		}
		equal(t, stay, want)
	}
}
