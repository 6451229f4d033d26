package main

import (
	"fmt"
	"slices"
)

// probing is how much of the CDN is probed. All other sites are.
type probing struct {
	name    string
	title   string
	unwatch int // of its forty sites
}

var probings = []probing{
	{"none", "nothing probes it", cdnSites},
	{"partly", "34 of 40 sites are probed", 6},
	{"all", "all 40 sites are probed", 0},
}

// cell is one question of the table: what does it take to reach a goal, with so much probed
// and so many vantages that lie?
type cell struct {
	goal    *goal
	probing probing
	liars   int
}

// price is the cheapest army that was found.
type price struct {
	never bool
	size
	how string
}

// text is the price as the table has it.
func (p price) text() string {
	switch {
	case p.never:
		return "never"
	case p.People == 0:
		return "nobody"
	}
	return fmt.Sprintf("%d over %d", p.People, p.Networks)
}

// studio keeps the stages, and for each goal what is published without a lie, so that each is
// made once and shared by all searches. Nothing in it changes after newStudio.
type studio struct {
	stages map[string]stage
	truths map[string]played // by probing and goal
}

// newStudio plays the calm of each kind of probing, and the outages without a lie.
func newStudio(wanted []probing) *studio {
	s := &studio{stages: map[string]stage{}, truths: map[string]played{}}
	for _, pr := range wanted {
		s.stages[pr.name] = newStage(townSites, func(t *town) []string { return t.sites[:pr.unwatch] })
		for _, g := range goals {
			if g.outage {
				s.truths[pr.name+" "+g.name] = s.stages[pr.name].play(plan{goal: g, lie: g.lies[0], shape: shapes[0]})
			}
		}
	}
	return s
}

// tries reports whether a plan reaches the goal of a cell.
func (s *studio) tries(c cell, l lie, sh shape, n size) bool {
	p := plan{goal: c.goal, lie: l, shape: sh, size: n, liars: c.liars}
	return c.goal.reached(s.stages[c.probing.name].play(p), s.truths[c.probing.name+" "+c.goal.name])
}

// reachable says by which lie and shape an army of that size reaches the goal;
// empty if by none.
func (s *studio) reachable(c cell, n size) string {
	for _, l := range c.goal.lies {
		for _, sh := range shapes {
			if s.tries(c, l, sh, n) {
				return l.name + ", " + sh.name
			}
			if n.People == 0 {
				break // shapes are of people
			}
		}
	}
	return ""
}

// search finds the cheapest army of a cell up to a size: the fewest people, then the fewest
// networks for so many. It tries each lie in each shape, and leaves one out that a cheaper
// army than the best so far does not reach the goal by. The result is the cheapest that was
// found and not proved to be the cheapest there is.
func (s *studio) search(c cell, most size) price {
	if c.goal.alone {
		most.Networks = 1
	}
	if c.liars > 0 {
		if how := s.reachable(c, size{}); how != "" {
			return price{how: how}
		}
	}
	best := price{never: true, size: most}
	for _, l := range c.goal.lies {
		for _, sh := range shapes {
			reaches := func(n size) bool { return s.tries(c, l, sh, n) }
			trial := best.size
			if !best.never {
				trial = size{cheaper(best.People), most.Networks}
			}
			if trial.People < 1 || !reaches(trial) {
				continue
			}
			people := fewest(trial.People, func(n int) bool { return reaches(size{n, most.Networks}) })
			networks := fewest(most.Networks, func(n int) bool { return reaches(size{people, n}) })
			best = price{size: size{people, networks}, how: l.name + ", " + sh.name}
		}
	}
	return best
}

// coarseness is how closely prices are found: to one part in so many. A closer price would
// take many more plays and say nothing more.
const coarseness = 6

// cheaper is the next army to try that would be worth naming instead.
func cheaper(n int) int { return n - max(1, n/coarseness) }

// fewest is the least number for which ok holds, by halving between 0 and most, for which it
// must hold. It assumes that whatever a smaller army reaches a larger one reaches too.
func fewest(most int, ok func(int) bool) int {
	low, high := 0, most
	for high-low > max(1, high/coarseness) {
		if mid := (low + high) / 2; low == 0 && high > 64 {
			if mid = max(1, high/8); ok(mid) { // armies are small or never
				high = mid
			} else {
				low = mid
			}
		} else if ok(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// cellsOf lists the cells of some goals, probings and numbers of liars.
func cellsOf(names, where []string, liars []int) []cell {
	var out []cell
	for _, g := range goals {
		if !wanted(names, g.name) {
			continue
		}
		for _, n := range liars {
			for _, pr := range probings {
				out = append(out, cell{g, pr, n})
			}
		}
	}
	out = slices.DeleteFunc(out, func(c cell) bool { return !wanted(where, c.probing.name) })
	return out
}

// wanted reports whether a name was asked for; no names ask for all.
func wanted(names []string, name string) bool { return len(names) == 0 || slices.Contains(names, name) }
