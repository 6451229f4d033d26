package replica

import (
	"errors"
	"sync/atomic"

	"faultline/store"
)

// Shares of the memory that Redis may use, in percent.
const (
	// shedPercent: while less is free, reports and probes are refused. What is left is for
	// the leader: if its revisions and checkpoints did not fit, the log could not be trimmed
	// either, and Redis would stay full.
	shedPercent = 10
	// resumePercent: once so much is free again, they are taken. It is more than shedPercent,
	// or a Redis at the limit would switch at each measurement.
	resumePercent = 13
	// tightPercent: while less is free, the log is kept shorter than an hour, so that it
	// seldom comes to refusing anything.
	tightPercent = 25
)

// errAlmostFull: see [Replica.Headroom].
var errAlmostFull = errors.New("the memory of Redis is almost full (maxmemory); what is left is for the leader")

// headroom is how full Redis is; nil: there is always room. The limit at which it sheds and the
// one at which it takes again lie apart, or a Redis at the limit would switch at each
// measurement. It is safe for concurrent use.
type headroom struct {
	shed, tight atomic.Bool
}

// Set takes in how full Redis was found.
func (r *headroom) Set(m store.Memory) {
	if r == nil {
		return
	}
	// Without a maxmemory Redis says nothing of how much it may use.
	if m.Limit <= 0 {
		r.shed.Store(false)
		r.tight.Store(false)
		return
	}
	least := int64(shedPercent)
	if r.shed.Load() {
		least = resumePercent
	}
	r.shed.Store(100*m.Free() < least*m.Limit)
	r.tight.Store(100*m.Free() < tightPercent*m.Limit)
}

// Tight reports whether the log should be kept short.
func (r *headroom) Tight() bool { return r != nil && r.tight.Load() }

// Err says that nothing more should be sent to the log.
func (r *headroom) Err() error {
	if r != nil && r.shed.Load() {
		return errAlmostFull
	}
	return nil
}
