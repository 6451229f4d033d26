package record

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// TileHeight is that of C2SP tlog-tiles: a tile has the hashes of up to 256 subtrees.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight
)

// Tree holds the hashes of the record's tree: 64 bytes an entry. The zero value is the
// empty tree. It is not safe for concurrent use.
type Tree struct {
	size   int64
	hashes []tlog.Hash // by tlog.StoredHashIndex
}

// Size is how many entries the tree has.
func (t *Tree) Size() int64 { return t.size }

// Append adds the text of the next entry.
func (t *Tree) Append(text []byte) error {
	more, err := tlog.StoredHashesForRecordHash(t.size, Leaf(text), t)
	if err != nil {
		return fmt.Errorf("append entry %d: %w", t.size, err)
	}
	t.hashes = append(t.hashes, more...)
	t.size++
	return nil
}

// LeafAt is the hash of one entry.
func (t *Tree) LeafAt(n int64) tlog.Hash { return t.hashes[tlog.StoredHashIndex(0, n)] }

// Root is the hash of the tree of the first size entries.
func (t *Tree) Root(size int64) (tlog.Hash, error) {
	if size < 0 || size > t.size {
		return tlog.Hash{}, fmt.Errorf("the tree has %d entries, not %d", t.size, size)
	}
	return tlog.TreeHash(size, t)
}

// Prove proves that entry n is in the tree of the first size entries.
func (t *Tree) Prove(size, n int64) (tlog.RecordProof, error) { return tlog.ProveRecord(size, n, t) }

// maxLevel is the highest level of tiles that a tree can have whose size has 63 bits.
const maxLevel = 63 / TileHeight

// errNoTile says that a tile is not, or not yet, part of the tree.
var errNoTile = errors.New("there is no such tile")

// Tile is the content of one tile of hashes.
func (t *Tree) Tile(tile tlog.Tile) ([]byte, error) {
	if tile.L < 0 || tile.L > maxLevel || tile.N > t.size {
		return nil, errNoTile
	}
	// The last hash of the tile covers entries up to this one.
	last := (tile.N<<TileHeight + int64(tile.W)) << (uint(tile.L) * TileHeight)
	if last > t.size || last < 0 {
		return nil, errNoTile
	}
	return tlog.ReadTileData(tile, t)
}

// ReadHashes is that of [tlog.HashReader].
func (t *Tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if at < 0 || at >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("hash %d is not in a tree of %d entries", at, t.size)
		}
		out[i] = t.hashes[at]
	}
	return out, nil
}
