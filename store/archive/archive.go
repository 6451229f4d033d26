package archive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
	"faultline/store"
)

// listFile is where a node writes down which files there are, so that it can answer from
// them after a restart while Redis is away.
const listFile = "list.json"

// Config says where the archive of one node is.
type Config struct {
	Dir   string // of this node alone
	Store *store.Store
	// Check fails where Redis does not hold the log that this node knows: what it says of
	// the archive is not taken then. nil: any is.
	Check func(context.Context) error
	// Keep is how long incidents stay in Redis after their last revision; 0: permanently.
	Keep time.Duration
	// Pace is the time between two steps of [Archive.Run] and [Archive.Lead]; 0: 5 s.
	Pace     time.Duration
	Now      func() time.Time
	Log      *slog.Logger
	Registry prometheus.Registerer // nil: no metrics
}

// Archive is one node's copy of the archive. It is safe for concurrent use. Every node
// keeps all files, because any of them may be asked for any incident, and because
// copies are what survives a lost disk.
type Archive struct {
	cfg  Config
	node string // names this copy among all
	// Readers load it without a lock; whoever replaces it holds write, or two changes
	// made at one moment would lose one.
	state   atomic.Pointer[state] // nil: it is not known which files there are
	partial atomic.Bool           // see [Source.Complete]
	write   sync.Mutex            // held by whoever replaces state
	// Run alone uses last, verified and said, so that they need no lock.
	last     map[string]time.Time // when what was last said, for one line a minute
	m        *metrics
	verified time.Time // when all files were last compared with their names
	said     string    // the proposed file that this node has said it holds
	// fetch gets a file that is missing when it is read; nil: it is copied by Run.
	fetch func(store.Segment) error
}

// state is which files there are, and which of them this node has. It is never written
// to. A change makes a new one, so readers need no lock.
type state struct {
	segments []store.Segment // the greatest onset first
	held     map[string]bool
	next     *store.Proposal // proposed, and not yet of the archive; nil: none
}

// New opens the archive of a directory. It reads the list that an earlier process wrote
// down, so that the node can answer before Redis does.
func New(cfg Config) (*Archive, error) {
	cfg.Pace = cmp.Or(cfg.Pace, usualPace)
	a := &Archive{cfg: cfg, last: map[string]time.Time{}}
	a.m = newMetrics(cfg.Registry, a)
	var err error
	if a.node, err = nodeName(cfg.Dir); err != nil {
		return nil, fmt.Errorf("open the archive in %s: %w", cfg.Dir, err)
	}
	text, err := os.ReadFile(filepath.Join(cfg.Dir, listFile))
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	var list []store.Segment
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil { // Redis has it too
		cfg.Log.Warn("the archive's list on disk is left out", "error", err)
		return a, nil
	}
	a.state.Store(a.check(list, nil))
	return a, nil
}

// check makes the state of a list: which of the files are there, by their names and
// sizes. Contents are compared by verify, once a day, since reading all of them takes
// long.
func (a *Archive) check(list []store.Segment, next *store.Proposal) *state {
	s := &state{segments: list, held: make(map[string]bool, len(list)), next: next}
	slices.SortFunc(list, func(x, y store.Segment) int {
		return cmp.Or(cmp.Compare(y.UntilMS, x.UntilMS), strings.Compare(x.Name, y.Name))
	})
	for _, seg := range s.wanted() {
		info, err := os.Stat(path(a.cfg.Dir, seg.Name))
		// A size that fits is believed until the next comparison of contents: a node with
		// thousands of files must start in seconds.
		s.held[seg.Name] = err == nil && info.Size() == int64(seg.Bytes)
	}
	return s
}

// wanted are the files that a node should have: those of the archive, and the proposed one.
func (s *state) wanted() []store.Segment {
	if s.next == nil {
		return s.segments
	}
	return append(slices.Clone(s.segments), s.next.Segment)
}

// missing is a file that this node should have and has not. The proposed one comes
// first, because the leader waits for it; then the newest, which are read most.
func (s *state) missing() (store.Segment, bool) {
	if s.next != nil && !s.held[s.next.Segment.Name] {
		return s.next.Segment, true
	}
	for _, seg := range s.segments {
		if !s.held[seg.Name] {
			return seg, true
		}
	}
	return store.Segment{}, false
}

// sync reads which files there are, if their number has changed or always says so. A
// file is never changed and never taken out, so an equal number means the same list.
func (a *Archive) sync(ctx context.Context, always bool) error {
	n, err := a.cfg.Store.CountSegments(ctx)
	if err != nil {
		return err
	}
	if s := a.state.Load(); !always && s != nil && len(s.segments) == n {
		return nil
	}
	a.write.Lock()
	defer a.write.Unlock()
	all, next, err := a.cfg.Store.Archive(ctx)
	if err != nil {
		return err
	}
	if a.cfg.Check != nil { // asked last: Redis may have been emptied between the reads
		if err := a.cfg.Check(ctx); err != nil {
			return err
		}
	}
	list := make([]store.Segment, 0, len(all))
	for _, seg := range all {
		list = append(list, seg)
	}
	before := a.state.Load()
	now := a.check(list, next)
	a.state.Store(now)
	if before == nil || len(before.segments) != len(now.segments) {
		return a.writeList(now.segments)
	}
	return nil
}

// writeList writes the list down for the next start.
func (a *Archive) writeList(list []store.Segment) error {
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return replace(filepath.Join(a.cfg.Dir, listFile), text)
}

// hold writes a file down and notes that it is there.
func (a *Archive) hold(seg store.Segment, file []byte) error {
	if err := put(a.cfg.Dir, seg, file); err != nil {
		return err
	}
	a.note(seg.Name, true)
	return nil
}

// note notes whether a file is there.
func (a *Archive) note(name string, held bool) {
	a.write.Lock()
	defer a.write.Unlock()
	s := a.state.Load()
	if s == nil {
		return
	}
	now := &state{segments: s.segments, next: s.next, held: make(map[string]bool, len(s.held)+1)}
	// A copy, since readers may hold the old map.
	for other, is := range s.held {
		now.held[other] = is
	}
	now.held[name] = held
	a.state.Store(now)
}

// damaged puts a file aside that can't be read, so that it is copied again from another node.
func (a *Archive) damaged(name string, why error) {
	a.cfg.Log.Error("a file of the archive is damaged; it is asked for again from other nodes",
		"file", path(a.cfg.Dir, name), "error", why)
	a.m.damaged.Inc()
	// It is kept and not removed, so that an operator can look at what went wrong.
	if err := os.Rename(path(a.cfg.Dir, name), path(a.cfg.Dir, name)+".damaged"); err != nil {
		a.cfg.Log.Warn("it can't be put aside", "error", err)
	}
	a.note(name, false)
}

// withFile opens a file for the duration of read. Where this node lacks it, or it is
// damaged, the error is [faultline.ErrUnavailable], so that a reader tries another node
// and is not told 404.
func (a *Archive) withFile(s *state, name string, read func(*opened) error) error {
	if !s.held[name] && a.fetch != nil {
		if err := a.fetched(s, name); err != nil {
			return err
		}
	} else if !s.held[name] {
		return fmt.Errorf("%w: this node has not copied %s of the archive yet", faultline.ErrUnavailable, name)
	}
	o, err := open(a.cfg.Dir, name)
	if err == nil {
		defer o.close()
		err = read(o)
	}
	if err == nil || errors.Is(err, faultline.ErrNotFound) {
		return err
	}
	a.damaged(name, err)
	return fmt.Errorf("%w: %w", faultline.ErrUnavailable, err)
}

// in calls read with the file that has an incident. [faultline.ErrNotFound] is only
// said where no file can have it. Files overlap in their ids, so more than one may have
// to be opened.
func (a *Archive) in(id string, read func(*opened, entry) error) error {
	s := a.state.Load()
	if s == nil {
		return fmt.Errorf("%w: it is not known yet what the archive has", faultline.ErrUnavailable)
	}
	var unread error
	for _, seg := range s.segments {
		// Ids are compared as texts, by which a file is sorted.
		if id < seg.FirstID || id > seg.LastID {
			continue
		}
		found := false
		err := a.withFile(s, seg.Name, func(o *opened) error {
			e, ok := o.find(id)
			if !ok {
				return nil
			}
			found = true
			return read(o, e)
		})
		if found {
			return err
		}
		// A file that can't be read may be the one that has it. Then the answer is "not
		// now", even where no other file has it.
		unread = cmp.Or(unread, err)
	}
	return cmp.Or(unread, faultline.ErrNotFound)
}
