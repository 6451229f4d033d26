package correlate

// index finds places in a list by the hashes of what lies there: open addressing,
// four bytes a slot, of which at most half are taken. The list itself holds the
// keys.
type index struct {
	slots []uint32 // place + 1, below a tag of the hash; 0 is free
	shift uint8    // a hash's first slot is hash >> shift
	taken int
}

// newIndex returns an empty index of the smallest size.
func newIndex() index {
	return index{slots: make([]uint32, 1<<leastBits), shift: wordBits - leastBits}
}

// tagOf is the part of a hash that is kept beside the place, to tell most other keys apart
// without reading their rows.
func tagOf(hash uint64) uint32 { return uint32(hash) << placeBits }

// find returns the place with a hash that is the wanted one.
func (x *index) find(hash uint64, wanted func(place int) bool) (int, bool) {
	i, ok := x.slot(hash, wanted)
	return int(x.slots[i]&placeMask) - 1, ok
}

// slot returns the slot of the wanted place, or the free one that it would get.
func (x *index) slot(hash uint64, wanted func(place int) bool) (uint64, bool) {
	mask := uint64(len(x.slots) - 1)
	i := hash >> x.shift
	for ; x.slots[i] != 0; i = (i + 1) & mask {
		if s := x.slots[i]; s&^placeMask == tagOf(hash) && wanted(int(s&placeMask)-1) {
			return i, true
		}
	}
	return i, false
}

// put stores a place under a hash. Where an older place with the same hash is wanted, as
// slot defines it, the new one replaces it. When too few slots are free, put changes
// nothing and reports false, and the caller must grow the index first.
func (x *index) put(hash uint64, place int, wanted func(place int) bool) bool {
	if 2*(x.taken+1) > len(x.slots) {
		return false
	}
	i, known := x.slot(hash, wanted)
	if !known {
		x.taken++
	}
	x.slots[i] = tagOf(hash) | uint32(place+1)
	return true
}

// grow doubles the slots, which are then free.
func (x *index) grow() {
	*x = index{slots: make([]uint32, 2*len(x.slots)), shift: x.shift - 1}
}

// clear empties the index and keeps its memory.
func (x *index) clear() {
	clear(x.slots)
	x.taken = 0
}
