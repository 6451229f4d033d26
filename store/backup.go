package store

import (
	"compress/gzip"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// backupVersion counts changes of the format. Version 1 had dumps of Redis in place of
	// Hash and List; it is still read.
	backupVersion = 3

	// Bounds of one step of a backup. Nodes go on writing and reading meanwhile, so that no
	// command may hold Redis up for long.

	// backupTimeout is for one command of a backup: the value of one key may be large.
	backupTimeout = time.Minute
	// backupEntries of a stream are read at once.
	backupEntries = 256
	// backupScan is how many keys one command reads.
	backupScan = 1_000
	// backupBuffer is how much is written at once.
	backupBuffer = 1 << 16
)

// ErrNotEmpty says that there is something already where a backup is to be restored.
var ErrNotEmpty = errors.New("it holds a log, incidents or keys of Faultline already")

// leftOut are the keys that no backup carries. Daily keys are left out because a backup
// that held one could link pseudonyms to addresses long after its day. The rest is what
// nodes write again by themselves within a minute. What is in the archive is written as if it
// were in Redis.
var leftOut = []string{prefixDaily, keyForgotten, keyPublic, keyLease, keyTried, keyCheckRequests, keyAsked,
	prefixCheck,
	keyArchive}

// item is one thing of a backup: a key as Redis dumps it, a hash or a list whole, or an
// entry of a stream.
type item struct {
	// Fields are never renamed: encoding/gob writes their names, and older backups must
	// be read.
	Version int // of the first item; its key is empty
	Key     string
	TTL     time.Duration // 0: it stays
	Dump    []byte
	ID      string // of a stream's entry
	Fields  []string
	Hash    []string // names and values, in order of name
	List    []string
	End     bool // nothing follows
	// Of the index of incidents: one that is in the archive, and its onset.
	Placed  string
	OnsetMS int64
	// Of an incremental backup alone:
	Base string // of the first item: the SHA-256 of the backup that it depends on
	Gone bool   // the key is no more, or the stream has lost what is before ID
}

// unhurried returns a client for large answers.
func unhurried(url string) (redis.UniversalClient, error) {
	o, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	o.ReadTimeout, o.WriteTimeout = backupTimeout, backupTimeout
	return newClient(*o), nil
}

// Backup writes everything that is kept but daily keys, compressed, while nodes go on.
// The order makes it whole: first the checkpoint, then what was published by a moment after
// it (see published), and the log last, from which a fold makes again what was published
// after that moment. The archive's incidents are those that archived reads; where it is nil,
// a Redis that has an archive is refused.
func Backup(ctx context.Context, url string, archived Archived, to io.Writer) (err error) {
	const op = "back up"
	c, err := unhurried(url)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer func() { _ = c.Close() }() // it was only read
	z := gzip.NewWriter(to)
	b := backup{c: c, out: gob.NewEncoder(z), archived: archived}
	if err := b.write(ctx); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	// Close writes the end of the compressed data. Without its error a full disk would
	// pass for a whole backup.
	if err := z.Close(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// backup is one backup that is being written: where from, where to, and the one before it
// that it is measured by.
type backup struct {
	c    redis.UniversalClient
	out  *gob.Encoder
	base *base // nil: everything is written
	// archived reads files of the archive; nil: there must be none.
	archived Archived
}

// write writes all keys in the order that makes the backup whole (see [Backup]). The epoch
// comes last: [Restore] writes it last too, and a log without an epoch is none, so that a
// restore that was broken off can't be taken for a whole one.
func (b backup) write(ctx context.Context) error {
	head := item{Version: backupVersion}
	if b.base != nil {
		head = item{Version: incrementalVersion, Base: b.base.sum}
	}
	if err := b.out.Encode(head); err != nil {
		return err
	}
	last := []string{keyFloor, keyEpoch}
	first := []string{keyCheckpoint, keyOlder}
	if err := b.dump(ctx, first...); err != nil {
		return err
	}
	all, err := keysOf(ctx, b.c)
	if err != nil {
		return err
	}
	// The pointers of checkpoints were read before the chunks that they name. A newer
	// checkpoint may have replaced those meanwhile; older generations are kept for that.
	chunks, rest := sorted(all, slices.Concat(first, last))
	if err := b.dump(ctx, chunks...); err != nil {
		return err
	}
	if err := b.stream(ctx, keyChanges); err != nil {
		return err
	}
	if err := b.published(ctx, rest); err != nil {
		return err
	}
	if err := b.stream(ctx, keyLog); err != nil {
		return err
	}
	// Read after the incidents of Redis: what is moved meanwhile is in both, not in neither.
	placed, err := b.archive(ctx)
	if err != nil {
		return err
	}
	if err := b.gone(last...); err != nil {
		return err
	}
	for _, r := range placed { // the index itself may be among what is gone
		if err := b.out.Encode(r); err != nil {
			return err
		}
	}
	if err := b.dump(ctx, last...); err != nil {
		return err
	}
	return b.out.Encode(item{End: true})
}

// dump writes keys as Redis dumps them, with the time that they have left to live; those
// that have gone since the list of keys was made are left out.
func (b backup) dump(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		// Negative answers say that there is no key or no limit: both become 0.
		ttl, err := b.c.PTTL(ctx, key).Result()
		if err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		data, err := b.c.Dump(ctx, key).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		if err := b.key(item{Key: key, TTL: max(ttl, 0), Dump: []byte(data)}); err != nil {
			return err
		}
	}
	return nil
}

// stream writes a stream entry by entry, so that Redis never stops for long: dumped at
// once, a log of an hour would hold it up for seconds.
func (b backup) stream(ctx context.Context, key string) error {
	from, err := b.from(ctx, key)
	if err != nil {
		return err
	}
	for {
		entries, err := b.c.XRangeN(ctx, key, from, "+", backupEntries).Result()
		if err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		for _, e := range entries {
			r := item{Key: key, ID: e.ID}
			for name, value := range e.Values {
				text, _ := value.(string)
				r.Fields = append(r.Fields, name, text)
			}
			if err := b.out.Encode(r); err != nil {
				return err
			}
			// A parenthesis excludes the entry itself (XRANGE, since Redis 6.2).
			from = "(" + e.ID
		}
		if len(entries) < backupEntries {
			return nil
		}
	}
}

// keysOf are our keys that a backup carries, in order. They are found by a scan and not
// taken from the registry, since many of them have names that are made at run time.
func keysOf(ctx context.Context, c redis.UniversalClient) ([]string, error) {
	var all []string
	scan := func(ctx context.Context, c *redis.Client) error {
		var own []string
		// SCAN may return a key twice, and so they are made unique below.
		keys := c.Scan(ctx, 0, tag+"*", backupScan).Iterator()
		for keys.Next(ctx) {
			key := keys.Val()
			if !slices.ContainsFunc(leftOut, func(p string) bool { return strings.HasPrefix(key, p) }) {
				own = append(own, key)
			}
		}
		if len(own) > 0 { // one server alone has ours: all are of one slot
			all = own
		}
		return keys.Err()
	}
	var err error
	switch c := c.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(ctx, scan)
	case *redis.Client:
		err = scan(ctx, c)
	}
	slices.Sort(all)
	return slices.Compact(all), err
}

// Restore reads a backup into a Redis that holds nothing of Faultline; else it is
// [ErrNotEmpty]. The log's epoch comes last: a restore that was broken off is no log, and its error
// says that Redis must be emptied before the next attempt. Incremental backups that depend on this
// one may follow, see [BackupSince].
func Restore(ctx context.Context, url string, from io.Reader, then ...io.Reader) (err error) {
	const op = "restore"
	c, err := unhurried(url)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	there, err := keysOf(ctx, c)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	// Nothing is ever merged: two histories in one Redis could not be told apart again.
	if len(there) > 0 {
		return fmt.Errorf("%s: %w: %s%s", op, ErrNotEmpty, there[0], brokenOff(there))
	}
	begun := false
	defer func() {
		if err != nil && begun {
			err = fmt.Errorf("%w. A part of it was written: empty Redis first, then restore again", err)
		}
	}()
	var epoch *item // it is written when all has been read
	write := func(r item) error {
		if !begun {
			// Before the first item: until its entries are written a log looks as if none had begun,
			// and a node would begin one of its own.
			if err := c.Set(ctx, keyRestoring, "", 0).Err(); err != nil {
				return fmt.Errorf("%s: %w", op, err)
			}
			begun = true
		}
		if r.Key == keyEpoch {
			epoch = &r
			return nil
		}
		if err := put(ctx, c, r); err != nil {
			return fmt.Errorf("%s: write %s: %w", op, r.Key, err)
		}
		return nil
	}
	sum, err := readBackup(from, wholeVersions, write)
	if err != nil {
		return err
	}
	// What it depends on is in its first item: it is compared before anything is written.
	compare := func(r item) error { return r.standsOn(sum) }
	for _, later := range then {
		if _, err := readBackup(later, incrementalVersions, write, compare); err != nil {
			return err
		}
	}
	if err := complete(ctx, c, epoch); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// complete makes what was restored a log, by its epoch, which a backup of no log lacks. The mark
// of a restore goes last: a crash between the two leaves a mark that nobody asks about.
func complete(ctx context.Context, c redis.UniversalClient, epoch *item) error {
	if epoch != nil {
		if err := put(ctx, c, *epoch); err != nil {
			return fmt.Errorf("write %s: %w", epoch.Key, err)
		}
	}
	return c.Del(ctx, keyRestoring).Err()
}

// brokenOff is what to do where Redis has something of a log and not its epoch, as a restore
// leaves it that was broken off; "" where it has the epoch.
func brokenOff(there []string) string {
	if slices.Contains(there, keyEpoch) {
		return ""
	}
	return ". It is no whole log: a restore may have been broken off. To restore, empty Redis first"
}

// put writes one item into Redis. A key that is not ours is refused, so that a file that
// was tampered with can write nothing else.
func put(ctx context.Context, c redis.UniversalClient, r item) error {
	if !strings.HasPrefix(r.Key, tag) {
		return errors.New("no key of Faultline's")
	}
	switch {
	// The order of the cases matters: an item of the index has a key as well, and one
	// that is gone may have an ID.
	case r.Placed != "":
		return c.ZAdd(ctx, r.Key, redis.Z{Score: float64(r.OnsetMS), Member: r.Placed}).Err()
	case r.Gone && r.ID != "":
		return c.XTrimMinID(ctx, r.Key, r.ID).Err()
	case r.Gone:
		return c.Del(ctx, r.Key).Err()
	case r.ID != "":
		values := make([]string, len(r.Fields))
		copy(values, r.Fields)
		return c.XAdd(ctx, &redis.XAddArgs{Stream: r.Key, ID: r.ID, Values: values}).Err()
	}
	if len(r.Hash)+len(r.List) > 0 {
		return putPlain(ctx, c, r)
	}
	// Backups of version 1 have such dumps alone. Redis refuses those of a newer server
	// than itself.
	return c.RestoreReplace(ctx, r.Key, r.TTL, string(r.Dump)).Err()
}
