package replica

import (
	"faultline/store"
	"sync"

	"faultline"
	"faultline/trace"
)

// outboxSites bounds what the outbox holds, counted in sites of incidents plus one for each
// revision: some 200 bytes each, and so about 100 MB at most.
const outboxSites = 1 << 19

// source is what revisions were made from.
type source struct {
	pos store.Pos // of the log
	// lost: they were published before the end of the log was lost, see [faultline.Published].
	lost bool
	of   trace.Context // the traced tick that made them
}

// revision is one that the fold made, and what from.
type revision struct {
	source
	inc faultline.Incident
}

// outbox holds, in order, the revisions that the fold made and that nobody is
// known to have stored. A leader stores them and takes them out; a standby keeps
// them, so that what the old leader folded and did not come to store is stored
// by the next. It is safe for concurrent use.
type outbox struct {
	mu     sync.Mutex
	limit  int
	items  []revision
	weight int
	lost   store.Pos     // position of the newest revision dropped for want of room
	added  uint64        // how many there ever were; the last one's number
	taken  uint64        // how many of those are stored or dropped
	resets uint64        // how often everything was forgotten
	moved  chan struct{} // closed and made again whenever anything changes
}

// newOutbox returns an empty outbox that holds up to limit, counted as [outboxSites] is.
func newOutbox(limit int) *outbox { return &outbox{limit: limit, moved: make(chan struct{})} }

// weigh is what a revision counts against the limit. Its sites are most of its memory.
func weigh(inc faultline.Incident) int { return 1 + len(inc.Sites) }

// signal wakes everybody who waits for a change; the caller holds the lock. A channel that
// is closed wakes any number of them, and they look again for themselves what has changed.
func (o *outbox) signal() {
	close(o.moved)
	o.moved = make(chan struct{})
}

// Add appends revisions made from one event. Beyond the limit the oldest are dropped,
// and remembered as lost, unless all are to be kept: a leader's fold waits
// instead (see [outbox.Crowded]).
func (o *outbox) Add(from source, incs []faultline.Incident, keepAll bool) {
	if len(incs) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, inc := range incs {
		o.items = append(o.items, revision{source: from, inc: inc})
		o.weight += weigh(inc)
		o.added++
	}
	// The newest stays even if it alone is above the limit: an incident of all sites must
	// be possible to store.
	for !keepAll && o.weight > o.limit && len(o.items) > 1 {
		o.lost = o.items[0].pos
		o.drop()
	}
	o.signal()
}

// drop takes the oldest out; the caller holds the lock.
func (o *outbox) drop() {
	o.weight -= weigh(o.items[0].inc)
	o.items[0] = revision{}
	o.items = o.items[1:]
	o.taken++
}

// Next returns the oldest one with its number, and a channel that closes when
// anything changes, for when there is none.
func (o *outbox) Next() (r revision, number uint64, ok bool, moved <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.items) == 0 {
		return revision{}, 0, false, o.moved
	}
	return o.items[0], o.taken + 1, true, o.moved
}

// Stored takes out the revision with that number, if it is still the oldest. If the fold
// has begun again in between the number is of another one, which must stay.
func (o *outbox) Stored(number uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.items) > 0 && o.taken+1 == number {
		o.drop()
		o.signal()
	}
}

// Len is how many wait.
func (o *outbox) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.items)
}

// mark is a point in the order of the revisions. resets tells apart two points of the same
// number with a Reset between them.
type mark struct{ number, resets uint64 }

// Mark is the point behind the newest revision.
func (o *outbox) Mark() mark {
	o.mu.Lock()
	defer o.mu.Unlock()
	return mark{o.added, o.resets}
}

// Through reports whether every revision up to m has been taken out. void says
// that it never will: they were forgotten because the fold began again.
func (o *outbox) Through(m mark) (through, void bool, moved <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.taken >= m.number && o.resets == m.resets, o.resets != m.resets, o.moved
}

// Crowded reports whether a leader's fold should wait before it makes more, and
// when to look again.
func (o *outbox) Crowded() (bool, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.weight > o.limit/2, o.moved
}

// Resume drops what a checkpoint at pos covers: whoever stored it had stored
// those. It answers false when a revision was lost that the checkpoint does not
// cover; then only a fold from the checkpoint brings it back.
func (o *outbox) Resume(pos store.Pos) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.items) > 0 && !o.items[0].pos.After(pos) {
		o.drop()
	}
	o.signal()
	if o.lost.After(pos) {
		return false
	}
	o.lost = store.Pos{}
	return true
}

// Reset forgets everything: the fold begins again from a checkpoint.
func (o *outbox) Reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken = o.added
	o.resets++
	o.items, o.weight, o.lost = nil, 0, store.Pos{}
	o.signal()
}
