package stream

import (
	"net/http"
	"time"
)

// streamWriter writes to a connection that stays open: the server's own write
// deadline is lifted, and each write has its own.
type streamWriter struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	deadline time.Duration
}

// newStreamWriter lifts the server's deadline, which is meant for answers that end.
func newStreamWriter(w http.ResponseWriter, deadline time.Duration) *streamWriter {
	s := &streamWriter{w: w, control: http.NewResponseController(w), deadline: deadline}
	_ = s.control.SetWriteDeadline(time.Time{}) // fails only where there is no connection, as in a recorder
	return s
}

// write hands bytes to the server, which may hold them until flush.
func (s *streamWriter) write(b []byte) error {
	defer s.expire()()
	_, err := s.w.Write(b)
	return err
}

// flush sends what was written.
func (s *streamWriter) flush() error {
	defer s.expire()()
	return s.control.Flush()
}

// expire ends a write that takes too long, by a deadline in the past: that
// needs no clock. It returns what calls it off.
func (s *streamWriter) expire() func() {
	t := time.AfterFunc(s.deadline, func() { _ = s.control.SetWriteDeadline(time.Unix(1, 0)) })
	return func() { t.Stop() }
}
