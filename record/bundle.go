package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Bundle is the text of entries as C2SP tlog-tiles has them in tile/entries: each with
// its length before it, two bytes, the high one first. A bundle of 256 entries is what
// a client reads at once; see c2sp.org/tlog-tiles.
func Bundle(entries [][]byte) []byte {
	var out []byte
	for _, e := range entries {
		out = binary.BigEndian.AppendUint16(out, uint16(len(e))) // MaxEntryBytes fits
		out = append(out, e...)
	}
	return out
}

// errBundle says that a bundle ends within an entry.
var errBundle = errors.New("the bundle of entries is cut off")

// Unbundle is the reverse of [Bundle]. The entries share the memory of the bundle; each
// has its capacity cut to its length, so that an append to one does not write over the
// next.
func Unbundle(bundle []byte) ([][]byte, error) {
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, errBundle
		}
		n := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+n {
			return nil, errBundle
		}
		entries = append(entries, bundle[2:2+n:2+n])
		bundle = bundle[2+n:]
	}
	return entries, nil
}

// The first element of the path of a tile, after tile/.
const entriesLevel = "entries"

// TilePath is where a tile is below the address of the record, as C2SP tlog-tiles says.
// The path also says how many entries an unfinished tile has (…/000.p/5), so that a
// cache never serves an old unfinished tile as a newer one.
func TilePath(t tlog.Tile) string {
	full := t.Path() // tile/8/LEVEL/N, or tile/8/data/N for entries
	rest := strings.TrimPrefix(full, fmt.Sprintf("tile/%d/", t.H))
	if data, ok := strings.CutPrefix(rest, "data/"); ok {
		return "tile/" + entriesLevel + "/" + data
	}
	return "tile/" + rest
}

// ParseTilePath reads what [TilePath] writes. The level of a bundle of entries is -1.
// Only the one way to write a path is taken. Others would give caches many names for
// the same tile.
func ParseTilePath(path string) (tlog.Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	level, n, found := strings.Cut(rest, "/")
	if !ok || !found {
		return tlog.Tile{}, errNoTile
	}
	if level == entriesLevel {
		level = "data"
	}
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s/%s", TileHeight, level, n))
	if err != nil || TilePath(t) != path {
		return tlog.Tile{}, errNoTile
	}
	return t, nil
}
