package record

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"faultline"
)

// Verifier is the public key of the record; "" while none is known.
func (k *Keeper) Verifier() string {
	if key := k.key.Load(); key != nil {
		return *key
	}
	return ""
}

// Head is the newest signed head and its note; the note is nil while there is none.
func (k *Keeper) Head() (Head, []byte) {
	if h := k.head.Load(); h != nil {
		return h.Head, h.note
	}
	return Head{}, nil
}

// Heads are the last heads of the newest days, by day.
func (k *Keeper) Heads() map[string][]byte {
	if h := k.heads.Load(); h != nil {
		return *h
	}
	return nil
}

// Tile is the content at a path such as tile/0/x001/234; the path of entries is
// tile/entries/000. It fails with [faultline.ErrNotFound] where the tree has no such tile.
//
// Tiles of hashes are computed from the tree in memory; bundles of entries are read
// from the source. What a full tile holds never changes, so that caches may keep it for
// ever.
func (k *Keeper) Tile(ctx context.Context, path string) ([]byte, error) {
	t, err := ParseTilePath(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", faultline.ErrNotFound, err)
	}
	if t.L >= 0 {
		k.mu.RLock()
		defer k.mu.RUnlock()
		data, err := k.tree.Tile(t)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", faultline.ErrNotFound, err)
		}
		return data, nil
	}
	// It spares the source a question for a bundle that cannot be there.
	if t.N > k.size()/TileWidth {
		return nil, fmt.Errorf("%w: %w", faultline.ErrNotFound, errNoTile)
	}
	entries, err := k.cfg.Source.RecordEntries(ctx, t.N)
	if err != nil {
		return nil, err
	}
	if len(entries) < t.W {
		return nil, fmt.Errorf("%w: %w", faultline.ErrNotFound, errNoTile)
	}
	return Bundle(entries[:t.W]), nil
}

// Prove proves that a revision is in the record, under the newest signed head. It fails
// with [faultline.ErrNotFound] for one that is not there, or not yet. The proof carries
// the entry and the head with it, so that a reader can check it years later and without
// this service.
func (k *Keeper) Prove(ctx context.Context, id string, revision int) (Proof, error) {
	head, signed := k.Head()
	p, err := k.path(head.Size, id, revision)
	if err != nil {
		return p, err
	}
	entries, err := k.cfg.Source.RecordEntries(ctx, p.Index/TileWidth)
	if err != nil {
		return p, err
	}
	if at := p.Index % TileWidth; at < int64(len(entries)) {
		p.Entry, p.Head = entries[at], signed
		return p, nil
	}
	return p, fmt.Errorf("%w: entry %d", faultline.ErrNotFound, p.Index)
}

// path is the proof for a revision without its entry: the index, and the hashes that
// lead from the entry to the root of the tree of that size. An entry behind the signed
// size is not proved, because nothing says yet that it stays.
func (k *Keeper) path(size int64, id string, revision int) (p Proof, err error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	c := k.index[id]
	at, there := slices.BinarySearch(c.revisions, revision)
	if !there || c.at[at] >= size {
		return p, fmt.Errorf("%w: revision %d of %s is not in the signed record", faultline.ErrNotFound, revision, id)
	}
	p.Index = c.at[at]
	p.Path, err = k.tree.Prove(size, p.Index)
	return p, err
}

// Place is the index of a revision's entry; false where this node knows of none.
func (k *Keeper) Place(id string, revision int) (int64, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	c := k.index[id]
	at, there := slices.BinarySearch(c.revisions, revision)
	if !there {
		return 0, false
	}
	return c.at[at], true
}

// Path proves that entry n is in the tree of the first size entries.
func (k *Keeper) Path(size, n int64) (tlog.RecordProof, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.tree.Prove(size, n)
}

// Entries are the texts of one bundle of entries.
func (k *Keeper) Entries(ctx context.Context, bundle int64) ([][]byte, error) {
	return k.cfg.Source.RecordEntries(ctx, bundle)
}

// HeadOf is the signed head that proves the first size entries and is the same whenever it is
// asked for: the last one that was signed up to the end of a day (2006-01-02). Where that one
// has fewer entries it is the first of a later day that has them, and else the newest. The
// note is nil where no head has them all.
func (k *Keeper) HeadOf(day string, size int64) (Head, []byte) {
	days := k.Heads()
	names := slices.Sorted(maps.Keys(days))
	next, found := slices.BinarySearch(names, day)
	if !found {
		next--
	}
	for _, name := range names[max(0, next):] {
		if head, err := OpenHead(days[name], k.Verifier()); err == nil && head.Size >= size && k.agrees(head) == nil {
			return head, days[name]
		}
	}
	if head, signed := k.Head(); head.Size >= size {
		return head, signed
	}
	return Head{}, nil
}
