package correlate

import (
	"slices"

	"faultline/correlate/evidence"
)

// breadth is what the people of each network complain of just now. It is counted
// again at each evaluation, over every report in reach, in lists that are used again.
type breadth struct {
	of       []subscribers  // by network
	networks []uint32       // networks that anything came from, ascending once counted
	around   []surroundings // beside evidence: what networks are compared with
}

// subscribers is what one network says in the window.
type subscribers struct {
	sites, recent int // distinct sites
	reports       int
	nets          few
	people        map[uint64]struct{} // at most maxPeople
	owners        map[uint64]struct{} // of those sites
	ids           []uint32
}

// few is a set of at most so many values as are asked after: whether there are
// more changes nothing.
type few []uint64

// add takes a value in, unless there are most already or it is there.
func (f *few) add(v uint64, most int) {
	if len(*f) < most && !slices.Contains(*f, v) {
		*f = append(*f, v)
	}
}

// countBreadth counts, for every network, the sites that nothing else explains and
// that it reported of late.
func (e *Engine) countBreadth() *breadth {
	b := &e.s.breadth
	b.clear(len(e.networks.rows))
	for at, id := range e.active {
		if e.s.changes[id]&reportedOn == 0 {
			continue
		}
		s := e.sites.rows[id]
		if n := len(s.Crowd.Recent); n == 0 || e.clock-s.Crowd.Recent[n-1].At > ispWindow {
			// The mark goes with the last report in reach. While there is none the site is
			// passed over by reading one byte.
			e.s.changes[id] &^= reportedOn
			continue
		}
		if s.Incident != 0 || e.s.why.Explained(int32(at)) {
			continue
		}
		owner := e.ownerKey(id)
		for k := len(s.Crowd.Recent) - 1; k >= 0; k-- {
			h := &s.Crowd.Recent[k]
			age := e.clock - h.At
			if age > ispWindow {
				break
			}
			if h.Held {
				continue
			}
			b.add(h, id, owner, age <= ispRecent)
		}
	}
	slices.Sort(b.networks)
	return b
}

// clear forgets what was counted and makes room for all networks.
func (b *breadth) clear(networks int) {
	for _, n := range b.networks {
		sub := &b.of[n]
		clear(sub.people)
		clear(sub.owners)
		// Slices and maps are kept: an evaluation happens every few seconds and would otherwise
		// allocate for every network.
		*sub = subscribers{nets: sub.nets[:0], people: sub.people, owners: sub.owners, ids: sub.ids[:0]}
	}
	b.networks = b.networks[:0]
	if networks > len(b.of) {
		b.of = append(b.of, make([]subscribers, networks-len(b.of))...)
	}
	b.around = b.around[:0]
}

// add counts one report of a site. Those of one site come one after another, the
// newest first: of them the first tells when the network last named it.
func (b *breadth) add(h *evidence.Report, id uint32, owner uint64, recent bool) {
	sub := &b.of[h.Network]
	if sub.reports == 0 {
		b.networks = append(b.networks, h.Network)
		if sub.people == nil {
			sub.people, sub.owners = map[uint64]struct{}{}, map[uint64]struct{}{}
		}
	}
	sub.reports++
	if h.Net != 0 {
		sub.nets.add(uint64(h.Net), ispSpread)
	}
	if len(sub.people) < maxPeople {
		sub.people[h.Who] = struct{}{}
	}
	if n := len(sub.ids); n > 0 && sub.ids[n-1] == id {
		return
	}
	sub.ids = append(sub.ids, id)
	if _, again := sub.owners[owner]; again {
		return // sites of one owner are one site
	}
	sub.owners[owner] = struct{}{}
	sub.sites++
	if recent {
		sub.recent++
	}
}

// surroundings is what networks that name a site are compared with: what is normal of it,
// what all say that have no incident of their own, and what its probes do.
type surroundings struct {
	capsGen      int     // of which state of the networks it is
	normal       float64 // reports in the window
	reports      int     // in the window, of whoever's word counts
	probed, sick bool
}

// aroundSite is worked out once for all networks that name the site.
func (e *Engine) aroundSite(id uint32) *surroundings {
	b := &e.s.breadth
	if len(b.around) < len(e.s.evidence) {
		b.around = slices.Grow(b.around, len(e.s.evidence))[:len(e.s.evidence)]
		for i := range b.around {
			b.around[i].capsGen = -1
		}
	}
	a := &b.around[e.s.byID[id]]
	if a.capsGen == e.s.capsGen {
		return a
	}
	s, j := e.sites.rows[id], e.evidenceOf(id)
	*a = surroundings{capsGen: e.s.capsGen, probed: j.Probed,
		normal: e.expected(s) * (float64(ispWindow) / float64(minute))}
	a.sick = j.Probed && slices.Max(j.probes[:]) > failed
	for k := len(s.Crowd.Recent) - 1; k >= 0; k-- {
		h := &s.Crowd.Recent[k]
		if e.clock-h.At > ispWindow {
			break
		}
		if e.networks.rows[h.Network].Incident == 0 {
			a.reports++
		}
	}
	return a
}

// complaints counts the trouble that a network's people report, by the minute that
// they saw it in: more than there were in reach can't speak of more sites.
type complaints struct {
	minute [complaintMinutes]int64 // since 1970
	count  [complaintMinutes]int32
}

// add counts a report in the minute of its time. A minute that is older than the ring is
// not counted: it is out of reach anyway.
func (c *complaints) add(at int64) {
	m := at / minute
	switch i := m % int64(complaintMinutes); {
	// The slot holds an older minute, which is out of reach by now.
	case m > c.minute[i]:
		c.minute[i], c.count[i] = m, 1
	case m == c.minute[i]:
		c.count[i]++
	}
}

// since counts from the minute of a time on.
func (c *complaints) since(from int64) (n int) {
	for i, m := range c.minute {
		if m >= from/minute {
			n += int(c.count[i])
		}
	}
	return n
}

// noteComplaint notes a report of trouble, for its network.
func (e *Engine) noteComplaint(h evidence.Report) {
	if h.Held {
		return
	}
	of := &e.s.complaints
	if n := len(e.networks.rows); len(*of) < n {
		*of = append(*of, make([]complaints, n-len(*of))...)
	}
	(*of)[h.Network].add(h.At)
}

// anyBroad reports whether so much is reported of some network that it may fail on its
// own, or has of late: mostly it is not, and nothing need be counted site by site.
func (e *Engine) anyBroad() bool {
	for _, in := range e.incidents {
		if in.traits().viewers && in.holds(e.clock) {
			return true
		}
	}
	for id := range e.s.complaints {
		if e.networks.rows[id].Base.T < ispHistory {
			continue
		}
		n := e.s.complaints[id].since(e.clock - ispWindow)
		if n >= ispSites && float64(n) >= ispRise*e.usualReports(uint32(id)) {
			return true
		}
	}
	return false
}

// usualReports is how many reports of trouble a network draws in ispWindow when all
// is well.
func (e *Engine) usualReports(network uint32) float64 {
	minutes := float64(ispWindow) / float64(minute)
	rate := e.networks.rows[network].Base.PerMinute(evidence.NetworkStart, evidence.NetworkWeight)
	return max(evidence.MinRate, rate) * minutes
}
