package correlate

// row is something that has a name of its own and a place in a table.
type row interface {
	site | component | vantage | network
}

// table interns names: each gets a small number, in order of arrival, which
// everything else refers to.
type table[T row] struct {
	rows  []*T
	index map[string]uint32
	limit int
}

func newTable[T row](limit int) table[T] {
	return table[T]{index: map[string]uint32{}, limit: limit}
}

// find returns the number of a name and whether it has one.
func (t *table[T]) find(name string) (uint32, bool) {
	i, ok := t.index[name]
	return i, ok
}

// intern returns the number of a name, making one with the row that fresh
// returns. It reports false when the table is full.
func (t *table[T]) intern(name string, fresh func() *T) (uint32, bool) {
	if i, ok := t.index[name]; ok {
		return i, true
	}
	if len(t.rows) >= t.limit {
		return 0, false
	}
	return t.append(name, fresh()), true
}

// append gives a name that has none the next number.
func (t *table[T]) append(name string, row *T) uint32 {
	i := uint32(len(t.rows))
	t.index[name] = i
	t.rows = append(t.rows, row)
	return i
}
