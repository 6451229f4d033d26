package ingest

import (
	"sync"
	"time"
)

// rate is a limit as the generic cell rate algorithm has it (ITU-T I.371): burst
// requests at once, and one more for each interval that passes.
type rate struct {
	burst    int
	interval time.Duration
}

// perMinute is n requests a minute, of which burst may come at once.
func perMinute(n, burst int) rate {
	return rate{burst: burst, interval: time.Minute / time.Duration(n)}
}

// window is how long the whole burst takes to grow back.
func (r rate) window() time.Duration { return time.Duration(r.burst) * r.interval }

// gcraWays is how many keys share one set of the table, gcraLocks how many locks
// the sets share.
const (
	gcraWays  = 4
	gcraLocks = 256
)

// gcraTable holds when each key will have used nothing (its theoretical arrival
// time), in a fixed piece of memory. A key that is not there has used nothing. In
// a full set the one that is nearest to that makes room, and starts afresh
// should it come back: whoever floods the table with keys displaces those who
// have used little, mostly their own.
type gcraTable struct {
	locks [gcraLocks]sync.Mutex
	slots []gcraSlot
	mask  uint64 // of sets
}

// gcraSlot is what is kept of one quota: when it will be unused again (the theoretical
// arrival time of the generic cell rate algorithm).
type gcraSlot struct {
	key uint64
	tat int64 // Unix nanoseconds
}

// newGCRA makes a table of 2^bits keys, 16 bytes each.
func newGCRA(bits int) *gcraTable {
	return &gcraTable{slots: make([]gcraSlot, 1<<bits), mask: 1<<bits/gcraWays - 1}
}

// take takes n requests of a key's limit, all or none. It returns how much is
// used afterwards and, when there were not enough, after how long there are.
func (t *gcraTable) take(key uint64, r rate, n int, now time.Time) (used, wait time.Duration) {
	at := now.UnixNano()
	s, unlock := t.slot(key, at)
	defer unlock()
	base := max(s.tat, at)
	next := base + int64(n)*int64(r.interval)
	if over := next - at - int64(r.window()); over > 0 {
		return time.Duration(base - at), time.Duration(over)
	}
	s.key, s.tat = key, next
	return time.Duration(next - at), 0
}

// give gives one request of a key's limit back.
func (t *gcraTable) give(key uint64, r rate, now time.Time) {
	s, unlock := t.slot(key, now.UnixNano())
	defer unlock()
	s.tat = max(0, s.tat-int64(r.interval))
}

// raise notes that at least so much of a key's limit is used.
func (t *gcraTable) raise(key uint64, used time.Duration, now time.Time) {
	at := now.UnixNano()
	s, unlock := t.slot(key, at)
	defer unlock()
	s.key, s.tat = key, max(s.tat, at+int64(used))
}

// slot finds the place of a key, or makes one, and locks it.
func (t *gcraTable) slot(key uint64, now int64) (*gcraSlot, func()) {
	set := key & t.mask
	lock := &t.locks[set%gcraLocks]
	lock.Lock()
	slots := t.slots[set*gcraWays : (set+1)*gcraWays]
	least := &slots[0]
	for i := range slots {
		s := &slots[i]
		if s.key == key && s.tat > now {
			return s, lock.Unlock
		}
		if s.tat < least.tat {
			least = s
		}
	}
	*least = gcraSlot{key: key}
	return least, lock.Unlock
}
