package stream

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// aheadFor is how far from what this node knows a position may be that another node
	// gave and that this one has not come to yet. Beyond it, the position is not kept.
	aheadFor = time.Minute
	// aheadWait is how long a client waits for this node to come there; aheadPoll is how
	// often that is looked at.
	aheadWait = 2 * time.Second
	aheadPoll = 50 * time.Millisecond
)

// place is a position that can be compared: the time and number of a change.
type place struct{ ms, seq int64 }

// placeOf reads a position; ok is false for what is none, such as [board.Beginning].
func placeOf(position string) (place, bool) {
	ms, seq, ok := strings.Cut(position, "-")
	p := place{}
	var err, err2 error
	p.ms, err = strconv.ParseInt(ms, 10, 64)
	p.seq, err2 = strconv.ParseInt(seq, 10, 64)
	return p, ok && err == nil && err2 == nil
}

// ahead reports whether a position is one that this node has not come to yet: another
// node, which is a little further, gave it.
func (s *Streams) ahead(after string) bool {
	asked, ok := placeOf(after)
	// A position that this node can't place is treated as one that it never had: the client
	// is then told to start over.
	here, known := placeOf(s.hub.standing())
	if !ok || !known || cmp.Or(cmp.Compare(asked.ms, here.ms), cmp.Compare(asked.seq, here.seq)) <= 0 {
		return false
	}
	return s.snapshot().Now(s.board).Sub(time.UnixMilli(asked.ms)).Abs() <= aheadFor
}

// arrive waits until this node has come to a position, and reports false when it has not in
// time. Nodes follow the log by themselves, so that a client that changes nodes may be a
// second ahead of the new one.
func (s *Streams) arrive(ctx context.Context, after string) bool {
	if !s.ahead(after) {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, aheadWait)
	defer cancel()
	tick := time.NewTicker(aheadPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
			if !s.ahead(after) {
				return true
			}
		}
	}
}

// later ends a stream before it began: its client keeps the position that it has, and
// comes back with it.
func later(w http.ResponseWriter) {
	streamHeader(w.Header())
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(openFrame(streamRetry)) // who is gone comes back all the same
}

// streamHeader sets the fields of an event stream. X-Accel-Buffering keeps nginx from
// holding events back until its buffer is full.
func streamHeader(h http.Header) {
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
}
