package probe

import (
	"container/heap"
	"net/netip"
	"time"

	"github.com/cespare/xxhash/v2"

	"faultline"
)

// outcome is what the schedule learns of a check. It is less than the probe says: the
// schedule only needs to know how soon to check again, and whether the site wants it.
type outcome int

const (
	outcomeWell     outcome = iota
	outcomeRefused          // blocked
	outcomeFailed           // a failure that is believed
	outcomeWithheld         // a failure of our own sight, or no check at all
	outcomeDeclined
)

// outcomeOf sorts a result into what the schedule does next. outcomeWithheld is none of
// its results, since it depends on the vantage and not on the answer.
func outcomeOf(r *Result) outcome {
	switch {
	case r.Declined:
		return outcomeDeclined
	case r.Probe.Symptom == faultline.SymptomBlocked:
		return outcomeRefused
	case r.Failed():
		return outcomeFailed
	}
	return outcomeWell
}

// Done takes back a task with what came of it, and plans the next check of the site. It
// says whether the site has failed for so long that its failures say nothing of the
// vantage (chronic). Each task that Next gave out must come back exactly once, or its
// lanes stay occupied.
func (s *Schedule) Done(r Result, o outcome, now time.Time) (chronic bool) {
	e := s.entries[r.Probe.Site]
	if e == nil || e.index >= 0 {
		return false // not ours, or handed in twice
	}
	s.lanes.exit(e)
	t := now.UnixNano()
	// A site that was only asked for by somebody leaves the schedule when its time is over.
	if !e.assigned && e.requested <= t {
		s.requested--
		s.remove(e)
		return false
	}
	// The site was asked for its consent by this check and answered, whatever it said.
	// A check that was withheld may not have reached it.
	if e.consent <= t && o != outcomeWithheld {
		e.consent = t + int64(consentLife)
	}
	s.learn(e, r, o)
	if !e.repeat && e.base < e.started+int64(firstGap) { // what was brought forward further comes besides
		e.base = s.after(e, t)
	}
	first := o == outcomeFailed && e.fails == 1 && !e.repeat
	e.due, e.repeat = e.base, false
	switch {
	case o == outcomeDeclined:
		e.due, e.base = e.consent, e.consent
	// The first failure is checked again after a few seconds, and its neighbours with it: one lost
	// packet must not look like an outage, and an outage must not wait for the next round.
	case first:
		e.due, e.repeat = e.started+int64(repeatAfter)+s.draw(e)%int64(repeatAfter), true
		s.askNeighbours(e, t)
	}
	e.due = max(e.due, t)
	heap.Push(&s.queue, e)
	if o != outcomeDeclined {
		s.hasten(e, t)
	}
	return e.fails > failedOften
}

// learn keeps of a result what the next check needs: where the last one ended, the ETag
// by which an unchanged page costs nothing, and how often in a row the site failed or
// refused. The counts are cut off, since they only decide how far to back off.
func (s *Schedule) learn(e *entry, r Result, o outcome) {
	switch o {
	case outcomeWell:
		e.fails, e.refusals = 0, 0
		e.entry, e.tag, e.http2 = r.Entry, r.ETag, r.HTTP2
	case outcomeFailed:
		e.fails = min(e.fails+1, 1<<14)
		e.refusals = 0
	case outcomeRefused:
		e.refusals = min(e.refusals+1, 1<<14)
		e.fails = 0
	}
	if a := r.Observation.Addr; a.IsValid() {
		// The address has changed its network, so the site moves to the lane of the new one. Lanes
		// bound how many checks go to one network at once.
		if p := prefixOf(a); p != e.prefix {
			s.lanes.leave(e.prefixLane)
			e.prefix, e.prefixLane = p, s.lanes.join(p.String(), prefixBase)
		}
	}
}

// prefixOf is the network whose addresses share a fate: /24 for IPv4 and /48 for IPv6,
// the longest prefixes that are announced in BGP by custom.
func prefixOf(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// after is when the check that follows the scheduled one is due.
func (s *Schedule) after(e *entry, now int64) int64 {
	period := int64(s.period)
	switch {
	case e.refusals >= refusedOften:
		// A site that refuses us is asked ever more rarely, up to refusedRest: to insist would be
		// rude and prove nothing. One that always fails is asked less often up to failedRest.
		period = min(period<<min(e.refusals-refusedOften+1, 6), max(period, int64(refusedRest)))
	case e.fails > failedOften:
		period = min(period<<min((e.fails-failedOften)/5, 4), max(period, int64(failedRest)))
	}
	// Without jitter all sites of a vantage that were added together would be checked in the same
	// second for good.
	wobble := int64(jitter * float64(period))
	next := e.base + period
	if wobble > 0 {
		next += s.draw(e)%(2*wobble) - wobble
	}
	if next < now { // we are behind by more than a period
		next = now + s.draw(e)%max(1, period)
	}
	return next
}

// draw is a number that looks random, of the site and how often it was looked at.
func (s *Schedule) draw(e *entry) int64 {
	// The finishing steps are those of splitmix64. A deterministic draw makes a schedule that a
	// test can repeat.
	h := xxhash.Sum64String(s.seed+e.site) + uint64(e.checks)*0x9e3779b97f4a7c15
	h ^= h >> 31
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 29
	return int64(h >> 1)
}
