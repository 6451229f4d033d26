package correlate

// memo is something that was worked out, and holds until a time and as long as what it
// was made from stays of one generation.
type memo[T any] struct {
	is         T
	until      int64 // 0: it is not known
	generation int
}

// holds reports whether what was worked out is still good: its time is not over, and what
// it was worked out from is of the same generation.
func (m *memo[T]) holds(now int64, generation int) bool {
	return now < m.until && generation == m.generation
}

// set keeps a result until a time, for a generation.
func (m *memo[T]) set(is T, until int64, generation int) {
	*m = memo[T]{is: is, until: until, generation: generation}
}

// forget has it worked out again when it is next asked for.
func (m *memo[T]) forget() { m.until = 0 }
