package store

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"faultline/record"
)

// The fields of the record's hash.
const (
	recordSize     = "size"      // how many entries there are
	recordKey      = "key"       // the public key, as text
	recordHead     = "head"      // the newest signed head
	recordHeadSize = "head_size" // how many entries that is of
)

// maxHeadDays bounds the days whose last heads are kept.
const maxHeadDays = 400

// RecordSize is how many entries the public record has.
func (s *Store) RecordSize(ctx context.Context) (int64, error) {
	n, err := s.reads.HGet(ctx, keyRecord, recordSize).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, s.fail("read the size of the record", err)
	}
	return n, nil
}

// RecordEntries are the entries of one bundle of the public record, up to
// [record.TileWidth] of them.
func (s *Store) RecordEntries(ctx context.Context, bundle int64) ([][]byte, error) {
	texts, err := s.reads.LRange(ctx, entriesKey(bundle), 0, record.TileWidth-1).Result()
	if err != nil {
		return nil, s.fail("read entries of the record", err)
	}
	entries := make([][]byte, len(texts))
	for i, text := range texts {
		entries[i] = []byte(text)
	}
	return entries, nil
}

// RecordHead is the newest signed head of the record; nil: there is none yet.
func (s *Store) RecordHead(ctx context.Context) ([]byte, error) {
	head, err := s.reads.HGet(ctx, keyRecord, recordHead).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, s.fail("read the head of the record", err)
	}
	return head, nil
}

// RecordHeads are the last heads of the newest days, by day.
func (s *Store) RecordHeads(ctx context.Context) (map[string][]byte, error) {
	all, err := s.reads.HGetAll(ctx, keyHeads).Result()
	if err != nil {
		return nil, s.fail("read the heads of the record", err)
	}
	days := make(map[string][]byte, len(all))
	for day, head := range all {
		days[day] = []byte(head)
	}
	return days, nil
}

// SaveRecordHead keeps a signed head, and as the last one of its day, unless there is one
// of at least as many entries. The oldest days beyond 400 go.
func (s *Store) SaveRecordHead(ctx context.Context, size int64, head []byte, day string) error {
	const op = "store the head of the record"
	days, err := s.reads.HKeys(ctx, keyHeads).Result()
	if err != nil {
		return s.fail(op, err)
	}
	slices.Sort(days)
	args := []any{size, head, day}
	for _, old := range days[:max(0, len(days)-maxHeadDays)] {
		args = append(args, old)
	}
	if err := s.scripts.head.Run(ctx, s.writes, []string{keyRecord, keyHeads}, args...).Err(); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// RecordKey is the public key of the record. Where there is none yet, the one that is
// given becomes it, unless it is empty.
func (s *Store) RecordKey(ctx context.Context, verifier string) (string, error) {
	const op = "read the key of the record"
	key, err := s.reads.HGet(ctx, keyRecord, recordKey).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", s.fail(op, err)
	}
	if key != "" || verifier == "" {
		return key, nil
	}
	if err := s.writes.HSetNX(ctx, keyRecord, recordKey, verifier).Err(); err != nil {
		return "", s.fail(op, err)
	}
	if key, err = s.writes.HGet(ctx, keyRecord, recordKey).Result(); err != nil {
		return "", s.fail(op, err)
	}
	return key, nil
}

func entriesKey(bundle int64) string { return prefixEntries + strconv.FormatInt(bundle, 10) }
