package correlate

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"iter"
	"slices"
)

// snapshot writes down the state of an engine at one moment, a piece at a time,
// while the engine goes on. Evidence is weighed seldom and changes everything:
// before it is, the snapshot is completed. Between two evaluations an event
// changes a site or two, the row of which is written down first, and adds to
// lists that only grow, of which the length at the beginning is known.
type snapshot struct {
	e    *Engine
	head saved
	// What events change in place, as it was.
	incidents   []incident
	now, before []remembered
	kept        map[uint32][]byte // sites that were about to change, written already

	sections []func() bool // each writes a row and reports whether it had one
	row      int           // of the section that is being written
	sites    uint32        // so many are written
	buf      bytes.Buffer
	gob      *gob.Encoder
	ready    [][]byte // pieces that were written before they were asked for
	done     bool
}

// Snapshot begins to write down the engine's whole state as it is now, and returns
// the function that goes on with it: each call returns the next piece, some 256 KiB,
// and nil after the last. Between the calls, which must come from the goroutine that
// owns the engine, it may fold. All pieces together are a checkpoint: restoring it
// and reading on from the same position of the log gives what never stopping would
// have given. Another snapshot that is under way is completed first.
func (e *Engine) Snapshot() (next func() []byte) {
	e.completeSnapshot()
	return e.snapshotOf(e.saved())
}

// snapshotOf writes a snapshot that begins with this head.
func (e *Engine) snapshotOf(head saved) (next func() []byte) {
	s := &snapshot{e: e, head: head, kept: map[uint32][]byte{}, now: e.repeats.now.list,
		before: e.repeats.before.list}
	for _, in := range e.incidents {
		s.incidents = append(s.incidents, in.copied())
	}
	s.gob = gob.NewEncoder(&s.buf)
	s.encode(s.head)
	s.sections = []func() bool{s.writeIncident, s.writeNetwork, s.writeComponent, s.writeSite, s.writeNow,
		s.writeBefore}
	e.snap = s
	return s.next
}

// Settled reports whether evidence has just been weighed: until it is again, some
// seconds of the engine's clock later, a snapshot takes nobody's time but its own.
func (e *Engine) Settled() bool { return e.clock == e.eval }

// copied is a copy that events leave as it is.
func (in *incident) copied() incident {
	c := *in
	c.Members, c.ByVantage = slices.Clone(in.Members), slices.Clone(in.ByVantage)
	c.Networks, c.Countries = slices.Clone(in.Networks), slices.Clone(in.Countries)
	return c
}

// next is the next piece of the checkpoint, nil behind the last one.
func (s *snapshot) next() []byte {
	if len(s.ready) == 0 && !s.done {
		return s.write()
	}
	if len(s.ready) == 0 {
		return nil
	}
	piece := s.ready[0]
	s.ready = s.ready[1:]
	return piece
}

// write writes the next piece, nil if nothing is left.
func (s *snapshot) write() []byte {
	for len(s.sections) > 0 && s.buf.Len() < pieceBytes {
		if s.sections[0]() {
			s.row++
		} else {
			s.sections, s.row = s.sections[1:], 0
		}
	}
	if s.done = len(s.sections) == 0; s.done && s.e.snap == s {
		s.e.snap = nil
	}
	if s.buf.Len() == 0 {
		return nil
	}
	piece := bytes.Clone(s.buf.Bytes())
	s.buf.Reset()
	return piece
}

// completeSnapshot writes what is left of the snapshot that is under way.
func (e *Engine) completeSnapshot() {
	for s := e.snap; s != nil && !s.done; {
		if piece := s.write(); piece != nil {
			s.ready = append(s.ready, piece)
		}
	}
}

// keep writes a site's row down that is about to change, for the snapshot that is
// under way and has not come to it yet.
func (e *Engine) keep(id uint32) {
	s := e.snap
	if s == nil || id < s.sites || int(id) >= s.head.Sites {
		return
	}
	if _, ok := s.kept[id]; !ok {
		s.kept[id] = appendSite(nil, e.sites.rows[id])
	}
}

// encode writes one value with gob, which everything small is written with.
func (s *snapshot) encode(v any) {
	if err := s.gob.Encode(v); err != nil {
		panic(fmt.Sprintf("correlate: encode checkpoint: %v", err)) // a type that gob can't write: a defect
	}
}

// put has a row appended to the buffer.
func (s *snapshot) put(appended []byte) bool {
	s.buf.Write(appended)
	return true
}

// writeIncident and the like write one row each, and report false behind the last one.
func (s *snapshot) writeIncident() bool {
	if s.row >= len(s.incidents) {
		return false
	}
	s.encode(s.incidents[s.row])
	s.incidents[s.row] = incident{}
	return true
}

func (s *snapshot) writeNetwork() bool {
	return s.row < s.head.Networks && s.put(appendNetwork(s.buf.AvailableBuffer(), s.e.networks.rows[s.row]))
}

func (s *snapshot) writeComponent() bool {
	return s.row < s.head.Components && s.put(appendComponent(s.buf.AvailableBuffer(), s.e.components.rows[s.row]))
}

// writeSite writes a site as it was when the snapshot began: one that has changed since was
// kept then.
func (s *snapshot) writeSite() bool {
	if s.row >= s.head.Sites {
		return false
	}
	id := uint32(s.row)
	s.sites = id + 1
	if row, ok := s.kept[id]; ok {
		delete(s.kept, id)
		return s.put(row)
	}
	return s.put(appendSite(s.buf.AvailableBuffer(), s.e.sites.rows[id]))
}

func (s *snapshot) writeNow() bool { return s.writeRemembered(s.now) }

func (s *snapshot) writeBefore() bool { return s.writeRemembered(s.before) }

// writeRemembered writes one key of a generation of repeats. The lists need no copy: they only
// grow while a snapshot is being written, since the evaluation that rotates them completes the
// snapshot first.
func (s *snapshot) writeRemembered(list []remembered) bool {
	if s.row >= len(list) {
		return false
	}
	last := remembered{}
	if s.row > 0 {
		last = list[s.row-1]
	}
	return s.put(appendRemembered(s.buf.AvailableBuffer(), list[s.row], last))
}

// pieces yields what is left of a snapshot.
func pieces(next func() []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for piece := next(); piece != nil && yield(piece); piece = next() {
		}
	}
}
