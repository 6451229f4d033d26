package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"faultline"
	"faultline/atomicfile"
	"faultline/task"
)

// Source is the store as the record needs it.
//
// Package store has it. The order of the entries is Redis's, which appends each
// revision in the same step that publishes it; the nodes only read.
type Source interface {
	// RecordSize is how many entries there are.
	RecordSize(ctx context.Context) (int64, error)
	// RecordEntries are the entries of one bundle, up to [TileWidth] of them.
	RecordEntries(ctx context.Context, bundle int64) ([][]byte, error)
	// RecordHead is the newest signed head; nil: none yet.
	RecordHead(ctx context.Context) ([]byte, error)
	// RecordHeads are the last heads of the newest days, by day (2006-01-02).
	RecordHeads(ctx context.Context) (map[string][]byte, error)
	// SaveRecordHead keeps a head unless there is one of as many entries, and as that of its day.
	SaveRecordHead(ctx context.Context, size int64, head []byte, day string) error
	// RecordKey is the public key of the record. Where there is none yet, the one that is
	// given becomes it, unless it is empty.
	RecordKey(ctx context.Context, verifier string) (string, error)
}

// every is how often a node reads what was appended, and signs. This is the longest
// that a new revision waits for its signature, and a fraction of what a reader notices.
const every = time.Second

// headGrace is for how long after midnight (UTC) a head is still one of the day before: what
// was published in the last moments of a day is signed a moment later, and the last head of
// the day is to have it.
const headGrace = 5 * time.Minute

// KeeperConfig says how a node keeps the record.
type KeeperConfig struct {
	Source Source
	// Key signs heads; nil: this node signs nothing, and publishes what others have signed.
	Key *Key
	// SignedFile is where the newest head that this node has signed is written down, so
	// that it never signs another history; empty: nowhere.
	SignedFile string
	Now        func() time.Time
	Log        *slog.Logger
}

// Keeper follows the record on one node: it holds the tree, signs its heads when it has
// the key, and proves entries. All nodes publish the same, because the entries, the key
// and the head come from the store, and each node compares the head with its own tree.
type Keeper struct {
	cfg   KeeperConfig
	head  atomic.Pointer[publishedHead]
	heads atomic.Pointer[map[string][]byte]
	key   atomic.Pointer[string] // public, pinned in the store
	fault atomic.Pointer[string] // why the record is not signed on; nil: it is

	mu    sync.RWMutex
	tree  Tree
	index map[string]course
}

// course is where the revisions of one incident stand in the tree, in order. Some may
// be missing: those from before the record, and those that a failing Redis has lost for
// good. A revision is found by binary search in the first list; at the same place in
// the second is the index of its entry.
type course struct {
	revisions []int
	at        []int64
}

// publishedHead is a head that agrees with the tree of this node. The note is the
// signed text as it was read, because another signature of the same head would be other
// bytes.
type publishedHead struct {
	Head
	note []byte
}

// NewKeeper returns one that knows nothing before it runs.
func NewKeeper(cfg KeeperConfig) *Keeper { return &Keeper{cfg: cfg, index: map[string]course{}} }

// Run follows the record until ctx ends. A source that is away is not a fault of the
// record: nothing is signed meanwhile, and nothing wrong is published. Every other
// error stops the signing until somebody has looked, and is logged once in capitals.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		switch err := k.Follow(ctx); {
		case err == nil:
			k.setFault("")
		case errors.Is(err, faultline.ErrUnavailable) || ctx.Err() != nil:
			k.cfg.Log.Debug("the record could not be read", "error", err)
		default:
			if k.setFault(err.Error()) {
				k.cfg.Log.Error("THE RECORD IS NOT SIGNED", "reason", err)
			}
		}
		if !task.Pause(ctx, every) {
			return nil
		}
	}
}

// setFault remembers why nothing is signed, and reports whether that is news.
func (k *Keeper) setFault(why string) bool {
	was := k.Fault()
	k.fault.Store(&why)
	return was != why
}

// Fault is why the record is not signed; "" for nothing.
func (k *Keeper) Fault() string {
	if k == nil || k.fault.Load() == nil {
		return ""
	}
	return *k.fault.Load()
}

// Follow brings the tree up to the store, and the head up to the tree.
//
// The order matters. A head is compared with the entries before it is published, and
// this node signs only after that, so that it never signs what it has not checked
// itself. An empty record has no key: the first node that signs pins its own.
func (k *Keeper) Follow(ctx context.Context) error {
	if err := k.extend(ctx); err != nil {
		return err
	}
	if k.size() == 0 {
		return nil
	}
	own := ""
	if k.cfg.Key != nil {
		own = k.cfg.Key.Verifier()
	}
	key, err := k.cfg.Source.RecordKey(ctx, own)
	if err != nil || key == "" {
		return err
	}
	k.key.Store(&key)
	if err := k.adoptHead(ctx, key); err != nil {
		return err
	}
	if own != "" && own != key {
		return fmt.Errorf("this node's key is not that of the record, which is %s: copy that key to this node", key)
	}
	if own == key {
		return k.sign(ctx)
	}
	return nil
}

// extend reads the entries that the tree does not have. The bundle of the newest known
// entry is read again: a Redis that lost its end by a failover shows there. A store
// with fewer entries than the tree is read again from the beginning. Whether that may
// be signed is decided later, by comparison with what was signed before.
func (k *Keeper) extend(ctx context.Context) error {
	size, err := k.cfg.Source.RecordSize(ctx)
	if err != nil {
		return err
	}
	if size == k.size() {
		return nil
	}
	if size < k.size() {
		k.reset()
	}
	for bundle := max(0, k.size()-1) / TileWidth; k.size() < size; bundle++ {
		entries, err := k.cfg.Source.RecordEntries(ctx, bundle)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("entries from %d on are missing", bundle*TileWidth)
		}
		if err := k.take(bundle*TileWidth, entries); err != nil {
			return err
		}
	}
	return nil
}

// size is how many entries this node has read.
func (k *Keeper) size() int64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.tree.Size()
}

// reset forgets all entries. They are read again from the store, whose history has turned out to be
// another one.
func (k *Keeper) reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tree, k.index = Tree{}, map[string]course{}
}

// take appends entries, the first of which has that index. Entries that are known
// already are compared by their hashes and not appended again. One that differs is
// never repaired silently: the history has been rewritten, and somebody must be told.
func (k *Keeper) take(first int64, entries [][]byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, text := range entries {
		at := first + int64(i)
		if at < k.tree.Size() {
			if k.tree.LeafAt(at) != Leaf(text) {
				k.tree, k.index = Tree{}, map[string]course{}
				return fmt.Errorf("entry %d has changed: the record is read again", at)
			}
			continue
		}
		if at > k.tree.Size() {
			return fmt.Errorf("entries from %d on are missing", k.tree.Size())
		}
		e, err := ParseEntry(text)
		if err != nil {
			return err
		}
		if err := k.tree.Append(text); err != nil {
			return err
		}
		c := k.index[e.Incident]
		c.revisions, c.at = append(c.revisions, e.Revision), append(c.at, at)
		k.index[e.Incident] = c
	}
	return nil
}

// adoptHead publishes the newest head of the store, once it agrees with the tree. The
// heads of the days are shown before the head itself, so that a reader who sees the new
// head finds its day.
func (k *Keeper) adoptHead(ctx context.Context, key string) error {
	signed, err := k.cfg.Source.RecordHead(ctx)
	if err != nil || signed == nil {
		return err
	}
	head, err := OpenHead(signed, key)
	if err != nil {
		return err
	}
	if err := k.agrees(head); err != nil {
		return err
	}
	if was := k.head.Load(); was != nil && bytes.Equal(was.note, signed) {
		return nil
	}
	days, err := k.cfg.Source.RecordHeads(ctx)
	if err != nil {
		return err
	}
	k.heads.Store(&days)
	k.head.Store(&publishedHead{head, signed})
	return nil
}

// agrees fails unless the tree had that root at that size.
func (k *Keeper) agrees(head Head) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	root, err := k.tree.Root(head.Size)
	if err != nil {
		return fmt.Errorf("a head of %d entries was signed: %w", head.Size, err)
	}
	if root != head.Root {
		return fmt.Errorf("the signed head of %d entries has another root than the entries give", head.Size)
	}
	return nil
}

// sign makes the head of what is new. It never signs a history that differs from what
// it has signed before. The head is written down on this node before the store has it.
// A crash between the two leaves a head that nobody has seen, and the same bytes are
// signed again.
func (k *Keeper) sign(ctx context.Context) error {
	size := k.size()
	if was := k.head.Load(); size == 0 || was != nil && was.Size >= size {
		return nil
	}
	if err := k.consistent(); err != nil {
		return err
	}
	k.mu.RLock()
	root, err := k.tree.Root(size)
	k.mu.RUnlock()
	if err != nil {
		return err
	}
	signed, err := k.cfg.Key.Sign(size, root)
	if err != nil {
		return err
	}
	if err := k.remember(signed); err != nil {
		return err
	}
	day := k.cfg.Now().UTC().Add(-headGrace).Format(time.DateOnly)
	if err := k.cfg.Source.SaveRecordHead(ctx, size, signed, day); err != nil {
		return err
	}
	return k.adoptHead(ctx, k.cfg.Key.Verifier())
}

// consistent compares the tree with the newest head that this node has signed. It is
// the check that a failover of Redis cannot pass. A signer that has shown two histories
// of one size is worth nothing, since nobody can tell which one is true.
func (k *Keeper) consistent() error {
	if k.cfg.SignedFile == "" {
		return nil
	}
	signed, err := os.ReadFile(k.cfg.SignedFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what was signed last: %w", err)
	}
	head, err := OpenHead(signed, k.cfg.Key.Verifier())
	if err != nil {
		return fmt.Errorf("read %s: %w", k.cfg.SignedFile, err)
	}
	if err := k.agrees(head); err != nil {
		return fmt.Errorf("the store has another history than this node has signed (%s): %w", k.cfg.SignedFile, err)
	}
	return nil
}

// remember writes down what is signed before anybody sees it.
func (k *Keeper) remember(signed []byte) error {
	if k.cfg.SignedFile == "" {
		return nil
	}
	if err := atomicfile.Write(k.cfg.SignedFile, signed); err != nil {
		return fmt.Errorf("write down what is signed: %w", err)
	}
	return nil
}
