package probe

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// socketLife is how many questions go over one socket: after them there is
	// another port for a forger to guess.
	socketLife = 512
	// drawTries bounds the draws of an id that is free.
	drawTries = 16
)

// socket is a connected UDP socket: what others send to its port never arrives. Many
// questions are under way on one socket, told apart by their id. A socket for each
// would cost a file descriptor and a system call for every name.
type socket struct {
	conn    *net.UDPConn
	mu      sync.Mutex
	waiting map[uint16]*question
	asked   int
	retired bool
}

// socket returns the one that questions go over now, a new one when the last is worn.
// The old one stays open until its last question is answered.
func (s *server) socket() (*socket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil && !s.now.worn() {
		return s.now, nil
	}
	if s.now != nil {
		s.now.retire()
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.addr))
	if err != nil {
		s.now = nil
		return nil, fmt.Errorf("ask %s: %w", s.addr, err)
	}
	s.now = &socket{conn: conn, waiting: make(map[uint16]*question)}
	go s.now.listen() // until it is retired or broken
	return s.now, nil
}

// worn reports whether the socket has carried its share of questions.
func (s *socket) worn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked >= socketLife || s.retired
}

// send draws an id that nobody waits under, registers the question and writes it. It is
// registered before it is written: an answer may come before Write returns. An id that
// is free is found at once unless nearly all are taken.
func (s *socket) send(q *question, mix bool) error {
	s.mu.Lock()
	for range drawTries {
		q.draw(mix)
		if s.waiting[q.id] == nil {
			break
		}
	}
	if s.waiting[q.id] != nil {
		s.mu.Unlock()
		return &DNSError{dnsTimeout, q.host} // 65,000 others wait; ask again later
	}
	s.waiting[q.id], q.sock, q.waits = q, s, true
	s.asked++
	s.mu.Unlock()
	if _, err := s.conn.Write(q.wire); err != nil {
		s.fail() // the error may be that of an earlier question (ICMP), and is told once
		<-q.done // q was among those that wait, or its answer came all the same
		return &DNSError{dnsTimeout, q.host}
	}
	return nil
}

// listen hands answers to whoever waits for them until the socket is closed or
// broken: mostly, nobody listens at the other end (ICMP).
func (s *socket) listen() {
	buf := make([]byte, ednsSize)
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			s.fail()
			return
		}
		if n >= questionAt {
			s.deliver(buf[:n])
		}
	}
}

// fail ends the wait of all questions: no answer will come. Each of them then goes to
// the next resolver, without waiting for its time to end.
func (s *socket) fail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = true
	for id, q := range s.waiting {
		q.reply = reply{err: &DNSError{dnsTimeout, q.host}}
		delete(s.waiting, id)
		q.done <- struct{}{}
	}
	_ = s.conn.Close()
}

// deliver hands an answer to the question with its id. One that does not repeat the
// question is ignored, and the question goes on waiting: it may be a forgery that came
// before the true answer. A question is known by id, name, type, and by the letters'
// case where that is random: what a forger must all guess.
func (s *socket) deliver(msg []byte) {
	id := binary.BigEndian.Uint16(msg)
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.waiting[id]
	if q == nil || !q.read(msg) {
		return
	}
	delete(s.waiting, id)
	q.done <- struct{}{}
	s.closeIfDone()
}

// forget gives up on an answer. It reports false when that has just arrived. Then the
// answer is in the channel, and the caller takes it.
func (s *socket) forget(q *question) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	waits := s.waiting[q.id] == q
	if waits {
		delete(s.waiting, q.id)
	}
	s.closeIfDone()
	return waits
}

// retire lets a socket go once nobody waits for an answer on it.
func (s *socket) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = true
	s.closeIfDone()
}

// closeIfDone closes a retired socket once the last question is answered or given up. The caller
// holds the lock.
func (s *socket) closeIfDone() {
	if s.retired && len(s.waiting) == 0 {
		_ = s.conn.Close()
	}
}

// askTCP asks where neither a lost packet nor a large one is in the way.
func (s *server) askTCP(ctx context.Context, wait time.Duration, qs []*question) error {
	for _, q := range qs {
		// Over TCP the connection itself proves who answers, so the letters need no random case.
		q.prepare(manner{tcp: true})
		q.draw(false)
		s.overTCP(ctx, q, wait)
	}
	return outcomeOfQuestions(qs)
}

// overTCP asks a question that was drawn (RFC 7766). What comes of it is in the
// question's reply. A connection serves one question. Few need one, and kept
// connections would have to be watched.
func (s *server) overTCP(ctx context.Context, q *question, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	msg, err := s.exchangeTCP(ctx, q.wire)
	switch {
	case err != nil:
		q.reply = reply{err: &DNSError{dnsTimeout, q.host}}
	case len(msg) < questionAt || binary.BigEndian.Uint16(msg) != q.id || !q.read(msg):
		q.reply = reply{err: &DNSError{dnsMalformed, q.host}}
	case q.reply.truncated && !q.found(): // what was cut off may have been the address
		q.reply = reply{err: &DNSError{dnsMalformed, q.host}}
	}
	q.reply.truncated = false
}

// exchangeTCP sends one message and reads one, each after its length in two bytes (RFC 1035 section
// 4.2.2).
func (s *server) exchangeTCP(ctx context.Context, wire []byte) ([]byte, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.addr.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end) // a connection that can't have one fails at once anyway
	}
	framed := binary.BigEndian.AppendUint16(nil, uint16(len(wire)))
	if _, err := conn.Write(append(framed, wire...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err = io.ReadFull(conn, msg)
	return msg, err
}
