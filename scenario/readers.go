package scenario

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"faultline"
)

// Readers are the requests for our own pages, as a node counts them by network and minute.
type Readers struct {
	// PerMinute is how many there are on a good day, of all networks of the crowd together, each
	// with its share. 0: nobody counts them.
	PerMinute float64   `json:"per_minute"`
	Changes   []Reading `json:"changes"`
}

// Reading is a time in which people of some networks read more or less than on a good day. Where
// several hold at a time, their factors are multiplied.
type Reading struct {
	Networks []uint32  `json:"networks"` // none: all
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Factor   float64   `json:"factor"`
}

const (
	maxReadings = 1_000
	maxRequests = 1e9   // a minute
	mostReading = 1_000 // times a good day
	readNode    = "node-1"
	toldWithin  = 2_000 // milliseconds after a minute's end a node tells what it counted
)

// check checks who reads.
func (r Readers) check(c *complaints, holds func(time.Time) bool) {
	c.within("/readers/per_minute", r.PerMinute, 0, maxRequests)
	c.count("/readers/changes", len(r.Changes), 0, maxReadings)
	for i, now := range r.Changes {
		at := fmt.Sprintf("/readers/changes/%d", i)
		c.add(holds(now.From) && now.To.After(now.From), at+"/from", "is outside the scenario, or not before to")
		c.within(at+"/factor", now.Factor, 0, mostReading)
	}
}

// factor is how many times as much as on a good day is read from a network in a minute.
func (r Readers) factor(asn uint32, from, to int64) float64 {
	f := 1.
	for _, now := range r.Changes {
		if len(now.Networks) > 0 && !slices.Contains(now.Networks, asn) {
			continue
		}
		held := min(to, now.To.UnixMilli()) - max(from, now.From.UnixMilli())
		if held > 0 {
			f *= 1 + (now.Factor-1)*float64(held)/float64(to-from)
		}
	}
	return f
}

// reading counts the readers of a scenario.
type reading struct {
	of       Readers
	networks []Network // ascending by ASN
	shares   float64
	rng      *rand.Rand
}

// newReading is who reads in a scenario.
func newReading(s *Spec) reading {
	r := reading{of: s.Readers, networks: slices.Clone(s.Crowd.Networks), rng: source(s.Seed, "readers", "")}
	slices.SortFunc(r.networks, func(a, b Network) int { return cmp.Compare(a.ASN, b.ASN) })
	for _, n := range r.networks {
		r.shares += n.Share
	}
	return r
}

// count appends what the node counted from one time to another, a step at most.
func (r *reading) count(out []arrival, from, to int64) []arrival {
	if r.of.PerMinute == 0 || r.shares == 0 || to-from < step {
		return out // a part of a minute is not told
	}
	told := faultline.Readers{At: time.UnixMilli(to).UTC(), Node: readNode}
	for _, n := range r.networks {
		mean := r.of.PerMinute * n.Share / r.shares * r.of.factor(n.ASN, from, to)
		// A count of so many has the spread of a normal one (de Moivre).
		requests := int(math.Round(mean + math.Sqrt(mean)*r.rng.NormFloat64()))
		if requests >= faultline.LeastRequests {
			told.Networks = append(told.Networks,
				faultline.ReaderNetwork{ASN: n.ASN, Country: n.Country, Requests: requests})
		}
	}
	return append(out, arrival{to + r.rng.Int64N(toldWithin), told})
}
