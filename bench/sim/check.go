package main

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"faultline"
)

// checkStep is what holds after each step, in the middle of any fault.
func (r *run) checkStep() {
	for _, n := range r.nodes {
		if n != nil && n.eng != nil {
			r.checkOpen(n)
		}
	}
}

// checkOpen: one cause has at most one open incident. Two would be one outage published
// twice.
func (r *run) checkOpen(n *node) {
	last := map[string]faultline.Incident{}
	for _, rev := range n.outbox {
		last[rev.in.ID] = rev.in
	}
	open := map[faultline.Component]string{}
	for _, id := range slices.Sorted(maps.Keys(last)) {
		in := last[id]
		if !in.State.Open() || in.Cause == nil {
			continue
		}
		if other := open[in.Cause.Component]; other != "" {
			broken("%s and %s are open for %s", other, id, in.Cause.Component)
		}
		open[in.Cause.Component] = id
	}
}

// checkEnd is what holds when all has healed: every node has the same fold as a replay of the
// log, readers were shown nothing that is not stored, and nothing was refused that came in
// time.
func (r *run) checkEnd() {
	for _, n := range r.nodes {
		if n.eng == nil {
			broken("node %d has no fold at the end", n.id)
		}
	}
	r.checkLog()
	whole := r.replay()
	for _, n := range r.nodes {
		n.fold()
		if !bytes.Equal(n.eng.Checkpoint(), whole) {
			broken("node %d and a replay of the log differ", n.id)
		}
		for _, id := range slices.Sorted(maps.Keys(n.board)) {
			if shown, stored := n.board[id], r.master.last[id]; shown.Revision > stored.Revision {
				broken("readers of node %d were told revision %d of %s, stored is %d", n.id, shown.Revision, id,
					stored.Revision)
			}
		}
	}
	// What comes while nobody leads is early for a log whose clock stands: it counts.
	if c := r.nodes[0].eng.Counters(); c.Late+c.Refused > 0 {
		broken("%d late and %d refused of what was in time", c.Late, c.Refused)
	}
	r.checkOutage()
}

// checkLog: what was acknowledged is in the log and counted once, but for what a failover
// has lost.
func (r *run) checkLog() {
	logged, reports := map[string]int{}, map[int]int{}
	for _, e := range r.master.log {
		if e.seq <= reports[e.writer] {
			continue // a repeat, or one that its sender has given up: readers drop it
		}
		reports[e.writer] = e.seq
		for _, ev := range e.events {
			if rep, ok := ev.(faultline.Report); ok {
				logged[rep.Reporter]++
			}
		}
	}
	for _, who := range slices.Sorted(maps.Keys(r.sent)) {
		if r.sent[who] && logged[who] == 0 && !r.gone[who] {
			broken("the report of %s was acknowledged and is not in the log", who)
		}
	}
	n := r.nodes[0]
	n.fold()
	if c := n.eng.Counters(); int(c.Reports) != len(logged) || c.ReportsRepeated != 0 {
		broken("%d reports are in the log, %d are counted, and %d twice", len(logged), c.Reports, c.ReportsRepeated)
	}
}

// replay is the state that a fold of the whole log has, by a node that has seen no fault.
func (r *run) replay() []byte {
	fresh := &node{r: r, seqs: map[int]int{}}
	fresh.eng, _ = newEngine(nil)
	fresh.fold()
	return fresh.eng.Checkpoint()
}

// checkOutage: what is stored of the outage is one incident, or several of which all but
// one were merged or are over, and the log's clock goes on.
func (r *run) checkOutage() {
	open := map[faultline.Component]string{}
	for _, id := range slices.Sorted(maps.Keys(r.master.last)) {
		in := r.master.last[id]
		r.found = r.found || in.Cause != nil && in.Cause.Component == "cdn:fastly"
		if !in.State.Open() || in.Cause == nil {
			continue
		}
		if other := open[in.Cause.Component]; other != "" {
			broken("%s and %s are stored as open for %s", other, id, in.Cause.Component)
		}
		open[in.Cause.Component] = id
	}
	if age := time.UnixMilli(r.now).Sub(r.nodes[0].eng.Clock()); age > time.Minute {
		broken("the log's clock has stood still for %s", age)
	}
}
