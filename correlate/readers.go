package correlate

import (
	"cmp"
	"math"
	"slices"

	"faultline"
)

// Readers are a witness that a crowd cannot forge. No probe of ours sees a network of
// viewers from inside. But when it fails, the people in it stop reading our pages, while
// others read more than usual. An army can add requests to those of a network; it cannot
// take away the requests of everybody else in it.

// readership is what is known of how many requests come from each network.
type readership struct {
	Minutes  []readMinute  // not judged yet, ascending
	Judged   int64         // end of the newest minute that was judged
	Networks []readNetwork // ascending by ASN, at most maxReadNetworks
}

// readMinute is what all nodes together counted in one minute.
type readMinute struct {
	At     int64       // its end
	Nodes  []string    // whose counts are in it
	Counts []readCount // ascending by ASN
}

// readCount is how many requests came from one network in one minute.
type readCount struct {
	ASN      uint32
	Country  country
	Requests float64
}

// readNetwork is the history of one network.
type readNetwork struct {
	ASN     uint32
	Country country
	Usual   float64   // requests a minute when all is well
	Known   int       // minutes that it was learned from, at most readWeight
	Recent  []float64 // of the newest readLag minutes, the oldest first: learned once they are older
	Silent  int       // minutes in a row without readers, while others read more than usual
	Steady  int       // minutes in a row in which it read as usual
	Since   interval  // when the silence began
}

// foldReaders adds what one node counted in one minute.
func (e *Engine) foldReaders(v faultline.Readers) {
	at, ok := e.admit(v.At)
	if !ok {
		return
	}
	at -= at % minute
	// A minute is judged once. Counts that come later would change a published result.
	if at <= e.readers.Judged {
		e.counters.Late++
		return
	}
	m := e.readers.minute(at)
	if m == nil || len(m.Nodes) >= maxReadNodes {
		e.counters.Refused++
		return
	}
	// A node may send a minute again when it does not know whether it arrived.
	if slices.Contains(m.Nodes, v.Node) {
		return
	}
	m.Nodes = append(m.Nodes, v.Node)
	for _, n := range v.Bounded().Networks {
		m.add(readCount{ASN: n.ASN, Country: countryOf(n.Country), Requests: float64(n.Requests)})
	}
}

// compareASN orders by network.
func (c readCount) compareASN(asn uint32) int { return cmp.Compare(c.ASN, asn) }

// compareASN orders networks, for searches.
func (n readNetwork) compareASN(asn uint32) int { return cmp.Compare(n.ASN, asn) }

// minute is where the counts of a minute are added up; nil if there are too many.
func (r *readership) minute(at int64) *readMinute {
	i, ok := slices.BinarySearchFunc(r.Minutes, at, func(m readMinute, at int64) int { return cmp.Compare(m.At, at) })
	if !ok && len(r.Minutes) >= maxReadMinutes {
		return nil
	}
	if !ok {
		r.Minutes = slices.Insert(r.Minutes, i, readMinute{At: at})
	}
	return &r.Minutes[i]
}

// add counts what one node says of a network in a minute. Nodes count each for itself, so
// that they add up.
func (m *readMinute) add(c readCount) {
	i, ok := slices.BinarySearchFunc(m.Counts, c.ASN, readCount.compareASN)
	if ok {
		m.Counts[i].Requests += c.Requests
		return
	}
	m.Counts = slices.Insert(m.Counts, i, c)
}

// of is how many requests came from a network; none if there were too few to be counted.
func (m *readMinute) of(asn uint32) float64 {
	i, ok := slices.BinarySearchFunc(m.Counts, asn, readCount.compareASN)
	if !ok {
		return 0
	}
	return m.Counts[i].Requests
}

// judgeReaders judges the minutes of which all nodes have had time to say what they counted.
func (e *Engine) judgeReaders() {
	r := &e.readers
	for len(r.Minutes) > 0 && r.Minutes[0].At+readGrace <= e.clock {
		m := r.Minutes[0]
		r.Minutes = slices.Delete(r.Minutes, 0, 1)
		if m.At-r.Judged > minute { // nobody counted in between
			for i := range r.Networks {
				r.Networks[i].Silent, r.Networks[i].Steady = 0, 0
			}
		}
		r.Judged = m.At
		r.judge(&m)
	}
}

// judge decides of a whole minute which networks have fallen silent and which read as
// usual. Networks that are new begin to be learned.
func (r *readership) judge(m *readMinute) {
	for _, c := range m.Counts {
		i, ok := r.place(c.ASN)
		if !ok && len(r.Networks) < maxReadNetworks {
			r.Networks = slices.Insert(r.Networks, i, readNetwork{ASN: c.ASN, Country: c.Country})
		}
	}
	// Each node leaves out networks with few requests, so that a network needs more of them the
	// more nodes count.
	enough := readLeast * float64(len(m.Nodes))
	all := readOthers{}
	for i := range r.Networks {
		if n := &r.Networks[i]; n.known(enough) {
			all.add(n, m.of(n.ASN), 1)
		}
	}
	for i := range r.Networks {
		n, now := &r.Networks[i], m.of(r.Networks[i].ASN)
		silent, steady := false, false
		if n.known(enough) {
			others := all
			// The network itself is taken out of those that it is compared with.
			others.add(n, now, -1)
			silent = now < readSilence*n.Usual && others.readMore()
			steady = math.Abs(now-n.Usual) <= readSteady*n.Usual
		}
		if silent && n.Silent == 0 {
			n.Since = n.fellAt(m.At, now)
		}
		count(&n.Silent, silent)
		count(&n.Steady, steady)
		n.learn(now)
	}
	r.Networks = slices.DeleteFunc(r.Networks, func(n readNetwork) bool {
		// Room for others: a network from which hardly anybody reads can never be a witness.
		return n.Known == readWeight && n.Usual < readForgotten && n.Silent == 0
	})
}

// count counts how often in a row something holds.
func count(n *int, holds bool) {
	if !holds {
		*n = 0
		return
	}
	*n++
}

// place is where a network stands, or would stand, in the list.
func (r *readership) place(asn uint32) (int, bool) {
	return slices.BinarySearchFunc(r.Networks, asn, readNetwork.compareASN)
}

// known reports whether so many usually read from a network that their absence tells.
func (n *readNetwork) known(enough float64) bool { return n.Known >= readHistory && n.Usual >= enough }

// readOthers is what a network is compared with: the other networks together.
type readOthers struct {
	networks, well int
	usual, now     float64
}

// add counts a network in, or out with -1. It counts for half as much again as usual at
// most: an army in one network cannot make up for all.
func (o *readOthers) add(n *readNetwork, now float64, sign int) {
	o.networks += sign
	if now >= (1-readSteady)*n.Usual {
		o.well += sign
	}
	o.usual += float64(sign) * n.Usual
	o.now += float64(sign) * min(now, readMost*n.Usual)
}

// readMore reports whether others read more than usual, and most of them are not silent
// themselves: when all fall, it is we who cannot be reached.
func (o *readOthers) readMore() bool {
	return o.networks >= readNetworks && float64(o.well) >= readWell*float64(o.networks) && o.now >= readRise*o.usual
}

// fellAt is when a network fell silent, by how much of its usual reading the minute that
// ends at a time and the one before still had.
func (n *readNetwork) fellAt(end int64, now float64) interval {
	before := n.Usual
	if len(n.Recent) > 0 {
		before = n.Recent[len(n.Recent)-1]
	}
	read := min(1, before/n.Usual) + min(1, now/n.Usual)
	at := end - 2*minute + int64(read*float64(minute))
	return interval{at - readSlack, at, min(at+readSlack, end)}
}

// learn takes in a minute. What is newer than readLag may still turn out to belong to an
// outage; a silence is not learned for a day, and of a rush no more than twice the usual.
func (n *readNetwork) learn(now float64) {
	if n.Silent > 0 && n.Silent < readDay {
		now = readUnknown
	}
	n.Recent = append(n.Recent, now)
	if len(n.Recent) <= readLag {
		return
	}
	old := n.Recent[0]
	n.Recent = slices.Delete(n.Recent, 0, 1)
	if old == readUnknown {
		return
	}
	if n.Known >= readHistory {
		old = min(old, readRush*n.Usual)
	}
	n.Known = min(n.Known+1, readWeight)
	n.Usual += (old - n.Usual) / float64(n.Known)
}
