package direct

import (
	"bytes"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// maxHead is the longest head of a request that is answered here, in bytes.
	maxHead = 4 << 10
	// renew is how old a deadline of a connection may be before it is set again.
	renew = time.Second
)

// Answer answers a request if it can do so at once; it reports false, and writes
// nothing, if net/http is to have the request.
type Answer func(w http.ResponseWriter, r *http.Request) bool

// Limits are the limits of the server behind, which hold here too.
type Limits struct {
	Idle  time.Duration // that a connection may wait for its next request
	Write time.Duration // that one answer may take
}

// Listen returns l with connections on which answer is asked first.
func Listen(l net.Listener, answer Answer, limits Limits) net.Listener {
	return &listener{Listener: l, answer: answer, limits: limits}
}

type listener struct {
	net.Listener
	answer Answer
	limits Limits
	closed atomic.Bool
}

// Close ends what is answered here as well: net/http tells who asks that it ends.
func (l *listener) Close() error {
	l.closed.Store(true)
	return l.Listener.Close()
}

// Accept returns the next connection.
func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: raw, of: l, since: time.Now()}, nil
}

// conn is a connection as net/http sees it: its first Read returns when there is a
// request that net/http is to answer. net/http reads from one goroutine at a time.
type conn struct {
	net.Conn
	of *listener

	since   time.Time // when net/http began to wait for its first request
	renewed time.Time // when the deadlines were last set here
	until   time.Time // the deadline for reading that net/http has set
	late    time.Duration
	over    bool   // the connection is net/http's
	rest    []byte // that was read and net/http does not have yet
}

// buffers are buffers of connections on which a request is awaited.
var buffers = sync.Pool{New: func() any { return new([maxHead]byte) }}

// Read answers prepared requests until there is another one, and hands that over.
func (c *conn) Read(p []byte) (int, error) {
	if !c.over {
		if err := c.serve(); err != nil {
			return 0, err
		}
		if err := c.handOver(); err != nil {
			return 0, err
		}
	}
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		if c.rest = c.rest[n:]; len(c.rest) == 0 {
			c.rest = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// serve answers requests until there is one that is not for here, which it leaves in
// rest.
func (c *conn) serve() error {
	buffer, _ := buffers.Get().(*[maxHead]byte)
	defer buffers.Put(buffer)
	var e exchange
	held := 0
	for {
		n, err := c.Conn.Read(buffer[held:])
		if n == 0 {
			return err
		}
		held += n
		used := 0
		for used < held {
			end := bytes.Index(buffer[used:held], []byte("\r\n\r\n"))
			if end < 0 || !e.read(buffer[used:used+end+2], c.RemoteAddr()) || c.of.closed.Load() ||
				!c.of.answer(&e, &e.request) {
				c.rest = bytes.Clone(buffer[used:held])
				return nil
			}
			if err := c.write(&e); err != nil {
				return err
			}
			used += end + len("\r\n\r\n")
		}
		held = 0
	}
}

// write sends an answer and sets the deadlines for the next request.
func (c *conn) write(e *exchange) error {
	now := time.Now()
	if now.Sub(c.renewed) > renew {
		c.renewed = now
		if err := c.Conn.SetWriteDeadline(now.Add(c.of.limits.Write + renew)); err != nil {
			return err
		}
		if err := c.Conn.SetReadDeadline(now.Add(c.of.limits.Idle)); err != nil {
			return err
		}
	}
	return e.send(c.Conn, now)
}

// handOver gives the connection to net/http, whose deadlines count from now on.
func (c *conn) handOver() error {
	c.over = true
	if c.renewed.IsZero() { // nothing was answered here
		return nil
	}
	c.late = time.Since(c.since)
	if err := c.Conn.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	return c.SetReadDeadline(c.until)
}

// SetReadDeadline moves deadlines of the first request that net/http gets: it counts
// them from when the connection was opened.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.until = t
	switch {
	case t.IsZero():
		c.late = 0
	case c.late > 0 && t.After(c.since):
		t = t.Add(c.late)
	}
	return c.Conn.SetReadDeadline(t)
}

// SyscallConn is for whoever takes the connection over, as streams do.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	raw, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.EINVAL
	}
	return raw.SyscallConn()
}
