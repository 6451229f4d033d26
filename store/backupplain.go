package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"faultline/record"
)

// restoreValues of a hash or list are written by one command; it is even, so that names
// and values stay together.
const restoreValues = 128

// sorted parts keys into chunks of checkpoints, and what is neither a chunk nor a stream
// nor named.
func sorted(all, named []string) (chunks, rest []string) {
	for _, key := range all {
		switch {
		case strings.HasPrefix(key, prefixChunk):
			chunks = append(chunks, key)
		case key == keyLog || key == keyChanges || slices.Contains(named, key):
		default:
			rest = append(rest, key)
		}
	}
	return chunks, rest
}

// published writes keys, of which it writes incidents and the public record as plain
// hashes and lists, so that they can be checked without Redis.
//
// Nodes go on meanwhile, and an entry of the record belongs to exactly one revision. So the
// size of the record is read first, entries beyond it are left out, and so are revisions
// that have no entry among the others: from the log, a fold makes those again.
func (b backup) published(ctx context.Context, keys []string) error {
	var incidents, rest []string
	for _, key := range keys {
		switch {
		case strings.HasPrefix(key, prefixIncident):
			incidents = append(incidents, key)
		case key != keyRecord && key != keyHeads && key != keyIndex && !strings.HasPrefix(key, prefixEntries):
			rest = append(rest, key)
		}
	}
	// The index names no incident, and the days have no head, that the record does not cover.
	if err := b.dump(ctx, keyIndex); err != nil {
		return err
	}
	if _, err := b.hash(ctx, keyHeads, nil); err != nil {
		return err
	}
	fields, err := b.hash(ctx, keyRecord, nil)
	if err != nil {
		return err
	}
	size, _ := strconv.ParseInt(fields[recordSize], 10, 64) // 0 where there is no record
	last, err := b.entries(ctx, size)
	if err != nil {
		return err
	}
	for _, key := range incidents {
		if _, err := b.hash(ctx, key, func(all map[string]string) {
			trimUnrecorded(all, last[strings.TrimPrefix(key, prefixIncident)])
		}); err != nil {
			return err
		}
	}
	return b.dump(ctx, rest...)
}

// entries writes the first entries of the record, and returns the last revision of each
// incident among them.
func (b backup) entries(ctx context.Context, size int64) (map[string]int, error) {
	last := map[string]int{}
	for bundle := range (size + record.TileWidth - 1) / record.TileWidth {
		texts, err := b.c.LRange(ctx, entriesKey(bundle), 0, min(record.TileWidth,
			size-bundle*record.TileWidth)-1).Result()
		if err != nil {
			return nil, fmt.Errorf("read entries of the record: %w", err)
		}
		for _, text := range texts {
			e, err := record.ParseEntry([]byte(text))
			if err != nil {
				return nil, err
			}
			last[e.Incident] = max(last[e.Incident], e.Revision)
		}
		if err := b.key(item{Key: entriesKey(bundle), List: texts}); err != nil {
			return nil, err
		}
	}
	return last, nil
}

// trimUnrecorded removes the revisions of an incident beyond the last one that the record
// has. Those from before there was a record stay.
func trimUnrecorded(fields map[string]string, last int) {
	first, err := strconv.Atoi(fields[fieldRecorded])
	if err != nil {
		return
	}
	keep := max(last, first-1)
	for n := keep + 1; ; n++ {
		if _, there := fields[strconv.Itoa(n)]; !there {
			break
		}
		delete(fields, strconv.Itoa(n))
	}
	if keep == 0 {
		clear(fields)
		return
	}
	fields[fieldLast] = strconv.Itoa(keep)
	if last < first {
		delete(fields, fieldRecorded)
	}
}

// hash writes a hash whole, after change has had its way with it. An empty one is left out.
func (b backup) hash(ctx context.Context, key string, change func(map[string]string)) (map[string]string, error) {
	fields, err := b.c.HGetAll(ctx, key).Result()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if change != nil {
		change(fields)
	}
	if len(fields) == 0 {
		return nil, nil
	}
	out := item{Key: key}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		out.Hash = append(out.Hash, name, fields[name])
	}
	return fields, b.key(out)
}

// putPlain writes a hash or a list in place of what is there, in commands of a bounded
// number of values.
func putPlain(ctx context.Context, c redis.UniversalClient, r item) error {
	if err := c.Del(ctx, r.Key).Err(); err != nil {
		return err
	}
	for part := range slices.Chunk(slices.Concat(r.Hash, r.List), restoreValues) {
		args := make([]any, len(part))
		for i, v := range part {
			args[i] = v
		}
		var err error
		if len(r.Hash) > 0 {
			err = c.HSet(ctx, r.Key, args...).Err()
		} else {
			err = c.RPush(ctx, r.Key, args...).Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
