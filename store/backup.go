package store

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// Bounds of one step of a backup. Nodes go on writing and reading meanwhile, so that no
	// command may hold Redis up for long.
	backupVersion = 1
	// backupTimeout is for one command of a backup: the value of one key may be large.
	backupTimeout = time.Minute
	// backupEntries of a stream are read at once.
	backupEntries = 256
	// backupScan is how many keys one command looks at.
	backupScan = 1_000
	// backupBuffer is how much is written at once.
	backupBuffer = 1 << 16
)

// ErrNotEmpty says that there is something already where a backup is to be restored.
var ErrNotEmpty = errors.New("it holds a log, incidents or keys of Faultline already")

// leftOut are the keys that no backup carries. Daily keys are left out because a backup
// that held one could link pseudonyms to addresses long after its day. The rest is what
// nodes write again by themselves within a minute.
var leftOut = []string{prefixDaily, keyForgotten, keyPublic, keyLease, keyTried, keyWishes, keyAsked, prefixCheck}

// record is one thing of a backup: a key as Redis dumps it, or an entry of a stream.
type record struct {
	Version int // of the first record; its key is empty
	Key     string
	TTL     time.Duration // 0: it stays
	Dump    []byte
	ID      string // of a stream's entry
	Fields  []string
	End     bool // nothing follows
	// Of an incremental backup alone:
	Base string // of the first record: the SHA-256 of the backup that it stands on
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
// The order makes it whole: first the checkpoint, then what was published, and the log
// last, from which a fold makes again what was published meanwhile.
func Backup(ctx context.Context, url string, to io.Writer) (err error) {
	const op = "back up"
	c, err := unhurried(url)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer func() { _ = c.Close() }() // it was only read
	z := gzip.NewWriter(to)
	b := backup{c: c, out: gob.NewEncoder(z)}
	if err := b.write(ctx); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

type backup struct {
	c    redis.UniversalClient
	out  *gob.Encoder
	base *base // nil: everything is written
}

// write writes all keys in the order that makes the backup whole (see [Backup]). The epoch
// comes last: [Restore] writes it last too, and a log without an epoch is none, so that a
// restore that was broken off can't be taken for a whole one.
func (b backup) write(ctx context.Context) error {
	head := record{Version: backupVersion}
	if b.base != nil {
		head = record{Version: incrementalVersion, Base: b.base.sum}
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
	var chunks, rest []string
	for _, key := range all {
		switch {
		case strings.HasPrefix(key, prefixChunk):
			chunks = append(chunks, key)
		case key == keyLog || key == keyChanges || slices.Contains(first, key) || slices.Contains(last, key):
		default:
			rest = append(rest, key)
		}
	}
	if err := b.dump(ctx, chunks...); err != nil {
		return err
	}
	if err := b.stream(ctx, keyChanges); err != nil {
		return err
	}
	if err := b.dump(ctx, rest...); err != nil {
		return err
	}
	if err := b.stream(ctx, keyLog); err != nil {
		return err
	}
	if err := b.dump(ctx, last...); err != nil {
		return err
	}
	if err := b.gone(); err != nil {
		return err
	}
	return b.out.Encode(record{End: true})
}

// dump writes keys as Redis dumps them, with the time that they have left to live; those
// that have gone since the list of keys was made are left out.
func (b backup) dump(ctx context.Context, keys ...string) error {
	for _, key := range keys {
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
		if b.base.has(key, data) {
			continue
		}
		if err := b.out.Encode(record{Key: key, TTL: max(ttl, 0), Dump: []byte(data)}); err != nil {
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
			r := record{Key: key, ID: e.ID}
			for name, value := range e.Values {
				text, _ := value.(string)
				r.Fields = append(r.Fields, name, text)
			}
			if err := b.out.Encode(r); err != nil {
				return err
			}
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
// [ErrNotEmpty]. The log's epoch comes last: a restore that was broken off is no log. Incremental
// backups that stand on this one may follow, see [BackupSince].
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
	if len(there) > 0 {
		return fmt.Errorf("%s: %w: %s", op, ErrNotEmpty, there[0])
	}
	write := func(r record) error {
		if err := put(ctx, c, r); err != nil {
			return fmt.Errorf("%s: write %s: %w", op, r.Key, err)
		}
		return nil
	}
	sum, err := readBackup(from, backupVersion, write)
	if err != nil {
		return err
	}
	// What it stands on is in its first record: it is compared before anything is written.
	compare := func(r record) error { return r.standsOn(sum) }
	for _, later := range then {
		if _, err := readBackup(later, incrementalVersion, write, compare); err != nil {
			return err
		}
	}
	return nil
}

// readBackup hands each record of a backup on, after the first, which goes to compare, and
// returns the SHA-256 of the whole.
func readBackup(from io.Reader, version int, each func(record) error, compare ...func(record) error) (string, error) {
	const op = "read a backup"
	sum := sha256.New()
	all := io.TeeReader(from, sum)
	z, err := gzip.NewReader(bufio.NewReaderSize(all, backupBuffer))
	if err != nil {
		return "", fmt.Errorf("%s: this is no backup: %w", op, err)
	}
	in := gob.NewDecoder(z)
	var head record
	if err := in.Decode(&head); err != nil || head.Version != version {
		return "", fmt.Errorf("%s: this is no backup of version %d", op, version)
	}
	for _, check := range compare {
		if err := check(head); err != nil {
			return "", err
		}
	}
	for {
		var r record
		if err := in.Decode(&r); err != nil {
			return "", fmt.Errorf("%s: the backup is damaged or not whole: %w", op, err)
		}
		if r.End {
			break
		}
		if err := each(r); err != nil {
			return "", err
		}
	}
	// To its checksum, which stands at the end.
	if _, err := io.Copy(io.Discard, z); err != nil { //nolint:gosec // nothing of it is kept
		return "", fmt.Errorf("%s: the backup ends wrongly: %w", op, err)
	}
	if _, err := io.Copy(io.Discard, all); err != nil { // what the reader has not asked for yet
		return "", fmt.Errorf("%s: %w", op, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// put writes one record into Redis. A key that is not ours is refused, so that a file that
// was tampered with can write nothing else.
func put(ctx context.Context, c redis.UniversalClient, r record) error {
	if !strings.HasPrefix(r.Key, tag) {
		return errors.New("no key of Faultline's")
	}
	switch {
	case r.Gone && r.ID != "":
		return c.XTrimMinID(ctx, r.Key, r.ID).Err()
	case r.Gone:
		return c.Del(ctx, r.Key).Err()
	case r.ID != "":
		values := make([]string, len(r.Fields))
		copy(values, r.Fields)
		return c.XAdd(ctx, &redis.XAddArgs{Stream: r.Key, ID: r.ID, Values: values}).Err()
	}
	return c.RestoreReplace(ctx, r.Key, r.TTL, string(r.Dump)).Err()
}
