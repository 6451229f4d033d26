package evidence

import "math"

// How many people there are in a crowd: each network and each prefix has a few reporters,
// however many reports come from it.

// Networks are the networks that reports come from, as far as the count of people
// depends on them. They are numbered from 0.
type Networks interface {
	// Count is how many there are.
	Count() int
	// Usual is a network's share of all reports when all is well.
	Usual(network uint32) share
	// Failing is how many networks fail themselves.
	Failing() int
	// Fails reports whether a network fails itself, so that what its people say is about the
	// network and not about sites.
	Fails(network uint32) bool
}

// People is how many independent people complain of a crowd's site in each window, those
// whom it works for taken off, and until when that holds if nobody says anything.
func (g *Weigher) People(c *Crowd, from Networks, now int64) (n [Windows]float64, until int64) {
	return g.heads.countReporters(c, from, now)
}

// countReporters returns how many people complain in each window, those whom the site
// works for taken off, and when that is next another number if nobody says anything and
// the caps stay as they are.
func (v *headcount) countReporters(c *Crowd, from Networks, now int64) (n [Windows]float64, until int64) {
	well := len(c.Well) > 0 && now-c.Well[len(c.Well)-1].At <= WindowMS[Windows-1]
	n, until = v.countIndependent(c.Recent, math.Inf(1), from, now)
	most := wellShare * n[Windows-1] // that can be taken back
	if !well || most == 0 {
		return n, until
	}
	back, backUntil := v.countIndependent(c.Well, most, from, now)
	for w := range n {
		n[w] -= min(back[w], wellShare*n[w])
	}
	return n, min(until, backUntil)
}

// countIndependent counts reports for each window, every network and prefix
// capped: a thousand reports of one network are few. Once a window holds enough of
// them, longer ones are said to hold as many. It also returns when an older one
// next leaves a window.
func (v *headcount) countIndependent(reports []Report, enough float64, from Networks, now int64) (
	n [Windows]float64, until int64) {
	until = math.MaxInt64
	v.begin(from.Count())
	failing := from.Failing() > 0
	w, last := 0, 0. // window, and how many it holds
	for i := len(reports) - 1; i >= 0 && last < enough; i-- {
		h := &reports[i]
		age := now - h.At
		for age > WindowMS[w] {
			n[w] = v.worth(from)
			if w++; w == Windows {
				return n, until
			}
		}
		until = min(until, h.At+WindowMS[w]+1)
		if failing && from.Fails(h.Network) || !v.count(h) {
			continue
		}
		if float64(v.total) >= enough {
			last = v.worth(from)
		}
	}
	last = v.worth(from)
	for ; w < Windows; w++ {
		n[w] = last
	}
	return n, until
}

// headcount is the reports that were counted of one site so far.
type headcount struct {
	perNet    []uint16 // beside networks; a site keeps fewer than 2·CrowdReports
	networks  []uint32 // that were counted
	loud      []uint32 // of them, those with more than NetworkCap
	perPrefix map[uint32]uint8
	total     int
}

// begin forgets what was counted.
func (v *headcount) begin(networks int) {
	for _, id := range v.networks {
		v.perNet[id] = 0
	}
	v.networks, v.loud, v.total = v.networks[:0], v.loud[:0], 0
	if len(v.perPrefix) > 0 {
		clear(v.perPrefix)
	}
	if grow := networks - len(v.perNet); grow > 0 {
		v.perNet = append(v.perNet, make([]uint16, grow)...)
	}
}

// count counts a report, unless its prefix has been counted often enough.
func (v *headcount) count(h *Report) bool {
	if h.Net != 0 {
		if v.perPrefix[h.Net] >= PrefixCap {
			return false
		}
		if v.perPrefix == nil {
			v.perPrefix = map[uint32]uint8{}
		}
		v.perPrefix[h.Net]++
	}
	v.perNet[h.Network]++
	switch v.perNet[h.Network] {
	case 1:
		v.networks = append(v.networks, h.Network)
	case NetworkCap + 1:
		v.loud = append(v.loud, h.Network)
	}
	v.total++
	return true
}

// worth is how many independent people the reports are worth that were counted.
func (v *headcount) worth(from Networks) float64 {
	total := float64(v.total)
	sum := total
	for _, id := range v.loud {
		sum -= max(0, float64(v.perNet[id])-CapOf(from.Usual(id), total))
	}
	return sum
}

// CapOf is what one network, with its usual share of all reports, may weigh among total
// reports of a site.
func CapOf(usual share, total float64) float64 {
	return max(NetworkCap, networkShareCap*usual*total)
}
