package probe

import (
	"time"

	"faultline"
)

// Budgets: so many checks may be under way at once at sites that share a
// component or a prefix. When what they share is sick, each check takes ten
// seconds instead of a fraction of one; without a budget they would pile up on
// it.
const (
	componentBase = 8
	prefixBase    = 4
	// laneTime is how long a check takes, at most, for a budget to be enough for the
	// whole schedule.
	laneTime = 500 * time.Millisecond
	deferFor = 500 * time.Millisecond // the first time; twice as long each time after
	// maxDeferrals bounds how far a check is put off: eight seconds.
	maxDeferrals = 5
)

// lane is one component or prefix: how many sites share it, how many checks of them are
// under way (busy), and how many may be in any case (base).
type lane struct {
	name          string
	members, busy int32
	base          int32
}

// lanes holds one lane for each component and address prefix that sites share.
type lanes struct {
	byName map[string]*lane
	share  float64 // of a member's time during which it is being checked
}

// newLanes makes room for a schedule of the given period.
func newLanes(period time.Duration) lanes {
	return lanes{byName: make(map[string]*lane), share: float64(laneTime) / float64(period)}
}

// budgeted reports whether checks of a component's sites are limited together.
// Registries (TLD) and certificate authorities are not, because a check does not burden
// them.
func budgeted(c faultline.Component) bool {
	k := c.Kind()
	return k != faultline.KindTLD && k != faultline.KindCA
}

// join adds a member to a lane, which is made if it is the first.
func (l *lanes) join(name string, base int32) *lane {
	in := l.byName[name]
	if in == nil {
		in = &lane{name: name, base: base}
		l.byName[name] = in
	}
	in.members++
	return in
}

// leave removes a member; a lane without members is deleted, so that moves of sites leave nothing
// behind.
func (l *lanes) leave(in *lane) {
	if in == nil {
		return
	}
	if in.members--; in.members == 0 {
		delete(l.byName, in.name)
	}
}

// free reports whether every budget of a site allows a check of it now.
func (l *lanes) free(e *entry) bool {
	for _, in := range e.lanes {
		if !l.hasCapacity(in) {
			return false
		}
	}
	return e.prefixLane == nil || l.hasCapacity(e.prefixLane)
}

// hasCapacity reports whether one more check fits: base, and the share of the members that may be
// under way at a time.
func (l *lanes) hasCapacity(in *lane) bool {
	return in.busy < in.base+int32(float64(in.members)*l.share)
}

// enter counts a check that begins in each of its lanes.
func (l *lanes) enter(e *entry) {
	for _, in := range e.lanes {
		in.busy++
	}
	if e.prefixLane != nil {
		e.prefixLane.busy++
	}
}

// exit counts its end. Each enter must have one exit, or the lane would be full for good.
func (l *lanes) exit(e *entry) {
	for _, in := range e.lanes {
		in.busy--
	}
	if e.prefixLane != nil {
		e.prefixLane.busy--
	}
}
