package api

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"faultline"

	"github.com/prometheus/client_golang/prometheus"
)

// clientQueue is how many frames may wait for one client before it is dropped.
// It then resumes from where it was: that costs less than a queue for each.
const clientQueue = 64

// beginning is the position before the first change there ever was.
const beginning = "0"

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
type chosen struct{ filter *filter } // nil: everything

func (c chosen) filtered() bool { return c.filter != nil }

// wants reports whether a frame concerns the client: what it chose, and what has
// just left that choice.
func (c chosen) wants(f *frame) bool {
	return c.filter == nil || f.inc == nil || c.filter.takes(f.inc) || f.before != nil && c.filter.takes(f.before)
}

// hub hands frames to the clients of the stream and remembers the last ones.
type hub struct {
	streams prometheus.Gauge
	dropped prometheus.Counter
	max     int

	mu      sync.Mutex
	ring    []frame // oldest first, at most ringSize
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

func newHub(max int, streams prometheus.Gauge, dropped prometheus.Counter) *hub {
	h := &hub{streams: streams, dropped: dropped, max: max, whole: true, clients: map[*client]struct{}{}}
	for range shards {
		h.shards = append(h.shards, newShard(dropped.Inc, func() { h.taken.Add(-1); streams.Dec() }))
	}
	return h
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
	if over := len(h.ring) - ringSize; over > 0 {
		h.ring, h.whole = append([]frame(nil), h.ring[over:]...), false
	}
}

// restart replaces what is remembered after a gap and tells everybody to start
// over.
func (h *hub) restart(frames []frame, commit func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	commit()
	h.ring, h.whole = nil, len(frames) < ringSize
	for _, f := range frames {
		h.ring = append(h.ring, f.light())
	}
	h.send(&frame{bytes: resetFrame("the source of events was read anew", h.position())})
}

// forget says that there may have been changes before those in memory.
func (h *hub) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.whole = false
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
			h.dropped.Inc()
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

func (h *hub) remove(c *client) {
	if _, ok := h.clients[c]; ok {
		delete(h.clients, c)
		close(c.frames)
		c.release()
		h.streams.Dec()
	}
}

// position is where the stream stands.
func (h *hub) position() string {
	if len(h.ring) == 0 {
		return beginning
	}
	return h.ring[len(h.ring)-1].id
}

// joined is a client together with what came before its first frame.
type joined struct {
	*client
	snap     *snapshot // as of position
	position string
	backlog  []frame // between the position asked for and this one
	known    bool    // the position asked for is in memory
}

// join adds a client that has seen everything up to the position after; "" asks
// for nothing older. What it returns and what it then receives leave no gap and
// overlap nowhere. Once the client is gone, or was not taken, release is called.
func (h *hub) join(after string, chosen chosen, release func(), current func() *snapshot) (joined, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.clients)+int(h.taken.Load()) >= h.max {
		release()
		return joined{}, &refusal{status: http.StatusServiceUnavailable, detail: "No further stream can be opened just now."}
	}
	j := joined{client: &client{chosen: chosen, frames: make(chan []byte, clientQueue), release: release}, snap: current(), position: h.position()}
	h.clients[j.client] = struct{}{}
	h.streams.Inc()
	if after == j.position || after == "" {
		j.known = true
		return j, nil
	}
	j.backlog = append([]frame(nil), h.ring...)
	if after == beginning {
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

func (h *hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(c)
}

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
