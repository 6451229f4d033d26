package correlate

// repeatSpan is how long one person's report of one site stands for another.
const repeatSpan = 10 * minute

// repeats remembers who reported what, in two generations of 10 minutes.
type repeats struct {
	now, before generation
	since       int64
}

type repeatVerdict int

const (
	fresh repeatVerdict = iota
	repeated
	full
)

func newRepeats() repeats { return repeats{now: newGeneration(), before: newGeneration()} }

// seen tells whether key was there within 10 minutes of at, and remembers it.
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
// written down while its end is added to. An open-addressing index finds the
// newest of a key.
type generation struct {
	list  []remembered
	slots []uint32 // place in list + 1, below a tag of the key; 0 is free
	shift uint8    // a key's first slot is key >> shift
}

const (
	placeBits = 21 // maxRepeatKeys/2 fit
	placeMask = 1<<placeBits - 1
	leastBits = 10 // of the number of slots
)

func newGeneration() generation {
	return generation{slots: make([]uint32, 1<<leastBits), shift: 64 - leastBits}
}

func tagOf(key uint64) uint32 { return uint32(key) << placeBits }

func (g *generation) find(key uint64) (int64, bool) {
	mask := uint64(len(g.slots) - 1)
	for i := key >> g.shift; g.slots[i] != 0; i = (i + 1) & mask {
		if slot := g.slots[i]; slot&^placeMask == tagOf(key) {
			if r := &g.list[slot&placeMask-1]; r.key == key {
				return r.at, true
			}
		}
	}
	return 0, false
}

func (g *generation) add(r remembered) {
	g.list = append(g.list, r)
	if 2*len(g.list) <= len(g.slots) {
		g.index(len(g.list) - 1)
		return
	}
	g.slots = make([]uint32, 2*len(g.slots))
	g.shift--
	for place := range g.list {
		g.index(place)
	}
}

// index makes the entry at a place the one that its key is found by.
func (g *generation) index(place int) {
	key, mask := g.list[place].key, uint64(len(g.slots)-1)
	i := key >> g.shift
	for ; g.slots[i] != 0; i = (i + 1) & mask {
		if slot := g.slots[i]; slot&^placeMask == tagOf(key) && g.list[slot&placeMask-1].key == key {
			break
		}
	}
	g.slots[i] = tagOf(key) | uint32(place+1)
}

func (g *generation) clear() {
	g.list = g.list[:0]
	clear(g.slots)
}
