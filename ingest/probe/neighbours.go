package probe

import (
	"container/heap"
	"time"

	"faultline"
)

// The first failure of a site has other sites checked at once that depend on what it
// depends on: whether it is alone is known seconds later, without a round trip through
// the log. These checks come besides the schedule and are bounded three times over,
// because an outage of a large provider makes thousands of first failures at once.
const (
	neighboursEach = 6                // of each component of the site that failed
	neighboursMost = 18               // of one failure
	neighbourGap   = 10 * time.Second // since the site was last checked from here
	neighbourShare = 0.25             // of the checks that the schedule makes anyway
	neighbourBurst = 64               // checks that may be saved up
)

// neighbours knows which sites depend on a component, and how many checks besides the
// schedule may still be made.
type neighbours struct {
	by     map[faultline.Component][]string
	saved  float64 // checks
	filled int64   // when
}

// index takes in the sites of the schedule, when it is assigned.
func (n *neighbours) index(sites []Site) {
	n.by = make(map[faultline.Component][]string)
	for _, s := range sites {
		for _, c := range s.Components {
			if c.Kind() != faultline.KindTLD { // a registry has too many to say anything
				n.by[c] = append(n.by[c], s.Site)
			}
		}
	}
}

// fill saves up checks at a share of those that the schedule makes in a period (a token
// bucket). At the start the bucket is full.
func (n *neighbours) fill(sites int, period time.Duration, now int64) {
	if n.filled != 0 && now > n.filled {
		n.saved += float64(now-n.filled) / float64(period) * float64(sites) * neighbourShare
	} else if n.filled == 0 {
		n.saved = neighbourBurst
	}
	n.saved, n.filled = min(n.saved, neighbourBurst), now
}

// askNeighbours brings checks of sites forward that share a component with one that has
// just failed for the first time. Which of many is drawn, so that the same few are not
// asked each time.
func (s *Schedule) askNeighbours(failed *entry, now int64) {
	n := &s.neighbours
	n.fill(len(s.entries), s.period, now)
	most := neighboursMost
	for _, c := range failed.components {
		sites := n.by[c]
		if len(sites) < 2 {
			continue
		}
		first, each := int(s.draw(failed)%int64(len(sites))), neighboursEach
		for k := range min(len(sites), 2*neighboursEach) {
			if each == 0 || most == 0 || n.saved < 1 {
				break
			}
			if s.bringForward(s.entries[sites[(first+k)%len(sites)]], failed, now) {
				each, most = each-1, most-1
				n.saved--
			}
		}
	}
}

// bringForward has a site checked within the second, or as soon as it was not checked
// for the gap. It returns false where the site is left alone: it refuses us, fails
// already, asked not to be probed, or is due sooner anyway.
func (s *Schedule) bringForward(e, failed *entry, now int64) bool {
	if e == nil || e == failed || e.index < 0 || e.refusals >= refusedOften || e.fails > 0 ||
		e.base > now+2*int64(s.period) {
		return false
	}
	at := now + s.offset(e.site)%int64(requestSpread)
	if e.started != 0 {
		at = max(at, e.started+int64(neighbourGap))
	}
	if at >= e.due {
		return false
	}
	e.due, e.neighbour = at, true
	heap.Fix(&s.queue, e.index)
	return true
}
