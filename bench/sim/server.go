package main

import (
	"errors"
	"slices"

	"faultline"
)

// entry is one of the log: a batch of a writer. head identifies its contents, so that another
// entry at the same position is recognised.
type entry struct {
	at     int64 // its position: the server's clock in ms, and never twice the same
	head   uint64
	writer int
	seq    int
	events []faultline.Event
}

// checkpoint is a fold's state, the entry that it has come to, and how far it has read each
// writer. format stands for the release that wrote it.
type checkpoint struct {
	format int
	at     int64
	head   uint64
	seqs   map[int]int
	state  []byte
}

// server is a Redis: what one server knows. There are two, a master and a replica that lags
// behind.
type server struct {
	log         []entry
	fence       int64
	holder      int // -1: nobody
	until       int64
	revisions   map[string]map[int]string // of each incident: what it says, by its number
	last        map[string]faultline.Incident
	checkpoints []checkpoint // the newest first
}

// What a request may end with. errAway is no answer, and says nothing about whether the
// request was carried out.
var (
	errAway      = errors.New("no answer")
	errNotLeader = errors.New("not the leader")
	errDiffers   = errors.New("stored with other contents")
	errGap       = errors.New("the revision before it is missing")
)

// newServer is an empty Redis.
func newServer() *server {
	return &server{holder: -1, revisions: map[string]map[int]string{}, last: map[string]faultline.Incident{}}
}

// clone is what a replica has received by now.
func (s *server) clone() *server {
	c := *s
	c.log, c.checkpoints = slices.Clone(s.log), slices.Clone(s.checkpoints)
	c.revisions, c.last = map[string]map[int]string{}, map[string]faultline.Incident{}
	for id, all := range s.revisions {
		c.revisions[id] = map[int]string{}
		for n, says := range all {
			c.revisions[id][n] = says
		}
		c.last[id] = s.last[id]
	}
	return &c
}

// append adds an entry at a time of the server's clock, or just behind the last entry where
// the clock went back, as Redis numbers its streams.
func (s *server) append(now int64, writer, seq int, events []faultline.Event) {
	if n := len(s.log); n > 0 && now <= s.log[n-1].at {
		now = s.log[n-1].at + 1
	}
	s.log = append(s.log, entry{now, uint64(writer)<<20 | uint64(seq), writer, seq, events})
}

// holds reports whether the log still has an entry that was read; 0 is its beginning.
func (s *server) holds(at int64, head uint64) bool {
	if at == 0 {
		return true
	}
	i, found := slices.BinarySearchFunc(s.log, at, func(e entry, at int64) int { return int(e.at - at) })
	return found && s.log[i].head == head
}

// after are the entries behind a position.
func (s *server) after(at int64) []entry {
	i, found := slices.BinarySearchFunc(s.log, at, func(e entry, at int64) int { return int(e.at - at) })
	if found {
		i++
	}
	return s.log[i:]
}

// save stores a revision by the store's rules: numbers without a gap, and the same contents
// if it is there already. One that is lost and found again need not be contiguous.
func (s *server) save(in faultline.Incident, says string, lost bool) error {
	last := s.last[in.ID].Revision
	switch {
	case in.Revision > last+1 && !lost:
		return errGap
	case in.Revision <= last:
		if lost || s.revisions[in.ID][in.Revision] == says {
			return nil
		}
		return errDiffers
	}
	if s.revisions[in.ID] == nil {
		s.revisions[in.ID] = map[int]string{}
	}
	s.revisions[in.ID][in.Revision], s.last[in.ID] = says, in
	return nil
}
