package main

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"faultline"
	"faultline/correlate"
)

// checkpointEvery is how many steps lie between two checkpoints, keptCheckpoints how many
// are kept, newFormatFrom the step from which some nodes are of another release.
const (
	checkpointEvery = 4
	keptCheckpoints = 3
	newFormatFrom   = 16
)

// revision is one that the fold made and that is not known to be stored. lost says that it
// repeats what readers were shown before the log lost its end.
type revision struct {
	at   int64
	in   faultline.Incident
	lost bool
}

// node is one of the deployment, by the rules of package replica. What its process
// forgets in a crash and what it keeps on disk are kept apart by newNode. The code is
// the protocol of package replica, written a second time and small enough to be run
// through thousands of failures. What it proves is the protocol, not that package's
// code.
type node struct {
	r         *run
	id        int
	dead      bool
	pausedFor int
	skew      int64 // of its own clock
	format    int   // of its checkpoints

	eng    *correlate.Engine // nil: it has none
	at     int64
	head   uint64
	seqs   map[int]int
	outbox []revision

	fence     int64 // 0: it does not lead
	leading   bool  // it has said what readers were told
	published bool  // so it has since its fold began, leader or not
	saved     int   // the step of its last checkpoint
	writer    int
	seq       int

	board map[string]faultline.Incident // outlives it, on its disk
}

// newNode starts a node in the place of one that may have died: it has the disk of that one,
// a new writer's number, and perhaps another release.
func newNode(r *run, id int) *node {
	n := &node{r: r, id: id, writer: r.writer(), board: map[string]faultline.Incident{}, format: 1}
	if before := r.nodes[id]; before != nil {
		n.board, n.skew = before.board, before.skew
	}
	if r.step >= newFormatFrom && r.chance(.5) {
		n.format = 2
	}
	if !r.faulty() {
		n.format = 1 + id%2
	}
	return n
}

// crash takes everything that is in memory only. What readers were shown is on disk and
// stays.
func (n *node) crash() { n.dead, n.eng, n.outbox, n.fence = true, nil, nil, 0 }

// call is one request to Redis: it may not arrive, its answer may be lost, and while the
// sender waits in vain it may still be under way. The sender cannot tell these cases apart,
// which is what the protocol must withstand.
func (n *node) call(do func(*server) error) error {
	r := n.r
	if r.faulty() {
		switch {
		case r.chance(.03):
			return errAway
		case r.chance(.03):
			r.later = append(r.later, func() { _ = do(r.master) })
			return errAway
		case r.chance(.03):
			_ = do(r.master)
			return errAway
		}
	}
	return do(r.master)
}

// door takes a batch. It is acknowledged once it is in the log, and sent again under
// the same key until then, so that readers can drop the repeat. Four tries stand for a
// client's patience; a batch that was never acknowledged may still be in the log, and
// must then count once.
func (n *node) door(batch []faultline.Event) bool {
	r := n.r
	n.seq++
	writer, seq := n.writer, n.seq
	if r.mutant == "acknowledged before it is written" {
		_ = n.call(func(s *server) error { s.append(r.now+r.offset, writer, seq, batch); return nil })
		return true
	}
	for range 4 {
		if n.call(func(s *server) error { s.append(r.now+r.offset, writer, seq, batch); return nil }) == nil {
			return true
		}
		if r.mutant == "sent again under another key" {
			n.seq++
			seq = n.seq
		}
	}
	return false
}

// act is what a node does in one step. The order is that of package replica: have a
// fold, read the log, publish what readers were shown, lead, show. A node that cannot
// read the log does nothing else, for all else would be from the past.
func (n *node) act() {
	switch {
	case n == nil || n.dead:
		return
	case n.pausedFor > 0:
		n.pausedFor--
		return
	}
	if n.eng == nil && !n.load() {
		n.fence = 0
		return
	}
	if !n.fold() {
		return
	}
	if !n.published {
		n.published = n.publish()
	}
	n.lead()
	n.show()
}

// load begins the fold: from the newest checkpoint that this release reads and that the log
// goes on from, else from the beginning of the log. Checkpoints of another release are
// skipped.
func (n *node) load() bool {
	from := checkpoint{seqs: map[int]int{}}
	for i, c := range n.r.master.checkpoints {
		if c.format == n.format && n.r.master.holds(c.at, c.head) {
			from = c
			break
		}
		if i == 0 && n.r.mutant == "no way back but the newest checkpoint" {
			return false
		}
	}
	eng, err := newEngine(from.state)
	if err != nil {
		broken("node %d: restore: %v", n.id, err)
	}
	n.eng, n.at, n.head, n.seqs, n.outbox, n.leading = eng, from.at, from.head, maps.Clone(from.seqs), nil, false
	n.published = false
	return true
}

// fold reads the log to its end. It returns false if the log no longer holds what was
// read, and then the fold begins again. A tick without a time gets that of its entry,
// and an entry that was read before is passed over by its writer's number.
func (n *node) fold() bool {
	s := n.r.master
	if !s.holds(n.at, n.head) && n.r.mutant != "the log is not compared with what was read" {
		n.eng, n.leading = nil, false
		return false
	}
	for _, e := range s.after(n.at) {
		n.at, n.head = e.at, e.head
		if e.seq <= n.seqs[e.writer] && n.r.mutant != "repeats are read" {
			continue
		}
		n.seqs[e.writer] = e.seq
		for _, ev := range e.events {
			if tick, ok := ev.(faultline.Tick); ok && tick.At.IsZero() {
				ev = faultline.Tick{At: time.UnixMilli(e.at).UTC()}
			}
			_, lost := ev.(faultline.Published)
			for _, in := range n.eng.Fold(ev) {
				n.outbox = append(n.outbox, revision{e.at, in, lost})
			}
		}
	}
	return true
}

// fenced is a request of a leader. It counts only while nobody else has led, and where
// the log holds what the leader has read; otherwise the sender stops leading. The check
// and the write are one step of Redis (a script), or a pause between the two would let
// a deposed leader write.
func (n *node) fenced(do func(*server) error) error {
	fence, at, head := n.fence, n.at, n.head
	err := n.call(func(s *server) error {
		if s.fence != fence && n.r.mutant != "no fence" {
			return errNotLeader
		}
		if !s.holds(at, head) && n.r.mutant != "the log is not compared with what was read" {
			return errNotLeader
		}
		if s.fence != fence {
			broken("node %d, which has been deposed, writes", n.id)
		}
		return do(s)
	})
	if errors.Is(err, errNotLeader) {
		n.fence, n.leading = 0, false
	}
	return err
}

// wall is this node's own clock, which may be wrong.
func (n *node) wall() int64 { return n.r.now + n.skew }

// lead takes or keeps the lease, and does a leader's work: what readers were shown, the
// time, revisions, a checkpoint. The fence grows with each leader, and so tells an old
// one from a new one whatever their clocks say.
func (n *node) lead() {
	r := n.r
	err := n.call(func(s *server) error {
		if s.holder == n.id && s.fence == n.fence && r.now < s.until {
			s.until = r.now + leaseMS
			return nil
		}
		if s.holder >= 0 && r.now < s.until {
			return errNotLeader
		}
		s.fence = max(s.fence+1, n.wall())
		s.holder, s.until, n.fence, n.leading = n.id, r.now+leaseMS, s.fence, false
		return nil
	})
	switch {
	case errors.Is(err, errNotLeader):
		n.fence, n.leading = 0, false
		return
	case err != nil || n.fence == 0:
		return
	}
	if !n.fold() || !n.leading && !n.publish() {
		return
	}
	n.leading = true
	n.tick()
	if n.fold() {
		n.store()
	}
}

// publish appends to the log what this node's readers were shown beyond what is stored,
// so that every fold goes on from it. Without it, a failover that loses the log's end
// would let an incident that readers have seen vanish, and another get its revision.
func (n *node) publish() bool {
	if n.r.mutant == "nobody says what readers were shown" {
		return true
	}
	var lost []faultline.Incident
	for _, id := range slices.Sorted(maps.Keys(n.board)) {
		if n.board[id].Revision > n.r.master.last[id].Revision {
			lost = append(lost, n.board[id])
		}
	}
	if len(lost) == 0 {
		return true
	}
	said := faultline.Published{At: time.UnixMilli(n.r.now).UTC(), Incidents: lost}
	return n.door([]faultline.Event{said}) && n.fold()
}

// tick appends the time: an empty one, which readers give the time of its entry, so that one
// clock dates the log.
func (n *node) tick() {
	var at time.Time
	if n.r.mutant == "the leader's own clock" {
		at = time.UnixMilli(n.wall()).UTC()
	}
	n.seq++
	writer, seq, r := n.writer, n.seq, n.r
	_ = n.fenced(func(s *server) error {
		s.append(r.now+r.offset, writer, seq, []faultline.Event{faultline.Tick{At: at}})
		return nil
	})
}

// store stores revisions in order, and then, every few steps, a checkpoint. A
// checkpoint before the revisions would let a successor begin behind revisions that
// nobody has stored. A revision that differs from what is stored under its number
// breaks the run: that is the one thing that must never happen.
func (n *node) store() {
	if n.r.mutant == "checkpoints before revisions" && n.r.step-n.saved >= checkpointEvery {
		n.saveCheckpoint()
		return
	}
	for len(n.outbox) > 0 {
		rev := n.outbox[0]
		err := n.fenced(func(s *server) error { return s.save(rev.in, says(rev.in), rev.lost) })
		switch {
		case err == nil:
			n.outbox = n.outbox[1:]
		case errors.Is(err, errDiffers), errors.Is(err, errGap):
			broken("node %d: revision %d of %s: %v", n.id, rev.in.Revision, rev.in.ID, err)
		default:
			return
		}
	}
	n.saveCheckpoint()
}

// saveCheckpoint stores the fold's state, if it is time.
func (n *node) saveCheckpoint() {
	if n.r.step-n.saved < checkpointEvery {
		return
	}
	n.saved = n.r.step
	c := checkpoint{n.format, n.at, n.head, maps.Clone(n.seqs), n.eng.Checkpoint()}
	_ = n.fenced(func(s *server) error {
		if len(s.checkpoints) == 0 || s.checkpoints[0].at <= c.at {
			s.checkpoints = keep(append([]checkpoint{c}, s.checkpoints...))
		}
		return nil
	})
}

// keep are the newest checkpoints, and the newest one of each other format. Without the
// latter, an upgrade that is taken back would have nothing to begin from.
func keep(all []checkpoint) []checkpoint {
	kept, formats := []checkpoint{}, map[int]bool{}
	for i, c := range all {
		if i < keptCheckpoints || !formats[c.format] {
			kept = append(kept, c)
		}
		formats[c.format] = true
	}
	return kept
}

// show shows readers what is stored. They must see no revision go back, and no incident
// change when it was detected.
func (n *node) show() {
	stored := n.r.master.last
	for _, id := range slices.Sorted(maps.Keys(stored)) {
		before, now := n.board[id], stored[id]
		if now.Revision <= before.Revision {
			continue
		}
		if before.ID != "" && !before.DetectedAt.Equal(now.DetectedAt) {
			broken("%s was detected at %s and at %s", id, before.DetectedAt, now.DetectedAt)
		}
		n.board[id] = now
	}
}

// says is everything that a revision says, as JSON.
func says(in faultline.Incident) string {
	text, err := json.Marshal(in)
	if err != nil {
		broken("render %s: %v", in.ID, err)
	}
	return string(text)
}
