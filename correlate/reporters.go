package correlate

import "math"

// How many people there are in a crowd: each network and each prefix has a few reporters,
// however many reports come from it.

// independent is how many people complain in each window, those whom the site works
// for taken off.
func (e *Engine) independent(c *crowd) [windows]float64 {
	n, _ := e.countReporters(c)
	return n
}

// countReporters also returns when the count is next another one if nobody says
// anything and the caps stay as they are.
func (e *Engine) countReporters(c *crowd) (n [windows]float64, until int64) {
	well := len(c.Well) > 0 && e.clock-c.Well[len(c.Well)-1].At <= windowMS[windows-1]
	n, until = e.countIndependent(c.Recent, math.Inf(1))
	most := wellShare * n[windows-1] // that can be taken back
	if !well || most == 0 {
		return n, until
	}
	back, backUntil := e.countIndependent(c.Well, most)
	for w := range n {
		n[w] -= min(back[w], wellShare*n[w])
	}
	return n, min(until, backUntil)
}

// countIndependent counts reports for each window, every network and prefix
// capped: a thousand reports of one network are few. Once a window holds enough of
// them, longer ones are said to hold as many. It also returns when an older one
// next leaves a window.
func (e *Engine) countIndependent(reports []userReport, enough float64) (n [windows]float64, until int64) {
	until = math.MaxInt64
	v := &e.s.heads
	v.begin(len(e.networks.rows))
	w, last := 0, 0. // window, and how many it holds
	for i := len(reports) - 1; i >= 0 && last < enough; i-- {
		h := &reports[i]
		age := e.clock - h.At
		for age > windowMS[w] {
			n[w] = e.worth(v)
			if w++; w == windows {
				return n, until
			}
		}
		until = min(until, h.At+windowMS[w]+1)
		if e.s.failingISPs > 0 && e.networks.rows[h.Network].Incident != 0 || !v.count(h) {
			continue
		}
		if float64(v.total) >= enough {
			last = e.worth(v)
		}
	}
	last = e.worth(v)
	for ; w < windows; w++ {
		n[w] = last
	}
	return n, until
}

// headcount is the reports that were counted of one site so far.
type headcount struct {
	perNet    []uint16 // beside networks; a site keeps fewer than 2·crowdReports
	networks  []uint32 // that were counted
	loud      []uint32 // of them, those with more than networkCap
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
func (v *headcount) count(h *userReport) bool {
	if h.Net != 0 {
		if v.perPrefix[h.Net] >= prefixCap {
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
	case networkCap + 1:
		v.loud = append(v.loud, h.Network)
	}
	v.total++
	return true
}

// worth is how many independent people the reports are worth that were counted.
func (e *Engine) worth(v *headcount) float64 {
	total := float64(v.total)
	sum := total
	for _, id := range v.loud {
		sum -= max(0, float64(v.perNet[id])-e.capOf(id, total))
	}
	return sum
}

// capOf is what one network may weigh among total reports of a site.
func (e *Engine) capOf(id uint32, total float64) float64 {
	return max(networkCap, networkShareCap*e.shareOf(id)*total)
}
