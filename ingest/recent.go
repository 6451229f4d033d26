package ingest

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	// repeatWindow is how long one reporter counts once for one site.
	repeatWindow = 10 * time.Minute
	// recentBits says how many are remembered: 2^18, 24 bytes each.
	recentBits = 18
	recentWays = 4 // that share a set
)

// reporterSite is one person, by pseudonym, at one site.
type reporterSite struct {
	reporter uint64
	site     string
}

// recent remembers who was counted where in the last ten minutes, in a fixed piece
// of memory without pointers, which the garbage collector need not look through. In
// a full set the oldest makes room: what is forgotten too soon costs the log a
// repeat, which the fold leaves out.
type recent struct {
	seed maphash.Seed

	mu    sync.Mutex
	slots []counted
	open  map[uint64]*batch // of those in slots, the ones whose fate is not known yet
}

// counted is a report that counted: a hash of who and where, when in Unix ms, and
// the number of the batch that carries it.
type counted struct {
	who   uint64
	at    int64
	batch uint64
}

// newRecent returns an empty memory of whom this node has counted just now.
func newRecent() *recent {
	return &recent{seed: maphash.MakeSeed(), slots: make([]counted, 1<<recentBits), open: map[uint64]*batch{}}
}

// claim looks for an earlier report of key in the window. When there is none it
// calls add and remembers its batch; looking and adding are one step, so that a
// double click is one report. Before is who the same person was until midnight, the
// zero reporter if that does not matter any more. The batch is the one to wait for,
// nil when a repeat has nothing to wait for: what it repeats is in the log.
func (r *recent) claim(key, before reporterSite, now time.Time, add func() (*batch, error)) (b *batch, repeat bool,
	err error) {
	at := now.UnixMilli()
	who := maphash.Comparable(r.seed, key)
	r.mu.Lock()
	defer r.mu.Unlock()
	slot, found := r.find(who, at)
	if !found && before.reporter != 0 {
		if was, ok := r.find(maphash.Comparable(r.seed, before), at); ok {
			slot, found = was, true
		}
	}
	if found {
		return r.open[slot.batch], true, nil
	}
	if b, err = add(); err != nil {
		return nil, false, err
	}
	*slot = counted{who: who, at: at, batch: b.number}
	r.open[b.number] = b
	return b, false, nil
}

// find finds a report within the window, or the place that it would take.
func (r *recent) find(who uint64, at int64) (*counted, bool) {
	set := who % (1 << recentBits / recentWays) * recentWays
	slots := r.slots[set : set+recentWays]
	oldest := &slots[0]
	for i := range slots {
		s := &slots[i]
		if s.who == who && s.batch != 0 && at-s.at < repeatWindow.Milliseconds() {
			return s, true
		}
		if s.at < oldest.at {
			oldest = s
		}
	}
	return oldest, false
}

// settled notes a batch's fate. One that failed has counted nobody.
func (r *recent) settled(number uint64, failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, number)
	if !failed {
		return
	}
	for i := range r.slots {
		if r.slots[i].batch == number {
			r.slots[i] = counted{}
		}
	}
}
