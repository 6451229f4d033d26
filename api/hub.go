package api

import (
	"net/http"
	"sync"

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
}

// client is one open stream.
type client struct {
	frames chan []byte // closed when the client is dropped, and at the end
}

func newHub(max int, streams prometheus.Gauge, dropped prometheus.Counter) *hub {
	return &hub{streams: streams, dropped: dropped, max: max, whole: true, clients: map[*client]struct{}{}}
}

// publish runs commit and hands out frames as one step, so that nobody who joins
// in between sees one without the other.
func (h *hub) publish(frames []frame, commit func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	commit()
	h.ring = append(h.ring, frames...)
	if over := len(h.ring) - ringSize; over > 0 {
		h.ring, h.whole = append([]frame(nil), h.ring[over:]...), false
	}
	for _, f := range frames {
		h.send(f.bytes)
	}
}

// restart replaces what is remembered after a gap and tells everybody to start
// over.
func (h *hub) restart(frames []frame, commit func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	commit()
	h.ring, h.whole = frames, len(frames) < ringSize
	if len(h.clients) > 0 {
		h.send(resetFrame("the source of events was read anew", h.position()))
	}
}

// forget says that there may have been changes before those in memory.
func (h *hub) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.whole = false
}

// send is called with the lock held. It never waits.
func (h *hub) send(b []byte) {
	for c := range h.clients {
		select {
		case c.frames <- b:
		default:
			h.dropped.Inc()
			h.remove(c)
		}
	}
}

func (h *hub) remove(c *client) {
	if _, ok := h.clients[c]; ok {
		delete(h.clients, c)
		close(c.frames)
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
// overlap nowhere.
func (h *hub) join(after string, current func() *snapshot) (joined, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.clients) >= h.max {
		return joined{}, &refusal{status: http.StatusServiceUnavailable, detail: "No further stream can be opened just now."}
	}
	j := joined{client: &client{frames: make(chan []byte, clientQueue)}, snap: current(), position: h.position()}
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
}
