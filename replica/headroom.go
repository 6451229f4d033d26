package replica

import (
	"errors"
	"sync/atomic"

	"faultline/store"
)

// Of the memory that Redis may use, in hundredths of it: while less is free the door is
// to take nothing, so that what the leader writes still has room; until so much is free
// again; and while less is free the log is kept shorter than an hour.
const (
	shedPercent   = 10
	resumePercent = 13
	tightPercent  = 25
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
