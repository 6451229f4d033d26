package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

// Nodes hand files of the archive to each other through Redis, in chunks that expire.

const (
	// maxWanted bounds the files that are asked for at one time.
	maxWanted = 8
	// lentLife is how long a file that was asked for lies in Redis.
	lentLife = time.Minute
)

// WantSegments asks the other nodes for files of the archive. They put each into Redis
// for a minute, see [Store.Borrow].
func (s *Store) WantSegments(ctx context.Context, names []string, now time.Time) error {
	if len(names) == 0 {
		return nil
	}
	pipe := s.writes.Pipeline()
	for _, name := range names[:min(len(names), maxWanted)] {
		pipe.ZAdd(ctx, keyArchiveWanted, redis.Z{Score: float64(now.UnixMilli()), Member: name})
	}
	pipe.ZRemRangeByRank(ctx, keyArchiveWanted, 0, -maxWanted-1)
	pipe.PExpire(ctx, keyArchiveWanted, lentLife)
	if _, err := pipe.Exec(ctx); err != nil {
		return s.fail("ask for files of the archive", err)
	}
	return nil
}

// WantedSegments are the files that some node asks for.
func (s *Store) WantedSegments(ctx context.Context) ([]string, error) {
	names, err := s.reads.ZRange(ctx, keyArchiveWanted, 0, -1).Result()
	if err != nil {
		return nil, s.fail("read which files of the archive are wanted", err)
	}
	return names, nil
}

// Lend puts a file that is asked for into Redis for a minute, and asks no further for it.
// What is there already is left.
func (s *Store) Lend(ctx context.Context, name string, file []byte) error {
	op := "lend a file of the archive"
	i := 0
	for chunk := range slices.Chunk(file, chunkBytes) {
		if err := s.writes.Set(ctx, lentKey(name, i), chunk, lentLife).Err(); err != nil {
			return s.fail(op, err)
		}
		i++
	}
	if err := s.writes.ZRem(ctx, keyArchiveWanted, name).Err(); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// Borrow returns a file that another node has put into Redis, or [faultline.ErrNotFound]
// where none has yet. The name is the file's checksum: the caller compares it.
func (s *Store) Borrow(ctx context.Context, seg Segment) ([]byte, error) {
	const op = "borrow a file of the archive"
	file := make([]byte, 0, min(max(seg.Bytes, 0), MaxSegmentBytes))
	for i := 0; len(file) < seg.Bytes; i++ {
		chunk, err := s.reads.Get(ctx, lentKey(seg.Name, i)).Bytes()
		if err != nil {
			return nil, s.missing(op, err)
		}
		if len(chunk) == 0 {
			return nil, fmt.Errorf("%s: %w", op, faultline.ErrNotFound)
		}
		file = append(file, chunk...)
	}
	return file, nil
}

// lentKey is the key of one chunk of a file that a node lends another.
func lentKey(name string, chunk int) string { return prefixLent + name + ":" + strconv.Itoa(chunk) }
