package replica

import (
	"context"
	"time"

	"faultline/store"
)

// settleWait is how long a checkpoint waits for the engine to have just weighed its
// evidence, which it does every few seconds.
const settleWait = 6 * time.Second

// encoding is a checkpoint that is being written down, one piece between two reads of the
// log. Written at once, a checkpoint of a million sites would hold up the fold, and with it
// every incident, for seconds.
type encoding struct {
	asked time.Time
	wait  time.Duration
	next  func() []byte // of the engine, once it has begun
	out   encoded
	done  chan encoded // closed without one if the fold begins again
}

// encoded is a checkpoint as of one position of the log. upTo is the last revision that led
// to it: the checkpoint may be stored only after that one is, or a successor that begins
// from it would never make the revision.
type encoded struct {
	began  time.Time
	cursor store.Cursor
	upTo   mark // of the revisions that led to it
	state  [][]byte
}

// Encode has the fold write its state down, from a good moment on or after wait at
// the latest. errVoid says that the fold began again meanwhile.
func (f *folder) Encode(ctx context.Context, wait time.Duration) (encoded, error) {
	done := make(chan encoded, 1)
	if err := f.Do(ctx, func(Engine, store.Cursor) {
		f.abandon()
		f.encoding = &encoding{asked: f.now(), wait: wait, done: done}
	}); err != nil {
		return encoded{}, err
	}
	select {
	case out, ok := <-done:
		if !ok {
			return encoded{}, errVoid
		}
		return out, nil
	case <-ctx.Done():
		return encoded{}, ctx.Err()
	}
}

// encode goes on with the checkpoint that is being written down, if there is one and it is
// time, and reports whether there is more to do at once. It waits until the engine has just
// weighed its evidence: the caches that a checkpoint leaves out are then cheapest to make
// again.
func (f *folder) encode() bool {
	enc := f.encoding
	if enc == nil {
		return false
	}
	if enc.next == nil {
		if !f.eng.Settled() && f.now().Sub(enc.asked) < enc.wait {
			return false
		}
		// The position and the mark are taken in the same step as the snapshot begins, so
		// that all three are of one moment. The snapshot itself keeps that moment while the
		// fold goes on.
		enc.next = f.eng.Snapshot()
		enc.out = encoded{began: f.now(), cursor: f.reader.Cursor(), upTo: f.out.Mark()}
	}
	if piece := enc.next(); piece != nil {
		enc.out.state = append(enc.out.state, piece)
		return true
	}
	enc.done <- enc.out
	f.encoding = nil
	return false
}

// abandon gives up the checkpoint that is being written down. Whoever waits for it sees its
// channel closed and gets errVoid.
func (f *folder) abandon() {
	if f.encoding != nil {
		close(f.encoding.done)
		f.encoding = nil
	}
}
