package store

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// incrementalVersion is that of a backup which depends on a whole one. Version 2 had dumps of
// Redis alone; it is still read.
const incrementalVersion = 4

// ErrOtherBase says that an incremental backup depends on another backup than the one given.
var ErrOtherBase = errors.New("the incremental backup was made from another backup")

// base is what an earlier, whole backup holds: only sums of it, so that it need not fit
// into memory.
type base struct {
	sum   string                       // SHA-256 of the whole
	keys  map[string][sha256.Size]byte // of each key, what it was
	lasts map[string]string            // of each stream, its last entry
	met   map[string]bool              // keys that are there still
}

// BackupSince writes what has changed since a whole backup: keys that are new, other or
// gone, and the entries of streams that came since. [Restore] takes it after that one. An
// incident and a bundle of the record's entries are keys like others: one that has grown is
// written whole.
func BackupSince(ctx context.Context, url string, archived Archived, since io.Reader, to io.Writer) error {
	const op = "back up"
	on := &base{keys: map[string][sha256.Size]byte{}, lasts: map[string]string{}, met: map[string]bool{}}
	var err error
	if on.sum, err = readBackup(since, wholeVersions, func(r item) error { on.note(r); return nil }); err != nil {
		return err
	}
	c, err := unhurried(url)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer func() { _ = c.Close() }() // it was only read
	z := gzip.NewWriter(to)
	if err := (backup{c: c, out: gob.NewEncoder(z), base: on, archived: archived}).write(ctx); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// note takes in one item of the earlier backup.
func (b *base) note(r item) {
	if r.Placed != "" {
		return // each backup has all of these
	}
	if r.ID != "" {
		b.lasts[r.Key] = r.ID
		return
	}
	b.keys[r.Key] = r.sum()
}

// sum is of what a key holds, as far as the backup has it: of a dump or of plain values.
func (r item) sum() (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, value := range slices.Concat([]string{string(r.Dump)}, r.Hash, r.List) {
		fmt.Fprintf(h, "%d:%s", len(value), value)
	}
	h.Sum(sum[:0])
	return sum
}

// key writes a key whole, unless the base has it as it is now.
func (b backup) key(r item) error {
	if b.base != nil {
		b.base.met[r.Key] = true
		if sum, there := b.base.keys[r.Key]; there && sum == r.sum() {
			return nil
		}
	}
	return b.out.Encode(r)
}

// from is where the entries of a stream begin that are to be written. Where the base has
// some that are no more, that is written first.
func (b backup) from(ctx context.Context, key string) (string, error) {
	if b.base == nil || b.base.lasts[key] == "" {
		return "-", nil
	}
	first, err := b.c.XRangeN(ctx, key, "-", "+", 1).Result()
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	if len(first) > 0 {
		if err := b.out.Encode(item{Key: key, ID: first[0].ID, Gone: true}); err != nil {
			return "", err
		}
	}
	return "(" + b.base.lasts[key], nil
}

// gone writes which keys of the base are no more, but for those that are written later.
func (b backup) gone(except ...string) error {
	if b.base == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(b.base.keys)) {
		if b.base.met[key] || slices.Contains(except, key) {
			continue
		}
		if err := b.out.Encode(item{Key: key, Gone: true}); err != nil {
			return err
		}
	}
	return nil
}

// standsOn fails with [ErrOtherBase] unless that is what an incremental backup depends on.
func (r item) standsOn(sum string) error {
	if r.Base != sum {
		return ErrOtherBase
	}
	return nil
}
