package probe

import (
	"container/heap"
	"net/netip"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"faultline"
)

const (
	// jitter is by how much of a period a check may come early or late, so that
	// vantages which began together drift apart.
	jitter = 0.05
	// repeatAfter is how long after a failure, and at most twice as long, a second
	// look decides whether it counts twice.
	repeatAfter = 2 * time.Second
	// firstGap is the least time between two requested checks of a site from here
	// while its suspicion is new, up to firstFor; later, and for all other requests,
	// it is laterGap. A fault that fails one request of five shows only when many are
	// made.
	firstGap      = 10 * time.Second
	firstFor      = 2 * time.Minute
	laterGap      = 30 * time.Second
	requestSpread = time.Second // the checks of one burst begin within it
	maxRequested  = faultline.MaxCheckRequests
	// consentLife is how long a site's word that it may be probed, or may not, holds.
	consentLife = 24 * time.Hour
	hybridEach  = 8 // looks of which one offers what browsers do
	maxSkips    = 256
)

// Back-off: who refuses us three times is asked ever more rarely, up to an hour;
// who has failed for long, up to a quarter of an hour.
const (
	refusedOften = 3
	refusedRest  = time.Hour
	failedOften  = 20
	failedRest   = 15 * time.Minute
)

// Site is a site of the schedule with what it depends on, by which its budgets are
// counted and its neighbours found.
type Site struct {
	Site       string
	Components []faultline.Component
}

// Schedule decides which site is checked next. It has no clock: now is given to it, and
// must not go back. One goroutine owns it. It is a heap by due time, so that 100,000
// sites cost a few comparisons for each check.
type Schedule struct {
	period     time.Duration
	seed       string
	ipv6       bool
	entries    map[string]*entry
	queue      queue
	lanes      lanes
	requested  int // entries that only a request holds
	neighbours neighbours
	// Deferred counts looks that a budget has put off.
	Deferred int
}

// entry is one site. Times are nanoseconds since 1970 and not time.Time, because there
// are many entries.
type entry struct {
	site       string
	components []faultline.Component
	lanes      []*lane
	prefix     netip.Prefix // that it was last seen in
	prefixLane *lane

	due, base  int64 // when the next check is due; when it would be but for a repeat or a request
	started    int64 // the last check, 0 for never
	requested  int64 // until when
	suspected  int64 // since when requests suspect it; 0: none does
	consent    int64 // until when it has been asked
	index      int   // in the queue, -1 while it is looked at
	checks     uint32
	fails      uint16 // in a row
	refusals   uint16 // in a row
	deferrals  uint8  // in a row
	assigned   bool
	repeat     bool
	neighbour  bool // due because a site that shares a component has failed
	http2      bool // it answered to nothing else
	entry, tag string
}

// NewSchedule returns an empty one. seed is the vantage's name: two vantages check a
// site at different times of the period, so that together they check it more often.
func NewSchedule(period time.Duration, seed string) *Schedule {
	s := &Schedule{period: period, seed: seed, entries: make(map[string]*entry)}
	s.lanes = newLanes(period)
	return s
}

// Len counts the sites.
func (s *Schedule) Len() int { return len(s.entries) }

// UseIPv6 says whether IPv6 works from here.
func (s *Schedule) UseIPv6(works bool) { s.ipv6 = works }

// Assign replaces the share of sites that is checked once a period. What is known of
// those that stay stays; new ones are spread over the period, so that a prober that
// starts with all of them does not check all at once.
func (s *Schedule) Assign(sites []Site, now time.Time) {
	for _, e := range s.entries {
		e.assigned = false
	}
	for _, site := range sites {
		e := s.entries[site.Site]
		if e == nil {
			e = &entry{site: site.Site, due: now.UnixNano() + s.offset(site.Site), index: -1}
			e.base = e.due
			s.add(e)
		}
		e.assigned = true
		s.describe(e, site.Components)
	}
	s.neighbours.index(sites)
	s.requested = 0
	for _, e := range s.entries {
		switch {
		case e.assigned:
		case e.requested > now.UnixNano():
			s.requested++
		case e.index >= 0:
			s.remove(e)
		} // one that is looked at just now goes when that is done
	}
}

// add puts a site into the schedule.
func (s *Schedule) add(e *entry) {
	s.entries[e.site] = e
	heap.Push(&s.queue, e)
}

// remove takes a site out of the schedule and out of its lanes.
func (s *Schedule) remove(e *entry) {
	if e.index >= 0 {
		heap.Remove(&s.queue, e.index)
	}
	for _, l := range e.lanes {
		s.lanes.leave(l)
	}
	s.lanes.leave(e.prefixLane)
	delete(s.entries, e.site)
}

// describe moves a site to the lanes of the components that it depends on now.
func (s *Schedule) describe(e *entry, components []faultline.Component) {
	if slices.Equal(e.components, components) {
		return
	}
	var in []*lane
	for _, c := range components {
		if budgeted(c) {
			in = append(in, s.lanes.join(string(c), componentBase))
		}
	}
	for _, l := range e.lanes {
		s.lanes.leave(l)
	}
	if e.index < 0 { // under way: it holds a place in its lanes
		for _, l := range e.lanes {
			l.busy--
		}
		for _, l := range in {
			l.busy++
		}
	}
	e.components, e.lanes = components, in
}

// offset is where in the period a site's checks lie, by a hash: the same after a
// restart.
func (s *Schedule) offset(site string) int64 {
	return int64(xxhash.Sum64String(s.seed+"|"+site) % uint64(s.period))
}

// Request has sites checked soon, and then again at most every requestGap while the
// request holds. Sites that nobody assigned are checked only as long, and only up to
// maxRequested of them.
func (s *Schedule) Request(requests []faultline.CheckRequest, now time.Time) {
	t := now.UnixNano()
	for _, w := range requests {
		if !w.Until.After(now) {
			continue
		}
		e := s.entries[w.Site]
		if e == nil {
			if s.requested >= maxRequested {
				continue
			}
			s.requested++
			e = &entry{site: w.Site, due: t, base: t, index: -1}
			s.add(e)
		}
		if e.requested <= t { // a new request
			e.suspected = 0
		}
		if w.Reason == faultline.CheckSuspect && e.suspected == 0 {
			e.suspected = t
		}
		e.requested = max(e.requested, w.Until.UnixNano())
		s.hasten(e, t)
	}
}

// requestGap is the least time between two requested checks of a site. A new suspicion
// has it short, so that an outage is confirmed within seconds.
func (e *entry) requestGap(now int64) time.Duration {
	if e.suspected != 0 && now-e.suspected < int64(firstFor) {
		return firstGap
	}
	return laterGap
}

// hasten brings a requested check forward, never within the gap. Requested checks of
// assigned sites are spread over a second, since a suspicion of a provider requests
// hundreds.
func (s *Schedule) hasten(e *entry, now int64) {
	if e.requested <= now || e.index < 0 || e.refusals >= refusedOften {
		return
	}
	at := now
	if e.started != 0 {
		at = max(now, e.started+int64(e.requestGap(now)))
	}
	if e.assigned {
		at += s.offset(e.site) % int64(requestSpread)
	}
	if at < e.due {
		e.due = at
		heap.Fix(&s.queue, e.index)
	}
}

// Next returns the check that is due; false with how long it is until there may be one.
// Sites whose budgets are used up are put off, and after maxSkips of them the caller
// gets a chance to do other things. Whoever takes a task hands it to Done.
func (s *Schedule) Next(now time.Time) (Task, time.Duration, bool) {
	t := now.UnixNano()
	for range maxSkips {
		if len(s.queue) == 0 {
			return Task{}, s.period, false
		}
		e := s.queue[0]
		switch {
		case e.due > t:
			return Task{}, time.Duration(e.due - t), false
		case !e.assigned && e.requested <= t:
			s.requested--
			s.remove(e)
		case !s.lanes.free(e):
			s.Deferred++
			e.deferrals = min(e.deferrals+1, maxDeferrals)
			e.due = t + int64(deferFor)<<(e.deferrals-1)
			heap.Fix(&s.queue, 0)
		default:
			return s.take(e, t), 0, true
		}
	}
	return Task{}, deferFor / 10, false
}

// take removes a site from the queue for as long as its check is under way, so that no site is
// checked twice at once.
func (s *Schedule) take(e *entry, now int64) Task {
	heap.Pop(&s.queue)
	e.index = -1
	s.lanes.enter(e)
	t := Task{Site: e.site, Due: time.Unix(0, e.due), Repeat: e.repeat, Consent: e.consent <= now,
		IPv6: s.ipv6 &&
			e.checks%2 == 1, IPv6Works: s.ipv6, HTTP2: e.http2, Hybrid: e.checks%hybridEach == hybridEach-1}
	if e.fails == 0 {
		t.Entry, t.ETag = e.entry, e.tag
	}
	e.started, e.deferrals, e.neighbour = now, 0, false
	e.checks++
	return t
}

// Resume spreads over the period what should have been checked while this vantage was
// blind. All of it at once would be a burst that looks like an attack.
func (s *Schedule) Resume(now time.Time) {
	t := now.UnixNano()
	for _, e := range s.queue {
		if e.due < t {
			e.due = t + s.offset(e.site)
		}
	}
	heap.Init(&s.queue)
}

// queue is a heap by what is due first.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due < q[j].due }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *queue) Push(x any) {
	e := x.(*entry)
	e.index = len(*q)
	*q = append(*q, e)
}
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return e
}

// Assigned reports whether a site is one of this vantage's share, rather than one
// that is checked because somebody asks.
func (s *Schedule) Assigned(site string) bool {
	e := s.entries[site]
	return e != nil && e.assigned
}

// Components is what a site of the schedule depends on; nil where it is not in it.
func (s *Schedule) Components(site string) []faultline.Component {
	if e := s.entries[site]; e != nil {
		return e.components
	}
	return nil
}
