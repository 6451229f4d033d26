package api

import (
	"context"
	"slices"
	"sync"
	"time"

	"faultline"
	"faultline/board"
)

// Bounds of what is kept of the history of incidents.
const (
	// maxHistories are the incidents whose changes of state are kept. A feed asks for a few
	// hundred at most.
	maxHistories = 500
	// revisionsAtOnce are read in one go. The store refuses more than 128.
	revisionsAtOnce = 100
	// maxHistoryRevisions are the newest revisions of an incident in which changes of state
	// are looked for. An incident has at most one a minute for an hour, and then one in five
	// minutes: these are the newest six days.
	maxHistoryRevisions = 1_800
	// historyWithin is how long one answer may take to learn what it can do without.
	historyWithin = 250 * time.Millisecond
)

// stateChanges remembers which revisions of incidents changed their state, as they were
// published. Revisions never change, so that only newer ones are read again. It is safe for
// concurrent use.
type stateChanges struct {
	mu sync.Mutex
	of map[string]stateHistory
}

// stateHistory is what is known of one incident. It is replaced and never written to.
type stateHistory struct {
	upTo  int                     // the last revision that was read
	state faultline.IncidentState // of that one
	// changes are the revisions whose state is not that of the revision before, oldest first,
	// as lists carry them.
	changes []faultline.Incident
}

// read returns the revisions of an incident, up to its newest one, that changed its state. What
// it does not know yet it reads from the store. If that fails it returns what it knows, and the
// failure.
func (s *stateChanges) read(
	ctx context.Context, b *board.Board, inc *faultline.Incident,
) ([]faultline.Incident, error) {
	s.mu.Lock()
	h := s.of[inc.ID]
	s.mu.Unlock()
	if h.upTo == 0 && inc.Revision == 1 {
		h = h.and(inc) // the board holds what would be read
	}
	var failed error
	for h.upTo < inc.Revision && failed == nil {
		// Of a history with a gap the state before the first revision that is read is not
		// known: it is no change.
		first := max(h.upTo+1, inc.Revision-maxHistoryRevisions+1)
		if first > h.upTo+1 {
			h.upTo, h.state = first-1, ""
		}
		found, err := b.Revisions(ctx, inc.ID, first, min(inc.Revision, first+revisionsAtOnce-1))
		for i := range found {
			h = h.and(&found[i])
		}
		if failed = err; err == nil && len(found) == 0 {
			failed = faultline.ErrNotFound
		}
	}
	s.keep(inc.ID, h)
	return h.changesUpTo(inc.Revision), failed
}

// within returns what reads changes for one answer that must not wait for the store: after
// [historyWithin], or a failure, it returns only what is known already. The next answers go on
// from there.
func (s *stateChanges) within(ctx context.Context, b *board.Board) func(*faultline.Incident) []faultline.Incident {
	ctx, cancel := context.WithTimeout(ctx, historyWithin)
	return func(inc *faultline.Incident) []faultline.Incident {
		changes, err := s.read(ctx, b, inc)
		if err != nil {
			cancel()
		}
		return changes
	}
}

// and is the history with one more revision.
func (h stateHistory) and(inc *faultline.Incident) stateHistory {
	if inc.Revision <= h.upTo {
		return h
	}
	known := inc.Revision == 1 || h.upTo == inc.Revision-1 && h.state != ""
	if known && inc.State != h.state {
		change := inc.Listed()
		change.Sites = slices.Clone(change.Sites) // lets go of the long array
		h.changes = append(h.changes[:len(h.changes):len(h.changes)], change)
	}
	h.upTo, h.state = inc.Revision, inc.State
	return h
}

// changesUpTo leaves out what was published after a revision: a snapshot that is being rendered
// may be older than what another request has read.
func (h stateHistory) changesUpTo(revision int) []faultline.Incident {
	n := len(h.changes)
	for n > 0 && h.changes[n-1].Revision > revision {
		n--
	}
	return h.changes[:n]
}

func (s *stateChanges) keep(id string, h stateHistory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string]stateHistory{}
	}
	if s.of[id].upTo >= h.upTo {
		return
	}
	for other := range s.of {
		if len(s.of) < maxHistories {
			break
		}
		delete(s.of, other) // any one: it is read again when it is asked for
	}
	s.of[id] = h
}
