package correlate

import "github.com/cespare/xxhash/v2"

// row is something that has a name of its own and a place in a table.
type row interface {
	site | component | vantage | network
}

// table interns names: each gets a small number, in order of arrival, which
// everything else refers to.
type table[T row] struct {
	rows   []*T
	chunk  []T // where the newest rows lie, one beside the other
	nameOf func(*T) string
	index  index
	limit  int
}

// newTable returns an empty table for up to limit rows, found by their names.
func newTable[T row](limit int, nameOf func(*T) string) table[T] {
	return table[T]{nameOf: nameOf, index: newIndex(), limit: limit}
}

// find returns the number of a name and whether it has one.
func (t *table[T]) find(name string) (uint32, bool) {
	i, ok := t.index.find(xxhash.Sum64String(name), t.named(name))
	return uint32(i), ok
}

// named compares names for the index, which only keeps a part of the hash.
func (t *table[T]) named(name string) func(i int) bool {
	return func(i int) bool { return t.nameOf(t.rows[i]) == name }
}

// intern returns the number of a name, making one with the row that fresh
// returns. It reports false when the table is full.
func (t *table[T]) intern(name string, fresh func() T) (uint32, bool) {
	if i, ok := t.find(name); ok {
		return i, true
	}
	if len(t.rows) >= t.limit {
		return 0, false
	}
	return t.append(fresh()), true
}

// append gives a row whose name has no number yet the next one.
func (t *table[T]) append(row T) uint32 {
	i := len(t.rows)
	if len(t.chunk) == cap(t.chunk) {
		t.chunk = make([]T, 0, chunkRows)
	}
	t.chunk = append(t.chunk, row)
	t.rows = append(t.rows, &t.chunk[len(t.chunk)-1])
	if !t.put(i) {
		t.index.grow()
		for i := range t.rows {
			t.put(i)
		}
	}
	return uint32(i)
}

// put enters a row into the index, and reports false when that is full.
func (t *table[T]) put(i int) bool {
	name := t.nameOf(t.rows[i])
	return t.index.put(xxhash.Sum64String(name), i, t.named(name))
}
