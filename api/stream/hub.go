package stream

import (
	"slices"
	"sync"
	"sync/atomic"

	"faultline"
	"faultline/board"
)

// clientQueue is how many frames may wait for one client before it is dropped. It then
// resumes from where it was, which costs less than a longer queue for each of thousands of
// clients.
const clientQueue = 64

// frame is one event of the stream, rendered once for all clients.
type frame struct {
	id    string
	bytes []byte
	// inc is the incident as it is now, before as it was; nil: for everybody.
	inc, before *faultline.Incident
}

// light is the frame as it is remembered: with the first sites of its incidents,
// which keeps the memory bounded.
func (f frame) light() frame {
	for _, inc := range []**faultline.Incident{&f.inc, &f.before} {
		if *inc != nil {
			short := (*inc).Listed()
			short.Sites = slices.Clone(short.Sites)
			*inc = &short
		}
	}
	return f
}

// chosen is what a client asked for.
type chosen struct{ filter *faultline.Filter } // nil: everything

// filtered reports whether the client gets less than everything.
func (c chosen) filtered() bool { return c.filter != nil }

// wants reports whether a frame concerns the client: what it chose, and what has
// just left that choice.
func (c chosen) wants(f *frame) bool {
	return c.filter == nil || f.inc == nil || c.filter.Takes(f.inc) || f.before != nil && c.filter.Takes(f.before)
}

// hub hands frames to the clients and remembers the last ones.
type hub struct {
	metrics metrics
	max     int

	mu      sync.Mutex
	ring    []frame // oldest first, at most board.Recent
	whole   bool    // the ring goes back to the beginning
	clients map[*client]struct{}
	closed  bool
	shards  []*shard
	next    int          // the shard that gets the next client
	taken   atomic.Int32 // clients of the shards
}

// client is one open stream.
type client struct {
	chosen
	frames  chan []byte // closed when the client is dropped, and at the end
	release func()      // gives back its place among those of its reader
}

// newHub returns a hub for up to so many clients.
func newHub(most int, m metrics) *hub {
	h := &hub{metrics: m, max: most, whole: true, clients: map[*client]struct{}{}}
	for range shards {
		h.shards = append(h.shards, newShard(m.dropped.Inc, func() { h.taken.Add(-1); m.clients.Dec() }))
	}
	return h
}

// Publish, Restart and Forget make the hub a [board.Listener].
func (h *hub) Publish(updates []board.Update, commit func()) { h.publish(framesOf(updates), commit) }

// Restart tells every client to start over.
func (h *hub) Restart(updates []board.Update, commit func()) { h.restart(framesOf(updates), commit) }

// framesOf renders updates, in their order.
func framesOf(updates []board.Update) []frame {
	frames := make([]frame, len(updates))
	for i, u := range updates {
		frames[i] = frameOf(u)
	}
	return frames
}

// publish runs commit and hands out frames as one step, so that nobody who joins
// in between sees one without the other.
func (h *hub) publish(frames []frame, commit func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	commit()
	for i := range frames {
		h.send(&frames[i])
		h.ring = append(h.ring, frames[i].light())
	}
	if over := len(h.ring) - board.Recent; over > 0 {
		h.ring, h.whole = append([]frame(nil), h.ring[over:]...), false
	}
}

// restart replaces what is remembered after a gap and tells everybody to start
// over.
func (h *hub) restart(frames []frame, commit func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	commit()
	h.ring, h.whole = nil, len(frames) < board.Recent
	for _, f := range frames {
		h.ring = append(h.ring, f.light())
	}
	h.send(&frame{bytes: resetFrame("the source of events was read again", h.position())})
}

// Forget says that there may have been changes before those in memory.
func (h *hub) Forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.whole = false
}

// Covered tells every client what can be said of now. It is not remembered: whoever joins gets it
// first.
func (h *hub) Covered(coverage faultline.Coverage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.send(&frame{bytes: coverageFrame(coverage)})
}

// send is called with the lock held. It never waits.
func (h *hub) send(f *frame) {
	if h.taken.Load() > 0 {
		for _, s := range h.shards {
			s.put(delivery{frame: f})
		}
	}
	for c := range h.clients {
		if !c.wants(f) {
			continue
		}
		select {
		case c.frames <- f.bytes:
		default:
			h.metrics.dropped.Inc()
			h.remove(c)
		}
	}
}

// handOver moves a client, all of whose opening is written, to a shard, with the
// frames that came meanwhile. It reports false for one that was dropped.
func (h *hub) handOver(c *client, conn *streamConn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, there := h.clients[c]; !there {
		return false
	}
	delete(h.clients, c)
	for len(c.frames) > 0 {
		conn.rest = append(conn.rest, <-c.frames)
	}
	conn.chosen, conn.release = c.chosen, c.release
	h.taken.Add(1)
	h.shards[h.next%len(h.shards)].put(delivery{conn: conn})
	h.next++
	return true
}

// count is how many streams are open.
func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.clients) + int(h.taken.Load())
}

// standing is the position, for heartbeats.
func (h *hub) standing() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.position()
}

// remove drops a client that no shard has; the caller holds the lock. Its channel is
// closed, so that the goroutine that writes for it ends.
func (h *hub) remove(c *client) {
	if _, ok := h.clients[c]; ok {
		delete(h.clients, c)
		close(c.frames)
		c.release()
		h.metrics.clients.Dec()
	}
}

// position is where the stream stands.
func (h *hub) position() string {
	if len(h.ring) == 0 {
		return board.Beginning
	}
	return h.ring[len(h.ring)-1].id
}

// joined is a client together with what came before its first frame.
type joined struct {
	*client
	snap     *board.Snapshot // as of position
	position string
	backlog  []frame // between the position asked for and this one
	known    bool    // the position asked for is in memory
}

// join adds a client that has seen everything up to the position after; "" asks
// for nothing older. What it returns and what it then receives leave no gap and
// overlap nowhere. Once the client is gone, or was not taken, release is called.
func (h *hub) join(after string, chosen chosen, release func(), current func() *board.Snapshot) (joined, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.clients)+int(h.taken.Load()) >= h.max {
		release()
		return joined{}, ErrFull
	}
	j := joined{
		client:   &client{chosen: chosen, frames: make(chan []byte, clientQueue), release: release},
		snap:     current(),
		position: h.position(),
	}
	h.clients[j.client] = struct{}{}
	h.metrics.clients.Inc()
	if after == j.position || after == "" {
		j.known = true
		return j, nil
	}
	// A copy: the ring goes on while the opening is written.
	j.backlog = append([]frame(nil), h.ring...)
	if after == board.Beginning {
		j.known = h.whole
		return j, nil
	}
	for i := len(h.ring) - 1; i >= 0; i-- {
		if h.ring[i].id == after {
			j.known, j.backlog = true, j.backlog[i+1:]
			break
		}
	}
	return j, nil
}

// leave is remove for a client that has gone by itself. One that was removed already is
// passed over.
func (h *hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(c)
}

// close ends every stream and refuses new ones.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for c := range h.clients {
		h.remove(c)
	}
	for _, s := range h.shards {
		s.put(delivery{end: true})
	}
}
