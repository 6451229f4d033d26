package main

import (
	"cmp"
	"iter"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"faultline"
)

// latest hands values from one goroutine to another; who comes late finds only
// the newest.
type latest[T any] struct{ slot chan T }

func newLatest[T any]() *latest[T] { return &latest[T]{slot: make(chan T, 1)} }

// Put never waits. One goroutine alone may call it.
func (l *latest[T]) Put(v T) {
	select {
	case <-l.slot:
	default:
	}
	l.slot <- v
}

// Get carries the newest value.
func (l *latest[T]) Get() <-chan T { return l.slot }

// outage tells of something that fails again and again in two lines: when it
// began and when it was over. One goroutine owns it.
type outage struct{ since time.Time }

// Began notes a failure.
func (o *outage) Began(log *slog.Logger, err error) {
	if o.since.IsZero() {
		o.since = time.Now()
		log.Warn("Redis is away; trying on", "error", err)
	}
}

// Over notes a success.
func (o *outage) Over(log *slog.Logger) {
	if !o.since.IsZero() {
		log.Info("Redis is back", "after", time.Since(o.since).String())
		o.since = time.Time{}
	}
}

// siteMap is the map of sites as the fold last read it, for those that answer
// requests meanwhile. The engine bounds how many sites there are.
type siteMap struct {
	mu      sync.RWMutex
	records map[string]faultline.SiteRecord
	members map[faultline.Component]int
	version int // grows with every change
	// recalled are the sites that this node remembers from before its start, and that
	// the log has not spoken of since.
	recalled map[string]struct{}
	// known hears of every site that is put.
	known func(site string)
	// indexed hears of every record that is put; nil: nobody does.
	indexed func(faultline.SiteRecord)
}

func newSiteMap(known func(site string)) *siteMap {
	return &siteMap{records: map[string]faultline.SiteRecord{}, members: map[faultline.Component]int{}, recalled: map[string]struct{}{}, known: known}
}

// Put replaces the record of its site.
func (s *siteMap) Put(r faultline.SiteRecord) { s.put(r, false) }

// Recall takes a record that this node wrote down before its start. It is good
// until the log speaks of the site, and never written down again without.
func (s *siteMap) Recall(r faultline.SiteRecord) { s.put(r, true) }

func (s *siteMap) put(r faultline.SiteRecord, recalled bool) {
	s.mu.Lock()
	if delete(s.recalled, r.Site); recalled {
		s.recalled[r.Site] = struct{}{}
	}
	for _, c := range s.records[r.Site].Components {
		if s.members[c]--; s.members[c] == 0 {
			delete(s.members, c)
		}
	}
	for _, c := range r.Components {
		s.members[c]++
	}
	s.records[r.Site] = r
	s.version++
	s.mu.Unlock()
	s.known(r.Site)
	if s.indexed != nil {
		s.indexed(r)
	}
}

// Lookup returns the record of a site.
func (s *siteMap) Lookup(site string) (faultline.SiteRecord, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.records[site]
	return r, ok
}

// Members counts the sites of the map that stand on a component.
func (s *siteMap) Members(c faultline.Component) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.members[c]
}

// Version grows whenever a record was put.
func (s *siteMap) Version() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.version
}

// Records are those that do not rest on memory alone. Each is as it is when its
// turn comes.
func (s *siteMap) Records() iter.Seq[faultline.SiteRecord] {
	return func(yield func(faultline.SiteRecord) bool) {
		s.mu.RLock()
		names := slices.Collect(maps.Keys(s.records))
		s.mu.RUnlock()
		for _, name := range names {
			s.mu.RLock()
			_, recalled := s.recalled[name]
			r := s.records[name]
			s.mu.RUnlock()
			if !recalled && !yield(r) {
				return
			}
		}
	}
}

// Sorted returns every record in order of site.
func (s *siteMap) Sorted() []faultline.SiteRecord {
	s.mu.RLock()
	all := slices.Collect(maps.Values(s.records))
	s.mu.RUnlock()
	slices.SortFunc(all, func(a, b faultline.SiteRecord) int { return cmp.Compare(a.Site, b.Site) })
	return all
}

// Dependents names the sites of the map that stand on a component, the best known
// first, at most limit.
func (s *siteMap) Dependents(c faultline.Component, limit int) []string {
	s.mu.RLock()
	var on []faultline.SiteRecord
	for _, r := range s.records {
		if slices.Contains(r.Components, c) {
			on = append(on, r)
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(on, func(a, b faultline.SiteRecord) int {
		return cmp.Or(cmp.Compare(known(a.Rank), known(b.Rank)), cmp.Compare(a.Site, b.Site))
	})
	names := make([]string, 0, min(len(on), limit))
	for _, r := range on[:min(len(on), limit)] {
		names = append(names, r.Site)
	}
	return names
}

// known puts the sites whose rank is not known behind all others.
func known(rank int) int {
	if rank == 0 {
		return math.MaxInt
	}
	return rank
}
