package api

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"faultline"

	"github.com/gin-gonic/gin"
)

var (
	streamPosition = regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`)
	heartbeatFrame = []byte(":\n\n")
)

const (
	// Clients that lose their stream come back after 2 to 5 seconds.
	streamRetry       = 2 * time.Second
	streamRetrySpread = 3 * time.Second
	// maxOlder bounds what a stream resumes with from the source, in changes.
	maxOlder = 4 * ringSize
)

// getStream tells every change of every incident as it happens, as server-sent
// events: event incident with an incident in the form of the list, its id the
// position in the stream; event reset where the client has to start over
// because changes were lost to it. A comment every 15 seconds shows that the
// connection lives.
//
// @ID       getStream
// @Summary  Changes of incidents as they happen
// @Description Server-sent events (HTML Living Standard, section 9.2), until the client goes.
// @Description
// @Description - `incident`: data is an Incident with its first 20 sites, id its place in the stream.
// @Description - `reset`: changes were lost to this client; it starts over with the list.
// @Description
// @Description A comment every 15 seconds shows that the connection lives.
// @Tags     incidents
// @Produce  text/event-stream
// @Param    state  query string false "states with commas between them; open is candidate, confirmed and recovering. A revision is told too when it leaves what was chosen" example(confirmed,recovering,resolved)
// @Param    cause  query string false "a component such as cdn:fastly, or none for unattributed" example(cdn:fastly)
// @Param    kind   query string false "kind of the cause, or none" Enums(cdn, cloud, dns, ca, tld, pop, asn, prefix, isp, site, none)
// @Param    site   query string false "one of its sites, as a person would name it" example(bbc.co.uk)
// @Param    country query string false "a country that it is felt in (ISO 3166-1)" example(GB)
// @Param    min_confidence query number false "of the cause, at least" minimum(0) maximum(1)
// @Param    Last-Event-ID header string false "resume behind this position"
// @Param    last_event_id query  string false "the same, where headers can't be set"
// @Param    snapshot      query  int    false "1: the open incidents first, unless resuming" Enums(0, 1)
// @Success  200 {string} string "events, without end"
// @Failure  400,401,429,503 {object} Problem
// @Router   /v1/stream [get]
func (a *api) getStream(c *gin.Context, query url.Values) error {
	snapshot := query.Get("snapshot")
	if query.Has("snapshot") && snapshot != "1" && snapshot != "0" {
		return invalidParameter("snapshot", "must be 1 or 0")
	}
	f, err := readFilter(query, a.cfg.Lookup)
	if err != nil {
		return err
	}
	var wanted chosen
	if len(f.query()) > 0 {
		wanted.filter = &f
	}
	after := c.GetHeader("Last-Event-ID") // of a browser that comes back: newer than its URL
	if after == "" {
		after = query.Get("last_event_id")
	}
	b := a.cfg.Board
	if _, err := b.snapshot(); err != nil {
		return err
	}
	release, err := a.openStream(c)
	if err != nil {
		return err
	}
	j, err := b.hub.join(after, wanted, release, b.current.Load)
	if err != nil {
		return err
	}
	opening := b.opening(c.Request.Context(), j, after, snapshot == "1")
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	if c.Request.ProtoMajor == 1 && c.Request.ProtoMinor == 1 {
		if conn, write, done := takeOver(c.Writer); done {
			b.serveTaken(j.client, &streamConn{conn: conn, write: write}, h, opening)
			return nil
		}
	}
	defer b.hub.leave(j.client)
	w := newStreamWriter(c.Writer, b.writeDeadline)
	c.Writer.WriteHeader(http.StatusOK)
	for _, frame := range opening {
		if w.write(frame) != nil {
			return nil
		}
	}
	follow(c.Request.Context(), j.client, w, b.heartbeat)
	return nil
}

// serveTaken writes the beginning of an answer to a connection that was taken
// over, and leaves the rest to a shard. Who does not take the opening in time is
// dropped.
func (b *Board) serveTaken(cl *client, conn *streamConn, h http.Header, opening [][]byte) {
	if conn.conn == nil {
		b.hub.leave(cl)
		return
	}
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\nConnection: close\r\n") // its end is that of the connection
	_ = h.Write(&head)                                           // a buffer takes everything
	head.WriteString("\r\n")
	for _, frame := range opening {
		head.Write(frame)
	}
	expire := time.AfterFunc(b.writeDeadline, func() { _ = conn.conn.SetWriteDeadline(time.Unix(1, 0)) })
	_, err := conn.conn.Write(head.Bytes())
	if !expire.Stop() || err != nil || !b.hub.handOver(cl, conn) {
		_ = conn.conn.Close()
		b.hub.leave(cl)
	}
}

// follow writes what comes until the client goes, is dropped, or the Board
// closes.
func follow(ctx context.Context, cl *client, w *streamWriter, every time.Duration) {
	beat := time.NewTicker(every)
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

// opening is what a stream begins with: what the client missed, or else the
// open incidents if it asked for them. The position stands behind them, so that
// a break in the middle loses nothing.
func (b *Board) opening(ctx context.Context, j joined, after string, snapshot bool) [][]byte {
	open := [][]byte{openFrame(streamRetry + rand.N(streamRetrySpread))}
	resumed := after != ""
	if !j.known {
		older, err := b.older(ctx, after, j.backlog)
		if err != nil {
			resumed, j.backlog = false, nil
			open = append(open, resetFrame("the position asked for is not kept", j.position))
		}
		for i := range older {
			if j.wants(&older[i]) {
				open = append(open, older[i].bytes)
			}
		}
	}
	for i := range j.backlog {
		if j.wants(&j.backlog[i]) {
			open = append(open, j.backlog[i].bytes)
		}
	}
	if snapshot && !resumed {
		for _, e := range j.snap.order {
			if e.inc.State.Open() && (!j.filtered() || j.filter.takes(&e.inc)) {
				open = append(open, incidentFrame("", e.listed).bytes)
			}
		}
	}
	return append(open, positionFrame(j.position))
}

var errNotKept = errors.New("the position is not kept")

// older reads the changes behind a position that has left the ring, up to the
// ring's first. It fails where they do not join up.
func (b *Board) older(ctx context.Context, after string, ring []frame) ([]frame, error) {
	if len(ring) == 0 || after == beginning || !streamPosition.MatchString(after) {
		return nil, errNotKept
	}
	select {
	case b.through <- struct{}{}:
		defer func() { <-b.through }()
	default:
		return nil, errNotKept
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var frames []frame
	last := map[string]*faultline.Incident{}
	for len(frames) < maxOlder {
		changes, err := b.cfg.Source.Changes(ctx, after, followBatch, 0)
		if err != nil {
			return nil, err
		}
		if len(changes) == 0 {
			return nil, errNotKept
		}
		for _, c := range changes {
			if c.ID == ring[0].id {
				return frames, nil
			}
			body, err := render(c.Incident.Listed())
			if err != nil {
				return nil, err
			}
			f := incidentFrame(c.ID, body)
			f.inc, f.before = &c.Incident, last[c.Incident.ID]
			last[c.Incident.ID] = f.inc
			frames = append(frames, f)
		}
		after = changes[len(changes)-1].ID
	}
	return nil, errNotKept
}

// streamWriter writes to a connection that stays open: the server's own write
// deadline is lifted, and each write has its own.
type streamWriter struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	deadline time.Duration
}

func newStreamWriter(w http.ResponseWriter, deadline time.Duration) *streamWriter {
	s := &streamWriter{w: w, control: http.NewResponseController(w), deadline: deadline}
	_ = s.control.SetWriteDeadline(time.Time{}) // fails only where there is no connection, as in a recorder
	return s
}

func (s *streamWriter) write(b []byte) error {
	defer s.expire()()
	_, err := s.w.Write(b)
	return err
}

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
