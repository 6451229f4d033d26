package stream

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"faultline"
)

// Request is what a client asks for.
type Request struct {
	// Filter chooses incidents; the zero value takes all.
	Filter faultline.Filter
	// After is the position to resume behind, or empty.
	After string
	// Snapshot asks for the open incidents first, unless resuming.
	Snapshot bool
	// Release is called once the client is gone or was not taken.
	Release func()
}

// Serve answers with a stream until the client goes, is dropped, or the streams
// end. It fails with [ErrFull], and with [faultline.ErrUnavailable] until the
// board was loaded once, before anything was written.
func (s *Streams) Serve(w http.ResponseWriter, r *http.Request, q Request) error {
	if err := s.board.Ready(); err != nil {
		q.Release()
		return faultline.ErrUnavailable
	}
	if q.After != "" && !s.arrive(r.Context(), q.After) {
		q.Release()
		later(w)
		return nil
	}
	var wanted chosen
	if len(q.Filter.Query()) > 0 {
		wanted.filter = &q.Filter
	}
	// From here on every change reaches the client, either by what the opening says or by
	// its queue.
	j, err := s.hub.join(q.After, wanted, q.Release, s.snapshot)
	if err != nil {
		return err
	}
	opening := s.opening(r.Context(), j, q.After, q.Snapshot)
	h := w.Header()
	streamHeader(h)
	// A stream of HTTP/1.1 is written by a shard, without a goroutine and buffers of its
	// own. Over HTTP/2 many streams share a connection, which only the server can write to.
	if r.ProtoMajor == 1 && r.ProtoMinor == 1 {
		if conn, write, done := takeOver(w); done {
			s.serveTaken(j.client, &streamConn{conn: conn, write: write}, h, opening)
			return nil
		}
	}
	defer s.hub.leave(j.client)
	out := newStreamWriter(w, s.cfg.WriteDeadline)
	w.WriteHeader(http.StatusOK)
	for _, frame := range opening {
		if out.write(frame) != nil {
			return nil
		}
	}
	s.follow(r.Context(), j.client, out)
	return nil
}

// serveTaken writes the beginning of an answer to a connection that was taken
// over, and leaves the rest to a shard. Who does not take the opening in time is
// dropped.
func (s *Streams) serveTaken(cl *client, conn *streamConn, h http.Header, opening [][]byte) {
	if conn.conn == nil {
		s.hub.leave(cl)
		return
	}
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\nConnection: close\r\n") // its end is that of the connection
	_ = h.Write(&head)                                           // a buffer takes everything
	head.WriteString("\r\n")
	for _, frame := range opening {
		head.Write(frame)
	}
	expire := time.AfterFunc(s.cfg.WriteDeadline, func() { _ = conn.conn.SetWriteDeadline(time.Unix(1, 0)) })
	_, err := conn.conn.Write(head.Bytes())
	if !expire.Stop() || err != nil || !s.hub.handOver(cl, conn) {
		_ = conn.conn.Close()
		s.hub.leave(cl)
	}
}

// follow writes what comes until the client goes, is dropped, or the streams
// end.
func (s *Streams) follow(ctx context.Context, cl *client, w *streamWriter) {
	beat := time.NewTicker(s.cfg.Heartbeat)
	defer beat.Stop()
	if w.flush() != nil {
		return
	}
	for {
		var frame []byte
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			frame = heartbeatFrame
		case f, open := <-cl.frames:
			if !open {
				return
			}
			frame = f
		}
		if w.write(frame) != nil || w.flush() != nil {
			return
		}
	}
}
