package stream

import (
	"context"
	"net"
	"sync"
	"time"
)

const (
	// shards are the goroutines that write to all streams.
	shards = 2
	// shardQueue bounds what may wait for a shard. It never waits for a client, so
	// that this is reached only if the machine stands still.
	shardQueue = 4_096
	// stuckEvery is how often a client is tried again whose connection took less
	// than all of a frame.
	stuckEvery = 10 * time.Millisecond
)

// streamConn is a stream whose connection was taken over from the server: it has
// no goroutine and no buffers of its own.
type streamConn struct {
	conn  net.Conn
	write func([]byte) (int, error) // takes what fits, without waiting
	chosen
	release func()   // gives back its place among those of its reader
	rest    [][]byte // of frames, not written yet; at most clientQueue
	tries   int      // since something was written, while there is a rest
}

// delivery is what a shard is handed: a frame, a new client, or the end.
type delivery struct {
	frame *frame
	conn  *streamConn
	end   bool
}

// shard writes to the connections of some of the streams.
type shard struct {
	dropped, left func() // a client was slow; a client is gone

	mu    sync.Mutex
	queue []delivery
	wake  chan struct{}

	// Of the goroutine alone.
	conns []*streamConn
}

// newShard returns a shard; it writes once [shard.run] does.
func newShard(dropped, left func()) *shard {
	return &shard{dropped: dropped, left: left, wake: make(chan struct{}, 1)}
}

// put hands over a delivery and never waits: whoever publishes must not depend on the
// slowest client. Beyond the bound nothing more is queued but an end of all its streams,
// which resume from where they were; to drop single frames instead would leave gaps that
// no client could notice.
func (s *shard) put(d delivery) {
	s.mu.Lock()
	full := len(s.queue) >= shardQueue
	if !full {
		s.queue = append(s.queue, d)
	} else if !s.queue[len(s.queue)-1].end {
		s.queue = append(s.queue, delivery{end: true})
	}
	s.mu.Unlock()
	if full && d.conn != nil {
		s.gone(d.conn)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take returns all that waits, in order, and leaves the queue empty.
func (s *shard) take() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue
	s.queue = nil
	return q
}

// run delivers until ctx ends, then closes what it holds. The connections belong to this
// goroutine alone, so that no frame takes a lock for each client. The timer of retries
// runs only while a client is stuck: thousands of idle streams cost a heartbeat and
// nothing else.
func (s *shard) run(ctx context.Context, heartbeat, patience time.Duration, position func() string) {
	beat, again := time.NewTicker(heartbeat), time.NewTicker(stuckEvery)
	defer beat.Stop()
	defer again.Stop()
	stuck := false
	for {
		retry := again.C
		if !stuck {
			retry = nil
		}
		select {
		case <-ctx.Done():
			s.deliver(s.take())
			s.end()
			return
		case <-s.wake:
			s.deliver(s.take())
		case <-beat.C:
			s.beat(position())
		case <-retry:
			s.retry(int(patience/stuckEvery) + 1)
		}
		stuck = s.keep()
	}
}

// sendWanted sends a client whose stream is filtered those frames that it asked for.
func (s *shard) sendWanted(c *streamConn, frames []*frame) {
	for _, f := range frames {
		if c.wants(f) {
			s.send(c, f.bytes)
		}
	}
}

// deliver writes frames to everybody whom they concern. Frames that came together are
// joined once and written in one call for each client: a burst of changes costs thousands
// of clients one system call each.
func (s *shard) deliver(all []delivery) {
	var frames []*frame
	flush := func() {
		if len(frames) == 0 {
			return
		}
		var joined []byte
		for _, c := range s.conns {
			if c.filtered() {
				s.sendWanted(c, frames)
				continue
			}
			if joined == nil {
				joined = joinFrames(frames)
			}
			s.send(c, joined)
		}
		frames = nil
	}
	for _, d := range all {
		switch {
		case d.frame != nil:
			frames = append(frames, d.frame)
		case d.end:
			flush()
			s.end()
		default:
			flush()
			s.conns = append(s.conns, d.conn)
			s.push(d.conn)
		}
	}
	flush()
}

// joinFrames are the bytes of several frames, one after another.
func joinFrames(frames []*frame) []byte {
	if len(frames) == 1 {
		return frames[0].bytes
	}
	var b []byte
	for _, f := range frames {
		b = append(b, f.bytes...)
	}
	return b
}

// beat shows that connections live. A client whose filter leaves changes out gets the
// position as well: it could otherwise resume only from the last change that it was sent,
// which may be long ago.
func (s *shard) beat(position string) {
	frame := positionFrame(position)
	for _, c := range s.conns {
		if c.filtered() {
			s.send(c, frame)
		} else {
			s.send(c, heartbeatFrame)
		}
	}
}

// send queues bytes for a client, and writes what its connection takes.
func (s *shard) send(c *streamConn, b []byte) {
	if c.conn == nil {
		return
	}
	if len(c.rest) >= clientQueue {
		s.drop(c)
		return
	}
	c.rest = append(c.rest, b)
	if len(c.rest) == 1 {
		s.push(c)
	}
}

// push writes of what waits what the connection takes now.
func (s *shard) push(c *streamConn) {
	for len(c.rest) > 0 {
		n, err := c.write(c.rest[0])
		if err != nil {
			s.gone(c)
			return
		}
		if n > 0 {
			c.tries = 0
		}
		// The socket is full. What is left is tried again, by the timer or with the next
		// frame.
		if n < len(c.rest[0]) {
			c.rest[0] = c.rest[0][n:]
			return
		}
		c.rest = c.rest[1:]
	}
	c.rest = nil
}

// retry writes to those that took less than all, and drops who has taken nothing
// so many times.
func (s *shard) retry(patience int) {
	for _, c := range s.conns {
		if len(c.rest) == 0 {
			continue
		}
		c.tries++
		if s.push(c); len(c.rest) > 0 && c.tries > patience {
			s.drop(c)
		}
	}
}

// drop ends the stream of a client that is too slow. It comes back by itself and resumes.
func (s *shard) drop(c *streamConn) {
	if c.conn != nil {
		s.dropped()
		s.gone(c)
	}
}

// gone forgets a client and gives back its place. A client may be found gone several times;
// the first one counts.
func (s *shard) gone(c *streamConn) {
	if c.conn != nil {
		_ = c.conn.Close() // there is nobody left to tell
		c.conn, c.rest = nil, nil
		c.release()
		s.left()
	}
}

// keep forgets who is gone and reports whether anybody has a rest to write.
func (s *shard) keep() (stuck bool) {
	kept := s.conns[:0]
	for _, c := range s.conns {
		if c.conn != nil {
			kept = append(kept, c)
			stuck = stuck || len(c.rest) > 0
		}
	}
	clear(s.conns[len(kept):])
	s.conns = kept
	return stuck
}

// end closes all connections of the shard.
func (s *shard) end() {
	for _, c := range s.conns {
		s.gone(c)
	}
	s.conns = nil
}
