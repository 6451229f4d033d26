package correlate

// repeats remembers who reported what, in two generations of 10 minutes.
type repeats struct {
	now, before generation
	since       int64
}

// repeatVerdict is whether a report counts.
type repeatVerdict int

const (
	fresh repeatVerdict = iota
	repeated
	full
)

// newRepeats returns two empty generations.
func newRepeats() repeats { return repeats{now: newGeneration(), before: newGeneration()} }

// seen reports whether key was there within 10 minutes of at, and remembers it.
func (r *repeats) seen(key uint64, at int64) repeatVerdict {
	last, ok := r.now.find(key)
	if !ok {
		last, ok = r.before.find(key)
	}
	if ok && at-last < repeatSpan && last-at < repeatSpan {
		return repeated
	}
	if len(r.now.list) >= maxRepeatKeys/2 {
		return full
	}
	r.now.add(remembered{key, max(at, last)})
	return fresh
}

// rotate drops the older generation once no report in time can repeat it.
func (r *repeats) rotate(now int64) {
	if now-r.since >= repeatSpan+lateBound {
		r.now, r.before, r.since = r.before, r.now, now
		r.now.clear()
	}
}

// remembered is a key, a hash, with the time that it was last counted at.
type remembered struct {
	key uint64
	at  int64
}

// generation is the keys of one stretch of time in the order in which they came:
// the list only grows until all of it is dropped, so that its beginning can be
// written down while its end is added to. The newest of a key is found.
type generation struct {
	list  []remembered
	index index
}

// newGeneration returns an empty generation.
func newGeneration() generation { return generation{index: newIndex()} }

// find is when a key was last noted; ok is false if it was not.
func (g *generation) find(key uint64) (int64, bool) {
	place, ok := g.index.find(key, g.holds(key))
	if !ok {
		return 0, false
	}
	return g.list[place].at, true
}

// holds compares keys for the index, which only keeps a part of the hash.
func (g *generation) holds(key uint64) func(place int) bool {
	return func(place int) bool { return g.list[place].key == key }
}

// add notes a key that is not there yet. The index grows by doubling, and is filled again
// from the list.
func (g *generation) add(r remembered) {
	g.list = append(g.list, r)
	if g.put(len(g.list) - 1) {
		return
	}
	g.index.grow()
	for place := range g.list {
		g.put(place)
	}
}

// put enters one place of the list into the index, and reports false when it is full.
func (g *generation) put(place int) bool {
	key := g.list[place].key
	return g.index.put(key, place, g.holds(key))
}

// clear forgets everything and keeps the memory, which the generation needs again at once.
func (g *generation) clear() {
	g.list = g.list[:0]
	g.index.clear()
}
